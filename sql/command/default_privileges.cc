// ALTER DEFAULT PRIVILEGES.
#include <algorithm>
#include <tuple>

#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/granter.h"

namespace luma {
namespace {

char object_type_letter(ast::ObjectType type) {
  switch (type) {
    case ast::ObjectType::kTable:
      return 'r';
    case ast::ObjectType::kSequence:
      return 'S';
    case ast::ObjectType::kFunction:
    case ast::ObjectType::kProcedure:
    case ast::ObjectType::kRoutine:
      return 'f';
    case ast::ObjectType::kType:
      return 'T';
    case ast::ObjectType::kSchema:
      return 'n';
    default:
      throw unsupported("default privileges of this kind of object");
  }
}

Acl sorted(Acl acl) {
  std::ranges::sort(acl, [](const AclItem& a, const AclItem& b) {
    return std::tie(a.grantee, a.grantor) < std::tie(b.grantee, b.grantor);
  });
  return acl;
}

void change_default(const Granter& granter, CommandContext& context, Oid role, Oid schema,
                    char type, const std::string& letters) {
  const Catalog& catalog = *context.ddl().view();
  const DefaultAcl* old = catalog.find_default_acl(role, schema, type);
  // In a schema the list is added to what is usual, everywhere it stands instead.
  Acl usual = schema == kInvalidOid ? sorted(default_acl(role, acl_kind_of_default(type))) : Acl{};
  Acl acl = old != nullptr ? *old->acl : usual;
  granter.change_as(acl, role, role, letters);
  acl = sorted(std::move(acl));
  if (acl == usual) {
    if (old != nullptr) context.ddl().remove(old->address());
    return;
  }
  auto changed =
      old != nullptr ? std::make_shared<DefaultAcl>(*old) : std::make_shared<DefaultAcl>();
  changed->name = default_acl_name(role, schema, type);
  changed->owner = role;
  changed->schema = schema;
  changed->object_type = type;
  changed->acl = std::move(acl);
  context.ddl().put(std::move(changed));
}

std::vector<Oid> roles_of_statement(const ast::AlterDefaultPrivilegesStmt& statement,
                                    CommandContext& context) {
  std::vector<Oid> roles;
  for (const ast::Node* node : statement.options) {
    const auto& option = *ast::as<ast::DefElem>(node);
    if (option.defname != "roles") continue;
    for (const ast::Node* role : ast::as<ast::ListNode>(option.arg)->items) {
      roles.push_back(role_oid(context, *ast::as<ast::RoleSpec>(role)));
    }
  }
  if (roles.empty()) roles.push_back(context.current_user());
  return roles;
}

}  // namespace

CommandResult alter_default_privileges(const ast::AlterDefaultPrivilegesStmt& statement,
                                       CommandContext& context) {
  const ast::GrantStmt& action = *statement.action;
  std::vector<Oid> roles = roles_of_statement(statement, context);
  Granter granter(action, context);
  char type = object_type_letter(action.objtype);
  for (const ast::Node* node : action.privileges) {
    if (ast::as<ast::AccessPriv>(node)->cols.empty()) continue;
    throw SqlError(SqlState::kInvalidGrantOperation,
                   "default privileges cannot be set for columns");
  }
  const AclKind& kind = acl_kind_of_default(type);
  std::string letters = granter.wanted(kind.all, type == 'r' ? "relation" : kind.name);
  std::vector<std::string_view> schemas;
  for (const ast::Node* node : statement.options) {
    const auto& option = *ast::as<ast::DefElem>(node);
    if (option.defname != "schemas") continue;
    for (const ast::Node* name : ast::as<ast::ListNode>(option.arg)->items) {
      schemas.push_back(ast::as<ast::String>(name)->sval);
    }
  }
  for (Oid role : roles) {
    if (!is_member_of(*context.ddl().view(), context.current_user(), role)) {
      throw sql_error(SqlState::kInsufficientPrivilege, "must be member of role \"{}\"",
                      context.ddl().view()->role_name(role));
    }
    if (schemas.empty()) change_default(granter, context, role, kInvalidOid, type, letters);
    for (std::string_view name : schemas) {
      if (type == 'n') {
        throw SqlError(SqlState::kInvalidGrantOperation,
                       "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS");
      }
      const Schema& schema =
          require_schema(*context.ddl().view(), context.environment().search_path(), name);
      change_default(granter, context, role, schema.oid, type, letters);
    }
  }
  return {"ALTER DEFAULT PRIVILEGES"};
}

}  // namespace luma
