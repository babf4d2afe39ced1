// Functions and operators: from a name and argument expressions to a typed call.
#include <algorithm>

#include "engine/type/extension_type.h"
#include "engine/type/user_type.h"
#include "sql/bind/binder.h"
#include "sql/bind/candidates.h"
#include "sql/bind/polymorphic.h"
#include "sql/function/extension.h"
#include "sql/function/registry.h"
#include "sql/function/user_function.h"
#include "sql/parse/parser.h"

namespace luma {

namespace {

std::vector<Oid> types_of(std::span<Expr* const> args) {
  std::vector<Oid> types;
  types.reserve(args.size());
  for (const Expr* arg : args) types.push_back(arg->type.oid);
  return types;
}

// Overloads are chosen for what lies below domains.
std::vector<Oid> base_types(std::vector<Oid> types) {
  for (Oid& type : types) type = base_type_of(type);
  return types;
}

std::string signature_text(std::string_view name, std::span<const Oid> types,
                           const std::vector<std::string>& names) {
  std::string text = std::string(name) + "(";
  size_t positional = types.size() - names.size();
  for (size_t i = 0; i < types.size(); ++i) {
    if (i != 0) text += ", ";
    if (i >= positional) text += names[i - positional] + " => ";
    text += format_type(types[i]);
  }
  return text + ")";
}

std::string join_name(const ast::NameList& name) {
  std::string text;
  for (std::string_view part : name) {
    if (!text.empty()) text += '.';
    text += part;
  }
  return text;
}

// Position of each declared argument's expression; -1 where a default is needed. False: no match.
bool match_named(const FunctionEntry& function, size_t positional,
                 const std::vector<std::string>& names, std::vector<int>& order) {
  size_t count = function.arg_types.size();
  order.assign(count, -1);
  for (size_t i = 0; i < positional && i < count; ++i) order[i] = static_cast<int>(i);
  for (size_t n = 0; n < names.size(); ++n) {
    size_t input = 0;
    bool found = false;
    for (size_t a = 0; a < function.arg_names.size() && !found; ++a) {
      bool is_input = function.arg_modes.empty() || function.arg_modes[a] == 'i' ||
                      function.arg_modes[a] == 'b' || function.arg_modes[a] == 'v' ||
                      (function.kind == 'p' && function.arg_modes[a] == 'o');
      if (!is_input) continue;
      if (function.arg_names[a] == names[n] && input < count && order[input] == -1) {
        order[input] = static_cast<int>(positional + n);
        found = true;
      }
      ++input;
    }
    if (!found) return false;
  }
  size_t required = function.required_args();
  for (size_t i = 0; i < required; ++i) {
    if (order[i] == -1) return false;
  }
  return true;
}

struct Call {
  Candidate candidate;
  Oid home = kInvalidOid;  // its schema
  std::vector<int> order;  // argument positions; empty: as written
};

// Functions called `name` of one schema: built-in ones, or those that users made.
std::vector<const FunctionEntry*> functions_of(const Catalog& catalog, Oid schema,
                                               std::string_view name, Arena& arena) {
  std::vector<const FunctionEntry*> found;
  for (const FunctionEntry* function : FunctionRegistry::instance().functions(name)) {
    if (function->schema == schema) found.push_back(function);
  }
  for (const Function* function : catalog.functions_named(schema, name)) {
    found.push_back(user_function_entry(*function, arena));
  }
  return found;
}

// All ways in which the functions take this many arguments.
std::vector<Call> function_candidates(const std::vector<const FunctionEntry*>& functions,
                                      size_t arg_count, const std::vector<std::string>& names,
                                      bool variadic_call) {
  std::vector<Call> calls;
  for (const FunctionEntry* function : functions) {
    Call call;
    call.candidate.entry = function;
    size_t declared = function->arg_types.size();
    if (!names.empty()) {
      if (arg_count > declared ||
          !match_named(*function, arg_count - names.size(), names, call.order))
        continue;
      for (size_t i = 0; i < declared; ++i) {
        if (call.order[i] != -1) call.candidate.arg_types.push_back(function->arg_types[i]);
      }
      calls.push_back(std::move(call));
      continue;
    }
    if (arg_count <= declared && arg_count >= function->required_args() &&
        (!function->is_variadic() || variadic_call || arg_count < declared ||
         function->variadic == type_oid::kAny)) {
      call.candidate.arg_types.assign(function->arg_types.begin(),
                                      function->arg_types.begin() + arg_count);
      calls.push_back(call);
    }
    if (function->is_variadic() && !variadic_call && arg_count >= declared) {
      Call expanded;
      expanded.candidate.entry = function;
      expanded.candidate.expanded_variadic = true;
      expanded.candidate.arg_types.assign(function->arg_types.begin(),
                                          function->arg_types.end() - 1);
      expanded.candidate.arg_types.resize(arg_count, function->variadic);
      if (function->variadic != type_oid::kAny || arg_count != declared)
        calls.push_back(std::move(expanded));
    }
  }
  return calls;
}

// "int4(x)", "text(x)": a call that is really a cast.
Oid cast_function_target(const Catalog& catalog, const ast::NameList& name) {
  if (name.size() > 2 || (name.size() == 2 && name[0] != "pg_catalog")) return kInvalidOid;
  const TypeInfo* type = find_type(name.back());
  if (type != nullptr && is_extension_type(type->oid) && catalog.type(type->oid) == nullptr) {
    return kInvalidOid;
  }
  return type == nullptr || type->type_type == 'p' ? kInvalidOid : type->oid;
}

// PostgreSQL reads f(x) as a cast when f is a type and the cast needs no function of its own.
bool reads_as_cast(Oid source, Oid target) {
  if (source == type_oid::kUnknown) return true;
  const CastEntry* cast = FunctionRegistry::instance().cast(source, target);
  if (cast != nullptr) return cast->method == 'b';
  const TypeInfo* from = find_type(source);
  if (source == type_oid::kRecord || (from != nullptr && from->type_type == 'c')) return false;
  return find_type(target)->category == 'S' || (from != nullptr && from->category == 'S');
}

// A function that takes the arguments as they are hides one that gathers them.
bool is_hidden(const Call& call, const std::vector<Call>& calls) {
  return call.candidate.expanded_variadic && std::ranges::any_of(calls, [&](const Call& other) {
           return !other.candidate.expanded_variadic &&
                  other.candidate.arg_types == call.candidate.arg_types;
         });
}

// Functions that differ only in arguments for which they have defaults: nothing tells which one
// is meant.
bool has_double(const Call& call, const std::vector<Call>& calls) {
  if (call.candidate.expanded_variadic) return false;
  auto* entry = static_cast<const FunctionEntry*>(call.candidate.entry);
  return is_user_function(*entry) && std::ranges::any_of(calls, [&](const Call& other) {
           return &other != &call && !other.candidate.expanded_variadic &&
                  other.home == call.home && other.candidate.arg_types == call.candidate.arg_types;
         });
}

// Of a qualified operator; 0 for names that the search path finds, or the system has.
Oid schema_of_operator(const Catalog& catalog, const SearchPath& path, const ast::NameList& name,
                       int location) {
  if (name.size() < 2 || name[0] == "pg_catalog") return kInvalidOid;
  return require_schema(catalog, path, name[name.size() - 2], location).oid;
}

}  // namespace

Expr* Binder::build_call(const FunctionEntry& function, std::vector<Expr*> args, int location,
                         std::span<const Oid> declared, Oid result_type) {
  for (size_t i = 0; i < args.size(); ++i) {
    Oid target = i < declared.size() ? declared[i] : type_oid::kAny;
    if (target == type_oid::kAny) {
      // The type alone is asked for: an untyped literal has none. Others mean its text.
      constexpr Oid kPgTypeof = 1619;
      if (function.oid != kPgTypeof) args[i] = resolve_unknown(args[i]);
      continue;
    }
    Expr* coerced = coerce(args[i], {target, -1}, Coercion::kImplicit, args[i]->location);
    if (coerced != nullptr) args[i] = coerced;
  }
  use_function(function);
  Expr* call = arena().make<Expr>();
  call->kind = ExprKind::kFunction;
  call->type = {result_type, -1};
  call->physical = type_info(result_type).physical;
  call->location = location;
  call->function = &function;
  call->implementation = function.implementation;
  call->strict = function.strict;
  call->is_volatile = function.volatility == 'v';
  constexpr Oid kInternalLanguage = 12, kCLanguage = 13;
  bool has_body = function.language != kInternalLanguage && function.language != kCLanguage;
  if (is_user_function(function) && has_body) query_.calls_routines = true;
  call->args = copy_span(arena(), args);
  for (Expr* arg : args) {
    if (arg->collation != kInvalidOid && call->collation == kInvalidOid)
      call->collation = arg->collation;
    if (arg->is_volatile) call->is_volatile = true;
  }
  Oid type_collation = type_info(result_type).collation;
  if (type_collation == kInvalidOid && function.kind != 'f') call->collation = kInvalidOid;
  if (type_collation != kInvalidOid && call->collation == kInvalidOid)
    call->collation = type_collation;
  if (call->is_volatile) query_.has_volatile = true;
  return call;
}

namespace {

void require_variadic_array(const Expr& last) {
  const Oid type = base_type_of(last.type.oid);
  const bool is_vector = type == type_oid::kInt2Vector || type == type_oid::kOidVector;
  if (type_info(type).is_array() || is_vector || type == type_oid::kRecordArray) return;
  throw SqlError(SqlState::kDatatypeMismatch, "VARIADIC argument must be an array")
      .at_byte(last.location);
}

}  // namespace

Expr* Binder::make_function_call(const ast::NameList& name, std::vector<Expr*> args,
                                 const std::vector<std::string>& arg_names, bool variadic,
                                 bool star, int location, const ast::FuncCall*) {
  // A parameter of type void is no argument: so JDBC numbers the result of "{? = call f(?)}".
  std::erase_if(args, [](const Expr* arg) {
    return arg->kind == ExprKind::kParameter && arg->type.oid == type_oid::kVoid;
  });
  std::string_view schema = name.size() > 1 ? name[name.size() - 2] : std::string_view{};
  std::vector<Oid> actual = types_of(args);
  std::vector<Call> calls;
  std::vector<Oid> homes = path().schemas;
  std::erase(homes, path().temp_schema);  // functions in it must be named with their schema
  if (schema.data() != nullptr) {
    homes = {require_schema(environment_.catalog(), path(), schema, location).oid};
  }
  for (Oid home : homes) {
    // What an earlier schema of the path has hides functions of the same arguments.
    for (Call& call :
         function_candidates(functions_of(environment_.catalog(), home, name.back(), arena()),
                             args.size(), arg_names, variadic)) {
      bool hidden = std::ranges::any_of(calls, [&](const Call& other) {
        return other.candidate.arg_types == call.candidate.arg_types && other.home != home;
      });
      call.home = home;
      if (!hidden) calls.push_back(std::move(call));
    }
  }
  auto argument_order = [&](const Call& call) {
    if (call.order.empty()) return actual;
    std::vector<Oid> ordered;
    for (int position : call.order) {
      if (position != -1) ordered.push_back(actual[position]);
    }
    return ordered;
  };
  auto refuse_ambiguous = [&] {
    throw sql_error(SqlState::kAmbiguousFunction, "function {} is not unique",
                    signature_text(join_name(name), actual, arg_names))
        .hint(
            "Could not choose a best candidate function. You might need to add explicit type "
            "casts.")
        .at_byte(location);
  };
  const Call* chosen = nullptr;
  for (const Call& call : calls) {
    if (call.candidate.arg_types == argument_order(call) && !call.candidate.expanded_variadic)
      chosen = &call;
  }
  if (chosen == nullptr && args.size() == 1 && arg_names.empty() && !star) {
    Oid target = cast_function_target(environment_.catalog(), name);
    if (target != kInvalidOid) {
      if (reads_as_cast(actual[0], target)) {
        Expr* out = coerce(args[0], {target, -1}, Coercion::kExplicit, location);
        if (out != nullptr) return out;
      }
    }
  }
  if (chosen == nullptr) {
    std::vector<const Candidate*> viable;
    for (const Call& call : calls) {
      if (is_hidden(call, calls)) continue;
      if (can_coerce(argument_order(call), call.candidate.arg_types, Coercion::kImplicit)) {
        viable.push_back(&call.candidate);
      }
    }
    auto implicit = [&](std::span<const Oid> from, std::span<const Oid> to) {
      return can_coerce(from, to, Coercion::kImplicit);
    };
    const Candidate* best = choose_candidate(base_types(actual), viable, implicit);
    if (best == nullptr && viable.size() > 1) refuse_ambiguous();
    for (const Call& call : calls) {
      if (&call.candidate == best) chosen = &call;
    }
  }
  if (chosen != nullptr && has_double(*chosen, calls)) refuse_ambiguous();
  std::vector<RowField> fields;
  bool may_be_field = chosen == nullptr && args.size() == 1 && arg_names.empty() && !star &&
                      !variadic && name.size() == 1 && row_fields(*args[0], fields);
  for (uint32_t i = 0; may_be_field && i < fields.size(); ++i) {
    if (fields[i].name == name.back()) return make_field(args[0], i, fields[i], location);
  }
  if (chosen == nullptr) {
    throw sql_error(SqlState::kUndefinedFunction, "function {} does not exist",
                    signature_text(join_name(name), actual, arg_names))
        .hint(
            "No function matches the given name and argument types. You might need to add explicit "
            "type casts.")
        .at_byte(location);
  }
  const auto& function = *static_cast<const FunctionEntry*>(chosen->candidate.entry);
  std::vector<Expr*> ordered = args;
  std::vector<Oid> declared = chosen->candidate.arg_types;
  if (!chosen->order.empty() || args.size() < function.required_args() + function.defaults.size()) {
    // Named notation or missing trailing arguments: put everything into place, defaults included.
    if (!chosen->candidate.expanded_variadic) {
      ordered.clear();
      declared.clear();
      for (size_t i = 0; i < function.arg_types.size(); ++i) {
        int position =
            chosen->order.empty() ? (i < args.size() ? static_cast<int>(i) : -1) : chosen->order[i];
        Expr* arg = position >= 0 ? args[position] : nullptr;
        if (arg == nullptr) {
          size_t from_end = function.arg_types.size() - i;
          const ast::Node* node =
              parse_expression(function.defaults[function.defaults.size() - from_end], arena());
          arg = bind_expr(node, new_scope(nullptr), Clause::kDefault);
        }
        ordered.push_back(arg);
        declared.push_back(function.arg_types[i]);
      }
    }
  }
  Oid result = function.result;
  try {
    result = resolve_polymorphic(types_of(ordered), declared, result);
  } catch (SqlError& error) {
    error.at_byte(location);
    throw;
  }
  if (chosen->candidate.expanded_variadic && function.variadic != type_oid::kAny) {
    // The implementation takes the trailing arguments as one array.
    size_t fixed = function.arg_types.size() - 1;
    std::vector<Expr*> elements(ordered.begin() + fixed, ordered.end());
    Oid element = elements.empty() ? function.variadic : declared[fixed];
    for (Expr*& item : elements) {
      Expr* coerced = coerce(item, {element, -1}, Coercion::kImplicit, item->location);
      if (coerced != nullptr) item = coerced;
    }
    Expr* array = arena().make<Expr>();
    array->kind = ExprKind::kArray;
    array->type = {type_info(element).array, -1};
    array->physical = PhysicalType::kVarlen;
    array->location = location;
    array->args = copy_span(arena(), elements);
    ordered.resize(fixed);
    ordered.push_back(array);
    declared.resize(fixed);
    declared.push_back(array->type.oid);
  }
  Expr* out = build_call(function, ordered, location, declared, result);
  if (variadic && function.variadic == type_oid::kAny) {
    require_variadic_array(*out->args.back());
  }
  if (variadic) out->index = 1;  // VARIADIC "any": the last argument is the array itself
  return out;
}

const OperatorEntry* Binder::find_operator(const std::string& name, Oid left, Oid right,
                                           int location, Oid schema) {
  const FunctionRegistry& registry = FunctionRegistry::instance();
  bool prefix = left == kInvalidOid;
  auto fail = [&](SqlState state, std::string_view problem, std::string hint) -> SqlError {
    std::string shown =
        schema == kInvalidOid ? name : environment_.catalog().schema_name(schema) + "." + name;
    std::string text = prefix
                           ? fmt::format("{} {}", shown, format_type(right))
                           : fmt::format("{} {} {}", format_type(left), shown, format_type(right));
    return sql_error(state, "operator {}: {}", problem, text)
        .hint(std::move(hint))
        .at_byte(location);
  };
  // Operators of domains themselves come before those of what is below.
  if (schema == kInvalidOid && (base_type_of(left) != left || base_type_of(right) != right)) {
    for (const OperatorEntry* entry :
         created_operators(environment_.catalog(), path().schemas, name, arena())) {
      if (entry->left == left && entry->right == right) return entry;
    }
  }
  // An untyped literal is taken to have the other operand's type when that operator exists.
  Oid exact_left = base_type_of(left), exact_right = base_type_of(right);
  if (!prefix && left == type_oid::kUnknown && right != type_oid::kUnknown)
    exact_left = exact_right;
  if (!prefix && right == type_oid::kUnknown && left != type_oid::kUnknown)
    exact_right = exact_left;
  const OperatorEntry* exact =
      schema == kInvalidOid ? registry.find_operator(name, exact_left, exact_right) : nullptr;
  if (exact != nullptr) return exact;
  std::vector<Oid> schemas = path().schemas;
  if (schema != kInvalidOid) {
    schemas = {schema};
  } else {
    // Definitions are stored with the names of operators only: those of an extension's type are
    // found wherever the extension is.
    for (Oid type : {exact_left, exact_right}) {
      const Type* created = is_extension_type(type) ? environment_.catalog().type(type) : nullptr;
      if (created != nullptr && std::ranges::find(schemas, created->schema) == schemas.end()) {
        schemas.push_back(created->schema);
      }
    }
  }
  std::vector<const OperatorEntry*> entries =
      created_operators(environment_.catalog(), schemas, name, arena());
  for (const OperatorEntry* entry : entries) {
    if (entry->left == exact_left && entry->right == exact_right) return entry;
  }
  if (schema == kInvalidOid) {
    auto built_in = registry.operators(name);
    entries.insert(entries.end(), built_in.begin(), built_in.end());
  }
  std::vector<Candidate> candidates;
  for (const OperatorEntry* entry : entries) {
    if ((entry->left == kInvalidOid) != prefix) continue;
    Candidate candidate;
    if (!prefix) candidate.arg_types.push_back(entry->left);
    candidate.arg_types.push_back(entry->right);
    candidate.entry = entry;
    candidates.push_back(std::move(candidate));
  }
  std::vector<Oid> actual;
  if (!prefix) actual.push_back(left);
  actual.push_back(right);
  std::vector<const Candidate*> viable;
  for (const Candidate& candidate : candidates) {
    if (can_coerce(actual, candidate.arg_types, Coercion::kImplicit)) viable.push_back(&candidate);
  }
  auto implicit = [&](std::span<const Oid> from, std::span<const Oid> to) {
    return can_coerce(from, to, Coercion::kImplicit);
  };
  if (const Candidate* best = choose_candidate(base_types(actual), viable, implicit)) {
    return static_cast<const OperatorEntry*>(best->entry);
  }
  if (!viable.empty()) {
    SqlError error = fail(
        SqlState::kAmbiguousFunction, "is not unique",
        "Could not choose a best candidate operator. You might need to add explicit type casts.");
    error.message = fmt::format("operator is not unique: {}",
                                error.message.substr(error.message.find(": ") + 2));
    throw error;
  }
  SqlError error = fail(
      SqlState::kUndefinedFunction, "does not exist",
      prefix ? "No operator matches the given name and argument type. You might need to add an "
               "explicit type cast."
             : "No operator matches the given name and argument types. You might need to add "
               "explicit type casts.");
  error.message = fmt::format("operator does not exist: {}",
                              error.message.substr(error.message.find(": ") + 2));
  throw error;
}

Expr* Binder::make_operator(const std::string& name, Expr* left, Expr* right, int location,
                            Oid schema) {
  const OperatorEntry* entry = find_operator(name, left == nullptr ? kInvalidOid : left->type.oid,
                                             right->type.oid, location, schema);
  std::vector<Expr*> args;
  std::vector<Oid> declared;
  if (left != nullptr) {
    args.push_back(left);
    declared.push_back(entry->left);
  }
  args.push_back(right);
  declared.push_back(entry->right);
  std::vector<Oid> actual = types_of(args);
  Oid result;
  try {
    result = resolve_polymorphic(actual, declared, entry->result);
  } catch (SqlError& error) {
    error.at_byte(location);
    throw;
  }
  if (entry->implementation->returns_set) {
    throw unsupported("an operator that returns a set").at_byte(location);
  }
  Expr* call = build_call(*entry->implementation, args, location, declared, result);
  call->operator_oid = entry->oid;
  return call;
}

Expr* Binder::make_operator(const ast::NameList& name, Expr* left, Expr* right, int location) {
  return make_operator(std::string(name.back()), left, right, location,
                       schema_of_operator(environment_.catalog(), path(), name, location));
}

Expr* Binder::make_array_comparison(const ast::NameList& name, Expr* scalar, Expr* array, bool any,
                                    int location) {
  Oid element = kInvalidOid;
  if (array->type.oid != type_oid::kUnknown) {
    const TypeInfo& type = type_info(base_type_of(array->type.oid));
    element = type.is_array() || array->type.oid == type_oid::kInt2Vector ||
                      array->type.oid == type_oid::kOidVector ||
                      array->type.oid == type_oid::kRecordArray
                  ? type.element
                  : kInvalidOid;
    if (element == kInvalidOid) {
      throw SqlError(SqlState::kWrongObjectType, "op ANY/ALL (array) requires array on right side")
          .at_byte(location);
    }
  } else {
    element = type_oid::kUnknown;
  }
  const OperatorEntry* entry =
      find_operator(std::string(name.back()), scalar->type.oid, element, location,
                    schema_of_operator(environment_.catalog(), path(), name, location));
  if (entry->result != type_oid::kBool) {
    throw SqlError(SqlState::kWrongObjectType,
                   "op ANY/ALL (array) requires operator to yield boolean")
        .at_byte(location);
  }
  std::vector<Oid> declared = {entry->left, entry->right};
  std::vector<Oid> actual = {scalar->type.oid, element};
  resolve_polymorphic(actual, declared, entry->result);
  Oid array_type = type_info(declared[1]).array;
  Expr* left = coerce(scalar, {declared[0], -1}, Coercion::kImplicit, scalar->location);
  Expr* right = coerce(array, {array_type, -1}, Coercion::kImplicit, array->location);
  Expr* out = arena().make<Expr>();
  out->kind = any ? ExprKind::kArrayAny : ExprKind::kArrayAll;
  out->type = {type_oid::kBool, -1};
  out->physical = PhysicalType::kBool;
  out->location = location;
  out->function = entry->implementation;
  out->implementation = entry->implementation->implementation;
  out->operator_oid = entry->oid;
  out->strict = entry->implementation->strict;
  out->collation = left != nullptr ? left->collation : kInvalidOid;
  out->args = copy_span(arena(), std::vector<Expr*>{left != nullptr ? left : scalar,
                                                    right != nullptr ? right : array});
  return out;
}

}  // namespace luma
