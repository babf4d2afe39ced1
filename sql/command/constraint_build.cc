#include "sql/command/constraint_build.h"

#include <algorithm>

#include "sql/command/command_target.h"
#include "sql/command/expression_text.h"
#include "sql/command/index_build.h"
#include "sql/command/object_name.h"
#include "sql/command/partition_build.h"
#include "sql/command/storage_options.h"

namespace luma {
namespace {

std::vector<std::string> names_of(const Table& table, const std::vector<int16_t>& columns) {
  std::vector<std::string> out;
  for (int16_t number : columns) out.push_back(table.column(number)->name);
  return out;
}

void append_key_column(const Table& table, std::string_view name, std::string_view kind,
                       int location, std::vector<int16_t>& columns) {
  const Column* column = table.find_column(name);
  if (column == nullptr) {
    throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" named in key does not exist", name)
        .at_byte(location);
  }
  if (std::ranges::find(columns, column->number) != columns.end()) {
    throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" appears twice in {} constraint",
                    name, kind)
        .at_byte(location);
  }
  columns.push_back(column->number);
}

// Rows can be keyed by values only when keys hold all there is to tell rows apart.
bool can_cluster(const Table& table, const Index& index) {
  return table.relkind == 'r' && table.access_method == kHeapAm && index.immediate &&
         index.include.empty() && std::ranges::all_of(index.keys, [](const IndexKey& key) {
           return key.column > 0 && !key.descending && !key.nulls_first;
         });
}

}  // namespace

void require_new_constraint_name(const Table& table, std::string_view name) {
  if (table.find_constraint(name) == nullptr) return;
  throw sql_error(SqlState::kDuplicateObject,
                  "constraint \"{}\" for relation \"{}\" already exists", name, table.name);
}

SqlError no_inherit_on_partitioned(const Table& table) {
  return sql_error(SqlState::kInvalidTableDefinition,
                   "cannot add NO INHERIT constraint to partitioned table \"{}\"", table.name);
}

Oid add_check(CommandContext& context, Table& table, const PendingConstraint& pending,
              std::vector<std::string>& taken_names) {
  const ast::Constraint& node = *pending.node;
  if (table.relkind == 'p' && node.is_no_inherit) throw no_inherit_on_partitioned(table);
  StoredExpression stored =
      store_expression(context, table, node.raw_expr, Clause::kCheck, {type_oid::kBool, -1});
  Constraint constraint;
  constraint.oid = context.ddl().new_oid();
  constraint.type = 'c';
  constraint.expression = stored.sql;
  constraint.columns = stored.columns;
  constraint.no_inherit = node.is_no_inherit;
  if (!node.conname.empty()) {
    constraint.name = truncated_name(node.conname);
    const Table* stored = context.ddl().view()->table(table.oid);
    if (stored != nullptr) require_new_constraint_name(*stored, constraint.name);
    if (table.find_constraint(constraint.name) != nullptr) {
      throw sql_error(SqlState::kDuplicateObject, "check constraint \"{}\" already exists",
                      constraint.name);
    }
  } else {
    std::string column =
        stored.columns.size() == 1 ? table.column(stored.columns[0])->name : std::string();
    std::vector<std::string> taken = taken_names;
    for (const Constraint& other : table.constraints) taken.push_back(other.name);
    constraint.name = free_constraint_name(*context.ddl().view(), table.schema, table.name, column,
                                           "check", taken);
  }
  taken_names.push_back(constraint.name);
  table.constraints.push_back(constraint);
  depend_on_objects(stored, {class_oid::kConstraint, constraint.oid, 0}, table.dependencies);
  return constraint.oid;
}

AddedKey add_key(CommandContext& context, Table& table, const PendingConstraint& pending,
                 bool cluster, std::string_view command) {
  const ast::Constraint& node = *pending.node;
  bool primary = node.contype == ast::ConstrType::kPrimary;
  if (primary && table.primary_key() != nullptr) {
    throw sql_error(SqlState::kInvalidTableDefinition,
                    "multiple primary keys for table \"{}\" are not allowed", table.name);
  }
  std::string_view kind = primary ? "primary key" : "unique";
  KeyIndexSpec spec;
  if (node.keys.empty()) {
    append_key_column(table, pending.column, kind, node.location, spec.columns);
  }
  for (std::string_view name : node.keys) {
    append_key_column(table, name, kind, node.location, spec.columns);
  }
  for (std::string_view name : node.including) {
    const Column* column = table.find_column(name);
    if (column == nullptr) {
      throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" named in key does not exist", name)
          .at_byte(node.location);
    }
    spec.include.push_back(column->number);
  }
  if (!node.conname.empty()) {
    spec.name = truncated_name(node.conname);
    require_new_constraint_name(table, spec.name);
  } else {
    std::vector<int16_t> all = spec.columns;
    all.insert(all.end(), spec.include.begin(), spec.include.end());
    spec.name = free_relation_name(*context.ddl().view(), table.schema, table.name,
                                   primary ? "" : joined_names(names_of(table, all)),
                                   primary ? "pkey" : "key", true);
  }
  context.notice(
      {.severity = NoticeSeverity::kDebug,
       .message = fmt::format("{} {} will create implicit index \"{}\" for table \"{}\"", command,
                              primary ? "PRIMARY KEY" : "UNIQUE", spec.name, table.name)});
  Constraint constraint;
  constraint.oid = context.ddl().new_oid();
  constraint.name = spec.name;
  constraint.type = primary ? 'p' : 'u';
  constraint.deferrable = pending.deferrable;
  constraint.initially_deferred = pending.initially_deferred;
  constraint.columns = spec.columns;
  spec.primary = primary;
  spec.deferrable = pending.deferrable;
  spec.nulls_not_distinct = node.nulls_not_distinct;
  spec.constraint = constraint.oid;
  spec.options = node.options;
  if (primary) {
    for (int16_t number : spec.columns) column_at(table, number).not_null = true;
  }
  std::shared_ptr<Index> index = make_key_index(context, table, spec);
  require_partition_columns(table, *index, primary ? "PRIMARY KEY" : "UNIQUE");
  constraint.index = index->oid;
  table.constraints.push_back(constraint);
  if (primary && cluster && can_cluster(table, *index)) table.row_key_index = index->oid;
  return {constraint.oid, std::move(index)};
}

AddedKey add_key_using_index(CommandContext& context, Table& table,
                             const PendingConstraint& pending) {
  const ast::Constraint& node = *pending.node;
  bool primary = node.contype == ast::ConstrType::kPrimary;
  const Relation* found = context.ddl().view()->find_relation(table.schema, node.indexname);
  auto refuse = [&](std::string text) {
    throw SqlError(SqlState::kWrongObjectType, std::move(text))
        .detail("Cannot create a primary key or unique constraint using such an index.")
        .at_byte(node.location);
  };
  if (found == nullptr || found->kind != ObjectKind::kIndex) {
    throw sql_error(SqlState::kUndefinedObject, "index \"{}\" does not exist", node.indexname)
        .at_byte(node.location);
  }
  if (primary && table.primary_key() != nullptr) {
    throw sql_error(SqlState::kInvalidTableDefinition,
                    "multiple primary keys for table \"{}\" are not allowed", table.name);
  }
  auto index = std::make_shared<Index>(static_cast<const Index&>(*found));
  if (index->constraint != kInvalidOid) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                    "index \"{}\" is already associated with a constraint", index->name)
        .at_byte(node.location);
  }
  if (index->table != table.oid) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                    "index \"{}\" does not belong to table \"{}\"", index->name, table.name)
        .at_byte(node.location);
  }
  if (!index->unique) refuse(fmt::format("\"{}\" is not a unique index", index->name));
  if (!index->predicate.empty()) refuse(fmt::format("\"{}\" is a partial index", index->name));
  Constraint constraint;
  constraint.oid = context.ddl().new_oid();
  for (size_t i = 0; i < index->keys.size(); ++i) {
    const IndexKey& key = index->keys[i];
    if (key.column == 0) refuse(fmt::format("index \"{}\" contains expressions", index->name));
    if (key.descending || key.nulls_first) {
      refuse(fmt::format("index \"{}\" column number {} does not have default sorting behavior",
                         index->name, i + 1));
    }
    constraint.columns.push_back(key.column);
  }
  std::string name = node.conname.empty() ? index->name : truncated_name(node.conname);
  require_new_constraint_name(table, name);
  if (name != index->name) {
    notice(
        context,
        fmt::format("ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index \"{}\" to \"{}\"",
                    index->name, name));
    index->name = name;
  }
  constraint.name = name;
  constraint.type = primary ? 'p' : 'u';
  constraint.deferrable = pending.deferrable;
  constraint.initially_deferred = pending.initially_deferred;
  constraint.index = index->oid;
  if (primary) {
    for (int16_t number : constraint.columns) column_at(table, number).not_null = true;
  }
  index->primary = primary;
  index->immediate = !pending.deferrable;
  index->constraint = constraint.oid;
  index->dependencies.clear();
  table.constraints.push_back(constraint);
  return {constraint.oid, std::move(index)};
}

}  // namespace luma
