#include "sql/routine/sql_body.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/user_type.h"
#include "sql/ast/ast.h"
#include "sql/bind/binder.h"
#include "sql/bind/make_node.h"
#include "sql/bind/polymorphic.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

std::vector<RoutineTypes::Field> composite_fields(const Catalog& catalog, Oid type) {
  std::vector<RoutineTypes::Field> fields;
  const Table* table = catalog.table_of_row_type(base_type_of(type));
  if (table == nullptr || table->array_type == type) return fields;
  for (const Column& column : table->columns) {
    if (!column.dropped) fields.push_back({column.name, column.type});
  }
  return fields;
}

bool is_binary_same(Oid from, Oid to) {
  return from == to || is_binary_coercible(from, to) || from == type_oid::kUnknown;
}

bool can_assign(BindEnvironment* environment, TypeRef from, TypeRef to) {
  if (is_binary_same(from.oid, to.oid) || environment == nullptr) return true;
  Binder binder(*environment, {});
  return binder.bind_conversion(from, {to.oid, -1}, Coercion::kAssignment) != nullptr;
}

[[noreturn]] void mismatch(const Catalog& catalog, Oid result, std::string detail) {
  throw sql_error(SqlState::kInvalidFunctionDefinition,
                  "return type mismatch in function declared to return {}",
                  catalog.type_name(result))
      .detail(std::move(detail));
}

}  // namespace

RoutineTypes routine_types(const Catalog& catalog, const Function& function,
                           std::span<const Oid> actual_inputs, Oid actual_result) {
  RoutineTypes types;
  std::vector<Oid> declared = function.input_types();
  types.inputs = declared;
  for (size_t i = 0; i < types.inputs.size() && i < actual_inputs.size(); ++i) {
    const TypeInfo* actual = find_type(actual_inputs[i]);
    bool row = declared[i] == type_oid::kRecord && actual != nullptr && actual->type_type == 'c';
    if (row || is_polymorphic(declared[i])) types.inputs[i] = actual_inputs[i];
  }
  auto resolved = [&](Oid type) {
    if (!is_polymorphic(type) || actual_inputs.empty()) return type;
    std::vector<Oid> copy = declared;
    return resolve_polymorphic(types.inputs, copy, type);
  };
  types.result = actual_result != kInvalidOid ? actual_result : resolved(function.result);
  size_t outputs = 0;
  for (const Function::Argument& argument : function.arguments) outputs += argument.is_output();
  if (outputs > 1 || (outputs == 1 && function.result == type_oid::kRecord)) {
    size_t number = 0;
    for (const Function::Argument& argument : function.arguments) {
      if (!argument.is_output()) continue;
      ++number;
      types.fields.push_back(
          {argument.name.empty() ? fmt::format("column{}", number) : argument.name,
           {resolved(argument.type), -1}});
    }
  } else {
    types.fields = composite_fields(catalog, types.result);
  }
  return types;
}

std::string routine_signature(const Catalog& catalog, const Function& function) {
  std::string args;
  for (Oid type : function.input_types()) {
    args += (args.empty() ? "" : ",") + catalog.type_name(type);
  }
  return fmt::format("{}({})", function.name, args);
}

std::unique_ptr<SqlBody> parse_sql_body(const Function& function) {
  auto body = std::make_unique<SqlBody>();
  body->text = function.sql_body.empty() ? function.source : function.sql_body;
  ParseResult parsed = parse_sql(body->text, body->arena);
  for (const ParsedStatement& statement : parsed.statements) {
    auto at = static_cast<size_t>(std::max(statement.location, 0));
    std::string_view text(body->text);
    text = text.substr(
        at, statement.length > 0 ? static_cast<size_t>(statement.length) : std::string_view::npos);
    size_t start = text.find_first_not_of(" \t\r\n");
    if (start != text.npos) text.remove_prefix(start);
    body->statements.push_back({statement.node, text});
  }
  return body;
}

ArgumentScope::ArgumentScope(const Catalog& catalog, const Function& function,
                             std::vector<Oid> input_types)
    : catalog_(catalog), function_name_(function.name), types_(std::move(input_types)) {
  for (const Function::Argument& argument : function.arguments) {
    if (argument.is_input()) names_.push_back(argument.name);
  }
}

Expr* ArgumentScope::parameter(int32_t number, Arena& arena) {
  auto index = static_cast<size_t>(number) - 1;
  if (number < 1 || index >= types_.size()) return nullptr;
  Expr* out = arena.make<Expr>(make_node(ExprKind::kParameter, types_[index], -1));
  out->index = static_cast<uint32_t>(index);
  return out;
}

Expr* ArgumentScope::field_of(size_t input, std::string_view field, Arena& arena) {
  std::vector<RoutineTypes::Field> fields = composite_fields(catalog_, types_[input]);
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name != field) continue;
    Expr* out = arena.make<Expr>(make_node(ExprKind::kField, fields[i].type.oid, -1));
    out->type = fields[i].type;
    out->index = static_cast<uint32_t>(i);
    out->args =
        copy_span(arena, std::vector<Expr*>{parameter(static_cast<int32_t>(input) + 1, arena)});
    return out;
  }
  return nullptr;
}

// a, f.a, a.field, f.a.field
Expr* ArgumentScope::find(std::span<const std::string_view> names, bool, Arena& arena) {
  auto input_of = [&](std::string_view name) {
    auto found = std::ranges::find(names_, name);
    return found == names_.end() || name.empty() ? names_.size()
                                                 : static_cast<size_t>(found - names_.begin());
  };
  auto value_of = [&](size_t input) { return parameter(static_cast<int32_t>(input) + 1, arena); };
  if (names.size() == 1) {
    size_t input = input_of(names[0]);
    return input < names_.size() ? value_of(input) : nullptr;
  }
  if (names.size() > 3) return nullptr;
  bool qualified = names[0] == function_name_;
  if (qualified) {
    size_t input = input_of(names[1]);
    if (input < names_.size()) {
      return names.size() == 2 ? value_of(input) : field_of(input, names[2], arena);
    }
  }
  size_t input = input_of(names[0]);
  return names.size() == 2 && input < names_.size() ? field_of(input, names[1], arena) : nullptr;
}

namespace {

void check_result(BindEnvironment* environment, const Catalog& catalog, const RoutineTypes& types,
                  const std::vector<TypeRef>* columns) {
  if (types.result == type_oid::kVoid) return;
  if (columns == nullptr) {
    mismatch(catalog, types.result,
             "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.");
  }
  bool is_row = !types.fields.empty() || types.result == type_oid::kRecord;
  auto scalar_fits = [&](Oid wanted) {
    return columns->size() == 1 && can_assign(environment, (*columns)[0], {wanted, -1});
  };
  if (!is_row) {
    if (columns->size() != 1) {
      mismatch(catalog, types.result, "Final statement must return exactly one column.");
    }
    if (!scalar_fits(types.result)) {
      mismatch(catalog, types.result,
               fmt::format("Actual return type is {}.", catalog.type_name((*columns)[0].oid)));
    }
    return;
  }
  if (types.fields.empty()) return;  // any row will do
  // One column of the very composite type is the row itself.
  if (columns->size() == 1 && types.result != type_oid::kRecord &&
      (*columns)[0].oid == types.result) {
    return;
  }
  if (columns->size() > types.fields.size()) {
    mismatch(catalog, types.result, "Final statement returns too many columns.");
  }
  for (size_t i = 0; i < columns->size(); ++i) {
    if (can_assign(environment, (*columns)[i], types.fields[i].type)) continue;
    mismatch(catalog, types.result,
             fmt::format("Final statement returns {} instead of {} at column {}.",
                         catalog.type_name((*columns)[i].oid),
                         catalog.type_name(types.fields[i].type.oid), i + 1));
  }
  if (columns->size() < types.fields.size()) {
    mismatch(catalog, types.result, "Final statement returns too few columns.");
  }
}

}  // namespace

void check_sql_result(const Catalog& catalog, const RoutineTypes& types,
                      const std::vector<TypeRef>* columns) {
  check_result(nullptr, catalog, types, columns);
}

void check_sql_body(BindEnvironment& environment, const Function& function) {
  const Catalog& catalog = environment.catalog();
  bool polymorphic = std::ranges::any_of(
      function.arguments, [](const Function::Argument& a) { return is_polymorphic(a.type); });
  RoutineTypes types;
  if (!polymorphic) types = routine_types(catalog, function, {}, kInvalidOid);
  try {
    std::unique_ptr<SqlBody> body = parse_sql_body(function);
    if (polymorphic) return;
    ArgumentScope scope(catalog, function, types.inputs);
    bool returns_rows = false;
    std::vector<TypeRef> columns;
    for (const SqlBody::Statement& statement : body->statements) {
      returns_rows = false;
      if (!Binder::can_bind(statement.node)) continue;
      Binder binder(environment, {});
      binder.use_variables(&scope);
      BoundQuery bound = binder.bind(statement.node);
      columns.clear();
      for (const auto& column : bound.result) {
        columns.push_back(bound.context->column(column.column).type);
      }
      returns_rows = ast::is<ast::SelectStmt>(statement.node) || !columns.empty();
    }
    check_result(&environment, catalog, types, returns_rows ? &columns : nullptr);
  } catch (SqlError& error) {
    if (error.byte_offset < 0) {
      error.context(fmt::format("SQL function \"{}\"", function.name));
    }
    throw;
  }
}

}  // namespace luma
