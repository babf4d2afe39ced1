#pragma once
// Aggregation: GROUP BY (hash), grouping sets, and aggregation of the whole input.
//
// Output columns: the group keys (NULL where a grouping set lacks them), the aggregates, then one
// int4 per GROUPING() call. Without group keys there is exactly one row, also for no input; an
// empty grouping set gives its row in the same way.
//
// Beyond work_mem, rows whose group is not in memory yet go to temporary files by hash and are
// aggregated part by part; states themselves are never written. Aggregates with DISTINCT or ORDER
// BY (WITHIN GROUP included) sort their input by group first (which spills as well) and are fed
// when all input was seen. DISTINCT without ORDER BY sorts by the arguments, as PostgreSQL does.
//
// Ordered-set aggregates get all of `args` (the direct ones first, then the sorted ones) as
// arguments of update(); when the call's args hold only the direct ones, the ORDER BY expressions
// are added.
#include "engine/exec/group_table.h"
#include "engine/exec/op_project.h"
#include "engine/exec/operator.h"
#include "engine/exec/partitioned_spill.h"
#include "engine/exec/sorter.h"

namespace luma {

struct AggregateSpec {
  std::vector<const Expr*> groups;  // over the child's output
  std::vector<const Expr*>
      aggregates;  // kAggregate; args, filter, order_by over the child's output
  // Indexes into `groups` per grouping set; empty: one set with all groups.
  std::vector<std::vector<uint32_t>> grouping_sets;
  // Arguments of GROUPING() calls as indexes into `groups`.
  std::vector<std::vector<uint32_t>> grouping_marks;
};

class AggregateOperator final : public Operator {
 public:
  AggregateOperator(OperatorPtr child, AggregateSpec spec);
  ~AggregateOperator() override;
  std::vector<Operator*> children() override { return {child_.get()}; }

 private:
  // One aggregate call and where its pieces are among the input columns.
  struct Call {
    const Expr* expr = nullptr;
    const AggregateFunction* function = nullptr;
    std::vector<uint32_t> args;   // input columns
    int filter = -1;              // input column
    std::vector<uint32_t> order;  // input columns that `sorter` sorts by, after the group
    uint32_t state_offset = 0;    // in the group's tail
    bool distinct = false;
    std::vector<KeyType> arg_types;
    std::unique_ptr<Sorter> sorter;  // for DISTINCT and ORDER BY
  };

  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  void add_call(const Expr* expr, std::vector<const Expr*>& inputs);
  void start_pass(ExecContext& context);
  void finish_pass(ExecContext& context);
  bool next_part(ExecContext& context);
  void destroy_states();
  void init_states(ExecContext& context, std::byte* const* rows, uint32_t count);
  void init_empty_groups(ExecContext& context);
  void consume_child(ExecContext& context);
  void consume_set(ExecContext& context, uint32_t set, uint32_t count);
  void consume(ExecContext& context, uint32_t count);
  void update(ExecContext& context, uint32_t count);
  void update_call(ExecContext& context, Call& call, uint32_t count);
  void feed_sorted(ExecContext& context, Call& call);
  void emit(ExecContext& context, std::byte* const* rows, uint32_t count);
  AggregateCall call_context(ExecContext& context, const Call& call) {
    return {context, *call.expr, *state_arena_};
  }

  OperatorPtr child_;
  AggregateSpec spec_;
  bool has_sets_;  // several grouping sets: the set's number is the last key
  uint32_t key_count_;
  std::unique_ptr<ExprListEvaluator> inputs_;  // group keys, then everything the calls need
  std::vector<Call> calls_;
  std::unique_ptr<GroupTable> table_;
  std::unique_ptr<Arena> state_arena_;
  uint64_t states_initialised_ = 0;
  Chunk no_columns_;

  // The rows at hand: keys (with the set's number), then the other inputs.
  std::vector<PhysicalType> input_types_;
  std::vector<const Vector*> columns_;
  std::vector<const Vector*> evaluated_;
  std::vector<Vector> null_keys_;
  Vector set_number_{PhysicalType::kInt32};

  bool consumed_ = false;
  bool is_full_ = false;
  uint32_t depth_ = 0;
  std::unique_ptr<PartitionedSpill> spill_;
  std::vector<SpilledPart> parts_;
  RowCollection::Cursor cursor_;

  std::vector<std::byte*> rows_;
  std::vector<std::byte*> states_;
  std::vector<uint32_t> created_, selection_, filtered_;
  std::vector<Vector> sliced_;
  Chunk output_;
};

}  // namespace luma
