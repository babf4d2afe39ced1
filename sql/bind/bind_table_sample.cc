// TABLESAMPLE: a filter over the scan that keeps rows by a hash of their keys.
#include "sql/bind/binder.h"
#include "sql/function/table_sample.h"

namespace luma {

LogicalOp* Binder::bind_table_sample(const ast::RangeTableSample& node, Scope* scope,
                                     std::vector<std::shared_ptr<ScopeItem>>& items) {
  const auto& var = *ast::as<ast::RangeVar>(node.relation);
  LogicalOp* plan = bind_range_var(var, scope, items);
  ScopeItem& item = *items.back();
  if (item.scan == nullptr && item.virtual_scan == nullptr && !item.partitioned) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "TABLESAMPLE clause can only be applied to tables and materialized views")
        .at_byte(var.location);
  }
  // Both methods look at single rows: there are no pages to choose from.
  std::string_view method = node.method.back();
  if (method != "bernoulli" && method != "system") {
    throw sql_error(SqlState::kUndefinedObject, "tablesample method {} does not exist", method)
        .at_byte(node.location);
  }
  if (node.args.size() != 1) {
    throw sql_error(SqlState::kInvalidTablesampleArgument,
                    "tablesample method {} requires 1 argument, not {}", method, node.args.size())
        .at_byte(node.location);
  }
  Scope* arguments = new_scope(scope->parent);
  auto argument = [&](const ast::Node* value, Oid type) {
    Expr* bound = bind_expr(value, arguments, Clause::kFromFunction);
    Expr* coerced = coerce(bound, {type, -1}, Coercion::kAssignment, value->location);
    if (coerced == nullptr) cannot_coerce(*bound, type, value->location);
    return coerced;
  };
  Expr* percent = argument(node.args[0], type_oid::kFloat4);
  Expr* key = item.scan != nullptr || item.partitioned ? row_key_column(item) : row_version(item);
  Expr* keeps = nullptr;
  if (node.repeatable != nullptr) {
    keeps = system_call(sample_repeatably(),
                        {key, percent, argument(node.repeatable, type_oid::kFloat8)});
  } else {
    keeps = system_call(sample_randomly(), {key, percent});
    keeps->is_volatile = true;
    query_.has_volatile = true;
  }
  auto* filter = context().make<FilterOp>();
  filter->inputs = {plan};
  filter->condition = keeps;
  filter->output = plan->output;
  return filter;
}

}  // namespace luma
