#pragma once
// Limit/Offset, with FETCH FIRST ... WITH TIES. The counts are expressions without slots, evaluated
// at open (they may hold exec parameters); NULL or no expression means none. Errors: 2201W and
// 2201X for negative counts. Stops asking the child once the limit is reached.
#include "engine/exec/evaluator.h"
#include "engine/exec/op_project.h"
#include "engine/exec/operator.h"
#include "engine/exec/sort_key_encoder.h"

namespace luma {

// LIMIT and OFFSET of one query block; also what TopN evaluates.
class RowCountClause {
 public:
  RowCountClause(const Expr* limit, const Expr* offset);
  static constexpr uint64_t kNoLimit = ~uint64_t{0};
  struct Counts {
    uint64_t limit = kNoLimit;
    uint64_t offset = 0;
    // Rows needed of the input.
    uint64_t total() const { return limit > kNoLimit - offset ? kNoLimit : limit + offset; }
  };
  Counts evaluate(EvalContext& context);

 private:
  std::unique_ptr<ExprEvaluator> limit_, offset_;
};

class LimitOperator final : public Operator {
 public:
  // `limit`, `offset`: int8 or nullptr. `ties`: for WITH TIES the sort keys of the (sorted) child,
  // otherwise empty.
  LimitOperator(OperatorPtr child, const Expr* limit, const Expr* offset,
                std::vector<SortKey> ties = {});
  std::vector<Operator*> children() override { return {child_.get()}; }

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  const Chunk* next_ties(ExecContext& context);
  void remember_last(ExecContext& context, const Chunk& chunk, uint32_t row);

  OperatorPtr child_;
  RowCountClause clause_;
  bool with_ties_;
  uint64_t to_skip_ = 0, left_ = 0;
  bool in_ties_ = false;
  bool done_ = true;
  SortKeyEncoder tie_keys_;
  ExprListEvaluator tie_exprs_;
  std::vector<Value> last_;
  std::unique_ptr<Arena> last_heap_;
  std::vector<const Vector*> key_columns_;
  std::vector<uint32_t> selection_;
  Chunk output_;
  // WITH TIES: the rest of the chunk in which the limit was reached.
  const Chunk* pending_ = nullptr;
  uint32_t pending_row_ = 0;
};

}  // namespace luma
