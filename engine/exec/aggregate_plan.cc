#include "engine/exec/aggregate_plan.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/parallel_safety.h"

namespace luma {

namespace {

constexpr uint32_t kStateAlignment = 16;

bool is_complete_set(const AggregateSpec& spec) {
  if (spec.grouping_sets.empty()) return true;
  if (spec.grouping_sets.size() > 1) return false;
  std::vector<bool> has(spec.groups.size());
  for (uint32_t group : spec.grouping_sets[0]) has[group] = true;
  return std::find(has.begin(), has.end(), false) == has.end();
}

}  // namespace

AggregatePlan::AggregatePlan(AggregateSpec aggregate_spec)
    : spec(std::move(aggregate_spec)),
      has_sets(!is_complete_set(spec)),
      key_count(static_cast<uint32_t>(spec.groups.size() + (has_sets ? 1 : 0))),
      inputs(spec.groups) {
  for (const Expr* call : spec.aggregates) add_call(call);
  for (const Expr* group : spec.groups) {
    keys.push_back(KeyType::of(*group));
    input_types.push_back(group->physical);
  }
  if (has_sets) {
    keys.push_back(KeyType{.physical = PhysicalType::kInt32});
    input_types.push_back(PhysicalType::kInt32);
  }
  for (size_t i = spec.groups.size(); i < inputs.size(); ++i)
    input_types.push_back(inputs[i]->physical);
  for (Call& call : calls) {
    call.state_offset = tail_bytes;
    tail_bytes +=
        (call.function->state_bytes + kStateAlignment - 1) / kStateAlignment * kStateAlignment;
  }
}

// Registers what the call needs as input columns (equal expressions share one).
void AggregatePlan::add_call(const Expr* expr) {
  const uint32_t set_column = has_sets ? 1 : 0;
  auto input_of = [&](const Expr* input) {
    size_t i = spec.groups.size();
    while (i < inputs.size() && inputs[i] != input && !expr_equal(*inputs[i], *input)) ++i;
    if (i == inputs.size()) inputs.push_back(input);
    return static_cast<uint32_t>(i) + set_column;
  };
  Call call;
  call.expr = expr;
  call.function = expr->implementation.aggregate;
  LUMA_CHECK(call.function != nullptr);
  std::vector<const Expr*> args(expr->args.begin(), expr->args.end());
  static const AggregateInfo kPlain;
  const AggregateInfo& info = expr->aggregate != nullptr ? *expr->aggregate : kPlain;
  if (!info.order_by.empty() && args.size() == info.direct_args) {
    for (const SortKey& key : info.order_by) args.push_back(key.expr);
  }
  for (const Expr* arg : args) call.args.push_back(input_of(arg));
  if (info.filter != nullptr) call.filter = static_cast<int>(input_of(info.filter));
  call.is_distinct = info.distinct;
  call.is_sorted = info.distinct || !info.order_by.empty();
  // Aggregates that can be merged do not care about the order, but for the rounding of floats.
  call.is_hashed =
      info.distinct && info.order_by.empty() && call.function->combine != nullptr &&
      std::none_of(args.begin(), args.end(), [](const Expr* arg) {
        return arg->physical == PhysicalType::kFloat || arg->physical == PhysicalType::kDouble;
      });
  has_hashed |= call.is_hashed;
  if (call.is_sorted) {
    call.sort_columns.push_back(SortColumn::ascending(KeyType::int64()));
    for (const SortKey& key : info.order_by) {
      call.sort_columns.push_back(SortColumn::of(key));
      call.order.push_back(input_of(key.expr));
    }
    call.payload.push_back(PhysicalType::kInt64);
    for (size_t i = 0; i < args.size(); ++i) {
      call.payload.push_back(args[i]->physical);
      if (!call.is_distinct) continue;
      call.arg_types.push_back(KeyType::of(*args[i]));
      if (std::find(call.order.begin(), call.order.end(), call.args[i]) != call.order.end())
        continue;
      call.sort_columns.push_back(SortColumn::ascending(call.arg_types[i]));
      call.order.push_back(call.args[i]);
    }
  }
  call.may_update_single = call.function->update_single != nullptr && call.filter < 0 &&
                           !call.is_sorted && !call.is_hashed;
  calls.push_back(std::move(call));
}

bool AggregatePlan::can_merge() const {
  return are_parallel_safe(inputs) && std::all_of(calls.begin(), calls.end(), [](const Call& call) {
           return call.function->combine != nullptr && call.is_sorted == call.is_hashed &&
                  call.expr->implementation.is_parallel_safe;
         });
}

}  // namespace luma
