#pragma once
// Children whose rows come in the same order, as one in that order: partitions that are each read
// along an index. What a limit above does not ask for is not read. One thread.
#include <functional>
#include <memory>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/exec/sort_key_encoder.h"

namespace luma {

class MergeAppendOperator final : public Operator {
 public:
  // As AppendOperator's: asked when the operator is opened.
  using Gate = std::function<bool(ExecContext&)>;
  // Columns with the place of each among the children's.
  struct Key {
    SortColumn column;
    uint32_t slot = 0;
  };
  // The keys must have an encoding (SortKeyEncoder::is_encodable()).
  MergeAppendOperator(std::vector<OperatorPtr> inputs, std::vector<Gate> gates,
                      std::vector<Key> keys);
  ~MergeAppendOperator() override;
  std::vector<Operator*> children() override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace luma
