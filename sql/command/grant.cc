// GRANT and REVOKE of privileges on objects.
#include <algorithm>
#include <map>

#include "sql/catalog/clone_object.h"
#include "sql/catalog/privileges.h"
#include "sql/command/column_build.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/function_target.h"
#include "sql/command/granter.h"
#include "sql/command/large_object_command.h"

namespace luma {
namespace {

// Letters per column, of the parts of the list that name columns.
std::map<int16_t, std::string> column_letters(const Granter& granter,
                                              const ast::GrantStmt& statement, Table& table) {
  std::map<int16_t, std::string> out;
  for (const ast::Node* node : statement.privileges) {
    const auto& privilege = *ast::as<ast::AccessPriv>(node);
    if (privilege.cols.empty()) continue;
    std::string letters =
        privilege.priv_name.empty()
            ? std::string(kColumnAcl.all)
            : std::string(1, granter.letter(privilege.priv_name, kColumnAcl.all, "column"));
    for (std::string_view name : privilege.cols) {
      std::string& held = out[require_column_of(table, name).number];
      held = letters_united(held, letters);
    }
  }
  return out;
}

void change_columns(const Granter& granter, const ast::GrantStmt& statement, Table& table,
                    const std::string& table_letters, const Acl& table_acl) {
  std::map<int16_t, std::string> wanted = column_letters(granter, statement, table);
  if (!granter.is_grant()) {
    // What is revoked from the table is revoked from its columns too.
    std::string lost = letters_common(table_letters, kColumnAcl.all);
    for (Column& column : table.columns) {
      if (column.dropped || !column.acl.has_value() || lost.empty()) continue;
      std::string& held = wanted[column.number];
      held = letters_united(held, lost);
    }
  }
  for (const auto& [number, letters] : wanted) {
    Column& column = table.columns[static_cast<size_t>(number) - 1];
    Granter::Target target{kColumnAcl, table.owner, "column", column.name, table.name};
    granter.change(column.acl, target, letters, letters == letters_in_order(kColumnAcl.all),
                   &table_acl);
    if (column.acl.has_value() && column.acl->empty()) column.acl.reset();
  }
}

std::string relation_letters(const Granter& granter, const ast::GrantStmt& statement,
                             CommandContext& context, const Relation& relation) {
  bool sequence = relation.kind == ObjectKind::kSequence;
  if (granter.all_privileges()) {
    return letters_in_order(sequence ? kSequenceAcl.all : kTableAcl.all);
  }
  if (statement.objtype == ast::ObjectType::kSequence) {
    return granter.wanted(kSequenceAcl.all, "sequence");
  }
  // GRANT ... ON TABLE may name sequences.
  std::string letters = granter.wanted("arwdDxtU", "relation");
  if (sequence && !letters_without(letters, kSequenceAcl.all).empty()) {
    warning(context, SqlState::kInvalidGrantOperation,
            fmt::format("sequence \"{}\" only supports USAGE, SELECT, and UPDATE privileges",
                        relation.name));
    return letters_common(letters, kSequenceAcl.all);
  }
  if (!sequence && !letters_without(letters, kTableAcl.all).empty()) {
    throw SqlError(SqlState::kInvalidGrantOperation, "invalid privilege type USAGE for table");
  }
  return letters;
}

void change_relation(const Granter& granter, const ast::GrantStmt& statement,
                     CommandContext& context, const Relation& relation) {
  if (relation.kind == ObjectKind::kIndex) {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is an index", relation.name);
  }
  if (relation.relkind == 'c') {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is a composite type", relation.name);
  }
  bool sequence = relation.kind == ObjectKind::kSequence;
  if (statement.objtype == ast::ObjectType::kSequence && !sequence) {
    throw_wrong_kind(relation, "sequence");
  }
  std::string letters = relation_letters(granter, statement, context, relation);
  Granter::Target target{sequence ? kSequenceAcl : kTableAcl, relation.owner,
                         relkind_name(relation.relkind), relation.name, ""};
  if (relation.oid < kFirstUserOid) {
    std::optional<Acl> acl = relation_acl(*context.ddl().view(), relation);
    for (const ast::Node* node : statement.privileges) {
      if (!ast::as<ast::AccessPriv>(node)->cols.empty()) {
        throw unsupported("privileges on columns of system relation \"{}\"", relation.name);
      }
    }
    granter.change(acl, target, letters, granter.all_privileges());
    put_access_list(context, class_oid::kRelation, relation.oid, std::move(acl));
    return;
  }
  std::shared_ptr<CatalogObject> copy = clone_object(relation);
  Acl before = copy->acl.has_value() ? *copy->acl : default_acl(copy->owner, target.kind);
  granter.change(copy->acl, target, letters, granter.all_privileges());
  if (!sequence) change_columns(granter, statement, static_cast<Table&>(*copy), letters, before);
  context.ddl().put(std::move(copy));
}

std::vector<Oid> relations_in_schemas(const ast::GrantStmt& statement, CommandContext& context) {
  std::vector<Oid> out;
  for (const ast::Node* node : statement.objects) {
    const Schema& schema = require_schema(
        *context.ddl().view(), context.environment().search_path(), qualified_name(node).name);
    context.ddl().view()->for_each_relation([&](const Relation& relation) {
      if (relation.schema != schema.oid) return;
      bool wanted = statement.objtype == ast::ObjectType::kSequence
                        ? relation.relkind == 'S'
                        : relation.relkind == 'r' || relation.relkind == 'p' ||
                              relation.relkind == 'v' || relation.relkind == 'm';
      if (wanted) out.push_back(relation.oid);
    });
  }
  return out;
}

void change_object(const Granter& granter, CommandContext& context, const CatalogObject& object,
                   const AclKind& kind) {
  std::shared_ptr<CatalogObject> copy = clone_object(object);
  granter.change(copy->acl, {kind, copy->owner, kind.name, copy->name, ""},
                 granter.wanted(kind.all, kind.name), granter.all_privileges());
  context.ddl().put(std::move(copy));
}

void change_type(const Granter& granter, CommandContext& context, const ast::Node* node,
                 bool domain) {
  const Catalog& catalog = *context.ddl().view();
  QualifiedName name = qualified_name(node);
  Oid oid = find_type(catalog, context.environment().search_path(), name);
  if (oid == kInvalidOid) {
    throw sql_error(SqlState::kUndefinedObject, "type \"{}\" does not exist", name.name);
  }
  if (catalog.type_of_array(oid) != nullptr) {
    throw SqlError(SqlState::kInvalidGrantOperation, "cannot set privileges of array types")
        .hint("Set the privileges of the element type instead.");
  }
  const Type* type = catalog.type(oid);
  if (type == nullptr) throw unsupported("privileges of type \"{}\"", name.name);
  if (domain && type->type_type != 'd') {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is not a domain", type->name);
  }
  AclKind kind = kTypeAcl;
  if (domain) kind.name = "domain";
  change_object(granter, context, *type, kind);
}

const ProcFact& require_builtin(CommandContext& context, const ast::ObjectWithArgs& object) {
  QualifiedName name = qualified_name(object.objname);
  const SearchPath& path = context.environment().search_path();
  std::vector<Oid> types;
  for (const ast::Node* node : object.objargs) {
    types.push_back(
        resolve_type_name(*context.ddl().view(), path, *ast::as<ast::TypeName>(node)).oid);
  }
  const ProcFact* found = nullptr;
  for (const ProcFact* fact : proc_facts_named(name.name)) {
    bool fits = object.args_unspecified || std::ranges::equal(fact->arg_types, types);
    if (!fits || !context.builtins().has_function(fact->oid)) continue;
    if (found != nullptr) {
      throw sql_error(SqlState::kAmbiguousFunction, "function name \"{}\" is not unique", name.name)
          .hint("Specify the argument list to select the function unambiguously.");
    }
    found = fact;
  }
  if (found != nullptr) return *found;
  if (object.args_unspecified) {
    throw sql_error(SqlState::kUndefinedFunction, "could not find a function named \"{}\"",
                    name.name);
  }
  std::string shown;
  for (Oid type : types) {
    shown += (shown.empty() ? "" : ", ") + context.ddl().view()->type_name(type);
  }
  throw sql_error(SqlState::kUndefinedFunction, "function {}({}) does not exist", name.name, shown);
}

void change_function(const Granter& granter, CommandContext& context,
                     const ast::ObjectWithArgs& object) {
  if (const Function* user = find_function(context, object, ast::ObjectType::kRoutine, true)) {
    AclKind kind = kFunctionAcl;
    if (user->is_procedure()) kind.name = "procedure";
    return change_object(granter, context, *user, kind);
  }
  const ProcFact& function = require_builtin(context, object);
  std::optional<Acl> acl = function_acl(*context.ddl().view(), function.oid);
  granter.change(acl, {kFunctionAcl, kBootstrapRole, "function", std::string(function.name), ""},
                 granter.wanted(kFunctionAcl.all, "function"), granter.all_privileges());
  put_access_list(context, class_oid::kProc, function.oid, std::move(acl));
}

void change_named(const Granter& granter, CommandContext& context, const ast::GrantStmt& statement,
                  const ast::Node* node) {
  const Catalog& catalog = *context.ddl().view();
  const SearchPath path = context.environment().search_path();
  switch (statement.objtype) {
    case ast::ObjectType::kTable:
    case ast::ObjectType::kSequence: {
      QualifiedName name = qualified_name(*ast::as<ast::RangeVar>(node));
      name.location = -1;
      change_relation(granter, statement, context, require_relation(catalog, path, name));
      return;
    }
    case ast::ObjectType::kSchema:
      change_object(granter, context, require_schema(catalog, path, qualified_name(node).name),
                    kSchemaAcl);
      return;
    case ast::ObjectType::kDatabase:
      change_object(granter, context, require_database(catalog, qualified_name(node).name),
                    kDatabaseAcl);
      return;
    case ast::ObjectType::kType:
    case ast::ObjectType::kDomain:
      change_type(granter, context, node, statement.objtype == ast::ObjectType::kDomain);
      return;
    case ast::ObjectType::kLargeobject:
      change_large_object_acl(granter, context, node);
      return;
    case ast::ObjectType::kFunction:
    case ast::ObjectType::kProcedure:
    case ast::ObjectType::kRoutine:
      change_function(granter, context, *ast::as<ast::ObjectWithArgs>(node));
      return;
    default:
      throw unsupported("{} on this kind of object", statement.is_grant ? "GRANT" : "REVOKE");
  }
}

}  // namespace

namespace {

// ALL FUNCTIONS are functions and aggregates, ALL ROUTINES are procedures, too.
void change_functions_in_schemas(const Granter& granter, const ast::GrantStmt& statement,
                                 CommandContext& context) {
  std::vector<Oid> wanted;
  for (const ast::Node* node : statement.objects) {
    const Catalog& catalog = *context.ddl().view();
    const Schema& schema =
        require_schema(catalog, context.environment().search_path(), qualified_name(node).name);
    catalog.for_each_function([&](const Function& function) {
      if (function.schema != schema.oid) return;
      bool fits = statement.objtype == ast::ObjectType::kRoutine ||
                  function.is_procedure() == (statement.objtype == ast::ObjectType::kProcedure);
      if (fits) wanted.push_back(function.oid);
    });
  }
  for (Oid oid : wanted) {
    const Function* function = context.ddl().view()->function(oid);
    AclKind kind = kFunctionAcl;
    if (function->is_procedure()) kind.name = "procedure";
    change_object(granter, context, *function, kind);
  }
}

}  // namespace

CommandResult grant_privileges(const ast::GrantStmt& statement, CommandContext& context) {
  CommandResult done{statement.is_grant ? "GRANT" : "REVOKE"};
  Granter granter(statement, context);
  if (statement.objtype != ast::ObjectType::kTable) {
    for (const ast::Node* node : statement.privileges) {
      if (!ast::as<ast::AccessPriv>(node)->cols.empty()) {
        throw SqlError(SqlState::kInvalidGrantOperation,
                       "column privileges are only valid for relations");
      }
    }
  }
  if (statement.targtype == ast::GrantTargetType::kAllInSchema) {
    bool relations = statement.objtype == ast::ObjectType::kTable ||
                     statement.objtype == ast::ObjectType::kSequence;
    if (statement.objtype == ast::ObjectType::kFunction ||
        statement.objtype == ast::ObjectType::kProcedure ||
        statement.objtype == ast::ObjectType::kRoutine) {
      change_functions_in_schemas(granter, statement, context);
      return done;
    }
    if (!relations) throw unsupported("privileges of all objects of this kind");
    for (Oid oid : relations_in_schemas(statement, context)) {
      change_relation(granter, statement, context, *context.ddl().view()->relation(oid));
    }
    return done;
  }
  for (const ast::Node* node : statement.objects) change_named(granter, context, statement, node);
  return done;
}

}  // namespace luma
