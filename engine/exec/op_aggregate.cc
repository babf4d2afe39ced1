#include "engine/exec/op_aggregate.h"

#include <algorithm>

#include "engine/exec/parallel_safety.h"

namespace luma {

namespace {

// Fewer groups than this in all are merged by one thread.
constexpr uint64_t kMinGroupsToMergeInParallel = 8192;

std::vector<PhysicalType> output_types_of(const AggregateSpec& spec) {
  std::vector<PhysicalType> types = physical_types_of(spec.groups);
  for (const Expr* call : spec.aggregates) types.push_back(call->physical);
  types.insert(types.end(), spec.grouping_marks.size(), PhysicalType::kInt32);
  return types;
}

}  // namespace

AggregateOperator::AggregateOperator(OperatorPtr child, AggregateSpec spec)
    : Operator(output_types_of(spec)),
      child_(std::move(child)),
      plan_(std::move(spec)),
      may_divide_(plan_.can_merge()),
      inputs_(plan_.inputs),
      output_(output_types()) {
  explain.node_type = plan_.key_count == 0 ? "Aggregate" : "HashAggregate";
  groupings_.push_back(std::make_unique<Grouping>(plan_));
}

bool AggregateOperator::accept_filter(uint32_t column, const JoinFilterRef& filter) {
  // Rows that a group key leaves out are all rows of their groups.
  const AggregateSpec& spec = plan_.spec;
  if (!spec.grouping_sets.empty() || column >= spec.groups.size()) return false;
  const Expr& key = *spec.groups[column];
  return key.kind == ExprKind::kSlot && are_parallel_safe(plan_.inputs) &&
         offer_filter(*child_, key.index, filter);
}

void AggregateOperator::accept_bound(uint32_t column,
                                     const std::shared_ptr<const TopBound>& bound) {
  // A final function that can fail is to be called for every group; so are users' functions.
  const bool is_safe = std::all_of(
      plan_.calls.begin(), plan_.calls.end(),
      [](const AggregatePlan::Call& call) { return call.expr->implementation.is_parallel_safe; });
  if (!is_safe || column >= plan_.spec.groups.size() + plan_.calls.size()) return;
  bound_ = bound;
  bound_column_ = column;
}

void AggregateOperator::do_open(ExecContext& context) {
  aggregated_ = false;
  stats().batches = 1;
  emitting_ = 0;
  depth_ = 0;
  parts_.clear();
  drop_merged();
  groupings_[0]->open(context, 0);
  child_->open(context);
}

void AggregateOperator::do_close(ExecContext& context) {
  child_->close(context);
  drop_merged();
  groupings_[0]->close();
  parts_.clear();
}

// States may refer to memory of the others, on both sides: all go before any memory does.
void AggregateOperator::drop_merged() {
  for (auto& grouping : groupings_) grouping->drop_groups();
  for (auto& part : merged_) part->drop_groups();
  groupings_.resize(1);
  merged_.clear();
  next_partition_ = Grouping::kPartitions;
}

void AggregateOperator::note_use(const Grouping& grouping) {
  stats().peak_memory_bytes = std::max(stats().peak_memory_bytes, grouping.peak_memory_bytes());
}

void AggregateOperator::aggregate(ExecContext& context) {
  Grouping& grouping = *groupings_[0];
  std::unique_ptr<DividedInput> divided =
      may_divide_ ? DividedInput::make(*child_, context) : nullptr;
  if (divided == nullptr || !aggregate_divided(context, *divided)) {
    if (divided != nullptr) {
      divided.reset();
      child_->open(context);
    }
    grouping.add_empty_sets(context);
    while (const Chunk* chunk = child_->next(context)) {
      inputs_.evaluate(context, *chunk, evaluated_);
      grouping.consume(context, evaluated_, chunk->size);
    }
    grouping.finish(context);
    stats().spilled_bytes += grouping.sorted_spill_bytes();
  }
  for (const auto& each : groupings_) note_use(*each);
}

// False when that needs more memory than there is: then one thread has to begin anew.
bool AggregateOperator::aggregate_divided(ExecContext& context, DividedInput& input) {
  struct Overflow {};
  struct Part {
    explicit Part(const AggregatePlan& plan) : inputs(plan.inputs) {}
    ExprListEvaluator inputs;
    std::vector<const Vector*> evaluated;
  };
  std::vector<std::unique_ptr<Part>> workers;
  Groupings parts;
  for (size_t i = 0; i < input.size(); ++i) {
    workers.push_back(std::make_unique<Part>(plan_));
    parts.push_back(std::make_unique<Grouping>(plan_));
    parts.back()->open_partitioned(context);
    parts.back()->collect_distinct();
  }
  try {
    input.read([&](size_t i, const Chunk& chunk, ExecContext& worker_context) {
      Part& worker = *workers[i];
      worker.inputs.evaluate(worker_context, chunk, worker.evaluated);
      parts[i]->consume(worker_context, worker.evaluated, chunk.size);
      if (parts[i]->has_overflowed()) throw Overflow{};
    });
  } catch (const Overflow&) {
    return false;
  }
  if (plan_.has_hashed) merge_distinct(context, input, parts);
  bool spilled = false;
  uint64_t groups = 0;
  for (const auto& part : parts) {
    note_use(*part);
    spilled |= part->has_spilled();
    groups += part->group_count();
  }
  if (spilled || groups < kMinGroupsToMergeInParallel) {
    merge_here(context, std::move(parts));
  } else {
    merge_in_parallel(context, input.size(), std::move(parts));
  }
  return true;
}

// The values that DISTINCT calls have seen, each thread those of one range of hashes, become states
// of further parts.
void AggregateOperator::merge_distinct(ExecContext& context, DividedInput& input,
                                       Groupings& parts) {
  const size_t count = parts.size();
  for (size_t i = 0; i < count; ++i) {
    parts.push_back(std::make_unique<Grouping>(plan_));
    parts.back()->open_partitioned(context);
  }
  const std::span<const std::unique_ptr<Grouping>> from(parts.data(), count);
  const bool spilled = std::any_of(from.begin(), from.end(),
                                   [](const auto& part) { return part->has_spilled_values(); });
  const size_t pieces = spilled ? Grouping::kSpillParts : Grouping::kPartitions;
  std::atomic<size_t> next{0};
  input.team().run([&](size_t i, ExecContext& worker_context) {
    for (size_t piece; (piece = next.fetch_add(1)) < pieces;) {
      parts[count + i]->merge_distinct(worker_context, from, piece);
    }
  });
}

void AggregateOperator::merge_here(ExecContext& context, Groupings parts) {
  Grouping& all = *groupings_[0];
  all.add_empty_sets(context);
  std::vector<SpilledPart> spilled;
  for (auto& part : parts) {
    all.merge_all(context, *part);
    std::unique_ptr<PartitionedSpill> spill = part->take_spill();
    stats().spilled_bytes += queue_parts(spill, 0, spilled);
    part->drop_groups();
  }
  // Rows of groups that another thread had in memory belong to those; the rest waits as usual.
  if (!spilled.empty()) all.set_full();
  stats().batches += spilled.size();
  for (SpilledPart& part : spilled) {
    all.consume_spilled(context, *part.file);
    part.file.reset();
  }
  merged_ = std::move(parts);
}

// Each thread merges the next partition as long as there is one.
void AggregateOperator::merge_in_parallel(ExecContext& context, size_t threads, Groupings parts) {
  while (groupings_.size() < threads) groupings_.push_back(std::make_unique<Grouping>(plan_));
  for (size_t i = 1; i < threads; ++i) groupings_[i]->open(context, 0);
  merged_ = std::move(parts);
  next_partition_ = 0;
  merge_further(context);
}

// False when all partitions have been merged. Where the first groups of an order are wanted, a few
// partitions show what the others need not show.
bool AggregateOperator::merge_further(ExecContext& context) {
  if (next_partition_ == Grouping::kPartitions) return false;
  const bool first = bound_ != nullptr && next_partition_ == 0;
  const size_t end = first ? groupings_.size() : Grouping::kPartitions;
  std::atomic<size_t> next{next_partition_};
  WorkerTeam team(context, groupings_.size());
  team.run([&](size_t i, ExecContext& worker_context) {
    for (size_t number; (number = next.fetch_add(1)) < end;) {
      groupings_[i]->merge_partition(worker_context, merged_, number, bound_.get(), bound_column_);
    }
  });
  next_partition_ = end;
  emitting_ = 0;
  return true;
}

// Aggregates the next of the parts that went to files; false when there is none.
bool AggregateOperator::next_part(ExecContext& context) {
  Grouping& grouping = *groupings_[0];
  std::unique_ptr<PartitionedSpill> spill = grouping.take_spill();
  stats().spilled_bytes += queue_parts(spill, depth_ + 1, parts_);
  if (parts_.empty()) return false;
  SpilledPart part = std::move(parts_.back());
  parts_.pop_back();
  depth_ = part.depth;
  ++stats().batches;
  grouping.open(context, depth_);
  grouping.consume_spilled(context, *part.file);
  grouping.finish(context);
  note_use(grouping);
  stats().spilled_bytes += grouping.sorted_spill_bytes();
  emitting_ = 0;
  groupings_.resize(1);
  return true;
}

const Chunk* AggregateOperator::do_next(ExecContext& context) {
  if (!aggregated_) {
    aggregated_ = true;
    aggregate(context);
  }
  do {
    for (; emitting_ < groupings_.size(); ++emitting_) {
      if (groupings_[emitting_]->next(context, bound_.get(), bound_column_, output_)) {
        return &output_;
      }
    }
  } while (merge_further(context) || next_part(context));
  return nullptr;
}

}  // namespace luma
