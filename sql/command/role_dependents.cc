#include "sql/command/role_dependents.h"

#include <algorithm>
#include <map>
#include <tuple>

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
}

bool mentioned_in(const std::optional<Acl>& acl, Oid role) {
  return acl.has_value() && std::ranges::any_of(*acl, [&](const AclItem& item) {
           return item.grantee == role || item.grantor == role;
         });
}

bool remove_from(std::optional<Acl>& acl, Oid role) {
  if (!mentioned_in(acl, role)) return false;
  std::erase_if(*acl, [&](const AclItem& item) { return item.grantee == role; });
  return true;
}

}  // namespace

std::string role_dependents(CommandContext& context, Oid role) {
  // Shared objects first, then in order of age.
  std::map<std::tuple<bool, Oid, int>, std::string> lines;
  CatalogPtr catalog = context.ddl().view();
  auto is_visible = visibility(context);
  for_each_owned_kind(*catalog, [&](const CatalogObject& object) {
    if (object.kind == ObjectKind::kIndex) return;
    std::string name = catalog->describe(object.address(), is_visible);
    bool local = object.kind != ObjectKind::kDatabase;
    if (object.owner == role) {
      lines[{local, object.oid, 0}] = "owner of " + name;
    } else if (mentioned_in(object.acl, role)) {
      lines[{local, object.oid, 0}] = "privileges for " + name;
    }
    const auto* table = dynamic_cast<const Table*>(&object);
    if (table == nullptr) return;
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
      if (now == nullptr || now->owner == owner || now->kind == ObjectKind::kIndex) continue;
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
    for_each_owned_kind(*context.ddl().view(), [&](const CatalogObject& object) {
      std::shared_ptr<CatalogObject> copy = clone_object(object);
      bool any = remove_from(copy->acl, role);
      if (auto* table = dynamic_cast<Table*>(copy.get())) {
        for (Column& column : table->columns) any |= remove_from(column.acl, role);
      }
      if (any) changed.push_back(std::move(copy));
    });
    for (auto& object : changed) context.ddl().put(std::move(object));
  }
  return {"DROP OWNED"};
}

}  // namespace luma
