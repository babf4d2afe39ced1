// A CTE that is referenced once and neither recursive, volatile, materialized nor data-modifying is
// put in the place of its reference, as PostgreSQL does. Unreferenced ones of that kind disappear.
#include <algorithm>

#include "sql/optimize/nested_plans.h"
#include "sql/optimize/passes.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

bool is_volatile_plan(LogicalOp& plan) {
  bool found = false;
  for_each_op(plan, [&](LogicalOp& op) {
    if (op.kind == OpKind::kModify || op.kind == OpKind::kLockRows) found = true;
    for_each_expr(static_cast<const LogicalOp&>(op),
                  [&](const Expr& expr) { found |= has_volatile(expr); });
  });
  return found;
}

bool can_inline(const CteDefinition& cte) {
  if (cte.recursive || cte.modifies_data || cte.mode == CteDefinition::Mode::kMaterialized)
    return false;
  return cte.references <= 1 && !is_volatile_plan(*cte.plan);
}

// Replaces the scan of `cte` anywhere below `op`, expressions' subqueries included.
void replace_reference(LogicalOp*& op, CteDefinition& cte, PlanContext& context) {
  if (op->kind == OpKind::kCteScan && static_cast<CteScanOp*>(op)->cte == &cte) {
    auto* project = context.make<ProjectOp>();
    project->inputs = {cte.plan};
    for (size_t i = 0; i < op->output.size(); ++i) {
      project->items.push_back({op->output[i], context.column_ref(cte.plan->output[i])});
    }
    project->output = op->output;
    op = project;
    return;
  }
  for_each_nested_plan(*op, [&](LogicalOp*& plan) { replace_reference(plan, cte, context); });
}

void visit_withs(LogicalOp*& op, PlanContext& context) {
  for (LogicalOp*& input : op->inputs) visit_withs(input, context);
  if (op->kind != OpKind::kWith) return;
  auto* with = static_cast<WithOp*>(op);
  for (CteDefinition* cte : with->ctes) visit_withs(cte->plan, context);
  std::vector<CteDefinition*> kept;
  for (CteDefinition* cte : with->ctes) {
    if (!can_inline(*cte)) {
      kept.push_back(cte);
      continue;
    }
    if (cte->references == 0) continue;
    replace_reference(with->inputs[0], *cte, context);
    for (CteDefinition* other : with->ctes) {
      if (other != cte) replace_reference(other->plan, *cte, context);
    }
  }
  with->ctes = kept;
  if (kept.empty()) op = with->inputs[0];
}

}  // namespace

LogicalOp* inline_ctes(LogicalOp* root, OptimizerContext& context) {
  visit_withs(root, context.plan);
  return root;
}

}  // namespace luma
