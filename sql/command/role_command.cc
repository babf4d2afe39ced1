// CREATE, ALTER and DROP ROLE, and membership.
#include <algorithm>
#include <set>

#include "engine/type/datetime.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/role_dependents.h"

namespace luma {
namespace {

bool may_create_roles(CommandContext& context) {
  const Role* user = context.ddl().view()->role(context.current_user());
  return is_superuser_now(context) || (user != nullptr && user->create_role);
}

void set_flag(const ast::DefElem& option, bool& flag) {
  flag = ast::as<ast::Boolean>(option.arg)->boolval;
}

std::optional<int64_t> parse_valid_until(CommandContext& context, const ast::DefElem& option) {
  std::string text = option_text(option);
  const TypeInfo& type = type_info(type_oid::kTimestamptz);
  Arena arena;
  Datum value = type.input(text, type, -1, context.environment().io(), arena);
  return value.i64;
}

// Sets one attribute; false when the option is about membership.
bool set_attribute(CommandContext& context, Role& role, const ast::DefElem& option) {
  std::string_view name = option.defname;
  if (name == "superuser") {
    set_flag(option, role.superuser);
  } else if (name == "inherit") {
    set_flag(option, role.inherit);
  } else if (name == "createrole") {
    set_flag(option, role.create_role);
  } else if (name == "createdb") {
    set_flag(option, role.create_database);
  } else if (name == "canlogin") {
    set_flag(option, role.can_login);
  } else if (name == "isreplication") {
    set_flag(option, role.replication);
  } else if (name == "bypassrls") {
    set_flag(option, role.bypass_rls);
  } else if (name == "connectionlimit") {
    role.connection_limit = static_cast<int32_t>(option_int64(option));
    if (role.connection_limit < -1) {
      throw sql_error(SqlState::kInvalidParameterValue, "invalid connection limit: {}",
                      role.connection_limit);
    }
  } else if (name == "validUntil") {
    role.valid_until = parse_valid_until(context, option);
  } else if (name == "password") {
    if (option.arg == nullptr) {
      role.password.clear();
    } else if (std::string text = option_text(option); text.empty()) {
      notice(context, "empty string is not a valid password, clearing password");
      role.password.clear();
    } else {
      role.password = context.password_verifier(text);
    }
  } else if (name == "sysid") {
    notice(context, "SYSID can no longer be specified");
  } else {
    return false;
  }
  return true;
}

void check_repeated(const ast::NodeList& options) {
  std::set<std::string_view> seen;
  for (const ast::Node* node : options) {
    const auto& option = *ast::as<ast::DefElem>(node);
    if (seen.insert(option.defname).second) continue;
    throw SqlError(SqlState::kSyntaxError, "conflicting or redundant options")
        .at_byte(option.location);
  }
}

void check_role_name(std::string_view name) {
  if (name.starts_with("pg_")) {
    throw sql_error(SqlState::kReservedName, "role name \"{}\" is reserved", name)
        .detail("Role names starting with \"pg_\" are reserved.");
  }
}

void refuse_predefined(const Role& role) {
  if (!role.name.starts_with("pg_")) return;
  throw sql_error(SqlState::kReservedName, "role name \"{}\" is reserved", role.name)
      .detail("Cannot alter reserved roles.");
}

void add_member(CommandContext& context, Oid member, Oid group, bool admin, Oid grantor) {
  const Catalog& catalog = *context.ddl().view();
  if (member == group || is_member_of(catalog, group, member)) {
    // A superuser counts as a member of everything; only true membership makes a loop.
    bool loop = member == group;
    std::vector<Oid> pending = {group};
    std::set<Oid> seen;
    while (!pending.empty() && !loop) {
      Oid oid = pending.back();
      pending.pop_back();
      const Role* role = catalog.role(oid);
      if (role == nullptr || !seen.insert(oid).second) continue;
      for (const Role::Membership& edge : role->member_of) {
        loop |= edge.role == member;
        pending.push_back(edge.role);
      }
    }
    if (loop) {
      throw sql_error(SqlState::kInvalidGrantOperation, "role \"{}\" is a member of role \"{}\"",
                      catalog.role_name(group), catalog.role_name(member));
    }
  }
  auto role = std::make_shared<Role>(*catalog.role(member));
  auto found = std::ranges::find(role->member_of, group, &Role::Membership::role);
  if (found == role->member_of.end()) {
    role->member_of.push_back({group, grantor, admin});
  } else if (admin && !found->admin) {
    found->admin = true;
  } else {
    notice(context, fmt::format("role \"{}\" is already a member of role \"{}\"", role->name,
                                catalog.role_name(group)));
    return;
  }
  context.ddl().put(std::move(role));
}

void remove_member(CommandContext& context, Oid member, Oid group, bool admin_only) {
  const Catalog& catalog = *context.ddl().view();
  auto role = std::make_shared<Role>(*catalog.role(member));
  auto found = std::ranges::find(role->member_of, group, &Role::Membership::role);
  if (found == role->member_of.end()) {
    warning(context, SqlState::kWarning,
            fmt::format("role \"{}\" is not a member of role \"{}\"", role->name,
                        catalog.role_name(group)));
    return;
  }
  if (admin_only) {
    found->admin = false;
  } else {
    role->member_of.erase(found);
  }
  context.ddl().put(std::move(role));
}

std::vector<Oid> roles_of(CommandContext& context, const ast::Node* list) {
  std::vector<Oid> out;
  for (const ast::Node* node : ast::as<ast::ListNode>(list)->items) {
    out.push_back(role_oid(context, *ast::as<ast::RoleSpec>(node)));
  }
  return out;
}

void check_attribute_rights(CommandContext& context, const Role& before, const Role& after) {
  if (is_superuser_now(context)) return;
  if (before.superuser || after.superuser) {
    throw SqlError(SqlState::kInsufficientPrivilege,
                   "must be superuser to alter superuser roles or change superuser attribute");
  }
  if (before.replication || after.replication) {
    throw SqlError(SqlState::kInsufficientPrivilege,
                   "must be superuser to alter replication roles or change replication attribute");
  }
  if (before.bypass_rls != after.bypass_rls) {
    throw SqlError(SqlState::kInsufficientPrivilege,
                   "must be superuser to change bypassrls attribute");
  }
}

}  // namespace

CommandResult create_role(const ast::CreateRoleStmt& statement, CommandContext& context) {
  check_repeated(statement.options);
  std::string name = truncated_name(statement.role);
  if (!may_create_roles(context)) {
    throw SqlError(SqlState::kInsufficientPrivilege, "permission denied to create role");
  }
  check_role_name(name);
  auto role = std::make_shared<Role>();
  role->oid = context.ddl().new_oid();
  role->name = name;
  role->can_login = statement.stmt_type == ast::RoleStmtType::kUser;
  std::vector<const ast::DefElem*> memberships;
  for (const ast::Node* node : statement.options) {
    const auto& option = *ast::as<ast::DefElem>(node);
    if (!set_attribute(context, *role, option)) memberships.push_back(&option);
  }
  if (!is_superuser_now(context) && (role->superuser || role->replication || role->bypass_rls)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be superuser to create {}",
                    role->superuser     ? "superusers"
                    : role->replication ? "replication users"
                                        : "bypassrls users");
  }
  Oid oid = role->oid;
  context.ddl().put(std::move(role));
  for (const ast::DefElem* option : memberships) {
    for (Oid other : roles_of(context, option->arg)) {
      if (option->defname == "addroleto") {
        add_member(context, oid, other, false, context.current_user());
      } else {
        add_member(context, other, oid, option->defname == "adminmembers", context.current_user());
      }
    }
  }
  return {"CREATE ROLE"};
}

CommandResult alter_role(const ast::AlterRoleStmt& statement, CommandContext& context) {
  check_repeated(statement.options);
  Oid oid = role_oid(context, *statement.role);
  const Role& before = *context.ddl().view()->role(oid);
  refuse_predefined(before);
  auto role = std::make_shared<Role>(before);
  bool only_own_password = oid == context.current_user();
  std::vector<const ast::DefElem*> memberships;
  for (const ast::Node* node : statement.options) {
    const auto& option = *ast::as<ast::DefElem>(node);
    only_own_password &= option.defname == "password";
    if (!set_attribute(context, *role, option)) memberships.push_back(&option);
  }
  if (!only_own_password && !may_create_roles(context)) {
    throw SqlError(SqlState::kInsufficientPrivilege, "permission denied");
  }
  check_attribute_rights(context, before, *role);
  context.ddl().put(std::move(role));
  for (const ast::DefElem* option : memberships) {
    for (Oid other : roles_of(context, option->arg)) {
      if (statement.action >= 0) {
        add_member(context, other, oid, false, context.current_user());
      } else {
        remove_member(context, other, oid, false);
      }
    }
  }
  return {"ALTER ROLE"};
}

CommandResult alter_role_setting(const ast::AlterRoleSetStmt& statement, CommandContext& context) {
  const Catalog& catalog = *context.ddl().view();
  if (statement.role == nullptr) {
    if (statement.database.empty()) throw unsupported("ALTER ROLE ALL SET without a database");
    // What all roles have in a database are the database's settings.
    change_database_setting(context, require_database(catalog, statement.database),
                            *statement.setstmt);
    return {"ALTER ROLE"};
  }
  Oid oid = role_oid(context, *statement.role);
  auto role = std::make_shared<Role>(*catalog.role(oid));
  refuse_predefined(*role);
  bool own = oid == context.current_user() && !role->superuser;
  if (!own && !may_create_roles(context)) {
    throw SqlError(SqlState::kInsufficientPrivilege, "permission denied");
  }
  Oid database =
      statement.database.empty() ? kInvalidOid : require_database(catalog, statement.database).oid;
  const ast::VariableSetStmt& set = *statement.setstmt;
  std::string prefix = fmt::format("{}=", set.name);
  std::erase_if(role->settings, [&](const auto& entry) {
    return entry.first == database &&
           (set.kind == ast::VariableSetKind::kResetAll || entry.second.starts_with(prefix));
  });
  if (set.kind == ast::VariableSetKind::kSetValue ||
      set.kind == ast::VariableSetKind::kSetCurrent) {
    role->settings.emplace_back(database, prefix + context.checked_setting(set));
  }
  context.ddl().put(std::move(role));
  return {"ALTER ROLE"};
}

CommandResult drop_roles(const ast::DropRoleStmt& statement, CommandContext& context) {
  if (!may_create_roles(context)) {
    throw SqlError(SqlState::kInsufficientPrivilege, "permission denied to drop role");
  }
  for (const ast::Node* node : statement.roles) {
    const auto& spec = *ast::as<ast::RoleSpec>(node);
    if (spec.roletype != ast::RoleSpecType::kCstring) {
      throw SqlError(SqlState::kInvalidParameterValue,
                     "cannot use special role specifier in DROP ROLE");
    }
    CatalogPtr catalog = context.ddl().view();
    const Role* role = catalog->find_role(spec.rolename);
    if (role == nullptr) {
      std::string text = fmt::format("role \"{}\" does not exist", spec.rolename);
      if (!statement.missing_ok) throw SqlError(SqlState::kUndefinedObject, text);
      notice(context, text + ", skipping");
      continue;
    }
    if (role->oid == context.current_user()) {
      throw SqlError(SqlState::kObjectInUse, "current user cannot be dropped");
    }
    if (role->oid == context.session_user()) {
      throw SqlError(SqlState::kObjectInUse, "session user cannot be dropped");
    }
    if (role->superuser) require_superuser(context, "drop superusers");
    if (role->oid < kFirstUserOid) {
      throw sql_error(SqlState::kDependentObjectsStillExist,
                      "cannot drop role {} because it is required by the database system",
                      role->name);
    }
    std::string detail = role_dependents(context, role->oid);
    if (!detail.empty()) {
      throw sql_error(SqlState::kDependentObjectsStillExist,
                      "role \"{}\" cannot be dropped because some objects depend on it", role->name)
          .detail(detail);
    }
    std::vector<Oid> members;
    catalog->for_each_role([&](const Role& other) {
      if (std::ranges::find(other.member_of, role->oid, &Role::Membership::role) !=
          other.member_of.end()) {
        members.push_back(other.oid);
      }
    });
    for (Oid member : members) {
      auto changed = std::make_shared<Role>(*context.ddl().view()->role(member));
      std::erase_if(changed->member_of,
                    [&](const Role::Membership& edge) { return edge.role == role->oid; });
      context.ddl().put(std::move(changed));
    }
    context.ddl().remove(role->address());
  }
  return {"DROP ROLE"};
}

CommandResult grant_roles(const ast::GrantRoleStmt& statement, CommandContext& context) {
  Oid grantor =
      statement.grantor == nullptr ? context.current_user() : role_oid(context, *statement.grantor);
  for (const ast::Node* granted : statement.granted_roles) {
    const auto& privilege = *ast::as<ast::AccessPriv>(granted);
    if (privilege.priv_name.empty() || !privilege.cols.empty()) {
      throw SqlError(SqlState::kInvalidGrantOperation,
                     "column names cannot be included in GRANT/REVOKE ROLE");
    }
    Oid group = require_role(*context.ddl().view(), privilege.priv_name).oid;
    const Role& role = *context.ddl().view()->role(group);
    bool allowed = role.superuser ? is_superuser_now(context)
                                  : may_create_roles(context) ||
                                        is_member_of(*context.ddl().view(), context.current_user(),
                                                     group, true);
    if (!allowed) {
      throw SqlError(SqlState::kInsufficientPrivilege,
                     role.superuser
                         ? "must be superuser to alter superusers"
                         : fmt::format("must have admin option on role \"{}\"", role.name));
    }
    if (statement.is_grant && grantor != context.current_user() && !is_superuser_now(context)) {
      throw SqlError(SqlState::kInsufficientPrivilege, "must be superuser to set grantor");
    }
    for (const ast::Node* grantee : statement.grantee_roles) {
      Oid member = role_oid(context, *ast::as<ast::RoleSpec>(grantee));
      if (statement.is_grant) {
        add_member(context, member, group, statement.admin_opt, grantor);
      } else {
        remove_member(context, member, group, statement.admin_opt);
      }
    }
  }
  return {statement.is_grant ? "GRANT ROLE" : "REVOKE ROLE"};
}

}  // namespace luma
