// ALTER TABLE ... ALTER COLUMN TYPE.
#include <algorithm>

#include "sql/ast/rewrite.h"
#include "sql/command/alter_table.h"
#include "sql/command/command_target.h"
#include "sql/command/expression_text.h"
#include "sql/command/index_build.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

const ast::Node* column_node(Arena& arena, std::string_view name) {
  auto* text = arena.make<ast::String>();
  text->sval = arena.copy(name);
  auto* ref = arena.make<ast::ColumnRef>();
  ref->fields = ast::make_list<const ast::Node*>(arena, {text});
  return ref;
}

bool uses_column(const Index& index, int16_t column) {
  return std::ranges::any_of(index.dependencies, [&](const Dependency& edge) {
    return edge.referenced.oid == index.table && edge.referenced.sub_id == column;
  });
}

}  // namespace

void TableAlterer::refuse_type_change(const Column& column) const {
  const Catalog& catalog = *context_.ddl().view();
  for (const Dependency& edge : now().dependencies) {
    bool generated =
        edge.referenced == ObjectAddress{class_oid::kRelation, table_, column.number} &&
        edge.dependent.class_id == class_oid::kRelation && edge.dependent.oid == table_;
    if (!generated) continue;
    throw SqlError(SqlState::kFeatureNotSupported,
                   "cannot alter type of a column used by a generated column")
        .detail(fmt::format("Column \"{}\" is used by generated column \"{}\".", column.name,
                            now().column(static_cast<int16_t>(edge.dependent.sub_id))->name));
  }
  catalog.for_each_relation([&](const Relation& relation) {
    if (relation.kind != ObjectKind::kTable) return;
    for (const Policy& policy : static_cast<const Table&>(relation).policies) {
      for (const Dependency& edge : policy.dependencies) {
        if (edge.referenced != ObjectAddress{class_oid::kRelation, table_, column.number}) continue;
        throw SqlError(SqlState::kFeatureNotSupported,
                       "cannot alter type of a column used in a policy definition")
            .detail(fmt::format(
                "{} depends on column \"{}\"",
                catalog.describe({class_oid::kPolicy, policy.oid, 0}, visibility(context_)),
                column.name));
      }
    }
    for (const Trigger& trigger : static_cast<const Table&>(relation).triggers) {
      for (const Dependency& edge : trigger.dependencies) {
        if (edge.referenced != ObjectAddress{class_oid::kRelation, table_, column.number}) continue;
        throw SqlError(SqlState::kFeatureNotSupported,
                       "cannot alter type of a column used in a trigger definition")
            .detail(fmt::format(
                "{} depends on column \"{}\"",
                catalog.describe({class_oid::kTrigger, trigger.oid, 0}, visibility(context_)),
                column.name));
      }
    }
  });
  for (const ObjectAddress& address : catalog.dependents_of(now().address())) {
    const Table* view =
        address.class_id == class_oid::kRelation ? catalog.table(address.oid) : nullptr;
    if (view == nullptr || (view->relkind != 'v' && view->relkind != 'm')) continue;
    for (const Dependency& edge : view->dependencies) {
      if (edge.referenced != ObjectAddress{class_oid::kRelation, table_, column.number}) continue;
      throw SqlError(SqlState::kFeatureNotSupported,
                     "cannot alter type of a column used by a view or rule")
          .detail(fmt::format("rule _RETURN on {} depends on column \"{}\"",
                              catalog.describe(view->address(), visibility(context_)),
                              column.name));
    }
  }
}

// Whether values of `from` are values of `to` without change, in rows and in keys.
bool TableAlterer::is_stored_alike(TypeRef from, TypeRef to) const {
  auto is_text = [](Oid type) { return type == type_oid::kText || type == type_oid::kVarchar; };
  if (is_text(from.oid) && is_text(to.oid)) {
    return to.typmod < 0 || (from.typmod >= 0 && from.typmod <= to.typmod);
  }
  if (from.oid != to.oid) return false;
  if (from.typmod == to.typmod || to.typmod < 0) return from.oid != type_oid::kBpchar;
  if (from.oid == type_oid::kNumeric && from.typmod >= 0) {
    int from_scale = (from.typmod - 4) & 0x7ff, to_scale = (to.typmod - 4) & 0x7ff;
    int from_precision = ((from.typmod - 4) >> 16) & 0xffff;
    int to_precision = ((to.typmod - 4) >> 16) & 0xffff;
    return from_scale == to_scale && from_precision <= to_precision;
  }
  return false;
}

Expr* TableAlterer::conversion(const Column& column, TypeRef target, const ast::Node* using_node) {
  const Catalog& catalog = *context_.ddl().view();
  std::string type = catalog.type_name(target.oid, target.typmod);
  Arena arena;
  const ast::Node* node = using_node != nullptr ? using_node : column_node(arena, column.name);
  if (using_node != nullptr) {
    // Checks what may stand there.
    store_expression(context_, now(), using_node, Clause::kAlterColumnUsing, {});
  }
  Binder binder(context_.environment(), {});
  TableDesc columns = columns_only_desc(now());
  Expr* out = nullptr;
  try {
    out = binder.bind_table_expr(node, &columns, Clause::kAlterColumnUsing, target);
  } catch (const SqlError& error) {
    if (error.state != SqlState::kCannotCoerce && error.state != SqlState::kDatatypeMismatch) throw;
    if (using_node == nullptr) {
      throw sql_error(SqlState::kDatatypeMismatch,
                      "column \"{}\" cannot be cast automatically to type {}", column.name, type)
          .hint(fmt::format("You might need to specify \"USING {}::{}\".",
                            quote_identifier(column.name), type));
    }
    throw sql_error(
        SqlState::kDatatypeMismatch,
        "result of USING clause for column \"{}\" cannot be cast automatically to type {}",
        column.name, type)
        .hint("You might need to add an explicit cast.");
  }
  expressions_.push_back(binder.release_context());
  return out;
}

void TableAlterer::convert_default(Table& table, int16_t number) {
  Column& column = column_at(table, number);
  if (!column.has_default() || column.generated != '\0') return;
  Arena arena;
  const ast::Node* node = parse_expression(column.default_sql, arena);
  try {
    store_default(context_, table, number, node);
  } catch (const SqlError& error) {
    if (error.state != SqlState::kDatatypeMismatch && error.state != SqlState::kCannotCoerce) throw;
    throw sql_error(SqlState::kDatatypeMismatch,
                    "default for column \"{}\" cannot be cast automatically to type {}",
                    column.name,
                    context_.ddl().view()->type_name(column.type.oid, column.type.typmod));
  }
}

// CHECK constraints and foreign keys mean the new type from now on.
void TableAlterer::adapt_constraints(int16_t number, bool rewritten) {
  auto involves = [&](const std::vector<int16_t>& columns) {
    return std::ranges::find(columns, number) != columns.end();
  };
  change([&](Table& table) {
    for (Constraint& constraint : table.constraints) {
      if (!involves(constraint.columns)) continue;
      if (constraint.type == 'c') {
        Arena arena;
        StoredExpression stored =
            store_expression(context_, table, parse_expression(constraint.expression, arena),
                             Clause::kCheck, {type_oid::kBool, -1});
        constraint.expression = stored.sql;
      }
      if (constraint.type != 'f') continue;
      const Table* referenced = constraint.referenced_table == table_
                                    ? &table
                                    : context_.ddl().view()->table(constraint.referenced_table);
      constraint.equality_operators =
          foreign_key_operators(context_, table, *referenced, constraint);
      if (rewritten) foreign_keys_.insert(constraint.oid);
    }
  });
  std::vector<std::pair<Oid, Oid>> referencing;
  for (const auto& ref : context_.ddl().view()->foreign_keys_to(table_)) {
    if (ref.table->oid != table_ && involves(ref.constraint->referenced_columns)) {
      referencing.emplace_back(ref.table->oid, ref.constraint->oid);
    }
  }
  for (auto [table_oid, constraint_oid] : referencing) {
    std::shared_ptr<Table> other = table_to_change(context_, table_oid);
    Constraint& constraint =
        *std::ranges::find(other->constraints, constraint_oid, &Constraint::oid);
    constraint.equality_operators = foreign_key_operators(context_, *other, now(), constraint);
    context_.ddl().put(std::move(other));
  }
}

void TableAlterer::adapt_indexes(int16_t number, bool rewritten) {
  for (Oid oid : context_.ddl().view()->indexes_of(table_)) {
    auto index = std::make_shared<Index>(*context_.ddl().view()->index(oid));
    bool changed = false;
    for (IndexKey& key : index->keys) {
      if (key.column != number) continue;
      IndexKey fresh = column_index_key(context_, *now().column(number), index->access_method);
      key.type = fresh.type;
      key.opclass = fresh.opclass;
      key.collation = fresh.collation;
      changed = true;
    }
    if (uses_column(*index, number)) {
      changed = true;
      Arena arena;
      for (IndexKey& key : index->keys) {
        if (key.column != 0) continue;
        StoredExpression stored = store_expression(
            context_, now(), parse_expression(key.expression, arena), Clause::kIndex, {});
        key.expression = stored.sql;
        key.type = stored.type;
      }
      if (!index->predicate.empty()) {
        index->predicate =
            store_expression(context_, now(), parse_expression(index->predicate, arena),
                             Clause::kIndexPredicate, {type_oid::kBool, -1})
                .sql;
      }
      if (!rewritten) stale_indexes_.insert(oid);
    }
    if (changed) context_.ddl().put(std::move(index));
  }
}

void TableAlterer::alter_type(const ast::AlterTableCmd& command) {
  require_table("ALTER COLUMN ... SET DATA TYPE");
  const auto& definition = *ast::as<ast::ColumnDef>(command.def);
  const Column before = require_column_of(now(), command.name);
  if (new_values_.contains(before.number)) {
    throw sql_error(SqlState::kFeatureNotSupported, "cannot alter type of column \"{}\" twice",
                    before.name);
  }
  if (before.generated != '\0' && definition.raw_default != nullptr) {
    throw SqlError(SqlState::kInvalidColumnDefinition,
                   "cannot specify USING when altering type of generated column")
        .detail(fmt::format("Column \"{}\" is a generated column.", before.name));
  }
  ast::ColumnDef bare = definition;
  bare.colname = before.name;
  bare.raw_default = nullptr;
  bare.constraints = {};
  ColumnPlan plan = plan_column(context_, now(), bare);
  if (plan.serial) {
    throw sql_error(SqlState::kUndefinedObject, "type \"{}\" does not exist",
                    definition.type_name->names.back())
        .at_byte(definition.type_name->location);
  }
  TypeRef target = plan.column.type;
  if (before.identity != '\0' && target.oid != type_oid::kInt2 && target.oid != type_oid::kInt4 &&
      target.oid != type_oid::kInt8) {
    throw SqlError(SqlState::kInvalidParameterValue,
                   "identity column type must be smallint, integer, or bigint");
  }
  refuse_type_change(before);
  Expr* value =
      before.generated != '\0' ? nullptr : conversion(before, target, definition.raw_default);
  bool alike = definition.raw_default == nullptr && is_stored_alike(before.type, target);
  change([&](Table& table) {
    Column& column = column_at(table, before.number);
    column.type = target;
    column.collation = plan.column.collation;
    column.dimensions = plan.column.dimensions;
    column.statistics_target = -1;
    convert_default(table, before.number);
    if (column.generated != '\0') {
      Arena arena;
      const ast::Node* node = parse_expression(column.default_sql, arena);
      clear_default(table, before.number);
      store_generated(context_, table, before.number, node);
    }
  });
  if (before.generated != '\0') {
    Arena arena;
    Binder binder(context_.environment(), {});
    TableDesc columns = columns_only_desc(now());
    value =
        binder.bind_table_expr(parse_expression(now().column(before.number)->default_sql, arena),
                               &columns, Clause::kGenerated, target);
    expressions_.push_back(binder.release_context());
  }
  if (!alike) {
    rewrite_for(rewrite_reason::kColumn);
    new_values_[before.number] = value;
  }
  adapt_constraints(before.number, !alike);
  adapt_indexes(before.number, !alike);
}

}  // namespace luma
