#include "sql/command/role_dependents.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "sql/catalog/acl_change.h"
#include "sql/catalog/clone_object.h"
#include "sql/catalog/object_set.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/owner_change.h"
#include "sql/command/table_storage.h"

namespace luma {
namespace {

template <typename Visit>
void for_each_owned_kind(const Catalog& catalog, const Visit& visit) {
  catalog.for_each_relation([&](const Relation& relation) {
    if (relation.oid >= kFirstUserOid) visit(relation);
  });
  catalog.for_each_schema([&](const Schema& schema) { visit(schema); });
  catalog.for_each_type([&](const Type& type) { visit(type); });
  catalog.for_each_database([&](const Database& database) { visit(database); });
  catalog.for_each_default_acl([&](const DefaultAcl& list) { visit(list); });
  catalog.for_each_access_list([&](const AccessList& list) { visit(list); });
  catalog.local_objects()->for_each([&](const ObjectPtr& object) {
    switch (object->kind) {
      case ObjectKind::kFunction:
      case ObjectKind::kExtension:
      case ObjectKind::kOperator:
      case ObjectKind::kExtendedStatistics:
      case ObjectKind::kTextDictionary:
      case ObjectKind::kTextConfiguration:
      case ObjectKind::kCollation:
      case ObjectKind::kEventTrigger:
      case ObjectKind::kOperatorFamily:
      case ObjectKind::kOperatorClass:
        visit(*object);
        break;
      default:
        break;
    }
  });
}

bool mentioned_in(const std::optional<Acl>& acl, Oid role) {
  return acl.has_value() && std::ranges::any_of(*acl, [&](const AclItem& item) {
           return item.grantee == role || item.grantor == role;
         });
}

// What was granted to the role goes, and what it has passed on.
bool remove_from(const Catalog& catalog, std::optional<Acl>& acl, Oid owner, Oid role) {
  if (!mentioned_in(acl, role)) return false;
  auto is_of_role = [&](const AclItem& item) { return item.grantee == role; };
  for (auto found = std::ranges::find_if(*acl, is_of_role); found != acl->end();
       found = std::ranges::find_if(*acl, is_of_role)) {
    change_acl(catalog, *acl, owner,
               {false, role, found->grantor, found->privileges, found->grantable, true});
  }
  return true;
}

std::string describe(const Catalog& catalog, const CatalogObject& object,
                     const std::function<bool(const Relation&)>& is_visible) {
  ObjectAddress address = object.address();
  if (object.kind == ObjectKind::kAccessList) {
    address = {static_cast<const AccessList&>(object).target_class, object.oid, 0};
  }
  return catalog.describe(address, is_visible);
}

void require_privileges_of(CommandContext& context, Oid role, std::string_view what) {
  if (has_privileges_of(*context.ddl().view(), context.current_user(), role)) return;
  throw sql_error(SqlState::kInsufficientPrivilege, "permission denied to {} objects", what);
}

// The object without the role's privileges and policies; nullptr when it had none.
std::shared_ptr<CatalogObject> without_role(const Catalog& catalog, const CatalogObject& object,
                                            Oid role) {
  std::shared_ptr<CatalogObject> copy = clone_object(object);
  bool any = remove_from(catalog, copy->acl, copy->owner, role);
  if (auto* table = dynamic_cast<Table*>(copy.get())) {
    for (Column& column : table->columns) {
      any |= remove_from(catalog, column.acl, table->owner, role);
      if (column.acl.has_value() && column.acl->empty()) column.acl.reset();
    }
    for (Policy& policy : table->policies) any |= std::erase(policy.roles, role) > 0;
    std::erase_if(table->policies, [](const Policy& policy) { return policy.roles.empty(); });
  }
  return any ? copy : nullptr;
}

}  // namespace

std::string role_dependents(CommandContext& context, Oid role) {
  // Shared objects first, then in order of age.
  std::map<std::tuple<bool, Oid, int>, std::string> lines;
  CatalogPtr catalog = context.ddl().view();
  auto is_visible = visibility(context);
  for_each_owned_kind(*catalog, [&](const CatalogObject& object) {
    if (object.kind == ObjectKind::kIndex) return;
    std::string name = describe(*catalog, object, is_visible);
    bool local = object.kind != ObjectKind::kDatabase;
    if (object.owner == role) {
      lines[{local, object.oid, 0}] = "owner of " + name;
    } else if (mentioned_in(object.acl, role)) {
      lines[{local, object.oid, 0}] = "privileges for " + name;
    }
    const auto* table = dynamic_cast<const Table*>(&object);
    if (table == nullptr) return;
    for (const Policy& policy : table->policies) {
      if (std::ranges::find(policy.roles, role) == policy.roles.end()) continue;
      lines[{local, policy.oid, 0}] =
          "target of " + catalog->describe({class_oid::kPolicy, policy.oid, 0}, is_visible);
    }
    for (const Column& column : table->columns) {
      if (!mentioned_in(column.acl, role)) continue;
      lines[{local, table->oid, column.number}] =
          "privileges for " +
          catalog->describe({class_oid::kRelation, table->oid, column.number}, is_visible);
    }
  });
  std::string out;
  for (const auto& [place, line] : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

std::vector<ObjectPtr> objects_owned_by(CommandContext& context, Oid role) {
  std::vector<ObjectPtr> out;
  CatalogPtr catalog = context.ddl().view();
  for_each_owned_kind(*catalog, [&](const CatalogObject& object) {
    if (object.owner == role) out.push_back(catalog->share(object.address()));
  });
  return out;
}

CommandResult reassign_owned(const ast::ReassignOwnedStmt& statement, CommandContext& context) {
  Oid owner = role_oid(context, *statement.newrole);
  for (const ast::Node* node : statement.roles) {
    require_privileges_of(context, role_oid(context, *ast::as<ast::RoleSpec>(node)), "reassign");
  }
  require_privileges_of(context, owner, "reassign");
  for (const ast::Node* node : statement.roles) {
    Oid role = role_oid(context, *ast::as<ast::RoleSpec>(node));
    if (role == kBootstrapRole) {
      throw sql_error(SqlState::kDependentObjectsStillExist,
                      "cannot reassign ownership of objects owned by role {} because they are "
                      "required by the database system",
                      context.ddl().view()->role_name(role));
    }
    for (const ObjectPtr& object : objects_owned_by(context, role)) {
      // Indexes and owned sequences follow their tables.
      ObjectPtr now = context.ddl().view()->share(object->address());
      if (now == nullptr || now->owner == owner || now->kind == ObjectKind::kIndex ||
          now->kind == ObjectKind::kDefaultAcl) {
        continue;
      }
      if (now->kind == ObjectKind::kSequence &&
          static_cast<const Sequence&>(*now).owned_by_table != kInvalidOid) {
        continue;
      }
      change_owner(context, *now, owner);
    }
  }
  return {"REASSIGN OWNED"};
}

CommandResult drop_owned(const ast::DropOwnedStmt& statement, CommandContext& context) {
  for (const ast::Node* node : statement.roles) {
    require_privileges_of(context, role_oid(context, *ast::as<ast::RoleSpec>(node)), "drop");
  }
  for (const ast::Node* node : statement.roles) {
    Oid role = role_oid(context, *ast::as<ast::RoleSpec>(node));
    if (role == kBootstrapRole) {
      throw sql_error(SqlState::kDependentObjectsStillExist,
                      "cannot drop objects owned by role {} because they are required by the "
                      "database system",
                      context.ddl().view()->role_name(role));
    }
    std::vector<ObjectAddress> targets;
    for (const ObjectPtr& object : objects_owned_by(context, role)) {
      bool part_of_table = object->kind == ObjectKind::kIndex ||
                           (object->kind == ObjectKind::kSequence &&
                            static_cast<const Sequence&>(*object).owned_by_table != kInvalidOid);
      if (object->kind != ObjectKind::kDatabase && !part_of_table) {
        targets.push_back(object->address());
      }
    }
    if (!targets.empty()) {
      drop_and_finish(context, targets,
                      statement.behavior == ast::DropBehavior::kCascade ? DropBehavior::kCascade
                                                                        : DropBehavior::kRestrict);
    }
    std::vector<std::shared_ptr<CatalogObject>> changed;
    CatalogPtr view = context.ddl().view();
    for_each_owned_kind(*view, [&](const CatalogObject& object) {
      if (std::shared_ptr<CatalogObject> copy = without_role(*view, object, role)) {
        changed.push_back(std::move(copy));
      }
    });
    for (auto& object : changed) context.ddl().put(std::move(object));
  }
  return {"DROP OWNED"};
}

}  // namespace luma
