// ALTER ... RENAME and ALTER ... SET SCHEMA.
#include <algorithm>

#include "sql/catalog/clone_object.h"
#include "sql/catalog/inheritance.h"
#include "sql/catalog/privileges.h"
#include "sql/command/column_build.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/event_trigger_command.h"
#include "sql/command/named_object.h"
#include "sql/command/operator_class_command.h"
#include "sql/command/statistics_command.h"
#include "sql/command/storage_options.h"
#include "sql/command/stored_text.h"
#include "sql/command/view_text.h"

namespace luma {
namespace {

std::string_view kind_name(ast::ObjectType type) {
  switch (type) {
    case ast::ObjectType::kView:
      return "view";
    case ast::ObjectType::kMatview:
      return "materialized view";
    case ast::ObjectType::kIndex:
      return "index";
    case ast::ObjectType::kSequence:
      return "sequence";
    case ast::ObjectType::kForeignTable:
      return "foreign table";
    case ast::ObjectType::kType:
      return "type";
    default:
      return "table";
  }
}

std::string alter_tag(ast::ObjectType type) {
  std::string tag = "ALTER ";
  for (char c : kind_name(type)) {
    tag += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return tag;
}

// ALTER TABLE may name any relation, the others only their kind.
void check_kind(const Relation& relation, ast::ObjectType type) {
  bool fits = true;
  if (type == ast::ObjectType::kView) fits = relation.relkind == 'v';
  if (type == ast::ObjectType::kMatview) fits = relation.relkind == 'm';
  if (type == ast::ObjectType::kSequence) fits = relation.relkind == 'S';
  if (type == ast::ObjectType::kForeignTable) fits = false;
  if (!fits) throw_wrong_kind(relation, kind_name(type));
  if (relation.relkind == 'c' && type != ast::ObjectType::kType) {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is a composite type", relation.name)
        .hint("Use ALTER TYPE instead.");
  }
}

// nullptr: missing, and IF EXISTS said so.
const Relation* target(CommandContext& context, const ast::RangeVar& name, bool missing_ok,
                       TableLockMode mode) {
  const Relation* found = find_and_lock(context, name, mode);
  if (found != nullptr) {
    require_owner(context, *found);
    return found;
  }
  std::string text = fmt::format("relation \"{}\" does not exist", display_name(name));
  if (!missing_ok) throw SqlError(SqlState::kUndefinedTable, text);
  notice(context, text + ", skipping");
  return nullptr;
}

void rename_constraint_of_index(CommandContext& context, const Index& index,
                                const std::string& new_name) {
  const Table* table = context.ddl().view()->table_of_constraint(index.constraint);
  if (table == nullptr) return;
  std::shared_ptr<Table> copy = copy_of(*table);
  std::ranges::find(copy->constraints, index.constraint, &Constraint::oid)->name = new_name;
  context.ddl().put(std::move(copy));
}

void put_renamed(CommandContext& context, const CatalogObject& object,
                 const std::string& new_name) {
  std::shared_ptr<CatalogObject> copy = clone_object(object);
  copy->name = new_name;
  context.ddl().put(std::move(copy));
}

void require_free_relation_name(CommandContext& context, Oid schema, const std::string& name) {
  if (context.ddl().view()->find_relation(schema, name) == nullptr) return;
  throw sql_error(SqlState::kDuplicateTable, "relation \"{}\" already exists", name);
}

CommandResult rename_relation(const ast::RenameStmt& statement, CommandContext& context) {
  CommandResult done{alter_tag(statement.rename_type)};
  const Relation* relation =
      target(context, *statement.relation, statement.missing_ok, TableLockMode::kAccessExclusive);
  if (relation == nullptr) return done;
  check_kind(*relation, statement.rename_type);
  std::string new_name = truncated_name(statement.newname);
  Oid oid = relation->oid;
  require_free_relation_name(context, relation->schema, new_name);
  if (relation->kind == ObjectKind::kIndex) {
    const auto index = static_cast<const Index&>(*relation);
    if (index.constraint != kInvalidOid) rename_constraint_of_index(context, index, new_name);
  } else {
    follow_relation_rename(context, *relation, context.ddl().view()->schema_name(relation->schema),
                           new_name);
  }
  put_renamed(context, *context.ddl().view()->relation(oid), new_name);
  return done;
}

// Copies of the tables below one, each changed by `change(copy, member)`; not yet put. `part` is
// what gets another name, for the error where ONLY leaves them out.
template <typename Change>
std::vector<std::shared_ptr<Table>> changed_children(CommandContext& context, const Table& root,
                                                     std::string_view part, bool only,
                                                     Change&& change) {
  std::vector<std::shared_ptr<Table>> out;
  CatalogPtr catalog = context.ddl().view();
  const std::vector<FamilyMember> family = table_family(*catalog, *catalog->table(root.oid));
  if (only && family.size() > 1) {
    throw sql_error(SqlState::kInvalidTableDefinition,
                    "inherited {} must be renamed in child tables too", part);
  }
  for (const FamilyMember& member : family) {
    if (member.level == 0) continue;
    context.lock_table(member.table->oid, TableLockMode::kAccessExclusive);
    change(*out.emplace_back(copy_of(*member.table)), member);
  }
  return out;
}

// What is below a table, with the column's new name. Children are looked at before the table
// itself.
std::vector<std::shared_ptr<Table>> renamed_children(CommandContext& context, const Table& root,
                                                     const std::string& old_name,
                                                     const std::string& new_name, bool only) {
  CatalogPtr catalog = context.ddl().view();
  auto rename = [&](Table& child, const FamilyMember& member) {
    int16_t number = child.find_column(old_name)->number;
    if (column_at(child, number).inherit_count > member.parents) {
      throw sql_error(SqlState::kInvalidTableDefinition, "cannot rename inherited column \"{}\"",
                      old_name);
    }
    if (child.find_column(new_name) != nullptr) {
      throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" of relation \"{}\" already exists",
                      new_name, child.name);
    }
    for (const ObjectAddress& address : catalog->dependents_of(member.table->address())) {
      const Table* view =
          address.class_id == class_oid::kRelation ? catalog->table(address.oid) : nullptr;
      if (view == nullptr || view->definition.empty()) continue;
      throw unsupported("renaming a column of partitions or children that views name");
    }
    follow_column_rename(context, child, number, new_name);
    column_at(child, number).name = new_name;
  };
  return changed_children(context, root, fmt::format("column \"{}\"", old_name), only, rename);
}

CommandResult rename_column(const ast::RenameStmt& statement, CommandContext& context) {
  CommandResult done{alter_tag(statement.relation_type)};
  const Relation* relation =
      target(context, *statement.relation, statement.missing_ok, TableLockMode::kAccessExclusive);
  if (relation == nullptr) return done;
  check_kind(*relation, statement.relation_type);
  if (relation->kind != ObjectKind::kTable) {
    throw sql_error(SqlState::kWrongObjectType, "cannot rename columns of relation \"{}\"",
                    relation->name)
        .detail(fmt::format("This operation is not supported for {}.",
                            relation->kind == ObjectKind::kIndex ? "indexes" : "sequences"));
  }
  std::shared_ptr<Table> table = copy_of(static_cast<const Table&>(*relation));
  const Column* column = table->find_column(statement.subname);
  if (column == nullptr) {
    for (std::string_view system : {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}) {
      if (statement.subname != system) continue;
      throw sql_error(SqlState::kFeatureNotSupported, "cannot rename system column \"{}\"", system);
    }
    throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" does not exist", statement.subname);
  }
  refuse_sort_key_change(*table, column->number);
  if (column->inherit_count > 0) {
    throw sql_error(SqlState::kInvalidTableDefinition, "cannot rename inherited column \"{}\"",
                    statement.subname);
  }
  std::string new_name = truncated_name(statement.newname);
  check_new_column_name(*table, new_name);
  const std::string old_name = column->name;
  std::vector<std::shared_ptr<Table>> children =
      renamed_children(context, *table, old_name, new_name, !statement.relation->inh);
  if (table->find_column(new_name) != nullptr) {
    throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" of relation \"{}\" already exists",
                    new_name, table->name);
  }
  int16_t number = column->number;
  follow_column_rename(context, *table, number, new_name);
  column_at(*table, number).name = new_name;
  if (!table->definition.empty()) {
    std::vector<std::string> names;
    for (const Column& output : table->columns) names.push_back(output.name);
    table->definition = with_output_names(table->definition, names);
  }
  context.ddl().put(std::move(table));
  for (std::shared_ptr<Table>& child : children) context.ddl().put(std::move(child));
  return done;
}

// What is below a table, with the CHECK's new name.
std::vector<std::shared_ptr<Table>> with_renamed_check(CommandContext& context, const Table& root,
                                                       const std::string& old_name,
                                                       const std::string& new_name, bool only) {
  auto rename = [&](Table& child, const FamilyMember& member) {
    auto own = std::ranges::find(child.constraints, old_name, &Constraint::name);
    if (own == child.constraints.end()) {
      throw sql_error(SqlState::kUndefinedObject,
                      "constraint \"{}\" for table \"{}\" does not exist", old_name, child.name);
    }
    if (own->inherit_count > member.parents) {
      throw sql_error(SqlState::kInvalidTableDefinition,
                      "cannot rename inherited constraint \"{}\"", old_name);
    }
    if (child.find_constraint(new_name) != nullptr) {
      throw sql_error(SqlState::kDuplicateObject,
                      "constraint \"{}\" for relation \"{}\" already exists", new_name, child.name);
    }
    own->name = new_name;
  };
  return changed_children(context, root, fmt::format("constraint \"{}\"", old_name), only, rename);
}

CommandResult rename_constraint(const ast::RenameStmt& statement, CommandContext& context) {
  CommandResult done{"ALTER TABLE"};
  const Relation* relation =
      target(context, *statement.relation, statement.missing_ok, TableLockMode::kAccessExclusive);
  if (relation == nullptr) return done;
  if (relation->kind != ObjectKind::kTable) throw_wrong_kind(*relation, "table");
  std::shared_ptr<Table> table = copy_of(static_cast<const Table&>(*relation));
  auto constraint = std::ranges::find(table->constraints, statement.subname, &Constraint::name);
  if (constraint == table->constraints.end()) {
    throw sql_error(SqlState::kUndefinedObject, "constraint \"{}\" for table \"{}\" does not exist",
                    statement.subname, table->name);
  }
  if (constraint->inherit_count > 0) {
    throw sql_error(SqlState::kInvalidTableDefinition, "cannot rename inherited constraint \"{}\"",
                    statement.subname);
  }
  std::string new_name = truncated_name(statement.newname);
  if (table->find_constraint(new_name) != nullptr) {
    throw sql_error(SqlState::kDuplicateObject,
                    "constraint \"{}\" for relation \"{}\" already exists", new_name, table->name);
  }
  std::vector<std::shared_ptr<Table>> children;
  if (constraint->type == 'c' && !constraint->no_inherit) {
    children =
        with_renamed_check(context, *table, constraint->name, new_name, !statement.relation->inh);
  }
  constraint->name = new_name;
  bool has_index = constraint->type == 'p' || constraint->type == 'u' || constraint->type == 'x';
  Oid index = has_index ? constraint->index : kInvalidOid;
  if (index != kInvalidOid) {
    require_free_relation_name(context, table->schema, new_name);
    put_renamed(context, *context.ddl().view()->index(index), new_name);
  }
  context.ddl().put(std::move(table));
  for (std::shared_ptr<Table>& child : children) context.ddl().put(std::move(child));
  return done;
}

CommandResult rename_schema(const ast::RenameStmt& statement, CommandContext& context) {
  const Schema& schema =
      require_schema(*context.ddl().view(), context.environment().search_path(), statement.subname);
  require_owner(context, schema);
  std::string new_name = truncated_name(statement.newname);
  if (context.ddl().view()->find_schema(new_name) != nullptr) {
    throw sql_error(SqlState::kDuplicateSchema, "schema \"{}\" already exists", new_name);
  }
  if (new_name.starts_with("pg_")) {
    throw sql_error(SqlState::kReservedName, "unacceptable schema name \"{}\"", new_name)
        .detail("The prefix \"pg_\" is reserved for system schemas.");
  }
  if (schema.oid < kFirstUserOid && schema.oid != schema_oid::kPublic) {
    throw unsupported("renaming schema \"{}\"", schema.name);
  }
  Oid oid = schema.oid;
  follow_schema_rename(context, schema.name, new_name);
  put_renamed(context, *context.ddl().view()->schema(oid), new_name);
  return {"ALTER SCHEMA"};
}

CommandResult rename_database(const ast::RenameStmt& statement, CommandContext& context) {
  const Catalog& catalog = *context.ddl().view();
  const Database& database = require_database(catalog, statement.subname);
  if (!has_privileges_of(catalog, context.current_user(), database.owner)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of database {}",
                    database.name);
  }
  if (database.oid == catalog.database_oid()) {
    throw SqlError(SqlState::kFeatureNotSupported, "current database cannot be renamed");
  }
  if (int users = context.count_connections(database.oid); users > 0) {
    throw sql_error(SqlState::kObjectInUse, "database \"{}\" is being accessed by other users",
                    database.name);
  }
  put_renamed(context, database, truncated_name(statement.newname));
  return {"ALTER DATABASE"};
}

CommandResult rename_role(const ast::RenameStmt& statement, CommandContext& context) {
  const Catalog& catalog = *context.ddl().view();
  const Role& role = require_role(catalog, statement.subname);
  if (role.oid == context.session_user()) {
    throw SqlError(SqlState::kFeatureNotSupported, "session user cannot be renamed");
  }
  if (role.oid == context.current_user()) {
    throw SqlError(SqlState::kFeatureNotSupported, "current user cannot be renamed");
  }
  std::string new_name = truncated_name(statement.newname);
  for (const std::string& name : {role.name, new_name}) {
    if (!name.starts_with("pg_")) continue;
    throw sql_error(SqlState::kReservedName, "role name \"{}\" is reserved", name)
        .detail("Role names starting with \"pg_\" are reserved.");
  }
  const Role* user = catalog.role(context.current_user());
  if (role.superuser) {
    require_superuser(context, "rename superusers");
  } else if (!is_superuser_now(context) && (user == nullptr || !user->create_role)) {
    throw SqlError(SqlState::kInsufficientPrivilege, "permission denied to rename role");
  }
  put_renamed(context, role, new_name);
  return {"ALTER ROLE"};
}

const Type& require_type(CommandContext& context, const ast::Node* object) {
  QualifiedName name = qualified_name(object);
  const Catalog& catalog = *context.ddl().view();
  Oid oid = find_type(catalog, context.environment().search_path(), name);
  if (oid == kInvalidOid) {
    throw sql_error(SqlState::kUndefinedObject, "type \"{}\" does not exist", name.name);
  }
  const Type* type = catalog.type(oid);
  if (type == nullptr) {
    if (const Table* table = catalog.table_of_row_type(oid)) {
      throw sql_error(SqlState::kWrongObjectType, "{} is a table's row type", table->name)
          .hint("Use ALTER TABLE instead.");
    }
    throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of type {}",
                    catalog.type_name(oid));
  }
  require_owner(context, *type);
  return *type;
}

CommandResult rename_type(const ast::RenameStmt& statement, CommandContext& context) {
  const Type& type = require_type(context, statement.object);
  std::string new_name = truncated_name(statement.newname);
  if (context.ddl().view()->find_type_oid(type.schema, new_name) != kInvalidOid) {
    throw sql_error(SqlState::kDuplicateObject, "type \"{}\" already exists", new_name);
  }
  Oid oid = type.oid, relation = type.relation;
  follow_type_rename(context, type, context.ddl().view()->schema_name(type.schema), new_name);
  put_renamed(context, *context.ddl().view()->type(oid), new_name);
  if (const Table* table = context.ddl().view()->table(relation)) {
    put_renamed(context, *table, new_name);
  }
  return {statement.rename_type == ast::ObjectType::kDomain ? "ALTER DOMAIN" : "ALTER TYPE"};
}

}  // namespace

CommandResult rename_object(const ast::RenameStmt& statement, CommandContext& context) {
  if (is_named_object(statement.rename_type)) return rename_named_object(statement, context);
  switch (statement.rename_type) {
    case ast::ObjectType::kTable:
    case ast::ObjectType::kView:
    case ast::ObjectType::kMatview:
    case ast::ObjectType::kIndex:
    case ast::ObjectType::kSequence:
    case ast::ObjectType::kForeignTable:
      return rename_relation(statement, context);
    case ast::ObjectType::kColumn:
      return rename_column(statement, context);
    case ast::ObjectType::kTabconstraint:
      return rename_constraint(statement, context);
    case ast::ObjectType::kTrigger:
      rename_trigger(statement, context);
      return {"ALTER TRIGGER"};
    case ast::ObjectType::kRule:
      rename_rule(statement, context);
      return {"ALTER RULE"};
    case ast::ObjectType::kPolicy:
      rename_policy(statement, context);
      return {"ALTER POLICY"};
    case ast::ObjectType::kAttribute:
      return rename_attribute(statement, context);
    case ast::ObjectType::kDomconstraint:
      return rename_domain_constraint(statement, context);
    case ast::ObjectType::kSchema:
      return rename_schema(statement, context);
    case ast::ObjectType::kDatabase:
      return rename_database(statement, context);
    case ast::ObjectType::kRole:
      return rename_role(statement, context);
    case ast::ObjectType::kType:
    case ast::ObjectType::kDomain:
      return rename_type(statement, context);
    case ast::ObjectType::kAggregate:
    case ast::ObjectType::kFunction:
    case ast::ObjectType::kProcedure:
    case ast::ObjectType::kRoutine:
      return rename_function(statement, context);
    case ast::ObjectType::kStatisticExt:
      return rename_statistics(statement, context);
    case ast::ObjectType::kOpclass:
    case ast::ObjectType::kOpfamily:
      return rename_operator_class(statement, context);
    case ast::ObjectType::kEventTrigger:
      return rename_event_trigger(statement, context);
    default:
      throw unsupported("this form of ALTER ... RENAME");
  }
}

namespace {

void put_in_schema(CommandContext& context, const Relation& relation, Oid schema) {
  std::shared_ptr<CatalogObject> copy = clone_object(relation);
  static_cast<Relation&>(*copy).schema = schema;
  context.ddl().put(std::move(copy));
}

void move_relation(CommandContext& context, Oid oid, Oid schema) {
  const Relation& relation = *context.ddl().view()->relation(oid);
  std::string schema_name = context.ddl().view()->schema_name(schema);
  if (context.ddl().view()->find_relation(schema, relation.name) != nullptr) {
    throw sql_error(SqlState::kDuplicateTable, "relation \"{}\" already exists in schema \"{}\"",
                    relation.name, schema_name);
  }
  if (relation.kind != ObjectKind::kIndex) {
    follow_relation_rename(context, relation, schema_name, relation.name);
  }
  put_in_schema(context, *context.ddl().view()->relation(oid), schema);
}

void check_move(CommandContext& context, Oid from, Oid to) {
  Oid temp = context.temp_schema(false);
  if (temp == kInvalidOid || (from != temp && to != temp)) return;
  throw SqlError(SqlState::kFeatureNotSupported,
                 "cannot move objects into or out of temporary schemas");
}

}  // namespace

CommandResult set_object_schema(const ast::AlterObjectSchemaStmt& statement,
                                CommandContext& context) {
  if (statement.object_type == ast::ObjectType::kType ||
      statement.object_type == ast::ObjectType::kDomain) {
    const Type type = require_type(context, statement.object);
    const Schema& schema = require_schema(*context.ddl().view(),
                                          context.environment().search_path(), statement.newschema);
    Oid schema_oid = schema.oid;
    require_create_privilege(context, schema_oid);
    if (context.ddl().view()->find_type_oid(schema_oid, type.name) != kInvalidOid) {
      throw sql_error(SqlState::kDuplicateObject, "type \"{}\" already exists in schema \"{}\"",
                      type.name, schema.name);
    }
    follow_type_rename(context, type, schema.name, type.name);
    auto copy = std::make_shared<Type>(*context.ddl().view()->type(type.oid));
    copy->schema = schema_oid;
    context.ddl().put(std::move(copy));
    if (const Table* table = context.ddl().view()->table(type.relation)) {
      put_in_schema(context, *table, schema_oid);
    }
    return {statement.object_type == ast::ObjectType::kDomain ? "ALTER DOMAIN" : "ALTER TYPE"};
  }
  if (statement.object_type == ast::ObjectType::kFunction ||
      statement.object_type == ast::ObjectType::kAggregate ||
      statement.object_type == ast::ObjectType::kProcedure ||
      statement.object_type == ast::ObjectType::kRoutine) {
    return move_function(statement, context);
  }
  if (statement.object_type == ast::ObjectType::kExtension) {
    return move_extension(qualified_name(statement.object).name, statement.newschema, context);
  }
  if (is_named_object(statement.object_type)) return move_named_object(statement, context);
  if (statement.object_type == ast::ObjectType::kStatisticExt) {
    return move_statistics(statement, context);
  }
  if (statement.object_type == ast::ObjectType::kOpclass ||
      statement.object_type == ast::ObjectType::kOpfamily) {
    return move_operator_class(statement, context);
  }
  if (statement.relation == nullptr) throw unsupported("this form of ALTER ... SET SCHEMA");
  CommandResult done{alter_tag(statement.object_type)};
  const Relation* relation =
      target(context, *statement.relation, statement.missing_ok, TableLockMode::kAccessExclusive);
  if (relation == nullptr) return done;
  check_kind(*relation, statement.object_type);
  if (relation->kind == ObjectKind::kIndex) throw_wrong_kind(*relation, "table");
  if (relation->kind == ObjectKind::kSequence) {
    const auto& sequence = static_cast<const Sequence&>(*relation);
    const Table* owner = context.ddl().view()->table(sequence.owned_by_table);
    if (owner != nullptr) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "cannot move an owned sequence into another schema")
          .detail(fmt::format("Sequence \"{}\" is linked to table \"{}\".", sequence.name,
                              owner->name));
    }
  }
  Oid oid = relation->oid, from = relation->schema;
  Oid schema = require_schema(*context.ddl().view(), context.environment().search_path(),
                              statement.newschema)
                   .oid;
  require_create_privilege(context, schema);
  check_move(context, from, schema);
  if (schema == from) return done;
  move_relation(context, oid, schema);
  std::vector<Oid> parts = context.ddl().view()->indexes_of(oid);
  for (const Sequence* sequence : context.ddl().view()->sequences_owned_by(oid)) {
    parts.push_back(sequence->oid);
  }
  for (Oid part : parts) move_relation(context, part, schema);
  return done;
}

}  // namespace luma
