// COMMENT ON.
#include <algorithm>

#include "sql/catalog/clone_object.h"
#include "sql/catalog/privileges.h"
#include "sql/command/column_build.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/event_trigger_command.h"
#include "sql/command/function_target.h"
#include "sql/command/large_object_command.h"
#include "sql/command/named_object.h"
#include "sql/command/operator_class_command.h"
#include "sql/command/statistics_command.h"
#include "sql/command/type_build.h"

namespace luma {
namespace {

const Relation& target_relation(const ast::CommentStmt& statement, CommandContext& context) {
  QualifiedName name = qualified_name(statement.object);
  const Relation& relation =
      require_relation(*context.ddl().view(), context.environment().search_path(), name);
  context.lock_table(relation.oid, TableLockMode::kShareUpdateExclusive);
  context.ddl().refresh();
  return require_relation(*context.ddl().view(), context.environment().search_path(), name);
}

void set_comment(CommandContext& context, const CatalogObject& object, std::string_view text) {
  std::shared_ptr<CatalogObject> copy = clone_object(object);
  copy->comment = text;
  context.ddl().put(std::move(copy));
}

struct KindRow {
  ast::ObjectType type;
  std::string_view relkinds;
  std::string_view name;
};
constexpr KindRow kRelationKinds[] = {
    {ast::ObjectType::kTable, "rp", "table"},
    {ast::ObjectType::kView, "v", "view"},
    {ast::ObjectType::kMatview, "m", "materialized view"},
    {ast::ObjectType::kIndex, "iI", "index"},
    {ast::ObjectType::kSequence, "S", "sequence"},
};

// The relation in front of a column's or constraint's name.
const Table& holder_of(const ast::CommentStmt& statement, CommandContext& context,
                       std::string_view& part) {
  const auto& names = ast::as<ast::ListNode>(statement.object)->items;
  part = ast::as<ast::String>(names.back())->sval;
  if (names.size() < 2) throw SqlError(SqlState::kSyntaxError, "column name must be qualified");
  QualifiedName name = qualified_name(ast::NodeList(names.begin(), names.size() - 1));
  const Relation& relation =
      require_relation(*context.ddl().view(), context.environment().search_path(), name);
  if (relation.kind != ObjectKind::kTable) {
    throw sql_error(SqlState::kWrongObjectType, "cannot set comment on relation \"{}\"",
                    relation.name)
        .detail(relation.kind == ObjectKind::kIndex
                    ? "This operation is not supported for indexes."
                    : "This operation is not supported for sequences.");
  }
  if (!has_privileges_of(*context.ddl().view(), context.current_user(), relation.owner)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of relation {}",
                    relation.name);
  }
  require_owner(context, relation);
  context.lock_table(relation.oid, TableLockMode::kShareUpdateExclusive);
  context.ddl().refresh();
  return static_cast<const Table&>(
      require_relation(*context.ddl().view(), context.environment().search_path(), name));
}

void comment_on_column(const ast::CommentStmt& statement, CommandContext& context) {
  std::string_view part;
  std::shared_ptr<Table> table = copy_of(holder_of(statement, context, part));
  require_column_of(*table, part).comment = statement.comment;
  context.ddl().put(std::move(table));
}

void comment_on_constraint(const ast::CommentStmt& statement, CommandContext& context) {
  std::string_view part;
  std::shared_ptr<Table> table = copy_of(holder_of(statement, context, part));
  auto found = std::ranges::find(table->constraints, part, &Constraint::name);
  if (found == table->constraints.end()) {
    throw sql_error(SqlState::kUndefinedObject, "constraint \"{}\" for table \"{}\" does not exist",
                    part, table->name);
  }
  found->comment = statement.comment;
  context.ddl().put(std::move(table));
}

void comment_on_policy(const ast::CommentStmt& statement, CommandContext& context) {
  std::string_view part;
  std::shared_ptr<Table> table = copy_of(holder_of(statement, context, part));
  auto found = std::ranges::find(table->policies, part, &Policy::name);
  if (found == table->policies.end()) {
    throw sql_error(SqlState::kUndefinedObject, "policy \"{}\" for table \"{}\" does not exist",
                    part, table->name);
  }
  found->comment = statement.comment;
  context.ddl().put(std::move(table));
}

void comment_on_rule(const ast::CommentStmt& statement, CommandContext& context) {
  std::string_view part;
  std::shared_ptr<Table> table = copy_of(holder_of(statement, context, part));
  auto found = std::ranges::find(table->rules, part, &Rule::name);
  if (found == table->rules.end()) {
    throw sql_error(SqlState::kUndefinedObject, "rule \"{}\" for relation \"{}\" does not exist",
                    part, table->name);
  }
  found->comment = statement.comment;
  context.ddl().put(std::move(table));
}

void comment_on_trigger(const ast::CommentStmt& statement, CommandContext& context) {
  std::string_view part;
  std::shared_ptr<Table> table = copy_of(holder_of(statement, context, part));
  auto found = std::ranges::find(table->triggers, part, &Trigger::name);
  if (found == table->triggers.end()) {
    throw sql_error(SqlState::kUndefinedObject, "trigger \"{}\" for table \"{}\" does not exist",
                    part, table->name);
  }
  found->comment = statement.comment;
  context.ddl().put(std::move(table));
}

// CONSTRAINT name ON DOMAIN type
void comment_on_domain_constraint(const ast::CommentStmt& statement, CommandContext& context) {
  const auto& items = ast::as<ast::ListNode>(statement.object)->items;
  const auto& type_name = *ast::as<ast::TypeName>(items[0]);
  std::string_view name = ast::as<ast::String>(items[1])->sval;
  auto type =
      std::make_shared<Type>(require_own_type(context, qualified_name(type_name.names), 'd'));
  auto found = std::ranges::find(type->constraints, name, &Constraint::name);
  if (found == type->constraints.end()) {
    throw sql_error(SqlState::kUndefinedObject, "constraint \"{}\" for domain {} does not exist",
                    name, type->name);
  }
  found->comment = statement.comment;
  context.ddl().put(std::move(type));
}

}  // namespace

CommandResult comment_on(const ast::CommentStmt& statement, CommandContext& context) {
  const CommandResult done{"COMMENT"};
  for (const KindRow& row : kRelationKinds) {
    if (row.type != statement.objtype) continue;
    const Relation& relation = target_relation(statement, context);
    if (row.relkinds.find(relation.relkind) == std::string_view::npos) {
      throw_wrong_kind(relation, row.name);
    }
    require_owner(context, relation);
    set_comment(context, relation, statement.comment);
    return done;
  }
  if (is_named_object(statement.objtype)) {
    set_comment(context,
                *own_object_copy(context, statement.objtype, qualified_name(statement.object)),
                statement.comment);
    return done;
  }
  const Catalog& catalog = *context.ddl().view();
  const SearchPath& path = context.environment().search_path();
  switch (statement.objtype) {
    case ast::ObjectType::kColumn:
      comment_on_column(statement, context);
      return done;
    case ast::ObjectType::kTrigger:
      comment_on_trigger(statement, context);
      return done;
    case ast::ObjectType::kRule:
      comment_on_rule(statement, context);
      return done;
    case ast::ObjectType::kPolicy:
      comment_on_policy(statement, context);
      return done;
    case ast::ObjectType::kTabconstraint:
      comment_on_constraint(statement, context);
      return done;
    case ast::ObjectType::kDomconstraint:
      comment_on_domain_constraint(statement, context);
      return done;
    case ast::ObjectType::kSchema: {
      const Schema& schema = require_schema(catalog, path, qualified_name(statement.object).name);
      require_owner(context, schema);
      set_comment(context, schema, statement.comment);
      return done;
    }
    case ast::ObjectType::kOperator: {
      const UserOperator& op =
          *find_user_operator(context, *ast::as<ast::ObjectWithArgs>(statement.object), false);
      if (!has_privileges_of(catalog, context.current_user(), op.owner)) {
        throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of operator {}", op.name);
      }
      set_comment(context, op, statement.comment);
      return done;
    }
    case ast::ObjectType::kStatisticExt:
      set_comment(context, require_own_statistics(context, qualified_name(statement.object)),
                  statement.comment);
      return done;
    case ast::ObjectType::kAggregate:
    case ast::ObjectType::kFunction:
    case ast::ObjectType::kProcedure:
    case ast::ObjectType::kRoutine: {
      const Function& function = require_function(
          context, *ast::as<ast::ObjectWithArgs>(statement.object), statement.objtype);
      require_owner(context, function);
      set_comment(context, function, statement.comment);
      return done;
    }
    case ast::ObjectType::kDatabase: {
      std::string_view name = qualified_name(statement.object).name;
      const Database* database = catalog.find_database(name);
      if (database == nullptr) {
        // As in PostgreSQL, so that dumps can be restored elsewhere.
        warning(context, SqlState::kUndefinedDatabase,
                fmt::format("database \"{}\" does not exist", name));
        return done;
      }
      if (!has_privileges_of(catalog, context.current_user(), database->owner)) {
        throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of database {}", name);
      }
      set_comment(context, *database, statement.comment);
      return done;
    }
    case ast::ObjectType::kRole: {
      const Role& role = require_role(catalog, qualified_name(statement.object).name);
      if (!is_superuser_now(context) && !catalog.role(context.current_user())->create_role) {
        throw sql_error(SqlState::kInsufficientPrivilege, "must have CREATEROLE privilege");
      }
      set_comment(context, role, statement.comment);
      return done;
    }
    case ast::ObjectType::kType:
    case ast::ObjectType::kDomain: {
      TypeRef type = resolve_type_name(catalog, path, *ast::as<ast::TypeName>(statement.object));
      const Type* found = catalog.type(type.oid);
      if (found == nullptr) {
        throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of type {}",
                        catalog.type_name(type.oid));
      }
      require_owner(context, *found);
      set_comment(context, *found, statement.comment);
      return done;
    }
    case ast::ObjectType::kCast: {
      const auto& types = ast::as<ast::ListNode>(statement.object)->items;
      set_comment(
          context,
          own_cast(context, *ast::as<ast::TypeName>(types[0]), *ast::as<ast::TypeName>(types[1])),
          statement.comment);
      return done;
    }
    case ast::ObjectType::kOpclass:
    case ast::ObjectType::kOpfamily:
      comment_on_operator_class(statement, context);
      return done;
    case ast::ObjectType::kEventTrigger:
      comment_on_event_trigger(statement, context);
      return done;
    case ast::ObjectType::kLargeobject:
      comment_on_large_object(context, statement.object, statement.comment);
      return done;
    case ast::ObjectType::kExtension: {
      // pg_dump writes one for plpgsql.
      QualifiedName name = qualified_name(statement.object);
      if (name.name == "plpgsql") return done;
      if (const Extension* found = catalog.find_extension(name.name)) {
        set_comment(context, *found, statement.comment);
        return done;
      }
      throw sql_error(SqlState::kUndefinedObject, "extension \"{}\" does not exist", name.name);
    }
    default:
      throw unsupported("COMMENT ON this kind of object");
  }
}

}  // namespace luma
