#pragma once
// Aggregation: GROUP BY (hash), grouping sets, and aggregation of the whole input.
//
// Output columns: the group keys (NULL where a grouping set lacks them), the aggregates, then one
// int4 per GROUPING() call. Without group keys there is exactly one row, also for no input; an
// empty grouping set gives its row in the same way.
//
// A divided child is aggregated by each thread on its own, then groups are merged: by the threads
// again, each taking a part of the hashes, when there are many. What does not fit into work_mem
// is aggregated part by part afterwards (Grouping). DISTINCT without ORDER BY sorts by the
// arguments, as PostgreSQL does.
#include "engine/exec/aggregate_plan.h"
#include "engine/exec/divided_input.h"
#include "engine/exec/grouping.h"
#include "engine/exec/join_filter.h"
#include "engine/exec/op_project.h"
#include "engine/exec/operator.h"
#include "engine/exec/top_bound.h"

namespace luma {

class AggregateOperator final : public Operator, public JoinFilterTarget, public TopBoundTarget {
 public:
  AggregateOperator(OperatorPtr child, AggregateSpec spec);
  std::vector<Operator*> children() override { return {child_.get()}; }
  bool accept_filter(uint32_t column, const JoinFilterRef& filter) override;
  void accept_bound(uint32_t column, const std::shared_ptr<const TopBound>& bound) override;

 private:
  using Groupings = std::vector<std::unique_ptr<Grouping>>;

  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  void aggregate(ExecContext& context);
  bool aggregate_divided(ExecContext& context, DividedInput& input);
  void merge_distinct(ExecContext& context, DividedInput& input, Groupings& parts);
  void merge_in_parallel(ExecContext& context, size_t threads, Groupings parts);
  bool merge_further(ExecContext& context);
  void drop_merged();
  void merge_here(ExecContext& context, Groupings parts);
  bool next_part(ExecContext& context);
  void note_use(const Grouping& grouping);

  OperatorPtr child_;
  AggregatePlan plan_;
  bool may_divide_;
  ExprListEvaluator inputs_;
  std::vector<const Vector*> evaluated_;

  std::shared_ptr<const TopBound> bound_;
  uint32_t bound_column_ = 0;

  bool aggregated_ = false;
  // Whose groups come out, one after another; the first one is kept for the next execution.
  Groupings groupings_;
  size_t emitting_ = 0;
  // What merged states may refer to, or the groups themselves, of whose partitions the first
  // next_partition_ have been merged.
  Groupings merged_;
  size_t next_partition_ = Grouping::kPartitions;
  std::vector<SpilledPart> parts_;
  uint32_t depth_ = 0;
  Chunk output_;
};

}  // namespace luma
