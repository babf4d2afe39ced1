#include "sql/command/extension_dependency.h"

#include <algorithm>

#include "sql/catalog/clone_object.h"
#include "sql/command/command_tag.h"
#include "sql/command/command_target.h"
#include "sql/command/function_target.h"

namespace luma {
namespace {

const Extension& require_extension(CommandContext& context, std::string_view name) {
  const Extension* found = context.ddl().view()->find_extension(name);
  if (found != nullptr) return *found;
  throw sql_error(SqlState::kUndefinedObject, "extension \"{}\" does not exist", name);
}

void change(std::vector<Dependency>& edges, const ObjectAddress& self, Oid extension, bool remove) {
  const Dependency edge{self, {class_oid::kExtension, extension, 0}, 'x'};
  std::erase(edges, edge);
  if (!remove) edges.push_back(edge);
}

void change_object(CommandContext& context, const CatalogObject& object, Oid extension,
                   bool remove) {
  std::shared_ptr<CatalogObject> copy = clone_object(object);
  change(copy->dependencies, copy->address(), extension, remove);
  context.ddl().put(std::move(copy));
}

void change_trigger(const ast::AlterObjectDependsStmt& statement, CommandContext& context,
                    const Relation& relation, Oid extension) {
  std::string_view name = qualified_name(statement.object).name;
  const auto* table = dynamic_cast<const Table*>(&relation);
  std::shared_ptr<Table> copy = table == nullptr ? nullptr : copy_of(*table);
  auto missing = [&] {
    return sql_error(SqlState::kUndefinedObject, "trigger \"{}\" for table \"{}\" does not exist",
                     name, relation.name);
  };
  if (copy == nullptr) throw missing();
  auto trigger = std::ranges::find(copy->triggers, name, &Trigger::name);
  if (trigger == copy->triggers.end()) throw missing();
  change(trigger->dependencies, {class_oid::kTrigger, trigger->oid, 0}, extension,
         statement.remove);
  context.ddl().put(std::move(copy));
}

}  // namespace

CommandResult depend_on_extension(const ast::AlterObjectDependsStmt& statement,
                                  CommandContext& context) {
  const CommandResult done{command_tag(&statement)};
  if (statement.relation == nullptr) {
    const Function& function = require_function(
        context, *ast::as<ast::ObjectWithArgs>(statement.object), statement.object_type);
    require_owner(context, function);
    const Oid oid = require_extension(context, statement.extname->sval).oid;
    change_object(context, *context.ddl().view()->function(function.oid), oid, statement.remove);
    return done;
  }
  const Oid relation =
      require_and_lock(context, *statement.relation, TableLockMode::kAccessExclusive).oid;
  require_owner(context, *context.ddl().view()->relation(relation));
  const Relation& found = *context.ddl().view()->relation(relation);
  const Oid extension = require_extension(context, statement.extname->sval).oid;
  if (statement.object_type == ast::ObjectType::kTrigger) {
    change_trigger(statement, context, found, extension);
    return done;
  }
  const char wanted = statement.object_type == ast::ObjectType::kIndex ? 'i' : 'm';
  const char kind = found.relkind == 'I' ? 'i' : found.relkind;
  if (kind != wanted) throw_wrong_kind(found, wanted == 'i' ? "index" : "materialized view");
  change_object(context, found, extension, statement.remove);
  return done;
}

}  // namespace luma
