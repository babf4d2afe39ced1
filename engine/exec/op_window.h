#pragma once
// Window functions over one PARTITION BY / ORDER BY: sorts the input (spilling), then goes through
// it partition by partition. Calls may have different frames. Output: the child's columns, then one
// per call. A partition is held in memory while it is processed (charged; 53200 when it does not
// fit).
#include "engine/exec/op_project.h"
#include "engine/exec/operator.h"
#include "engine/exec/sorter.h"
#include "engine/exec/window_aggregate.h"
#include "engine/exec/window_frame.h"

namespace luma {

struct WindowSpec {
  std::vector<const Expr*> partition_by;  // over the child's output, like all expressions here
  std::vector<SortKey> order_by;
  std::vector<const Expr*>
      calls;  // kWindow; window or aggregate implementation; args, frame, filter
};

class WindowOperator final : public Operator {
 public:
  WindowOperator(OperatorPtr child, WindowSpec spec);
  std::vector<Operator*> children() override { return {child_.get()}; }

 private:
  struct Call {
    const Expr* expr = nullptr;
    std::unique_ptr<WindowFrameView> view;
    std::unique_ptr<WindowAggregate> aggregate;  // nullptr for window functions
    std::unique_ptr<Arena> arena;                // of window functions
    Vector piece{PhysicalType::kInt64};
  };
  // Complete partitions in rows_: where each ends.
  struct Partition {
    uint64_t begin, end;
  };

  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  void reset();
  uint32_t column_of(const Expr* expr);
  void add_call(const Expr* expr);
  void sort_input(ExecContext& context);
  bool load_batch(ExecContext& context);
  bool same_partition(const std::byte* a, const std::byte* b) const;
  void start_partition(ExecContext& context);
  void evaluate(ExecContext& context, uint64_t from, uint32_t count, uint32_t at, bool whole);

  OperatorPtr child_;
  WindowSpec spec_;
  uint32_t child_columns_;
  std::vector<const Expr*> extra_exprs_;  // stored behind the child's columns
  std::vector<PhysicalType> row_types_;
  std::vector<uint32_t> partition_columns_, order_columns_;
  std::vector<KeyType> partition_types_, order_types_;
  std::vector<Call> calls_;
  std::unique_ptr<ExprListEvaluator> extras_;
  std::unique_ptr<ExprListEvaluator> sort_keys_;
  std::unique_ptr<Sorter> sorter_;
  RowLayout layout_;

  bool sorted_ = false, input_done_ = false;
  Chunk sorted_chunk_;
  uint32_t sorted_row_ = 0;
  std::unique_ptr<RowCollection> rows_;
  std::vector<std::byte*> addresses_;
  size_t charged_bytes_ = 0;
  std::vector<Partition> partitions_;
  size_t partition_ = 0;   // being handed out
  uint64_t position_ = 0;  // next row of addresses_
  bool partition_started_ = false;
  PeerGroups peers_;
  MemoryBudget* budget_ = nullptr;
  Chunk output_;
};

}  // namespace luma
