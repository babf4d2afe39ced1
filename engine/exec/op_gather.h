#pragma once
// Rows that nobody collects: a plan's root that is a pipeline over a large table is read by several
// threads (engine/exec/divided_input.h) before the first row goes out, so it pays where most rows
// that are read go nowhere. Rows keep the order in which one thread would have found them. What
// work_mem does not hold goes to temporary files.
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/exec/chunk_store.h"
#include "engine/exec/operator.h"

namespace luma {

class DividedInput;

// A source whose siblings take numbered pieces of it, each in ascending order.
class PiecedSource {
 public:
  virtual ~PiecedSource() = default;
  // That the last chunk came from.
  virtual uint64_t piece() const = 0;
};

class GatherOperator final : public Operator {
 public:
  // `child` is divisible; the first of its operators without a first child is a PiecedSource.
  explicit GatherOperator(OperatorPtr child);
  ~GatherOperator() override;
  std::vector<Operator*> children() override { return {child_.get()}; }

  // Whether rows that its source can be divided into go through a PiecedSource.
  static bool fits(Operator& child);
  // A reader that may stop early (a cursor) wants rows as they are found. Until the next call.
  void set_reads_all(bool reads_all) { reads_all_ = reads_all; }

 private:
  // What one sibling found.
  struct Part;

  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  void gather(DividedInput& input);
  Part* next_part();

  OperatorPtr child_;
  bool reads_all_ = true;
  bool started_ = false;
  std::vector<std::unique_ptr<Part>> parts_;
  std::vector<uint32_t> selection_;
  Chunk cut_;
};

}  // namespace luma
