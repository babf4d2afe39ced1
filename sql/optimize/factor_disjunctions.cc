// (a AND b) OR (a AND c)  ->  a AND (b OR c): conjuncts that all arms of an OR share come out of
// it, so that a join condition written into every arm is seen as one (TPC-H Q19). Not done for
// volatile conjuncts.
#include <algorithm>

#include "sql/optimize/passes.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

Expr* factor(Expr* expr, Arena& arena) {
  if (expr->kind != ExprKind::kOr) return expr;
  std::vector<std::vector<Expr*>> arms(expr->args.size());
  for (size_t i = 0; i < arms.size(); ++i) split_conjuncts(expr->args[i], arms[i]);
  std::vector<Expr*> shared;
  for (Expr* candidate : arms[0]) {
    if (has_volatile(*candidate) || has_subquery(*candidate)) continue;
    bool everywhere = std::all_of(arms.begin() + 1, arms.end(), [&](const std::vector<Expr*>& arm) {
      return std::any_of(arm.begin(), arm.end(),
                         [&](const Expr* e) { return expr_equal(*e, *candidate); });
    });
    if (everywhere) shared.push_back(candidate);
  }
  if (shared.empty()) return expr;
  std::vector<Expr*> rest;
  for (std::vector<Expr*>& arm : arms) {
    arm.erase(std::remove_if(arm.begin(), arm.end(),
                             [&](const Expr* e) {
                               return std::any_of(shared.begin(), shared.end(), [&](const Expr* s) {
                                 return expr_equal(*s, *e);
                               });
                             }),
              arm.end());
    // An arm that was nothing but the shared part makes the rest true.
    if (arm.empty()) return make_and(arena, shared);
    rest.push_back(make_and(arena, arm));
  }
  shared.push_back(make_or(arena, rest));
  return make_and(arena, shared);
}

}  // namespace

LogicalOp* factor_disjunctions(LogicalOp* root, OptimizerContext& context) {
  Arena& arena = context.plan.arena();
  for_each_op(*root, [&](LogicalOp& op) {
    if (op.kind != OpKind::kFilter && op.kind != OpKind::kJoin) return;
    for_each_expr(op, [&](Expr*& expr) {
      expr = rewrite_expr(arena, expr, [&](Expr* node) { return factor(node, arena); });
    });
  });
  return root;
}

}  // namespace luma
