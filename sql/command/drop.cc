// DROP of relations, schemas, types and parts of tables.
#include "sql/catalog/partition.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/event_trigger_command.h"
#include "sql/command/function_target.h"
#include "sql/command/named_object.h"
#include "sql/command/operator_class_command.h"
#include "sql/command/statistics_command.h"
#include "sql/command/table_storage.h"

namespace luma {
namespace {

struct KindRow {
  ast::ObjectType type;
  char relkind;
  std::string_view name;  // in messages and after "DROP " in tags (upper-cased there)
  std::string_view tag;
  std::string_view hint;  // for objects of this kind that another DROP named
};
constexpr KindRow kRelationKinds[] = {
    {ast::ObjectType::kTable, 'r', "table", "DROP TABLE", "Use DROP TABLE to remove a table."},
    {ast::ObjectType::kView, 'v', "view", "DROP VIEW", "Use DROP VIEW to remove a view."},
    {ast::ObjectType::kMatview, 'm', "materialized view", "DROP MATERIALIZED VIEW",
     "Use DROP MATERIALIZED VIEW to remove a materialized view."},
    {ast::ObjectType::kIndex, 'i', "index", "DROP INDEX", "Use DROP INDEX to remove an index."},
    {ast::ObjectType::kSequence, 'S', "sequence", "DROP SEQUENCE",
     "Use DROP SEQUENCE to remove a sequence."},
    {ast::ObjectType::kType, 'c', "type", "DROP TYPE", "Use DROP TYPE to remove a type."},
    {ast::ObjectType::kForeignTable, 'f', "foreign table", "DROP FOREIGN TABLE",
     "Use DROP FOREIGN TABLE to remove a foreign table."},
};

const KindRow* row_of(ast::ObjectType type) {
  for (const KindRow& row : kRelationKinds) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

// Partitioned tables and indexes are dropped as others are.
char kind_of_relation(char relkind) {
  return relkind == 'p' ? 'r' : relkind == 'I' ? 'i' : relkind;
}

const KindRow* row_of_relkind(char relkind) {
  for (const KindRow& row : kRelationKinds) {
    if (row.relkind == kind_of_relation(relkind)) return &row;
  }
  return nullptr;
}

std::string shown(const QualifiedName& name) {
  return name.schema.empty() ? std::string(name.name)
                             : fmt::format("{}.{}", name.schema, name.name);
}

// NOTICE that a schema or object is not there.
void skip(CommandContext& context, std::string text) { notice(context, text + ", skipping"); }

bool schema_is_missing(CommandContext& context, const QualifiedName& name, bool missing_ok) {
  if (name.schema.empty() || name.schema == "pg_temp") return false;
  if (context.ddl().view()->find_schema(name.schema) != nullptr) return false;
  if (!missing_ok) return false;
  skip(context, fmt::format("schema \"{}\" does not exist", name.schema));
  return true;
}

const Relation* find_target(const ast::DropStmt& statement, CommandContext& context,
                            const QualifiedName& name, const KindRow& row) {
  const Relation* found =
      find_relation(*context.ddl().view(), context.environment().search_path(), name);
  if (found == nullptr) {
    if (schema_is_missing(context, name, statement.missing_ok)) return nullptr;
    std::string text = fmt::format("{} \"{}\" does not exist", row.name, name.name);
    if (!name.schema.empty() && context.ddl().view()->find_schema(name.schema) == nullptr &&
        name.schema != "pg_temp") {
      throw sql_error(SqlState::kInvalidSchemaName, "schema \"{}\" does not exist", name.schema);
    }
    if (!statement.missing_ok) {
      throw SqlError(row.type == ast::ObjectType::kIndex ? SqlState::kUndefinedObject
                                                         : SqlState::kUndefinedTable,
                     text);
    }
    skip(context, text);
    return nullptr;
  }
  if (kind_of_relation(found->relkind) != row.relkind) {
    std::string_view article = row.type == ast::ObjectType::kIndex ? "an" : "a";
    const KindRow* actual = row_of_relkind(found->relkind);
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is not {} {}", found->name, article,
                    row.name)
        .hint(actual == nullptr ? "" : std::string(actual->hint));
  }
  return found;
}

void require_drop_rights(CommandContext& context, const Relation& relation) {
  if (relation.oid < kFirstUserOid && is_superuser_now(context)) {
    throw sql_error(SqlState::kInsufficientPrivilege,
                    "permission denied: \"{}\" is a system catalog", relation.name);
  }
  const Schema* schema = context.ddl().view()->schema(relation.schema);
  if (schema != nullptr && schema->owner == context.current_user()) return;
  require_owner(context, relation);
}

CommandResult drop_relations(const ast::DropStmt& statement, CommandContext& context,
                             const KindRow& row) {
  if (statement.concurrent && statement.objects.size() > 1) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "DROP INDEX CONCURRENTLY does not support dropping multiple objects");
  }
  if (statement.concurrent && statement.behavior == ast::DropBehavior::kCascade) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "DROP INDEX CONCURRENTLY does not support CASCADE");
  }
  std::vector<ObjectAddress> targets;
  for (const ast::Node* node : statement.objects) {
    QualifiedName name = qualified_name(node);
    const Relation* found = find_target(statement, context, name, row);
    if (found == nullptr) continue;
    require_drop_rights(context, *found);
    Oid oid = found->oid;
    if (found->kind == ObjectKind::kIndex) {
      context.lock_table(static_cast<const Index&>(*found).table, TableLockMode::kAccessExclusive);
    }
    if (const Table* table = context.ddl().view()->table(oid)) {
      const Table* parent = partition_parent(*context.ddl().view(), *table);
      if (parent != nullptr) context.lock_table(parent->oid, TableLockMode::kAccessExclusive);
    }
    context.lock_table(oid, TableLockMode::kAccessExclusive);
    context.ddl().refresh();
    found = find_target(statement, context, name, row);
    if (found == nullptr) continue;
    targets.push_back(found->address());
  }
  if (!targets.empty()) {
    drop_and_finish(context, targets,
                    statement.behavior == ast::DropBehavior::kCascade ? DropBehavior::kCascade
                                                                      : DropBehavior::kRestrict);
  }
  return {std::string(row.tag)};
}

DropBehavior behavior_of(const ast::DropStmt& statement) {
  return statement.behavior == ast::DropBehavior::kCascade ? DropBehavior::kCascade
                                                           : DropBehavior::kRestrict;
}

CommandResult drop_schemas(const ast::DropStmt& statement, CommandContext& context) {
  std::vector<ObjectAddress> targets;
  for (const ast::Node* node : statement.objects) {
    std::string_view name = qualified_name(node).name;
    const Schema* schema = context.ddl().view()->find_schema(name);
    if (schema == nullptr) {
      std::string text = fmt::format("schema \"{}\" does not exist", name);
      if (!statement.missing_ok) throw SqlError(SqlState::kInvalidSchemaName, text);
      skip(context, text);
      continue;
    }
    if (schema->oid < kFirstUserOid && schema->oid != schema_oid::kPublic) {
      throw sql_error(SqlState::kDependentObjectsStillExist,
                      "cannot drop schema {} because it is required by the database system", name);
    }
    require_owner(context, *schema);
    targets.push_back(schema->address());
  }
  if (!targets.empty()) drop_and_finish(context, targets, behavior_of(statement));
  return {"DROP SCHEMA"};
}

bool has_drop_rights_on_type(CommandContext& context, const Type& type) {
  return has_privileges_of(*context.ddl().view(), context.current_user(), type.owner);
}

CommandResult drop_types(const ast::DropStmt& statement, CommandContext& context) {
  bool domain = statement.remove_type == ast::ObjectType::kDomain;
  const Catalog* catalog = context.ddl().view().get();
  std::vector<ObjectAddress> targets;
  for (const ast::Node* node : statement.objects) {
    QualifiedName name = qualified_name(node);
    Oid oid = find_type(*catalog, context.environment().search_path(), name);
    if (oid == kInvalidOid) {
      if (schema_is_missing(context, name, statement.missing_ok)) continue;
      std::string text = fmt::format("type \"{}\" does not exist", shown(name));
      if (!statement.missing_ok) throw SqlError(SqlState::kUndefinedObject, text);
      skip(context, text);
      continue;
    }
    const Type* type = catalog->type(oid);
    if (type == nullptr) {
      std::string shown_type = catalog->type_name(oid);
      if (const Table* table = catalog->table_of_row_type(oid)) {
        throw sql_error(SqlState::kDependentObjectsStillExist,
                        "cannot drop type {} because table {} requires it", shown_type, table->name)
            .hint(fmt::format("You can drop table {} instead.", table->name));
      }
      throw sql_error(SqlState::kDependentObjectsStillExist,
                      "cannot drop type {} because it is required by the database system",
                      shown_type);
    }
    if (domain && type->type_type != 'd') {
      throw sql_error(SqlState::kWrongObjectType, "\"{}\" is not a domain", shown(name));
    }
    if (!has_drop_rights_on_type(context, *type)) {
      throw sql_error(
          SqlState::kInsufficientPrivilege, "must be owner of type {}",
          type_display_name(*context.ddl().view(), context.environment().search_path(), type->oid));
    }
    targets.push_back(type->address());
  }
  if (!targets.empty()) drop_and_finish(context, targets, behavior_of(statement));
  return {domain ? "DROP DOMAIN" : "DROP TYPE"};
}

// Kinds of objects LumaDB does not have: with IF EXISTS there is nothing to drop.
struct AbsentRow {
  ast::ObjectType type;
  std::string_view name;
  std::string_view tag;
};
constexpr AbsentRow kAbsentKinds[] = {
    {ast::ObjectType::kFdw, "foreign-data wrapper", "DROP FOREIGN DATA WRAPPER"},
    {ast::ObjectType::kForeignServer, "server", "DROP SERVER"},
    {ast::ObjectType::kPublication, "publication", "DROP PUBLICATION"},
    {ast::ObjectType::kAccessMethod, "access method", "DROP ACCESS METHOD"},
    {ast::ObjectType::kLanguage, "language", "DROP LANGUAGE"},
    {ast::ObjectType::kConversion, "conversion", "DROP CONVERSION"},
    {ast::ObjectType::kTsparser, "text search parser", "DROP TEXT SEARCH PARSER"},
    {ast::ObjectType::kTstemplate, "text search template", "DROP TEXT SEARCH TEMPLATE"},
};

std::string argument_list(CommandContext& context, const ast::ObjectWithArgs& object) {
  std::string out;
  for (const ast::Node* node : object.objargs) {
    const auto* type = ast::try_as<ast::TypeName>(node);
    if (type == nullptr) continue;
    TypeRef resolved =
        resolve_type_name(*context.ddl().view(), context.environment().search_path(), *type);
    out += (out.empty() ? "" : ",") + context.ddl().view()->type_name(resolved.oid);
  }
  return out;
}

// The argument types as the grammar has them: IF EXISTS does not look them up.
std::string written_arguments(const ast::ObjectWithArgs& object) {
  std::string out;
  for (const ast::Node* node : object.objargs) {
    const auto* type = ast::try_as<ast::TypeName>(node);
    if (type == nullptr) continue;
    if (!out.empty()) out += ",";
    for (size_t i = 0; i < type->names.size(); ++i) {
      if (i > 0) out += ".";
      out += type->names[i];
    }
    for (size_t i = 0; i < type->array_bounds.size(); ++i) out += "[]";
  }
  return out;
}

// nullptr: no user has made such a function; built-in ones are refused by the caller.
const Function* droppable_function(CommandContext& context, const ast::ObjectWithArgs& object,
                                   const ast::DropStmt& statement) {
  QualifiedName name = qualified_name(object.objname);
  if (schema_is_missing(context, name, true)) return nullptr;
  const Function* found = find_function(context, object, statement.remove_type, true);
  if (found == nullptr) return nullptr;
  require_owner(context, *found);
  if (found->routine == 'a' && statement.remove_type == ast::ObjectType::kFunction) {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is an aggregate function", found->name)
        .hint("Use DROP AGGREGATE to drop aggregate functions.");
  }
  return found;
}

CommandResult drop_routines(const ast::DropStmt& statement, CommandContext& context) {
  std::string_view kind = statement.remove_type == ast::ObjectType::kAggregate   ? "aggregate"
                          : statement.remove_type == ast::ObjectType::kProcedure ? "procedure"
                          : statement.remove_type == ast::ObjectType::kRoutine   ? "routine"
                                                                                 : "function";
  std::string tag = "DROP ";
  for (char c : kind) tag += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::vector<ObjectAddress> targets;
  for (const ast::Node* node : statement.objects) {
    const auto& object = *ast::as<ast::ObjectWithArgs>(node);
    if (const Function* found = droppable_function(context, object, statement)) {
      targets.push_back(found->address());
      continue;
    }
    std::string name(object.objname.back());
    std::string text =
        object.args_unspecified
            ? fmt::format("could not find a {} named \"{}\"", kind, name)
            : fmt::format("{} {}({}) does not exist", kind, name, argument_list(context, object));
    if (!proc_facts_named(name).empty()) {
      throw sql_error(SqlState::kDependentObjectsStillExist,
                      "cannot drop {} {} because it is required by the database system", kind,
                      name);
    }
    if (!statement.missing_ok) throw SqlError(SqlState::kUndefinedFunction, text);
    skip(context, fmt::format("{} {}({}) does not exist", kind, name, written_arguments(object)));
  }
  if (!targets.empty()) drop_and_finish(context, targets, behavior_of(statement));
  return {tag};
}

// DROP TRIGGER, RULE, POLICY: name ON table.
CommandResult drop_parts(const ast::DropStmt& statement, CommandContext& context,
                         std::string_view kind, std::string_view tag) {
  for (const ast::Node* node : statement.objects) {
    const auto& names = ast::as<ast::ListNode>(node)->items;
    std::string_view part = ast::as<ast::String>(names.back())->sval;
    QualifiedName table = qualified_name(ast::NodeList(names.begin(), names.size() - 1));
    const Relation* found =
        find_relation(*context.ddl().view(), context.environment().search_path(), table);
    const bool cascade = statement.behavior == ast::DropBehavior::kCascade;
    if (kind == "trigger" && found != nullptr && drop_trigger(context, *found, part, cascade)) {
      continue;
    }
    if (kind == "rule" && found != nullptr && drop_rule(context, *found, part, cascade)) continue;
    if (kind == "policy" && found != nullptr && drop_policy(context, *found, part)) continue;
    std::string text =
        found == nullptr ? fmt::format("relation \"{}\" does not exist", shown(table))
                         : fmt::format("{} \"{}\" for {} \"{}\" does not exist", kind, part,
                                       kind == "trigger" || kind == "policy" ? "table" : "relation",
                                       found->name);
    if (!statement.missing_ok) {
      throw SqlError(found == nullptr ? SqlState::kUndefinedTable : SqlState::kUndefinedObject,
                     text);
    }
    if (found != nullptr) {
      text = fmt::format("{} \"{}\" for relation \"{}\" does not exist", kind, part, shown(table));
    }
    skip(context, text);
  }
  return {std::string(tag)};
}

}  // namespace

CommandResult drop_objects(const ast::DropStmt& statement, CommandContext& context) {
  if (const KindRow* row = row_of(statement.remove_type);
      row != nullptr && row->type != ast::ObjectType::kType) {
    return drop_relations(statement, context, *row);
  }
  if (is_named_object(statement.remove_type)) return drop_named_objects(statement, context);
  switch (statement.remove_type) {
    case ast::ObjectType::kSchema:
      return drop_schemas(statement, context);
    case ast::ObjectType::kType:
    case ast::ObjectType::kDomain:
      return drop_types(statement, context);
    case ast::ObjectType::kFunction:
    case ast::ObjectType::kAggregate:
    case ast::ObjectType::kProcedure:
    case ast::ObjectType::kRoutine:
      return drop_routines(statement, context);
    case ast::ObjectType::kOperator:
      return drop_operators(statement, context);
    case ast::ObjectType::kCast:
      return drop_casts(statement, context);
    case ast::ObjectType::kStatisticExt:
      return drop_statistics(statement, context);
    case ast::ObjectType::kOpclass:
    case ast::ObjectType::kOpfamily:
      return drop_operator_classes(statement, context);
    case ast::ObjectType::kEventTrigger:
      return drop_event_triggers(statement, context);
    case ast::ObjectType::kTrigger:
      return drop_parts(statement, context, "trigger", "DROP TRIGGER");
    case ast::ObjectType::kRule:
      return drop_parts(statement, context, "rule", "DROP RULE");
    case ast::ObjectType::kExtension:
      return drop_extensions(statement, context);
    case ast::ObjectType::kPolicy:
      return drop_parts(statement, context, "policy", "DROP POLICY");
    default:
      break;
  }
  for (const AbsentRow& row : kAbsentKinds) {
    if (row.type != statement.remove_type) continue;
    for (const ast::Node* node : statement.objects) {
      std::string name = shown(qualified_name(node));
      std::string text = fmt::format("{} \"{}\" does not exist", row.name, name);
      if (!statement.missing_ok) throw SqlError(SqlState::kUndefinedObject, text);
      skip(context, text);
    }
    return {std::string(row.tag)};
  }
  throw unsupported("this form of DROP");
}

}  // namespace luma
