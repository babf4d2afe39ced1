#include "sql/command/owner_change.h"

#include <algorithm>

#include "sql/catalog/acl_change.h"
#include "sql/catalog/clone_object.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/event_trigger_command.h"
#include "sql/command/function_target.h"
#include "sql/command/large_object_command.h"
#include "sql/command/named_object.h"
#include "sql/command/operator_class_command.h"
#include "sql/command/statistics_command.h"

namespace luma {
namespace {

void require_may_give(CommandContext& context, Oid owner, Oid schema) {
  const Catalog& catalog = *context.ddl().view();
  if (is_superuser_now(context)) return;
  if (!is_member_of(catalog, context.current_user(), owner)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be member of role \"{}\"",
                    catalog.role_name(owner));
  }
  const Schema* holder = catalog.schema(schema);
  if (holder != nullptr && !has_schema_privilege(catalog, owner, *holder, 'C')) {
    throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for schema {}",
                    holder->name);
  }
}

// Items that have become of the same grantee and grantor are one.
void merge_items(Acl& acl) {
  Acl merged;
  for (const AclItem& item : acl) {
    auto same = std::ranges::find_if(merged, [&](const AclItem& other) {
      return other.grantee == item.grantee && other.grantor == item.grantor;
    });
    if (same == merged.end()) {
      merged.push_back(item);
      continue;
    }
    same->privileges = letters_united(same->privileges, item.privileges);
    same->grantable = letters_united(same->grantable, item.grantable);
  }
  acl = std::move(merged);
}

// Grants of the old owner become grants of the new one.
void set_owner(CatalogObject& object, Oid owner) {
  if (object.acl.has_value()) {
    for (AclItem& item : *object.acl) {
      if (item.grantor == object.owner) item.grantor = owner;
      if (item.grantee == object.owner) item.grantee = owner;
    }
    merge_items(*object.acl);
  }
  object.owner = owner;
}

void put_with_owner(CommandContext& context, const CatalogObject& object, Oid owner) {
  std::shared_ptr<CatalogObject> copy = clone_object(object);
  set_owner(*copy, owner);
  context.ddl().put(std::move(copy));
}

}  // namespace

void change_relation_owner(CommandContext& context, Oid oid, Oid owner) {
  const Relation* relation = context.ddl().view()->relation(oid);
  LUMA_CHECK(relation != nullptr);
  if (relation->owner == owner) return;
  if (relation->kind == ObjectKind::kIndex) {
    const auto& index = static_cast<const Index&>(*relation);
    context.notice({.severity = NoticeSeverity::kWarning,
                    .state = SqlState::kWrongObjectType,
                    .message = fmt::format("cannot change owner of index \"{}\"", index.name),
                    .hint = "Change the ownership of the index's table instead."});
    return;
  }
  if (relation->kind == ObjectKind::kSequence) {
    const auto& sequence = static_cast<const Sequence&>(*relation);
    const Table* table = context.ddl().view()->table(sequence.owned_by_table);
    if (table != nullptr && table->owner != owner) {
      throw sql_error(SqlState::kFeatureNotSupported, "cannot change owner of sequence \"{}\"",
                      sequence.name)
          .detail(fmt::format("Sequence \"{}\" is linked to table \"{}\".", sequence.name,
                              table->name));
    }
  }
  require_may_give(context, owner, relation->schema);
  put_with_owner(context, *relation, owner);
  if (context.ddl().view()->relation(oid)->kind != ObjectKind::kTable) return;
  for (Oid index : context.ddl().view()->indexes_of(oid)) {
    put_with_owner(context, *context.ddl().view()->index(index), owner);
  }
  std::vector<Oid> sequences;
  for (const Sequence* sequence : context.ddl().view()->sequences_owned_by(oid)) {
    sequences.push_back(sequence->oid);
  }
  for (Oid sequence : sequences) {
    put_with_owner(context, *context.ddl().view()->sequence(sequence), owner);
  }
}

void change_owner(CommandContext& context, const CatalogObject& object, Oid owner) {
  if (object.owner == owner) return;
  if (object.class_id() == class_oid::kRelation) {
    change_relation_owner(context, object.oid, owner);
    return;
  }
  if (object.kind == ObjectKind::kType) require_owner(context, static_cast<const Type&>(object));
  if (!has_privileges_of(*context.ddl().view(), context.current_user(), object.owner)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of {} {}",
                    object.kind == ObjectKind::kSchema ? "schema" : "database", object.name);
  }
  require_may_give(context, owner, kInvalidOid);
  put_with_owner(context, object, owner);
}

CommandResult set_object_owner(const ast::AlterOwnerStmt& statement, CommandContext& context) {
  Oid owner = role_oid(context, *statement.newowner);
  const Catalog& catalog = *context.ddl().view();
  if (is_named_object(statement.object_type)) {
    change_owner(context,
                 *own_object_copy(context, statement.object_type, qualified_name(statement.object)),
                 owner);
    return {alter_named_tag(statement.object_type)};
  }
  switch (statement.object_type) {
    case ast::ObjectType::kSchema: {
      std::string_view name = qualified_name(statement.object).name;
      change_owner(context, require_schema(catalog, context.environment().search_path(), name),
                   owner);
      return {"ALTER SCHEMA"};
    }
    case ast::ObjectType::kOpclass:
    case ast::ObjectType::kOpfamily:
      return set_operator_class_owner(statement, owner, context);
    case ast::ObjectType::kEventTrigger:
      return set_event_trigger_owner(statement, owner, context);
    case ast::ObjectType::kLargeobject:
      change_large_object_owner(context, statement.object, owner);
      return {"ALTER LARGE OBJECT"};
    case ast::ObjectType::kDatabase:
      change_owner(context, require_database(catalog, qualified_name(statement.object).name),
                   owner);
      return {"ALTER DATABASE"};
    case ast::ObjectType::kType:
    case ast::ObjectType::kDomain: {
      QualifiedName name = qualified_name(statement.object);
      Oid oid = find_type(catalog, context.environment().search_path(), name);
      const Type* type = catalog.type(oid);
      if (type == nullptr) {
        throw sql_error(SqlState::kUndefinedObject, "type \"{}\" does not exist", name.name);
      }
      change_owner(context, *type, owner);
      return {statement.object_type == ast::ObjectType::kDomain ? "ALTER DOMAIN" : "ALTER TYPE"};
    }
    case ast::ObjectType::kOperator: {
      const UserOperator& op =
          *find_user_operator(context, *ast::as<ast::ObjectWithArgs>(statement.object), false);
      if (!has_privileges_of(catalog, context.current_user(), op.owner)) {
        throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of operator {}", op.name);
      }
      change_owner(context, op, owner);
      return {"ALTER OPERATOR"};
    }
    case ast::ObjectType::kStatisticExt:
      change_owner(context, require_own_statistics(context, qualified_name(statement.object)),
                   owner);
      return {"ALTER STATISTICS"};
    case ast::ObjectType::kAggregate:
    case ast::ObjectType::kFunction:
    case ast::ObjectType::kProcedure:
    case ast::ObjectType::kRoutine:
      change_owner(context,
                   require_function(context, *ast::as<ast::ObjectWithArgs>(statement.object),
                                    statement.object_type),
                   owner);
      return {function_tag(statement.object_type)};
    default:
      throw unsupported("this form of ALTER ... OWNER TO");
  }
}

}  // namespace luma
