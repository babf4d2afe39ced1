#include "sql/copy/copy_target.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/catalog/privileges.h"
#include "sql/catalog/session_catalog.h"

namespace luma {

namespace {

SqlError wrong_kind(std::string_view direction, std::string_view kind, const Relation& relation) {
  return sql_error(SqlState::kWrongObjectType, "cannot copy {} {} \"{}\"", direction, kind,
                   relation.name);
}

bool has_insert_trigger(const Table& view) {
  return std::any_of(view.triggers.begin(), view.triggers.end(), [](const Trigger& trigger) {
    return (trigger.type & trigger_type::kInstead) != 0 &&
           (trigger.type & trigger_type::kInsert) != 0;
  });
}

void check_kind(const Relation& relation, bool is_from) {
  std::string_view direction = is_from ? "to" : "from";
  switch (relation.relkind) {
    case 'r':
      return;
    case 'p':
      if (is_from) return;
      throw wrong_kind(direction, "partitioned table", relation)
          .hint("Try the COPY (SELECT ...) TO variant.");
    case 'v': {
      if (is_from && has_insert_trigger(static_cast<const Table&>(relation))) return;
      SqlError error = wrong_kind(direction, "view", relation);
      throw error.hint(is_from
                           ? "To enable copying to a view, provide an INSTEAD OF INSERT trigger."
                           : "Try the COPY (SELECT ...) TO variant.");
    }
    case 'm': {
      SqlError error = wrong_kind(direction, "materialized view", relation);
      throw is_from ? error : error.hint("Try the COPY (SELECT ...) TO variant.");
    }
    case 'S':
      throw wrong_kind(direction, "sequence", relation);
    default:
      throw wrong_kind(direction, "non-table relation", relation);
  }
}

bool acts_as(PlannerContext& context, Oid role) {
  if (context.evaluation.session == nullptr) return true;
  Oid user = session_catalog(context.evaluation).current_user_oid();
  const Catalog& catalog = context.environment.catalog();
  return is_superuser(catalog, user) || has_privileges_of(catalog, user, role);
}

}  // namespace

const Table& open_copy_table(const ast::CopyStmt& copy, PlannerContext& context) {
  const ast::RangeVar& var = *copy.relation;
  BindEnvironment& environment = context.environment;
  const Relation& relation = require_relation(environment.catalog(), environment.search_path(),
                                              {var.schemaname, var.relname, var.catalogname, -1});
  check_kind(relation, copy.is_from);
  const auto& table = static_cast<const Table&>(relation);
  if (copy.is_from && table.virtual_relation != nullptr) {
    throw sql_error(SqlState::kInsufficientPrivilege,
                    "permission denied: \"{}\" is a system catalog", table.name);
  }
  return table;
}

std::vector<int> copy_attributes(const Table& table, const ast::NameList& columns) {
  std::vector<int> out;
  if (columns.empty()) {
    for (const Column& column : table.columns) {
      if (!column.dropped && column.generated == '\0') out.push_back(column.number - 1);
    }
    return out;
  }
  for (std::string_view name : columns) {
    const Column* column = table.find_column(name);
    if (column == nullptr) {
      throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                      name, table.name);
    }
    if (column->generated != '\0') {
      throw sql_error(SqlState::kInvalidColumnReference, "column \"{}\" is a generated column",
                      name)
          .detail("Generated columns cannot be used in COPY.");
    }
    int attribute = column->number - 1;
    if (std::find(out.begin(), out.end(), attribute) != out.end()) {
      throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" specified more than once", name);
    }
    out.push_back(attribute);
  }
  return out;
}

void check_copy_privilege(const Table& table, const std::vector<int>& attributes, bool is_from,
                          PlannerContext& context) {
  if (context.evaluation.session == nullptr) return;
  Oid user = session_catalog(context.evaluation).current_user_oid();
  const Catalog& catalog = context.environment.catalog();
  char privilege = is_from ? 'a' : 'r';
  if (has_relation_privilege(catalog, user, table, privilege)) return;
  bool allowed =
      !attributes.empty() && std::all_of(attributes.begin(), attributes.end(), [&](int attribute) {
        return has_column_privilege(catalog, user, table,
                                    table.columns[static_cast<size_t>(attribute)], privilege);
      });
  if (!allowed) {
    throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for table {}", table.name);
  }
}

void refuse_row_security(const Table& table, PlannerContext& context) {
  if (context.evaluation.session == nullptr) return;
  Oid user = session_catalog(context.evaluation).current_user_oid();
  if (!is_subject_to_row_security(context.environment.catalog(), user, table)) return;
  throw SqlError(SqlState::kFeatureNotSupported, "COPY FROM not supported with row-level security")
      .hint("Use INSERT statements instead.");
}

void check_copy_file(const ast::CopyStmt& copy, PlannerContext& context) {
  if (copy.filename.data() == nullptr) return;
  if (copy.is_program) {
    if (acts_as(context, kExecuteServerProgramRole)) return;
    throw SqlError(SqlState::kInsufficientPrivilege,
                   "must be superuser or have privileges of the pg_execute_server_program role to "
                   "COPY to or from an external program")
        .hint(
            "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for "
            "anyone.");
  }
  Oid role = copy.is_from ? kReadServerFilesRole : kWriteServerFilesRole;
  if (!acts_as(context, role)) {
    throw sql_error(SqlState::kInsufficientPrivilege,
                    "must be superuser or have privileges of the {} role to COPY {} a file",
                    copy.is_from ? "pg_read_server_files" : "pg_write_server_files",
                    copy.is_from ? "from" : "to")
        .hint(
            "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for "
            "anyone.");
  }
  if (!copy.is_from && !copy.filename.starts_with('/')) {
    throw SqlError(SqlState::kInvalidName, "relative path not allowed for COPY to file");
  }
}

std::vector<bool> force_flags(const std::vector<std::string>& names, std::string_view option,
                              const std::vector<std::string>& columns, const Table* table) {
  std::vector<bool> flags(columns.size(), false);
  std::vector<std::string_view> seen;
  for (const std::string& name : names) {
    auto found = std::find(columns.begin(), columns.end(), name);
    bool known =
        found != columns.end() || (table != nullptr && table->find_column(name) != nullptr);
    if (!known && table == nullptr) {
      throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" does not exist", name);
    }
    if (!known) {
      throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                      name, table->name);
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" specified more than once", name);
    }
    seen.push_back(name);
  }
  for (const std::string& name : names) {
    auto found = std::find(columns.begin(), columns.end(), name);
    if (found == columns.end()) {
      throw sql_error(SqlState::kInvalidColumnReference, "{} column \"{}\" not referenced by COPY",
                      option, name);
    }
    flags[static_cast<size_t>(found - columns.begin())] = true;
  }
  return flags;
}

}  // namespace luma
