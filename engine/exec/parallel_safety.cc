#include "engine/exec/parallel_safety.h"

#include <algorithm>

namespace luma {

namespace {

// Its text names objects of the catalog, or may hold something whose text does.
bool text_needs_catalog(Oid oid) {
  const TypeInfo* type = find_type(oid);
  if (type == nullptr || type->type_type == 'c' || type->type_type == 'd') return true;
  if (oid == type_oid::kRecord) return true;
  if (type->element != kInvalidOid && type->element != oid)
    return text_needs_catalog(type->element);
  return type->category == 'N' && type->name.starts_with("reg");
}

}  // namespace

bool is_parallel_safe(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kSubquery:
    case ExprKind::kSubplan:
    case ExprKind::kSetReturning:
    case ExprKind::kWindow:
    case ExprKind::kDefault:
      return false;
    case ExprKind::kFunction:
    case ExprKind::kAggregate:
      if (expr.is_volatile || !expr.implementation.is_parallel_safe) return false;
      break;
    case ExprKind::kCoerceViaIo:
      if (text_needs_catalog(expr.type.oid) || text_needs_catalog(expr.args[0]->type.oid)) {
        return false;
      }
      break;
    default:
      if (expr.implementation.kernel != nullptr && !expr.implementation.is_parallel_safe) {
        return false;
      }
      break;
  }
  bool safe = true;
  for_each_child(expr, [&](const Expr* child) { safe = safe && is_parallel_safe(*child); });
  return safe;
}

bool are_parallel_safe(std::span<const Expr* const> exprs) {
  return std::all_of(exprs.begin(), exprs.end(),
                     [](const Expr* expr) { return expr == nullptr || is_parallel_safe(*expr); });
}

}  // namespace luma
