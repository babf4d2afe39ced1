// Expressions outside of queries: over one table's columns, or without any columns.
#include "sql/bind/binder.h"
#include "sql/bind/collations.h"
#include "sql/bind/make_node.h"

namespace luma {

Expr* Binder::bind_table_expr(const ast::Node* node, const TableDesc* table, Clause clause,
                              TypeRef target) {
  slot_table_ = table;
  struct Reset {
    const TableDesc*& table;
    ~Reset() { table = nullptr; }
  } reset{slot_table_};
  Expr* expr = bind_expr(node, new_scope(nullptr), clause);
  if (target.oid == kInvalidOid) return with_collations(resolve_unknown(expr));
  if (target.oid == type_oid::kBool)
    return with_collations(coerce_to_boolean(expr, clause == Clause::kCheck ? "CHECK" : "WHERE"));
  Expr* out = coerce(expr, target, Coercion::kAssignment, expr->location);
  if (out == nullptr) cannot_coerce(*expr, target.oid, expr->location);
  return with_collations(out);
}

Expr* Binder::bind_conversion(TypeRef from, TypeRef to, Coercion coercion) {
  Expr* value = arena().make<Expr>(make_node(ExprKind::kParameter, from.oid, -1));
  value->type = from;
  return coerce(value, to, coercion, -1);
}

Expr* Binder::bind_standalone(const ast::Node* node, Clause clause, TypeRef target,
                              Coercion coercion) {
  Expr* expr = bind_expr(node, new_scope(nullptr), clause);
  if (target.oid == kInvalidOid) return with_collations(resolve_unknown(expr));
  Expr* out = coerce(expr, target, coercion, expr->location);
  if (out == nullptr) cannot_coerce(*expr, target.oid, expr->location);
  return with_collations(out);
}

}  // namespace luma
