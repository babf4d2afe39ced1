// Constant folding: immutable (and, inside one statement, no other) calls whose arguments are
// constants become constants; AND/OR/NOT over constants simplify. A call that fails is left alone:
// what becomes of it is seen when the plan is complete (constant_check.h).
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/evaluator.h"
#include "sql/function/registry.h"
#include "sql/function/user_function.h"
#include "sql/optimize/constant_check.h"
#include "sql/optimize/passes.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

bool is_constant(const Expr* expr) { return expr->kind == ExprKind::kConstant; }

bool is_immutable(const Expr& expr) {
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

bool foldable(const Expr& expr) {
  return std::ranges::all_of(expr.args, is_constant) && is_immutable(expr);
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

class ConstantChecker {
 public:
  explicit ConstantChecker(const EvalContext& evaluation) : evaluation_(evaluation) {}

  void visit(const Expr& expr) {
    if (!found_.error) look_at(expr);
  }
  ConstantCheck found() && { return std::move(found_); }

 private:
  enum class Content : uint8_t { kConstant, kParameters, kOther };

  static bool is_true(const Expr& expr) {
    return is_constant(&expr) && !expr.constant.is_null && expr.constant.datum.b;
  }

  void look_at_case(const Expr& expr) {
    for (size_t i = 0; i + 1 < expr.args.size(); i += 2) {
      if (is_constant(expr.args[i]) && !is_true(*expr.args[i])) continue;
      look_at(*expr.args[i]);
      look_at(*expr.args[i + 1]);
      if (is_true(*expr.args[i])) return;
    }
    look_at(*expr.args.back());
  }

  void look_at_coalesce(const Expr& expr) {
    for (const Expr* arg : expr.args) {
      look_at(*arg);
      if (is_constant(arg) && !arg->constant.is_null) return;
    }
  }

  Content look_at(const Expr& expr) {
    if (is_constant(&expr)) return Content::kConstant;
    if (expr.kind == ExprKind::kParameter) return Content::kParameters;
    if (expr.kind == ExprKind::kCase) {
      look_at_case(expr);
      return Content::kOther;
    }
    if (expr.kind == ExprKind::kCoalesce) {
      look_at_coalesce(expr);
      return Content::kOther;
    }
    Content content = Content::kConstant;
    for_each_child(expr, [&](const Expr* child) { content = std::max(content, look_at(*child)); });
    if (content == Content::kOther || !is_immutable(expr)) return Content::kOther;
    bool can_fail = expr.function != nullptr && !expr.function->leakproof;
    if (content == Content::kParameters) {
      // Conversions of literals to what the context wants seldom fail, and are everywhere.
      found_.folds_parameters |= can_fail && expr.operator_oid != kInvalidOid;
    } else if (can_fail && !found_.error) {
      evaluate(expr);
    }
    return content;
  }

  void evaluate(const Expr& expr) {
    try {
      EvalContext evaluation = evaluation_;
      ExprEvaluator(expr, 1).evaluate_scalar(evaluation);
    } catch (const SqlError& error) {
      found_.error = std::make_shared<SqlError>(error);
    }
  }

  const EvalContext& evaluation_;
  ConstantCheck found_;
};

}  // namespace

ConstantCheck check_constants(const Expr& expr, const EvalContext& evaluation) {
  ConstantChecker checker(evaluation);
  checker.visit(expr);
  return std::move(checker).found();
}

ConstantCheck check_constants(LogicalOp& root, const EvalContext& evaluation) {
  ConstantChecker checker(evaluation);
  for_each_op(root, [&](LogicalOp& op) {
    // Rows of VALUES are evaluated anyway.
    if (op.kind == OpKind::kValues) return;
    for_each_expr(std::as_const(op), [&](const Expr& expr) { checker.visit(expr); });
  });
  return std::move(checker).found();
}

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
