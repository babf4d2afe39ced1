// CREATE FUNCTION and CREATE PROCEDURE.
#include <algorithm>
#include <charconv>

#include "engine/type/user_type.h"
#include "sql/ast/ast.h"
#include "sql/bind/polymorphic.h"
#include "sql/catalog/event_trigger.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/expression_text.h"
#include "sql/command/function_target.h"
#include "sql/command/stored_text.h"
#include "sql/parse/deparse.h"
#include "sql/routine/sql_body.h"

namespace luma {
namespace {

[[noreturn]] void bad_definition(std::string message, int location = -1) {
  throw SqlError(SqlState::kInvalidFunctionDefinition, std::move(message)).at_byte(location);
}

double number_of(const ast::DefElem& option) {
  std::string text = option_text(option);
  return std::strtod(text.c_str(), nullptr);
}

// The clauses after the arguments, each at most once.
class FunctionOptions {
 public:
  FunctionOptions(CommandContext& context, Function& function)
      : context_(context), function_(function) {}

  void apply(const ast::DefElem& option) {
    std::string_view name = option.defname;
    if (name != "set") {
      if (std::ranges::find(seen_, name) != seen_.end()) {
        throw SqlError(SqlState::kSyntaxError, "conflicting or redundant options")
            .at_byte(option.location);
      }
      seen_.push_back(name);
    }
    bool for_functions = name == "volatility" || name == "strict" || name == "leakproof" ||
                         name == "cost" || name == "rows" || name == "parallel" ||
                         name == "support" || name == "window";
    if (function_.is_procedure() && for_functions) {
      bad_definition("invalid attribute in procedure definition", option.location);
    }
    if (name == "as") {
      body = &option;
    } else if (name == "language") {
      language = option_text(option);
    } else if (!apply_attribute(name, option)) {
      throw unsupported("{} in CREATE FUNCTION", name);
    }
  }

  const ast::DefElem* body = nullptr;
  std::string language;
  bool rows_given = false;

 private:
  bool apply_attribute(std::string_view name, const ast::DefElem& option) {
    if (name == "volatility") {
      std::string text = option_text(option);
      function_.volatility = text == "immutable" ? 'i' : text == "stable" ? 's' : 'v';
    } else if (name == "strict") {
      function_.strict = option_bool(option);
    } else if (name == "security") {
      function_.security_definer = option_bool(option);
    } else if (name == "leakproof") {
      function_.leakproof = option_bool(option);
      if (function_.leakproof && !is_superuser_now(context_)) {
        throw SqlError(SqlState::kInsufficientPrivilege,
                       "only superuser can define a leakproof function");
      }
    } else if (name == "cost") {
      function_.cost = static_cast<float>(number_of(option));
      if (function_.cost <= 0) {
        throw SqlError(SqlState::kInvalidParameterValue, "COST must be positive");
      }
    } else if (name == "rows") {
      rows_given = true;
      function_.rows = static_cast<float>(number_of(option));
      if (function_.rows <= 0) {
        throw SqlError(SqlState::kInvalidParameterValue, "ROWS must be positive");
      }
    } else if (name == "parallel") {
      std::string text = option_text(option);
      if (text != "safe" && text != "restricted" && text != "unsafe") {
        throw SqlError(SqlState::kSyntaxError,
                       "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE");
      }
      function_.parallel = text[0];
    } else if (name == "set") {
      set_clause(*ast::as<ast::VariableSetStmt>(option.arg));
    } else {
      return false;
    }
    return true;
  }

  void set_clause(const ast::VariableSetStmt& set) {
    std::string name(set.name);
    std::erase_if(function_.settings,
                  [&](const std::string& item) { return item.starts_with(name + "="); });
    if (set.kind == ast::VariableSetKind::kResetAll) {
      function_.settings.clear();
    } else if (set.kind == ast::VariableSetKind::kSetValue ||
               set.kind == ast::VariableSetKind::kSetCurrent) {
      function_.settings.push_back(name + "=" + context_.checked_setting(set));
    }
  }

  CommandContext& context_;
  Function& function_;
  std::vector<std::string_view> seen_;
};

Oid argument_type(CommandContext& context, const ast::TypeName& name) {
  try {
    return resolve_routine_type(context, name).oid;
  } catch (SqlError& error) {
    if (error.state != SqlState::kUndefinedObject || name.pct_type) throw;
    // PostgreSQL does not quote the name here.
    std::string text;
    for (std::string_view part : name.names) text += (text.empty() ? "" : ".") + std::string(part);
    throw sql_error(SqlState::kUndefinedObject, "type {} does not exist", text)
        .at_byte(name.location);
  }
}

void check_argument(const Function& function, const Function::Argument& argument) {
  if (argument.type == type_oid::kVoid || argument.type == type_oid::kTrigger ||
      argument.type == type_oid::kEventTrigger || argument.type == type_oid::kCstring ||
      argument.type == type_oid::kInternal) {
    throw sql_error(SqlState::kInvalidFunctionDefinition, "{} functions cannot {} type {}",
                    function.language == "sql" ? "SQL" : "PL/pgSQL",
                    argument.is_input() ? "have arguments of" : "return",
                    format_type(argument.type));
  }
  if (argument.mode == 'v' && !type_info(base_type_of(argument.type)).is_array() &&
      argument.type != type_oid::kAnyArray && argument.type != type_oid::kAnyCompatibleArray) {
    bad_definition("VARIADIC parameter must be an array");
  }
  if (argument.name.empty()) return;
  for (const Function::Argument& other : function.arguments) {
    if (other.name != argument.name) continue;
    // A pure input and a pure output may share a name.
    if ((other.is_input() && argument.is_input()) || (other.is_output() && argument.is_output())) {
      bad_definition(fmt::format("parameter name \"{}\" used more than once", argument.name));
    }
  }
}

void add_arguments(CommandContext& context, const ast::NodeList& parameters, Function& function) {
  bool defaults = false, variadic = false;
  for (const ast::Node* node : parameters) {
    const auto& parameter = *ast::as<ast::FunctionParameter>(node);
    Function::Argument argument;
    argument.name = parameter.name;
    argument.mode = parameter.mode == ast::FunctionParameterMode::kDefault
                        ? 'i'
                        : static_cast<char>(parameter.mode);
    if (parameter.arg_type->setof) {
      bad_definition(function.is_procedure() ? "procedures cannot accept set arguments"
                                             : "functions cannot accept set arguments");
    }
    argument.type = argument_type(context, *parameter.arg_type);
    if (argument.is_input() && variadic) {
      bad_definition("VARIADIC parameter must be the last input parameter");
    }
    variadic |= argument.mode == 'v';
    check_argument(function, argument);
    if (parameter.defexpr != nullptr) {
      if (!argument.is_input()) {
        bad_definition("only input parameters can have default values");
      }
      Table none;
      argument.default_sql =
          store_expression(context, none, parameter.defexpr, Clause::kDefault,
                           {is_polymorphic(argument.type) ? kInvalidOid : argument.type, -1})
              .sql;
      defaults = true;
    } else if (argument.is_input() && defaults) {
      bad_definition("input parameters after one with a default value must also have defaults");
    }
    function.arguments.push_back(std::move(argument));
  }
}

void require_polymorphic_input(const Function& function) {
  auto family = [](Oid type) { return format_type(type).starts_with("anycompatible"); };
  auto check = [&](Oid type) {
    if (!is_polymorphic(type)) return;
    bool compatible = family(type);
    // Only a range says which of the ranges over its element type is meant.
    auto ranged = [](Oid of) { return format_type(of).ends_with("range"); };
    if (ranged(type)) {
      for (Oid input : function.input_types()) {
        if (is_polymorphic(input) && family(input) == compatible && ranged(input)) return;
      }
      throw SqlError(SqlState::kInvalidFunctionDefinition, "cannot determine result data type")
          .detail(fmt::format("A result of type {} requires at least one input of type {}.",
                              format_type(type),
                              compatible ? "anycompatiblerange or anycompatiblemultirange"
                                         : "anyrange or anymultirange"));
    }
    for (Oid input : function.input_types()) {
      if (is_polymorphic(input) && family(input) == compatible) return;
    }
    throw SqlError(SqlState::kInvalidFunctionDefinition, "cannot determine result data type")
        .detail(fmt::format(
            "A result of type {} requires at least one input of type {}.", format_type(type),
            compatible
                ? "anycompatible, anycompatiblearray, anycompatiblenonarray, anycompatiblerange, "
                  "or anycompatiblemultirange"
                : "anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange"));
  };
  check(function.result);
  for (const Function::Argument& argument : function.arguments) {
    if (argument.is_output()) check(argument.type);
  }
}

void set_result(CommandContext& context, const ast::CreateFunctionStmt& statement,
                Function& function) {
  std::vector<Oid> outputs;
  bool is_table = false;
  for (const Function::Argument& argument : function.arguments) {
    if (argument.is_output()) outputs.push_back(argument.type);
    is_table |= argument.mode == 't';
  }
  Oid required = outputs.empty()                                   ? kInvalidOid
                 : outputs.size() == 1 && !function.is_procedure() ? outputs[0]
                                                                   : type_oid::kRecord;
  if (function.is_procedure()) {
    function.result = outputs.empty() ? type_oid::kVoid : type_oid::kRecord;
    return;
  }
  if (statement.return_type != nullptr && !is_table) {
    function.result = resolve_routine_type(context, *statement.return_type).oid;
    function.returns_set = statement.return_type->setof;
    if (required != kInvalidOid && function.result != required) {
      bad_definition(fmt::format("function result type must be {} because of OUT parameters",
                                 context.ddl().view()->type_name(required)));
    }
  } else if (required != kInvalidOid) {
    function.result = required;
    function.returns_set = is_table;
  } else {
    bad_definition("function result type must be specified");
  }
  if (function.result == type_oid::kTrigger && function.language == "sql") {
    bad_definition("SQL functions cannot return type trigger");
  }
  if (function.result == type_oid::kTrigger && !function.arguments.empty()) {
    bad_definition("trigger functions cannot have declared arguments");
  }
  if (function.result == type_oid::kEventTrigger && function.language == "sql") {
    bad_definition("SQL functions cannot return type event_trigger");
  }
  if (function.result == type_oid::kEventTrigger && !function.arguments.empty()) {
    throw SqlError(SqlState::kInvalidFunctionDefinition,
                   "event trigger functions cannot have declared arguments")
        .context(fmt::format("compilation of PL/pgSQL function \"{}\" near line 1", function.name));
  }
}

void set_body(const ast::CreateFunctionStmt& statement, const FunctionOptions& options,
              Function& function) {
  if (statement.sql_body != nullptr) {
    if (function.language != "sql") {
      bad_definition("inline SQL function body only valid for language SQL");
    }
    if (options.body != nullptr) bad_definition("duplicate function body specified");
    function.sql_body = sql_body_text(*statement.sql_body);
    return;
  }
  if (options.body == nullptr) bad_definition("no function body specified");
  const auto& items = ast::as<ast::ListNode>(options.body->arg)->items;
  if (items.size() != 1) {
    bad_definition(fmt::format("only one AS item needed for language \"{}\"", function.language));
  }
  function.source = ast::as<ast::String>(items[0])->sval;
}

// CREATE OR REPLACE keeps the function's identity: what uses it must not notice.
void replace(CommandContext& context, const Function& old, Function& function) {
  require_owner(context, old);
  std::string_view kind = old.is_procedure() ? "procedure" : "function";
  if (old.routine != function.routine) {
    throw SqlError(SqlState::kWrongObjectType, "cannot change routine kind")
        .detail(fmt::format("\"{}\" is a {}.", old.name, kind));
  }
  std::string hint =
      fmt::format("Use DROP {} {} first.", old.is_procedure() ? "PROCEDURE" : "FUNCTION",
                  routine_signature(*context.ddl().view(), old));
  if (old.result != function.result || old.returns_set != function.returns_set) {
    throw sql_error(SqlState::kInvalidFunctionDefinition, "{}",
                    old.is_procedure() ? "cannot change whether a procedure has output parameters"
                                       : "cannot change return type of existing function")
        .hint(hint);
  }
  auto outputs = [](const Function& f) {
    std::vector<std::pair<std::string, Oid>> list;
    for (const Function::Argument& a : f.arguments) {
      if (a.is_output()) list.emplace_back(a.name, a.type);
    }
    return list;
  };
  if (old.result == type_oid::kRecord && outputs(old) != outputs(function)) {
    throw SqlError(SqlState::kInvalidFunctionDefinition,
                   "cannot change return type of existing function")
        .detail("Row type defined by OUT parameters is different.")
        .hint(hint);
  }
  std::vector<const Function::Argument*> before, after;
  for (const Function::Argument& a : old.arguments) {
    if (a.is_input()) before.push_back(&a);
  }
  for (const Function::Argument& a : function.arguments) {
    if (a.is_input()) after.push_back(&a);
  }
  size_t old_defaults = 0, new_defaults = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    if (!before[i]->name.empty() && before[i]->name != after[i]->name) {
      throw sql_error(SqlState::kInvalidFunctionDefinition,
                      "cannot change name of input parameter \"{}\"", before[i]->name)
          .hint(hint);
    }
    old_defaults += !before[i]->default_sql.empty();
    new_defaults += !after[i]->default_sql.empty();
  }
  if (new_defaults < old_defaults) {
    throw SqlError(SqlState::kInvalidFunctionDefinition,
                   "cannot remove parameter defaults from existing function")
        .hint(hint);
  }
  function.oid = old.oid;
  function.owner = old.owner;
  function.acl = old.acl;
  function.comment = old.comment;
  function.revision = old.revision + 1;
}

}  // namespace

CommandResult create_function(const ast::CreateFunctionStmt& statement, std::string_view sql,
                              CommandContext& context) {
  auto function = std::make_shared<Function>();
  function->routine = statement.is_procedure ? 'p' : 'f';
  QualifiedName name = qualified_name(statement.funcname);
  function->schema = place_of_new_object(context, name.schema, -1);
  function->name = truncated_name(name.name);
  FunctionOptions options(context, *function);
  for (const ast::Node* node : statement.options) options.apply(*ast::as<ast::DefElem>(node));
  function->language = options.language;
  if (statement.sql_body != nullptr && options.language.empty()) function->language = "sql";
  if (function->language.empty()) bad_definition("no language specified");
  if (function->language != "sql" && function->language != "plpgsql") {
    if (function->language == "c" || function->language == "internal") {
      throw unsupported("functions in language \"{}\"", function->language);
    }
    throw sql_error(SqlState::kUndefinedObject, "language \"{}\" does not exist",
                    function->language);
  }
  add_arguments(context, statement.parameters, *function);
  set_result(context, statement, *function);
  require_polymorphic_input(*function);
  if (options.rows_given && !function->returns_set) {
    throw SqlError(SqlState::kInvalidParameterValue,
                   "ROWS is not applicable when function does not return a set");
  }
  if (function->returns_set && !options.rows_given) function->rows = 1000;
  set_body(statement, options, *function);
  function->definition_search_path = context.search_path_setting();
  function->owner = context.current_user();
  const Function* old = context.ddl().view()->find_function(function->schema, function->name,
                                                            function->input_types());
  if (old != nullptr && statement.replace) replace(context, *old, *function);
  context.ddl().put(function);
  check_function_body(context, *function, sql);
  return {statement.is_procedure ? "CREATE PROCEDURE" : "CREATE FUNCTION"};
}

namespace {

void put_changed(CommandContext& context, std::shared_ptr<Function> function,
                 const std::string& schema_name) {
  const Function* other = context.ddl().view()->find_function(function->schema, function->name,
                                                              function->input_types());
  if (other != nullptr && other->oid != function->oid) {
    throw sql_error(SqlState::kDuplicateFunction, "function {} already exists in schema \"{}\"",
                    routine_signature(*context.ddl().view(), *function), schema_name);
  }
  follow_function_rename(context, *context.ddl().view()->function(function->oid), schema_name,
                         function->name);
  ++function->revision;
  context.ddl().put(std::move(function));
}

}  // namespace

CommandResult rename_function(const ast::RenameStmt& statement, CommandContext& context) {
  const Function& old = require_function(context, *ast::as<ast::ObjectWithArgs>(statement.object),
                                         statement.rename_type);
  require_owner(context, old);
  auto function = std::make_shared<Function>(old);
  function->name = truncated_name(statement.newname);
  put_changed(context, function, context.ddl().view()->schema_name(function->schema));
  return {function_tag(statement.rename_type)};
}

CommandResult move_function(const ast::AlterObjectSchemaStmt& statement, CommandContext& context) {
  const Function& old = require_function(context, *ast::as<ast::ObjectWithArgs>(statement.object),
                                         statement.object_type);
  require_owner(context, old);
  auto function = std::make_shared<Function>(old);
  const Schema& schema = require_schema(*context.ddl().view(), context.environment().search_path(),
                                        statement.newschema);
  require_create_privilege(context, schema.oid);
  function->schema = schema.oid;
  put_changed(context, function, schema.name);
  return {function_tag(statement.object_type)};
}

CommandResult alter_function(const ast::AlterFunctionStmt& statement, CommandContext& context) {
  const Function& old = require_function(context, *statement.func, statement.objtype);
  require_owner(context, old);
  auto function = std::make_shared<Function>(old);
  FunctionOptions options(context, *function);
  for (const ast::Node* node : statement.actions) options.apply(*ast::as<ast::DefElem>(node));
  if (options.rows_given && !function->returns_set) {
    throw SqlError(SqlState::kInvalidParameterValue,
                   "ROWS is not applicable when function does not return a set");
  }
  ++function->revision;
  context.ddl().put(function);
  return {function_tag(statement.objtype)};
}

}  // namespace luma
