#include "sql/catalog/privileges.h"

#include <algorithm>
#include <set>
#include <vector>

namespace luma {
namespace {

struct RestrictedFunction {
  Oid function;
  Oid also;  // a role that may EXECUTE it besides its owner; 0: none
};
constexpr RestrictedFunction kRestrictedFunctions[] = {
#include "sql/catalog/restricted_functions.inc"
};

const RestrictedFunction* find_restricted(Oid function) {
  auto found =
      std::ranges::lower_bound(kRestrictedFunctions, function, {}, &RestrictedFunction::function);
  bool there = found != std::end(kRestrictedFunctions) && found->function == function;
  return there ? found : nullptr;
}

// Roles reached from `role` through memberships; `inherit_only` stops at roles that don't inherit.
std::set<Oid> reachable_roles(const Catalog& catalog, Oid role, bool inherit_only) {
  std::set<Oid> seen{role};
  std::vector<Oid> open{role};
  while (!open.empty()) {
    const Role* current = catalog.role(open.back());
    open.pop_back();
    if (current == nullptr || (inherit_only && !current->inherit)) continue;
    for (const Role::Membership& membership : current->member_of) {
      if (seen.insert(membership.role).second) open.push_back(membership.role);
    }
  }
  // The owner of a database is a member of pg_database_owner there.
  const Database* database = catalog.database(catalog.database_oid());
  if (database != nullptr && seen.contains(database->owner)) seen.insert(kDatabaseOwnerRole);
  return seen;
}

}  // namespace

bool is_superuser(const Catalog& catalog, Oid role) {
  const Role* found = catalog.role(role);
  return found != nullptr && found->superuser;
}

std::vector<Oid> roles_with_privileges_of(const Catalog& catalog, Oid role) {
  std::vector<Oid> out{role};
  for (Oid other : reachable_roles(catalog, role, true)) {
    if (other != role) out.push_back(other);
  }
  return out;
}

bool has_privileges_of(const Catalog& catalog, Oid role, Oid other) {
  if (role == other || is_superuser(catalog, role)) return true;
  return reachable_roles(catalog, role, true).contains(other);
}

bool is_member_of(const Catalog& catalog, Oid role, Oid other, bool with_admin) {
  if (is_superuser(catalog, role)) return true;
  if (!with_admin) return role == other || reachable_roles(catalog, role, false).contains(other);
  for (Oid through : reachable_roles(catalog, role, false)) {
    const Role* member = catalog.role(through);
    if (member == nullptr) continue;
    for (const Role::Membership& membership : member->member_of) {
      if (membership.role == other && membership.admin) return true;
    }
  }
  return false;
}

bool has_privilege(const Catalog& catalog, Oid role, Oid owner, const std::optional<Acl>& acl,
                   char privilege, bool grant_option, std::string_view default_public) {
  if (has_privileges_of(catalog, role, owner) && (!acl.has_value() || grant_option)) return true;
  if (is_superuser(catalog, role)) return true;
  if (!acl.has_value()) {
    return !grant_option && default_public.find(privilege) != std::string_view::npos;
  }
  std::set<Oid> roles = reachable_roles(catalog, role, true);
  for (const AclItem& item : *acl) {
    if (item.grantee != kPublicGrantee && !roles.contains(item.grantee)) continue;
    const std::string& held = grant_option ? item.grantable : item.privileges;
    if (held.find(privilege) != std::string::npos) return true;
  }
  return false;
}

std::optional<Acl> function_acl(const Catalog& catalog, Oid function) {
  if (const Function* user = catalog.function(function)) return user->acl;
  if (const AccessList* changed = catalog.access_list(function)) return changed->acl;
  const RestrictedFunction* restricted = find_restricted(function);
  if (restricted == nullptr) return std::nullopt;
  Acl acl{{kBootstrapRole, kBootstrapRole, "X", ""}};
  if (restricted->also != kInvalidOid) acl.push_back({restricted->also, kBootstrapRole, "X", ""});
  return acl;
}

bool has_default_acl(const Catalog& catalog, Oid function) {
  if (const Function* user = catalog.function(function)) return !user->acl.has_value();
  return find_restricted(function) == nullptr && catalog.access_list(function) == nullptr;
}

const std::optional<Acl>& relation_acl(const Catalog& catalog, const Relation& relation) {
  if (relation.oid >= kFirstUserOid) return relation.acl;
  const AccessList* changed = catalog.access_list(relation.oid);
  return changed == nullptr ? relation.acl : changed->acl;
}

bool has_function_privilege(const Catalog& catalog, Oid role, Oid function, char privilege,
                            bool grant_option) {
  const Function* user = catalog.function(function);
  Oid owner = user == nullptr ? kBootstrapRole : user->owner;
  return has_privilege(catalog, role, owner, function_acl(catalog, function), privilege,
                       grant_option, "X");
}

bool is_subject_to_row_security(const Catalog& catalog, Oid role, const Table& table) {
  const Role* found = catalog.role(role);
  if (!table.row_security || found == nullptr || found->superuser || found->bypass_rls) {
    return false;
  }
  return table.force_row_security || !has_privileges_of(catalog, role, table.owner);
}

bool has_relation_privilege(const Catalog& catalog, Oid role, const Relation& relation,
                            char privilege, bool grant_option) {
  if (!grant_option) {
    // The predefined roles stand for the privilege on every table, view and sequence.
    if (privilege == 'r' && has_privileges_of(catalog, role, kReadAllDataRole)) return true;
    bool writes = privilege == 'a' || privilege == 'w' || privilege == 'd';
    bool is_system = relation.oid < kFirstUserOid;
    if (writes && !is_system && has_privileges_of(catalog, role, kWriteAllDataRole)) return true;
  }
  return has_privilege(catalog, role, relation.owner, relation_acl(catalog, relation), privilege,
                       grant_option);
}

bool has_column_privilege(const Catalog& catalog, Oid role, const Table& table,
                          const Column& column, char privilege, bool grant_option) {
  if (has_relation_privilege(catalog, role, table, privilege, grant_option)) return true;
  return column.acl.has_value() &&
         has_privilege(catalog, role, table.owner, column.acl, privilege, grant_option);
}

bool has_schema_privilege(const Catalog& catalog, Oid role, const Schema& schema, char privilege,
                          bool grant_option) {
  if (privilege == 'U' && !grant_option &&
      (has_privileges_of(catalog, role, kReadAllDataRole) ||
       has_privileges_of(catalog, role, kWriteAllDataRole))) {
    return true;
  }
  return has_privilege(catalog, role, schema.owner, schema.acl, privilege, grant_option);
}

bool has_database_privilege(const Catalog& catalog, Oid role, const Database& database,
                            char privilege, bool grant_option) {
  return has_privilege(catalog, role, database.owner, database.acl, privilege, grant_option, "cT");
}

}  // namespace luma
