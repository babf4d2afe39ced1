#include "sql/session/expr_copy.h"

#include "engine/base/sql_error.h"
#include "sql/function/user_function.h"

namespace luma {
namespace {

std::span<Expr* const> copy_list(std::span<Expr* const> list, Arena& arena) {
  auto* to = arena.allocate_array<Expr*>(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    to[i] = list[i] == nullptr ? nullptr : copy_expr_deep(*list[i], arena);
  }
  return {to, list.size()};
}

}  // namespace

Expr* copy_expr_deep(const Expr& expr, Arena& arena) {
  LUMA_CHECK(expr.aggregate == nullptr && expr.window == nullptr && expr.subquery == nullptr &&
             expr.subplan == nullptr);
  auto* copy = new (arena.allocate(sizeof(Expr), alignof(Expr))) Expr(expr);
  copy->args = copy_list(expr.args, arena);
  copy->function = copy_entry(expr.function, arena);
  if (expr.kind == ExprKind::kConstant && !expr.constant.is_null) {
    copy->constant = copy_datum(expr.constant.datum, expr.physical, arena);
  }
  if (expr.subscript != nullptr) {
    auto* info =
        new (arena.allocate(sizeof(SubscriptInfo), alignof(SubscriptInfo))) SubscriptInfo();
    info->lower = copy_list(expr.subscript->lower, arena);
    info->upper = copy_list(expr.subscript->upper, arena);
    info->slice = expr.subscript->slice;
    copy->subscript = info;
  }
  if (expr.element_coercion != nullptr) {
    copy->element_coercion = copy_expr_deep(*expr.element_coercion, arena);
  }
  if (!expr.field_names.empty()) {
    auto* names = arena.allocate_array<std::string_view>(expr.field_names.size());
    for (size_t i = 0; i < expr.field_names.size(); ++i) {
      new (names + i) std::string_view(arena.copy(expr.field_names[i]));
    }
    copy->field_names = {names, expr.field_names.size()};
  }
  return copy;
}

}  // namespace luma
