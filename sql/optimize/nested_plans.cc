#include "sql/optimize/nested_plans.h"

#include "sql/plan/walk.h"

namespace luma {

void for_each_subquery_plan(LogicalOp& op, const std::function<void(LogicalOp*&)>& visit) {
  std::function<void(Expr*)> visit_expr = [&](Expr* expr) {
    if (expr->subquery != nullptr && expr->subquery->plan != nullptr) {
      LogicalOp* plan = expr->subquery->plan;
      visit(plan);
      // The info is this statement's own; only its plan pointer moves.
      const_cast<SubqueryInfo*>(expr->subquery)->plan = plan;
    }
    for_each_child(*expr, visit_expr);
  };
  for_each_expr(op, [&](Expr*& expr) { visit_expr(expr); });
}

void for_each_nested_plan(LogicalOp& op, const std::function<void(LogicalOp*&)>& visit) {
  for (LogicalOp*& input : op.inputs) visit(input);
  if (op.kind == OpKind::kWith) {
    for (CteDefinition* cte : static_cast<WithOp&>(op).ctes) visit(cte->plan);
  }
  for_each_subquery_plan(op, visit);
}

}  // namespace luma
