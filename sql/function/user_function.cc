#include "sql/function/user_function.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "sql/catalog/session_catalog.h"
#include "sql/function/extension.h"
#include "sql/function/registry.h"
#include "sql/function/routine_caller.h"
#include "sql/function/user_aggregate.h"

namespace luma {
namespace {

void call_kernel(const KernelCall& call, Vector& result) {
  RoutineCaller& routines = session_catalog(call.context).routines();
  // A volatile function is called for every row, whatever its arguments.
  bool once = call.expr.function->volatility != 'v' &&
              std::ranges::all_of(call.args, [](const Vector* arg) { return arg->is_constant(); });
  once ? result.begin_constant() : result.begin_flat();
  uint32_t count = once ? 1 : call.count;
  std::vector<Value> args(call.args.size());
  for (uint32_t row = 0; row < count; ++row) {
    bool any_null = false;
    for (size_t a = 0; a < args.size(); ++a) {
      args[a] = call.args[a]->value(row);
      any_null |= args[a].is_null;
    }
    if (any_null && call.expr.function->strict) {
      result.set_null(row);
      continue;
    }
    // The value lives in the result's heap already.
    Value value = routines.call(call.context, call.expr, args, result.heap());
    result.set_value(row, value, false);
  }
}

std::unique_ptr<TableFunctionState> call_table(EvalContext& context, const Expr& expr,
                                               std::span<const Value> args) {
  return session_catalog(context).routines().call_set(context, expr, args);
}

template <typename T>
std::span<const T> copy_list(std::span<const T> list, Arena& arena) {
  T* to = arena.allocate_array<T>(list.size());
  std::uninitialized_copy(list.begin(), list.end(), to);
  return {to, list.size()};
}

std::span<const std::string_view> copy_texts(std::span<const std::string_view> texts,
                                             Arena& arena) {
  std::vector<std::string_view> copies;
  for (std::string_view text : texts) copies.push_back(arena.copy(text));
  return copy_list(std::span<const std::string_view>(copies), arena);
}

// The constructors of all ranges and multiranges share their code: which type they make is the
// call's type.
FunctionImplementation constructor_of_range(std::string_view source) {
  struct Row {
    std::string_view source, signature_name;
    std::vector<Oid> types;
  };
  static const Row kRows[] = {
      {"range_constructor2", "int4range", {type_oid::kInt4, type_oid::kInt4}},
      {"range_constructor3", "int4range", {type_oid::kInt4, type_oid::kInt4, type_oid::kText}},
      {"multirange_constructor0", "int4multirange", {}},
      {"multirange_constructor1", "int4multirange", {find_type("int4range")->oid}},
      {"multirange_constructor2", "int4multirange", {find_type("_int4range")->oid}},
  };
  for (const Row& row : kRows) {
    if (row.source != source) continue;
    const FunctionEntry* entry =
        FunctionRegistry::instance().function(row.signature_name, row.types);
    LUMA_CHECK(entry != nullptr);
    return entry->implementation;
  }
  throw sql_error(SqlState::kInternalError, "there is no built-in function named \"{}\"", source);
}

}  // namespace

const FunctionEntry* user_function_entry(const Function& function, Arena& arena) {
  FunctionEntry entry;
  entry.oid = function.oid;
  entry.name = function.name;
  entry.schema = function.schema;
  constexpr Oid kInternalLanguage = 12, kCLanguage = 13, kSqlLanguage = 14,
                kPlpgsqlLanguage = 13563;
  entry.language = function.language == "sql"        ? kSqlLanguage
                   : function.language == "internal" ? kInternalLanguage
                   : function.language == "c"        ? kCLanguage
                                                     : kPlpgsqlLanguage;
  entry.kind = function.routine;
  entry.strict = function.strict;
  entry.returns_set = function.returns_set;
  entry.leakproof = function.leakproof;
  entry.volatility = function.volatility;
  // Whatever was declared: bodies run on the session's thread.
  entry.parallel = 'u';
  entry.cost = function.cost;
  entry.rows = function.rows;
  entry.result = function.result;
  std::vector<Oid> inputs = function.input_types(), all;
  std::string modes;
  std::vector<std::string_view> names, defaults;
  bool any_output = false, any_name = false;
  for (const Function::Argument& argument : function.arguments) {
    all.push_back(argument.type);
    modes += argument.mode;
    names.emplace_back(argument.name);
    any_name |= !argument.name.empty();
    any_output |= argument.mode != 'i';
    if (argument.is_input() && !argument.default_sql.empty()) {
      defaults.emplace_back(argument.default_sql);
    }
    if (argument.mode == 'v') {
      const TypeInfo* array = find_type(argument.type);
      entry.variadic = argument.type == type_oid::kAnyArray             ? type_oid::kAnyElement
                       : argument.type == type_oid::kAnyCompatibleArray ? type_oid::kAnyCompatible
                       : array != nullptr                               ? array->element
                                                                        : type_oid::kAny;
    }
  }
  // CALL gives all arguments, those that are only put out too.
  if (function.is_procedure()) inputs = all;
  entry.arg_types = inputs;
  if (any_output) {
    entry.all_arg_types = all;
    entry.arg_modes = modes;
  }
  if (any_name) entry.arg_names = names;
  entry.defaults = defaults;
  const ExtensionFunction* built_in =
      function.language == "c" ? find_extension_function(function.source) : nullptr;
  if (function.routine == 'a' && built_in == nullptr) {
    entry.implementation.aggregate = user_aggregate();
  } else if (function.language == "internal") {
    entry.implementation = constructor_of_range(function.source);
  } else if (built_in != nullptr) {
    entry.implementation = extension_implementation(*built_in);
  } else if (function.returns_set) {
    entry.implementation.table = call_table;
  } else {
    entry.implementation.kernel = call_kernel;
  }
  return copy_entry(&entry, arena);
}

const FunctionEntry* copy_entry(const FunctionEntry* entry, Arena& arena) {
  if (entry == nullptr || !is_user_function(*entry)) return entry;
  auto* copy = arena.make<FunctionEntry>(*entry);
  copy->name = arena.copy(entry->name);
  copy->arg_types = copy_list(entry->arg_types, arena);
  copy->all_arg_types = copy_list(entry->all_arg_types, arena);
  copy->arg_modes = arena.copy(entry->arg_modes);
  copy->arg_names = copy_texts(entry->arg_names, arena);
  copy->defaults = copy_texts(entry->defaults, arena);
  copy->source = {};
  return copy;
}

}  // namespace luma
