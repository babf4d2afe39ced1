#include "sql/command/bound_shape.h"

namespace luma {

bool converts(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kRelabel:
    case ExprKind::kCoerceViaIo:
    case ExprKind::kCoerceArray:
    case ExprKind::kApplyTypmod:
      return true;
    case ExprKind::kFunction:
      return expr.operator_oid == kInvalidOid && !expr.args.empty();
    default:
      return false;
  }
}

const Expr* constant_below(const Expr* expr) {
  while (expr != nullptr && expr->kind != ExprKind::kConstant && converts(*expr)) {
    expr = expr->args[0];
  }
  return expr != nullptr && expr->kind == ExprKind::kConstant ? expr : nullptr;
}

const Expr* array_below(const Expr* expr) {
  while (expr != nullptr && expr->kind != ExprKind::kArray && converts(*expr)) {
    expr = expr->args[0];
  }
  return expr != nullptr && expr->kind == ExprKind::kArray ? expr : nullptr;
}

const Expr* argument(const Expr* expr, size_t i) {
  return expr != nullptr && i < expr->args.size() ? expr->args[i] : nullptr;
}

}  // namespace luma
