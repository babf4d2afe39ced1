// What a query needs of the relations and functions it names, collected while names are resolved.
#include <algorithm>

#include "sql/bind/binder.h"
#include "sql/catalog/privileges.h"
#include "sql/function/registry.h"

namespace luma {
namespace {

void add(std::vector<int16_t>& numbers, int16_t number) {
  if (std::find(numbers.begin(), numbers.end(), number) == numbers.end()) numbers.push_back(number);
}

}  // namespace

RequiredPrivilege& Binder::require_privilege(const Relation& relation) {
  RequiredPrivilege& entry = query_.privileges.emplace_back();
  entry.relation = relation.oid;
  entry.check_as = check_as_;
  entry.level = query_level_;
  return entry;
}

void Binder::tie_columns(const Table& table, int32_t privilege, ScopeItem& item) {
  item.privilege = privilege;
  size_t position = 0;
  for (const Column& column : table.columns) {
    if (column.dropped) continue;
    if (position >= item.columns.size()) break;
    item.columns[position].privilege = privilege;
    item.columns[position++].number = column.number;
  }
}

void Binder::use_column(const ScopeColumn& column) {
  if (column.privilege < 0) return;
  RequiredPrivilege& entry = query_.privileges[static_cast<size_t>(column.privilege)];
  entry.select = true;
  add(entry.selected, column.number);
}

void Binder::use_system_column(const ScopeItem& item, int16_t number) {
  if (item.privilege < 0) return;
  RequiredPrivilege& entry = query_.privileges[static_cast<size_t>(item.privilege)];
  entry.select = true;
  add(entry.selected, number);
}

void Binder::use_row(const ScopeItem& item) {
  if (item.privilege >= 0) return use_system_column(item, 0);
  for (const ScopeColumn& column : item.columns) use_column(column);
}

void Binder::use_function(const FunctionEntry& function) {
  if (function.oid < kFirstUserOid && has_default_acl(environment_.catalog(), function.oid)) return;
  if (std::find(query_.functions.begin(), query_.functions.end(), function.oid) ==
      query_.functions.end()) {
    query_.functions.push_back(function.oid);
  }
}

// A query of WITH that nothing refers to is not run.
void Binder::forget_unused_privileges() {
  for (const auto& binding : cte_bindings_) {
    if (binding->cte->references > 0 || binding->cte->modifies_data) continue;
    for (size_t i = binding->first_privilege; i < binding->last_privilege; ++i) {
      RequiredPrivilege& entry = query_.privileges[i];
      entry.select = entry.insert = entry.update = entry.remove = false;
    }
  }
}

}  // namespace luma
