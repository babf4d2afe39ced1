// WHEN of triggers.
#include "sql/bind/binder.h"
#include "sql/catalog/object.h"

namespace luma {
namespace {

// A row of the table, whose columns are numbered from `first`.
std::shared_ptr<ScopeItem> row_of(const Table& table, std::string alias, PlanContext& context) {
  auto item = std::make_shared<ScopeItem>();
  item->alias = std::move(alias);
  item->row_type = table.row_type;
  for (const Column& column : table.columns) {
    // Dropped columns keep their slots.
    ColumnId id = context.new_column({column.name, column.type, column.collation});
    if (!column.dropped) item->columns.push_back({column.name, id});
  }
  return item;
}

void columns_to_slots(Expr& expr, ColumnId first) {
  if (expr.kind == ExprKind::kColumn) {
    expr.kind = ExprKind::kSlot;
    expr.index = expr.column - first;
    return;
  }
  for_each_child(expr, [&](const Expr* child) {
    // A column that two places refer to is a slot already when the second is met.
    columns_to_slots(*const_cast<Expr*>(child), first);
  });
}

}  // namespace

Expr* Binder::bind_trigger_condition(const ast::Node* node, const Table& table, RowPair* rows) {
  auto first = static_cast<ColumnId>(context().column_count());
  Scope* scope = new_scope(nullptr);
  scope->items.push_back(row_of(table, "old", context()));
  scope->items.push_back(row_of(table, "new", context()));
  Expr* condition = bind_boolean(node, scope, Clause::kTriggerWhen, "WHEN");
  condition = with_collations(condition);
  columns_to_slots(*condition, first);
  if (rows != nullptr) *rows = {scope->items[0], scope->items[1]};
  return condition;
}

}  // namespace luma
