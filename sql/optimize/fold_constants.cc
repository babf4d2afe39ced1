// Constant folding: immutable (and, inside one statement, no other) calls whose arguments are
// constants become constants; AND/OR/NOT over constants simplify. A call that fails is left alone:
// it may never be executed, and when it is, the error belongs there.
#include "engine/base/sql_error.h"
#include "engine/exec/evaluator.h"
#include "sql/function/registry.h"
#include "sql/function/user_function.h"
#include "sql/optimize/passes.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

bool is_constant(const Expr* expr) { return expr->kind == ExprKind::kConstant; }

bool foldable(const Expr& expr) {
  for (const Expr* arg : expr.args) {
    if (!is_constant(arg)) return false;
  }
  switch (expr.kind) {
    case ExprKind::kFunction:
      // What users have written may take any time: it is not run while planning.
      return expr.function != nullptr && expr.function->volatility == 'i' &&
             !is_user_function(*expr.function) && expr.implementation.kernel != nullptr;
    case ExprKind::kRelabel:
    case ExprKind::kApplyTypmod:
    case ExprKind::kNot:
    case ExprKind::kIsNull:
    case ExprKind::kIsNotNull:
    case ExprKind::kArray:
    case ExprKind::kCoalesce:
      return true;
    default:
      return false;
  }
}

Expr* fold(Expr* expr, OptimizerContext& context) {
  Arena& arena = context.plan.arena();
  if (expr->kind == ExprKind::kAnd || expr->kind == ExprKind::kOr) {
    bool neutral = expr->kind == ExprKind::kAnd;
    std::vector<Expr*> kept;
    for (Expr* arg : expr->args) {
      if (is_constant(arg) && !arg->constant.is_null) {
        if (arg->constant.datum.b == neutral) continue;
        return arg;
      }
      kept.push_back(arg);
    }
    if (kept.size() == expr->args.size()) return expr;
    if (kept.empty()) return make_bool(arena, neutral);
    return neutral ? make_and(arena, kept) : make_or(arena, kept);
  }
  if (!foldable(*expr)) return expr;
  try {
    ExprEvaluator evaluator(*expr, 1);
    EvalContext evaluation = context.evaluation;
    Value value = evaluator.evaluate_scalar(evaluation);
    if (!value.is_null) value.datum = copy_datum(value.datum, expr->physical, arena);
    Expr* constant = make_constant(arena, expr->type, value);
    constant->collation = expr->collation;
    constant->location = expr->location;
    return constant;
  } catch (const SqlError&) {
    return expr;
  }
}

}  // namespace

LogicalOp* fold_constants(LogicalOp* root, OptimizerContext& context) {
  for_each_op(*root, [&](LogicalOp& op) {
    // VALUES rows are evaluated once anyway.
    if (op.kind == OpKind::kValues) return;
    for_each_expr(op, [&](Expr*& expr) {
      expr =
          rewrite_expr(context.plan.arena(), expr, [&](Expr* node) { return fold(node, context); });
    });
  });
  return root;
}

}  // namespace luma
