#include "sql/command/inherit_attach.h"

#include <algorithm>

#include "sql/catalog/inheritance.h"
#include "sql/catalog/partition.h"
#include "sql/command/command_target.h"

namespace luma {
namespace {

void refuse_other_columns(const Table& parent, const Table& child) {
  for (const Column& column : child.columns) {
    if (column.dropped || parent.find_column(column.name) != nullptr) continue;
    throw sql_error(SqlState::kDatatypeMismatch,
                    "table \"{}\" contains column \"{}\" not found in parent \"{}\"", child.name,
                    column.name, parent.name)
        .detail("The new partition may contain only the columns present in parent.");
  }
}

void require_like_parent(const Column& column, const Column& own, const Table& child) {
  if (own.type.oid != column.type.oid || own.type.typmod != column.type.typmod) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "child table \"{}\" has different type for column \"{}\"", child.name,
                    column.name);
  }
  if (own.collation != column.collation) {
    throw sql_error(SqlState::kCollationMismatch,
                    "child table \"{}\" has different collation for column \"{}\"", child.name,
                    column.name);
  }
  if (column.not_null && !own.not_null) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "column \"{}\" in child table must be marked NOT NULL", column.name);
  }
  if ((column.generated != '\0') != (own.generated != '\0')) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "column \"{}\" in child table must {}be a generated column", column.name,
                    column.generated != '\0' ? "" : "not ");
  }
  if (column.generated != '\0' && own.default_sql != column.default_sql) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "column \"{}\" in child table has a conflicting generation expression",
                    column.name);
  }
}

const Table& open_parent(CommandContext& context, const ast::RangeVar& name, TableLockMode mode) {
  const Relation& found = require_and_lock(context, name, mode);
  if (found.relkind != 'r' && found.relkind != 'p') throw_wrong_kind(found, "table");
  require_owner(context, found);
  return static_cast<const Table&>(found);
}

void refuse_child(const Table& child) {
  if (is_partition(child)) {
    throw SqlError(SqlState::kWrongObjectType, "cannot change inheritance of a partition");
  }
  if (is_partitioned(child)) {
    throw SqlError(SqlState::kWrongObjectType, "cannot change inheritance of partitioned table");
  }
  if (child.relkind != 'r') throw_wrong_kind(child, "table");
}

void refuse_parent(const Table& parent, const Table& child) {
  if (parent.persistence == 't' && child.persistence != 't') {
    throw sql_error(SqlState::kWrongObjectType, "cannot inherit from temporary relation \"{}\"",
                    parent.name);
  }
  if (is_partitioned(parent)) {
    throw sql_error(SqlState::kWrongObjectType, "cannot inherit from partitioned table \"{}\"",
                    parent.name);
  }
  if (is_partition(parent)) {
    throw SqlError(SqlState::kWrongObjectType, "cannot inherit from a partition");
  }
}

void refuse_transition_triggers(const Table& child) {
  for (const Trigger& trigger : child.triggers) {
    if (trigger.old_table.empty() && trigger.new_table.empty()) continue;
    if ((trigger.type & trigger_type::kRow) == 0) continue;
    throw sql_error(SqlState::kFeatureNotSupported,
                    "trigger \"{}\" prevents table \"{}\" from becoming an inheritance child",
                    trigger.name, child.name)
        .detail(
            "ROW triggers with transition tables are not supported in inheritance "
            "hierarchies.");
  }
}

}  // namespace

void merge_existing_columns(const Table& parent, Table& child, bool as_partition) {
  if (as_partition) refuse_other_columns(parent, child);
  for (const Column& column : parent.columns) {
    if (column.dropped) continue;
    const Column* found = child.find_column(column.name);
    if (found == nullptr) {
      throw sql_error(SqlState::kDatatypeMismatch, "child table is missing column \"{}\"",
                      column.name);
    }
    require_like_parent(column, *found, child);
    Column& own = child.columns[static_cast<size_t>(found->number) - 1];
    ++own.inherit_count;
    if (as_partition) own.is_local = false;
  }
}

void merge_existing_checks(const Table& parent, Table& child, bool as_partition) {
  for (const Constraint& wanted : parent.constraints) {
    if (wanted.type != 'c' || wanted.no_inherit) continue;
    auto own = std::ranges::find_if(child.constraints, [&](const Constraint& c) {
      return c.type == 'c' && c.name == wanted.name;
    });
    if (own == child.constraints.end()) {
      throw sql_error(SqlState::kDatatypeMismatch, "child table is missing constraint \"{}\"",
                      wanted.name);
    }
    if (own->expression != wanted.expression) {
      throw sql_error(SqlState::kDatatypeMismatch,
                      "child table \"{}\" has different definition for check constraint \"{}\"",
                      child.name, wanted.name);
    }
    auto refuse = [&](std::string_view kind) {
      throw sql_error(SqlState::kInvalidObjectDefinition,
                      "constraint \"{}\" conflicts with {} constraint on child table \"{}\"",
                      wanted.name, kind, child.name);
    };
    if (own->no_inherit) refuse("non-inherited");
    if (wanted.validated && !own->validated) refuse("NOT VALID");
    ++own->inherit_count;
    if (!as_partition) continue;
    own->parent = wanted.oid;
    own->is_local = false;
  }
}

void inherit_from(CommandContext& context, Oid child_oid, const ast::RangeVar& name) {
  refuse_child(*context.ddl().view()->table(child_oid));
  const Oid parent_oid = open_parent(context, name, TableLockMode::kShareUpdateExclusive).oid;
  CatalogPtr catalog = context.ddl().view();
  const Table& parent = *catalog->table(parent_oid);
  std::shared_ptr<Table> child = table_to_change(context, child_oid);
  refuse_parent(parent, *child);
  for (const FamilyMember& below : table_family(*catalog, *child)) {
    if (below.table->oid != parent_oid) continue;
    throw SqlError(SqlState::kDuplicateTable, "circular inheritance not allowed")
        .detail(fmt::format("\"{}\" is already a child of \"{}\".", parent.name, child->name));
  }
  refuse_transition_triggers(*child);
  if (std::ranges::find(child->inherits, parent_oid) != child->inherits.end()) {
    throw sql_error(SqlState::kDuplicateTable,
                    "relation \"{}\" would be inherited from more than once", parent.name);
  }
  merge_existing_columns(parent, *child, false);
  merge_existing_checks(parent, *child, false);
  child->inherits.push_back(parent_oid);
  context.ddl().put(std::move(child));
}

void disinherit_from(CommandContext& context, Oid child_oid, const ast::RangeVar& name) {
  if (is_partition(*context.ddl().view()->table(child_oid))) {
    throw SqlError(SqlState::kWrongObjectType, "cannot change inheritance of a partition");
  }
  const Table& parent = open_parent(context, name, TableLockMode::kAccessShare);
  std::shared_ptr<Table> child = table_to_change(context, child_oid);
  if (std::erase(child->inherits, parent.oid) == 0) {
    throw sql_error(SqlState::kUndefinedTable, "relation \"{}\" is not a parent of relation \"{}\"",
                    parent.name, child->name);
  }
  auto released = [](auto& part) {
    if (part.inherit_count > 0 && --part.inherit_count == 0) part.is_local = true;
  };
  for (Column& column : child->columns) {
    if (!column.dropped && parent.find_column(column.name) != nullptr) released(column);
  }
  for (Constraint& constraint : child->constraints) {
    const Constraint* above = parent.find_constraint(constraint.name);
    if (constraint.type == 'c' && above != nullptr && above->type == 'c') released(constraint);
  }
  context.ddl().put(std::move(child));
}

}  // namespace luma
