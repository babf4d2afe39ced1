// From a catalog function to its tree: arguments and the variables that every function has.
#include "engine/base/sql_error.h"
#include "engine/type/user_type.h"
#include "sql/bind/polymorphic.h"
#include "sql/catalog/event_trigger.h"
#include "sql/routine/pl_check.h"
#include "sql/routine/pl_parser.h"

namespace luma {
namespace {

PlVariable::Kind kind_of(Oid type) {
  const TypeInfo* info = find_type(type);
  if (info != nullptr && info->type_type == 'd') info = find_type(base_type_of(type));
  return type == type_oid::kRecord || (info != nullptr && info->type_type == 'c')
             ? PlVariable::Kind::kRecord
             : PlVariable::Kind::kScalar;
}

void add_trigger_variables(PlParser& parser, PlFunction& function) {
  auto record = [&](const char* name) {
    int variable = parser.add_variable(name, {type_oid::kRecord, -1}, PlVariable::Kind::kRecord);
    parser.name_variable(name, variable);
    return variable;
  };
  auto scalar = [&](const char* name, Oid type) {
    int variable = parser.add_variable(name, {type, -1}, PlVariable::Kind::kScalar);
    parser.name_variable(name, variable);
    return variable;
  };
  PlFunction::TriggerVariables& to = function.trigger;
  to.new_row = record("new");
  to.old_row = record("old");
  to.name = scalar("tg_name", type_oid::kName);
  to.when = scalar("tg_when", type_oid::kText);
  to.level = scalar("tg_level", type_oid::kText);
  to.op = scalar("tg_op", type_oid::kText);
  to.relid = scalar("tg_relid", type_oid::kOid);
  to.relname = scalar("tg_relname", type_oid::kName);
  to.table_name = scalar("tg_table_name", type_oid::kName);
  to.table_schema = scalar("tg_table_schema", type_oid::kName);
  to.nargs = scalar("tg_nargs", type_oid::kInt4);
  to.argv = scalar("tg_argv", type_oid::kTextArray);
}

void add_arguments(PlParser& parser, PlFunction& function, const Function& declared) {
  size_t input = 0, output = 0;
  size_t output_count = 0;
  for (const Function::Argument& argument : declared.arguments) {
    output_count += argument.is_output();
  }
  for (const Function::Argument& argument : declared.arguments) {
    Oid type = argument.is_input() ? function.types.inputs[input]
               : output < function.types.fields.size() &&
                       (output_count > 1 || function.types.result == type_oid::kRecord)
                   ? function.types.fields[output].type.oid
               : is_polymorphic(argument.type) ? function.types.result
                                               : argument.type;
    std::string shown = argument.name.empty() ? fmt::format("${}", input + 1) : argument.name;
    // A record may be given another row later.
    if (argument.type == type_oid::kRecord) type = type_oid::kRecord;
    int variable = parser.add_variable(shown, {type, -1}, kind_of(type));
    if (argument.is_input()) {
      function.inputs.push_back(variable);
      ++input;
    }
    if (argument.is_output()) {
      function.outputs.push_back(variable);
      ++output;
    }
    if (!argument.name.empty()) parser.name_variable(argument.name, variable);
  }
}

}  // namespace

std::shared_ptr<PlFunction> parse_pl_function(BindEnvironment& environment,
                                              const Function& declared, RoutineTypes types) {
  auto function = std::make_shared<PlFunction>();
  function->name = routine_signature(environment.catalog(), declared);
  function->body = declared.source;
  function->types = std::move(types);
  function->returns_set = declared.returns_set;
  function->is_procedure = declared.is_procedure();
  function->is_trigger = declared.result == type_oid::kTrigger;
  function->is_event_trigger = declared.result == type_oid::kEventTrigger;
  function->is_inline = declared.oid == kInvalidOid && declared.name == "inline_code_block";
  if (function->is_inline) function->name = declared.name;
  function->read_only = declared.volatility != 'v';
  PlParser parser(environment, *function);
  parser.push_label(declared.name);
  add_arguments(parser, *function, declared);
  function->found = parser.add_variable("found", {type_oid::kBool, -1}, PlVariable::Kind::kScalar);
  parser.name_variable("found", function->found);
  if (function->is_trigger) add_trigger_variables(parser, *function);
  if (function->is_event_trigger) {
    auto text = [&](const char* name) {
      int variable = parser.add_variable(name, {type_oid::kText, -1}, PlVariable::Kind::kScalar);
      parser.name_variable(name, variable);
      return variable;
    };
    function->event = text("tg_event");
    function->tag = text("tg_tag");
  }
  parser.parse();
  return function;
}

void check_pl_body(BindEnvironment& environment, const Function& function) {
  RoutineTypes types = routine_types(environment.catalog(), function, {}, kInvalidOid);
  try {
    parse_pl_function(environment, function, std::move(types));
  } catch (SqlError& error) {
    if (error.byte_offset < 0) {
      error.context(
          fmt::format("compilation of PL/pgSQL function \"{}\" near line {}", function.name, 1));
    }
    throw;
  }
}

}  // namespace luma
