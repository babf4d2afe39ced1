// Operator classes and families by name: renaming, moving, owners, comments, DROP.
#include "sql/catalog/access_method.h"
#include "sql/catalog/clone_object.h"
#include "sql/catalog/operator_family.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_tag.h"
#include "sql/command/command_target.h"
#include "sql/command/operator_class_command.h"
#include "sql/command/owner_change.h"
#include "sql/command/table_storage.h"

namespace luma {
namespace {

std::string written(const QualifiedName& name) {
  return name.schema.empty() ? std::string(name.name)
                             : fmt::format("{}.{}", name.schema, name.name);
}

struct Target {
  bool is_class = true;
  Oid access_method = kInvalidOid;
  QualifiedName name;

  std::string_view word() const { return is_class ? "operator class" : "operator family"; }
  std::string missing_text() const {
    return fmt::format("{} \"{}\" does not exist for access method \"{}\"", word(), written(name),
                       access_method_name(access_method));
  }
};

// The name is behind the access method's.
Target target_of(const ast::Node* object, ast::ObjectType type) {
  Target out;
  out.is_class = type == ast::ObjectType::kOpclass;
  const auto& items = ast::as<ast::ListNode>(object)->items;
  out.access_method = require_index_method(ast::as<ast::String>(items[0])->sval);
  out.name = qualified_name(ast::NodeList(items.begin() + 1, items.size() - 1));
  return out;
}

Oid find(CommandContext& context, const Target& target) {
  const Catalog& catalog = *context.ddl().view();
  const SearchPath& path = context.environment().search_path();
  return target.is_class ? find_operator_class(catalog, path, target.access_method, target.name)
                         : find_operator_family(catalog, path, target.access_method, target.name);
}

// A copy to change, of one that the user owns.
std::shared_ptr<CatalogObject> own_copy(CommandContext& context, const Target& target) {
  const Oid oid = find(context, target);
  if (oid == kInvalidOid) throw SqlError(SqlState::kUndefinedObject, target.missing_text());
  const Catalog& catalog = *context.ddl().view();
  const CatalogObject* found = nullptr;
  if (oid >= kFirstUserOid) {
    found = target.is_class
                ? static_cast<const CatalogObject*>(created_operator_class(catalog, oid))
                : created_operator_family(catalog, oid);
  }
  const bool is_owner = has_privileges_of(catalog, context.current_user(),
                                          found == nullptr ? kBootstrapRole : found->owner);
  if (!is_owner) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of {} {}", target.word(),
                    written(target.name));
  }
  if (found == nullptr) throw unsupported("changing a built-in {}", target.word());
  return clone_object(*found);
}

Oid& schema_of(CatalogObject& object) {
  return object.kind == ObjectKind::kOperatorClass ? static_cast<OperatorClass&>(object).schema
                                                   : static_cast<OperatorFamily&>(object).schema;
}

void require_free_name(CommandContext& context, const Target& target, Oid schema,
                       std::string_view name) {
  const Catalog& catalog = *context.ddl().view();
  const Oid held = target.is_class
                       ? operator_class_in(catalog, schema, target.access_method, name)
                       : operator_family_in(catalog, schema, target.access_method, name);
  if (held == kInvalidOid) return;
  throw sql_error(SqlState::kDuplicateObject,
                  "{} \"{}\" for access method \"{}\" already exists in schema \"{}\"",
                  target.word(), name, access_method_name(target.access_method),
                  catalog.schema_name(schema));
}

ObjectAddress address_of(const Target& target, Oid oid) {
  return {target.is_class ? class_oid::kOpClass : class_oid::kOpFamily, oid, 0};
}

std::string tag_of(std::string_view verb, ast::ObjectType type) {
  return fmt::format("{} {}", verb, object_type_words(type));
}

}  // namespace

CommandResult rename_operator_class(const ast::RenameStmt& statement, CommandContext& context) {
  const Target target = target_of(statement.object, statement.rename_type);
  std::shared_ptr<CatalogObject> copy = own_copy(context, target);
  std::string name = truncated_name(statement.newname);
  require_free_name(context, target, schema_of(*copy), name);
  copy->name = std::move(name);
  context.ddl().put(std::move(copy));
  return {tag_of("ALTER", statement.rename_type)};
}

CommandResult move_operator_class(const ast::AlterObjectSchemaStmt& statement,
                                  CommandContext& context) {
  const Target target = target_of(statement.object, statement.object_type);
  std::shared_ptr<CatalogObject> copy = own_copy(context, target);
  const Oid schema = require_schema(*context.ddl().view(), context.environment().search_path(),
                                    statement.newschema)
                         .oid;
  require_create_privilege(context, schema);
  if (schema_of(*copy) != schema) {
    require_free_name(context, target, schema, copy->name);
    schema_of(*copy) = schema;
    context.ddl().put(std::move(copy));
  }
  return {tag_of("ALTER", statement.object_type)};
}

CommandResult set_operator_class_owner(const ast::AlterOwnerStmt& statement, Oid owner,
                                       CommandContext& context) {
  change_owner(context, *own_copy(context, target_of(statement.object, statement.object_type)),
               owner);
  return {tag_of("ALTER", statement.object_type)};
}

void comment_on_operator_class(const ast::CommentStmt& statement, CommandContext& context) {
  std::shared_ptr<CatalogObject> copy =
      own_copy(context, target_of(statement.object, statement.objtype));
  copy->comment = statement.comment;
  context.ddl().put(std::move(copy));
}

CommandResult drop_operator_classes(const ast::DropStmt& statement, CommandContext& context) {
  std::vector<ObjectAddress> targets;
  for (const ast::Node* node : statement.objects) {
    const Target target = target_of(node, statement.remove_type);
    const bool no_schema = !target.name.schema.empty() &&
                           context.ddl().view()->find_schema(target.name.schema) == nullptr;
    if (statement.missing_ok && no_schema) {
      notice(context, fmt::format("schema \"{}\" does not exist, skipping", target.name.schema));
      continue;
    }
    const Oid found = find(context, target);
    if (statement.missing_ok && found == kInvalidOid) {
      notice(context, target.missing_text() + ", skipping");
      continue;
    }
    if (found != kInvalidOid && found < kFirstUserOid) {
      throw sql_error(SqlState::kDependentObjectsStillExist,
                      "cannot drop {} {} for access method {} because it is required by the "
                      "database system",
                      target.word(), target.name.name, access_method_name(target.access_method));
    }
    // PostgreSQL's message has the access method's name before the class's.
    const CatalogObject* owned = context.ddl().view()->share(address_of(target, found)).get();
    if (owned != nullptr &&
        !has_privileges_of(*context.ddl().view(), context.current_user(), owned->owner)) {
      throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of {} {}.{}", target.word(),
                      access_method_name(target.access_method), written(target.name));
    }
    targets.push_back(own_copy(context, target)->address());
  }
  if (!targets.empty()) {
    drop_and_finish(context, targets,
                    statement.behavior == ast::DropBehavior::kCascade ? DropBehavior::kCascade
                                                                      : DropBehavior::kRestrict);
  }
  return {tag_of("DROP", statement.remove_type)};
}

}  // namespace luma
