#include "sql/bind/privilege_check.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/privileges.h"

namespace luma {
namespace {

constexpr int16_t kWholeRow = 0;

bool may_access_column(const Catalog& catalog, Oid role, const Table& table, int16_t number,
                       char privilege) {
  const Column* column = number > 0 ? table.column(number) : nullptr;
  // System columns have no lists of their own.
  return column != nullptr && has_column_privilege(catalog, role, table, *column, privilege);
}

// The relation's list has refused: do the columns' lists allow it?
bool may_access_columns(const Catalog& catalog, Oid role, const Relation& relation,
                        const std::vector<int16_t>& numbers, char privilege) {
  if (relation.kind != ObjectKind::kTable) return false;
  const auto& table = static_cast<const Table&>(relation);
  auto allowed = [&](const Column& column) {
    return has_column_privilege(catalog, role, table, column, privilege);
  };
  if (numbers.empty()) {
    return std::ranges::any_of(
        table.columns, [&](const Column& column) { return !column.dropped && allowed(column); });
  }
  return std::ranges::all_of(numbers, [&](int16_t number) {
    if (number != kWholeRow) return may_access_column(catalog, role, table, number, privilege);
    return std::ranges::all_of(
        table.columns, [&](const Column& column) { return column.dropped || allowed(column); });
  });
}

bool is_allowed(const Catalog& catalog, Oid role, const Relation& relation,
                const RequiredPrivilege& required) {
  auto allowed = [&](bool wanted, char privilege, const std::vector<int16_t>& columns) {
    return !wanted || has_relation_privilege(catalog, role, relation, privilege) ||
           may_access_columns(catalog, role, relation, columns, privilege);
  };
  return (!required.remove || has_relation_privilege(catalog, role, relation, 'd')) &&
         allowed(required.select, 'r', required.selected) &&
         allowed(required.insert, 'a', required.inserted) &&
         allowed(required.update, 'w', required.updated);
}

}  // namespace

SqlError permission_denied(const Relation& relation) {
  std::string_view kind = relation.relkind == 'v'   ? "view"
                          : relation.relkind == 'm' ? "materialized view"
                          : relation.relkind == 'S' ? "sequence"
                          : relation.relkind == 'f' ? "foreign table"
                                                    : "table";
  return sql_error(SqlState::kInsufficientPrivilege, "permission denied for {} {}", kind,
                   relation.name);
}

void check_privileges(const Catalog& catalog, Oid role,
                      std::span<const RequiredPrivilege> privileges,
                      std::span<const Oid> functions) {
  bool caller_may_all = is_superuser(catalog, role);
  for (const RequiredPrivilege& required : privileges) {
    Oid checked = required.check_as == kInvalidOid ? role : required.check_as;
    if (checked == role ? caller_may_all : is_superuser(catalog, checked)) continue;
    const Relation* relation = catalog.relation(required.relation);
    if (relation == nullptr) continue;  // dropped meanwhile: the plan will say so
    if (!is_allowed(catalog, checked, *relation, required)) throw permission_denied(*relation);
  }
  if (caller_may_all) return;
  for (Oid function : functions) {
    if (has_function_privilege(catalog, role, function)) continue;
    const ProcFact* fact = find_proc_fact(function);
    const Function* user = catalog.function(function);
    if (user != nullptr) {
      throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for {} {}",
                      user->is_procedure() ? "procedure" : "function", user->name);
    }
    throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for function {}",
                    fact == nullptr ? std::string_view("?") : fact->name);
  }
}

}  // namespace luma
