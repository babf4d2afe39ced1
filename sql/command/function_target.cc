#include "sql/command/function_target.h"

#include "sql/ast/ast.h"
#include "sql/bind/binder.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/parse/deparse.h"
#include "sql/routine/pl_check.h"
#include "sql/routine/sql_body.h"

namespace luma {
namespace {

std::string_view kind_name(ast::ObjectType type) {
  return type == ast::ObjectType::kAggregate   ? "aggregate"
         : type == ast::ObjectType::kProcedure ? "procedure"
         : type == ast::ObjectType::kRoutine   ? "routine"
                                               : "function";
}

bool is_kind(const Function& function, ast::ObjectType type) {
  if (type == ast::ObjectType::kRoutine) return true;
  if (type == ast::ObjectType::kAggregate) return function.routine == 'a';
  return (type == ast::ObjectType::kProcedure) == function.is_procedure();
}

std::string written_name(const ast::ObjectWithArgs& object) {
  std::string text;
  for (std::string_view part : object.objname) {
    text += (text.empty() ? "" : ".") + std::string(part);
  }
  return text;
}

std::vector<Oid> written_types(CommandContext& context, const ast::ObjectWithArgs& object) {
  std::vector<Oid> types;
  for (const ast::Node* node : object.objargs) {
    if (const auto* type = ast::try_as<ast::TypeName>(node)) {
      types.push_back(resolve_routine_type(context, *type).oid);
    }
  }
  return types;
}

std::vector<Oid> schemas_to_search(CommandContext& context, const QualifiedName& name) {
  const SearchPath& path = context.environment().search_path();
  if (name.schema.empty()) return path.schemas;
  return {require_schema(*context.ddl().view(), path, name.schema).oid};
}

}  // namespace

TypeRef resolve_routine_type(CommandContext& context, const ast::TypeName& name) {
  if (!name.pct_type) {
    return resolve_type_name(*context.ddl().view(), context.environment().search_path(), name);
  }
  ast::NameList table_name(name.names.begin(), name.names.size() - 1);
  const Relation& relation = require_relation(
      *context.ddl().view(), context.environment().search_path(), qualified_name(table_name));
  const Column* column = relation.kind == ObjectKind::kTable
                             ? static_cast<const Table&>(relation).find_column(name.names.back())
                             : nullptr;
  if (column == nullptr) {
    throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                    name.names.back(), relation.name)
        .at_byte(name.location);
  }
  std::string written;
  for (std::string_view part : name.names)
    written += (written.empty() ? "" : ".") + std::string(part);
  notice(context, fmt::format("type reference {}%TYPE converted to {}", written,
                              context.ddl().view()->type_name(column->type.oid)));
  return column->type;
}

const Function* find_function(CommandContext& context, const ast::ObjectWithArgs& object,
                              ast::ObjectType type, bool missing_ok) {
  QualifiedName name = qualified_name(object.objname);
  const Catalog& catalog = *context.ddl().view();
  if (object.args_unspecified) {
    std::vector<const Function*> found;
    for (Oid schema : schemas_to_search(context, name)) {
      for (const Function* function : catalog.functions_named(schema, name.name)) {
        if (is_kind(*function, type)) found.push_back(function);
      }
    }
    if (found.size() > 1) {
      throw sql_error(SqlState::kAmbiguousFunction, "{} name \"{}\" is not unique", kind_name(type),
                      written_name(object))
          .hint(fmt::format("Specify the argument list to select the {} unambiguously.",
                            kind_name(type)));
    }
    if (!found.empty() || missing_ok) return found.empty() ? nullptr : found[0];
    throw sql_error(SqlState::kUndefinedFunction, "could not find a {} named \"{}\"",
                    kind_name(type), written_name(object));
  }
  std::vector<Oid> types = written_types(context, object);
  std::string shown;
  for (Oid oid : types) shown += (shown.empty() ? "" : ", ") + catalog.type_name(oid);
  const Function* other_kind = nullptr;
  for (Oid schema : schemas_to_search(context, name)) {
    const Function* found = catalog.find_function(schema, name.name, types);
    if (found == nullptr) continue;
    if (is_kind(*found, type)) return found;
    other_kind = found;
  }
  if (other_kind != nullptr && type == ast::ObjectType::kAggregate) {
    throw sql_error(SqlState::kWrongObjectType, "function {}({}) is not an aggregate",
                    written_name(object), shown);
  }
  if (other_kind != nullptr) {
    throw sql_error(SqlState::kWrongObjectType, "{}({}) is not a {}", written_name(object), shown,
                    kind_name(type));
  }
  if (missing_ok) return nullptr;
  throw sql_error(SqlState::kUndefinedFunction, "{} {}({}) does not exist", kind_name(type),
                  written_name(object), shown);
}

const Function& require_function(CommandContext& context, const ast::ObjectWithArgs& object,
                                 ast::ObjectType type) {
  return *find_function(context, object, type, false);
}

void require_owner(CommandContext& context, const Function& function) {
  if (has_privileges_of(*context.ddl().view(), context.current_user(), function.owner)) return;
  throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of {} {}",
                  function.is_procedure()   ? "procedure"
                  : function.routine == 'a' ? "aggregate"
                                            : "function",
                  function.name);
}

std::string function_tag(ast::ObjectType type) {
  return type == ast::ObjectType::kProcedure   ? "ALTER PROCEDURE"
         : type == ast::ObjectType::kAggregate ? "ALTER AGGREGATE"
         : type == ast::ObjectType::kRoutine   ? "ALTER ROUTINE"
                                               : "ALTER FUNCTION";
}

std::string sql_body_text(const ast::Node& body) {
  if (const auto* returned = ast::try_as<ast::ReturnStmt>(&body)) {
    return "SELECT " + deparse(returned->returnval);
  }
  std::string text;
  // BEGIN ATOMIC holds a list of lists.
  for (const ast::Node* item : ast::as<ast::ListNode>(&body)->items) {
    if (item == nullptr) continue;  // BEGIN ATOMIC END
    const auto* list = ast::try_as<ast::ListNode>(item);
    ast::NodeList statements = list != nullptr ? list->items : ast::NodeList(&item, 1);
    for (const ast::Node* statement : statements) {
      if (statement == nullptr) continue;
      const auto* returned = ast::try_as<ast::ReturnStmt>(statement);
      text += (text.empty() ? "" : ";\n ") +
              (returned != nullptr ? "SELECT " + deparse(returned->returnval) : deparse(statement));
    }
  }
  return text;
}

void check_function_body(CommandContext& context, const Function& function, std::string_view sql) {
  std::string checks;
  context.exec().session->setting("check_function_bodies", true, checks);
  if (checks == "off") return;
  try {
    if (function.language == "sql") {
      check_sql_body(context.environment(), function);
    } else {
      check_pl_body(context.environment(), function);
    }
  } catch (SqlError& error) {
    if (error.byte_offset < 0) throw;
    // The body's text must stand in the statement as it is; quotes may be doubled.
    size_t at = sql.find(function.source);
    if (function.source.empty() || at == sql.npos || !function.sql_body.empty()) {
      error.byte_offset = -1;
    } else {
      error.byte_offset += static_cast<int>(at);
      error.context_text.clear();
    }
    throw;
  }
}

}  // namespace luma
