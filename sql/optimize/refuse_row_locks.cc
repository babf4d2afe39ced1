// Row locks on the side of an outer join that may be missing are refused. That is known when the
// joins that cannot give such rows have become plainer ones.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/optimize/nested_plans.h"
#include "sql/optimize/passes.h"
#include "sql/plan/walk.h"

namespace luma {
namespace {

[[noreturn]] void refuse(const LockRowsOp::Target& target) {
  throw sql_error(SqlState::kFeatureNotSupported,
                  "{} cannot be applied to the nullable side of an outer join",
                  row_lock_name(target.strength));
}

// `locked`: what is locked above, at this level; `nullable`: below the side of an outer join.
void check(LogicalOp& op, std::vector<const LockRowsOp::Target*> locked, bool nullable) {
  for_each_subquery_plan(op, [](LogicalOp*& plan) { check(*plan, {}, false); });
  if (op.kind == OpKind::kWith) {
    for (CteDefinition* cte : static_cast<WithOp&>(op).ctes) check(*cte->plan, {}, false);
  }
  if (op.kind == OpKind::kLockRows) {
    const auto& locks = static_cast<const LockRowsOp&>(op);
    if (nullable && locks.is_handed_down) refuse(locks.targets[0]);
    locked.clear();
    for (const LockRowsOp::Target& target : locks.targets) locked.push_back(&target);
    nullable = false;
  }
  for (size_t side = 0; side < op.inputs.size(); ++side) {
    LogicalOp& input = *op.inputs[side];
    bool optional = false;
    if (op.kind == OpKind::kJoin || op.kind == OpKind::kApply) {
      JoinKind kind = op.kind == OpKind::kJoin ? static_cast<const JoinOp&>(op).join
                                               : static_cast<const ApplyOp&>(op).join;
      optional = kind == JoinKind::kFull || (kind == JoinKind::kLeft && side == 1) ||
                 (kind == JoinKind::kRight && side == 0);
    }
    for (const LockRowsOp::Target* target : locked) {
      if (optional && std::ranges::find(input.output, target->row_key) != input.output.end()) {
        refuse(*target);
      }
    }
    check(input, locked, nullable || optional);
  }
}

}  // namespace

LogicalOp* refuse_row_locks(LogicalOp* root, OptimizerContext&) {
  check(*root, {}, false);
  return root;
}

}  // namespace luma
