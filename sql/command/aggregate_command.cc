// CREATE AGGREGATE.
#include <algorithm>

#include "sql/ast/ast.h"
#include "sql/bind/polymorphic.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/definition_options.h"
#include "sql/command/function_target.h"
#include "sql/function/registry.h"

namespace luma {
namespace {

struct AggregateOptions {
  WrittenName transition, final, combine, sort_operator;
  Oid transition_type = kInvalidOid, base_type = kInvalidOid;
  bool base_given = false;
  int32_t space = 0;
  std::optional<std::string> initial;
  bool final_extra = false;
  char final_modify = 'r';
  char parallel = 'u';
};

char modify_letter(const ast::DefElem& option) {
  const std::string text = option_text(option);
  if (text == "read_only") return 'r';
  if (text == "shareable") return 's';
  if (text == "read_write") return 'w';
  throw sql_error(SqlState::kSyntaxError,
                  "parameter \"{}\" must be READ_ONLY, SHAREABLE, or READ_WRITE", option.defname);
}

char parallel_letter(const ast::DefElem& option) {
  const std::string text = option_text(option);
  if (text != "safe" && text != "restricted" && text != "unsafe") {
    throw SqlError(SqlState::kSyntaxError,
                   "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE");
  }
  return text[0];
}

void apply(CommandContext& context, const ast::DefElem& option, AggregateOptions& out) {
  const std::string_view name = option.defname;
  static constexpr std::string_view kUnsupported[] = {
      "msfunc", "minvfunc", "mfinalfunc", "mfinalfunc_extra", "mfinalfunc_modify", "mstype",
      "mstype", "msspace",  "minitcond",  "serialfunc",       "deserialfunc",      "hypothetical"};
  if (name == "sfunc" || name == "sfunc1") {
    out.transition = written_name(option);
  } else if (name == "finalfunc") {
    out.final = written_name(option);
  } else if (name == "combinefunc") {
    out.combine = written_name(option);
  } else if (name == "sortop") {
    out.sort_operator = written_name(option);
  } else if (name == "stype" || name == "stype1") {
    out.transition_type = written_type(context, option);
  } else if (name == "basetype") {
    out.base_given = true;
    bool any = option_text(option) == "ANY" || option_text(option) == "any";
    if (!any) out.base_type = written_type(context, option);
  } else if (name == "initcond" || name == "initcond1") {
    out.initial = option_text(option);
  } else if (name == "sspace") {
    out.space = static_cast<int32_t>(std::strtol(option_text(option).c_str(), nullptr, 10));
  } else if (name == "finalfunc_extra") {
    out.final_extra = option_bool(option);
  } else if (name == "finalfunc_modify") {
    out.final_modify = modify_letter(option);
  } else if (name == "parallel") {
    out.parallel = parallel_letter(option);
  } else if (std::ranges::find(kUnsupported, name) != std::end(kUnsupported)) {
    throw unsupported("{} of CREATE AGGREGATE", name);
  } else {
    warning(context, SqlState::kSyntaxError,
            fmt::format("aggregate attribute \"{}\" not recognized", name));
  }
}

void set_arguments(CommandContext& context, const ast::DefineStmt& statement,
                   const AggregateOptions& options, Function& function) {
  if (statement.oldstyle) {
    if (!options.base_given) {
      throw SqlError(SqlState::kInvalidFunctionDefinition,
                     "aggregate input type must be specified");
    }
    if (options.base_type != kInvalidOid) {
      function.arguments.push_back({"", options.base_type, 'i', ""});
    }
    return;
  }
  if (options.base_given) {
    throw SqlError(SqlState::kInvalidFunctionDefinition,
                   "basetype is redundant with aggregate input type specification");
  }
  const auto* direct =
      statement.args.size() > 1 ? ast::try_as<ast::Integer>(statement.args[1]) : nullptr;
  if (direct != nullptr && direct->ival >= 0) throw unsupported("ordered-set aggregates");
  const auto* list = ast::try_as<ast::ListNode>(statement.args[0]);
  if (list == nullptr) return;
  for (const ast::Node* node : list->items) {
    const auto& parameter = *ast::as<ast::FunctionParameter>(node);
    if (parameter.mode == ast::FunctionParameterMode::kVariadic) {
      throw unsupported("variadic aggregates");
    }
    if (parameter.mode != ast::FunctionParameterMode::kIn &&
        parameter.mode != ast::FunctionParameterMode::kDefault) {
      throw SqlError(SqlState::kInvalidFunctionDefinition,
                     "aggregates cannot have output arguments");
    }
    if (parameter.defexpr != nullptr) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "aggregates cannot have default values for arguments");
    }
    function.arguments.push_back({std::string(parameter.name),
                                  resolve_routine_type(context, *parameter.arg_type).oid, 'i', ""});
  }
}

// What a function returns when it is called with these types.
Oid result_for(const FoundFunction& function, const std::vector<Oid>& types) {
  std::vector<Oid> declared = function.arguments;
  return resolve_polymorphic(types, declared, function.result);
}

bool has_polymorphic(const std::vector<Oid>& types) {
  return std::ranges::any_of(types, [](Oid type) { return is_polymorphic(type); });
}

[[noreturn]] void wrong_result(CommandContext& context, std::string_view which,
                               const WrittenName& name, Oid wanted) {
  throw sql_error(SqlState::kDatatypeMismatch, "return type of {} function {} is not {}", which,
                  name.back(), context.ddl().view()->type_name(wanted));
}

Oid sort_operator(CommandContext& context, const WrittenName& name, const Function& function) {
  if (function.arguments.size() != 1) {
    throw SqlError(SqlState::kInvalidFunctionDefinition,
                   "sort operator can only be specified for single-argument aggregates");
  }
  Oid type = function.arguments[0].type;
  const OperatorEntry* found = FunctionRegistry::instance().find_operator(name.back(), type, type);
  if (found != nullptr) return found->oid;
  const std::string shown = context.ddl().view()->type_name(type);
  throw sql_error(SqlState::kUndefinedFunction, "operator does not exist: {} {} {}", shown,
                  name.back(), shown);
}

void set_functions(CommandContext& context, const AggregateOptions& options, Function& function) {
  Function::Aggregate& aggregate = function.aggregate.emplace();
  const Oid state = options.transition_type;
  aggregate.transition_type = state;
  aggregate.transition_space = options.space;
  aggregate.initial = options.initial;
  aggregate.final_extra = options.final_extra;
  aggregate.final_modify = options.final_modify;
  std::vector<Oid> inputs = function.input_types();
  std::vector<Oid> types = inputs;
  types.insert(types.begin(), state);
  const FoundFunction step = require_function(context, options.transition, types);
  aggregate.transition = step.oid;
  // Of polymorphic ones the types are known with a call.
  const bool polymorphic = has_polymorphic(types);
  if (!polymorphic && !is_binary_coercible(result_for(step, types), state)) {
    wrong_result(context, "transition", options.transition, state);
  }
  const bool first_is_missing = step.strict && !options.initial.has_value();
  if (first_is_missing && !polymorphic &&
      (inputs.empty() || !is_binary_coercible(inputs[0], state))) {
    throw SqlError(SqlState::kInvalidFunctionDefinition,
                   "must not omit initial value when transition function is strict and transition "
                   "type is not compatible with input type");
  }
  function.result = state;
  if (!options.final.empty()) {
    std::vector<Oid> final_types{state};
    if (options.final_extra) final_types.insert(final_types.end(), inputs.begin(), inputs.end());
    const FoundFunction final = require_function(context, options.final, final_types);
    aggregate.final = final.oid;
    function.result = has_polymorphic(final_types) ? final.result : result_for(final, final_types);
  }
  if (!options.combine.empty()) {
    const FoundFunction combine =
        require_function(context, options.combine, std::vector<Oid>{state, state});
    if (!polymorphic && combine.result != state) {
      wrong_result(context, "combine", options.combine, state);
    }
    aggregate.combine = combine.oid;
  }
  if (options.initial.has_value() && !is_polymorphic(state)) {
    const TypeInfo& type = type_info(state);
    if (type.input == nullptr) throw unsupported("type {}", format_type(state));
    Arena arena;
    type.input(*options.initial, type, -1, context.environment().io(), arena);
  }
}

}  // namespace

CommandResult create_aggregate(const ast::DefineStmt& statement, CommandContext& context) {
  auto function = std::make_shared<Function>();
  const QualifiedName name = qualified_name(statement.defnames);
  function->name = truncated_name(name.name);
  function->schema = creation_schema(*context.ddl().view(), context.environment().search_path(),
                                     name.schema, name.location);
  require_create_privilege(context, function->schema);
  function->owner = context.current_user();
  function->routine = 'a';
  function->language = "internal";
  function->source = "aggregate_dummy";
  function->volatility = 'i';
  function->cost = 1;
  AggregateOptions options;
  for (const ast::Node* node : statement.definition) {
    apply(context, *ast::as<ast::DefElem>(node), options);
  }
  function->parallel = options.parallel;
  if (options.transition_type == kInvalidOid) {
    throw SqlError(SqlState::kInvalidFunctionDefinition, "aggregate stype must be specified");
  }
  if (options.transition.empty()) {
    throw SqlError(SqlState::kInvalidFunctionDefinition, "aggregate sfunc must be specified");
  }
  set_arguments(context, statement, options, *function);
  const TypeInfo& state = type_info(options.transition_type);
  if (state.type_type == 'p' && !is_polymorphic(state.oid) && state.oid != type_oid::kInternal) {
    throw sql_error(SqlState::kInvalidFunctionDefinition,
                    "aggregate transition data type cannot be {}", format_type(state.oid));
  }
  if (state.oid == type_oid::kInternal)
    throw unsupported("aggregates with states of type internal");
  if (options.initial.has_value() || !options.transition.empty()) {
    set_functions(context, options, *function);
  }
  if (!options.sort_operator.empty()) {
    function->aggregate->sort_operator = sort_operator(context, options.sort_operator, *function);
  }
  const Catalog& catalog = *context.ddl().view();
  const Function* old =
      catalog.find_function(function->schema, function->name, function->input_types());
  if (old == nullptr) {
    function->oid = context.ddl().new_oid();
  } else {
    if (!statement.replace) {
      throw sql_error(SqlState::kDuplicateFunction,
                      "function \"{}\" already exists with same argument types", function->name);
    }
    require_owner(context, *old);
    if (old->routine != 'a') {
      throw SqlError(SqlState::kWrongObjectType, "cannot change routine kind")
          .detail(fmt::format("\"{}\" is {}.", old->name,
                              old->is_procedure() ? "a procedure" : "a function"));
    }
    if (old->result != function->result) {
      throw SqlError(SqlState::kInvalidFunctionDefinition,
                     "cannot change return type of existing function")
          .hint(fmt::format("Use DROP AGGREGATE {} first.", function->name));
    }
    function->oid = old->oid;
    function->owner = old->owner;
    function->acl = old->acl;
    function->comment = old->comment;
    function->revision = old->revision + 1;
  }
  context.ddl().put(std::move(function));
  return {"CREATE AGGREGATE"};
}

}  // namespace luma
