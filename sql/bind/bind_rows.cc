// Composite values: whole rows, their fields, "row.*", ROW(...) as a composite type.
#include "engine/type/record.h"
#include "engine/type/user_type.h"
#include "sql/bind/binder.h"
#include "sql/bind/polymorphic.h"
#include "sql/function/registry.h"
#include "sql/function/value_parts.h"
#include "sql/parse/parser.h"

namespace luma {

namespace {

// The row of an outer join's side: CASE WHEN it is there THEN row ELSE NULL END; its columns are
// NULL where it is not.
const Expr& present_row(const Expr& row) {
  bool may_be_missing = row.kind == ExprKind::kCase && row.args.size() == 3 &&
                        row.args[1]->kind == ExprKind::kRow &&
                        row.args[2]->kind == ExprKind::kConstant && row.args[2]->constant.is_null;
  return may_be_missing ? *row.args[1] : row;
}

}  // namespace

bool Binder::row_fields(Oid type, std::vector<RowField>& fields) {
  const TypeInfo* info = find_type(base_type_of(type));
  if (info == nullptr || info->type_type != 'c') return false;
  const Table* table = environment_.catalog().table(info->relation);
  if (table == nullptr) return false;
  for (const Column& column : table->columns) {
    if (!column.dropped) fields.push_back({column.name, column.type, column.collation});
  }
  return true;
}

bool Binder::row_fields(const Expr& value, std::vector<RowField>& fields) {
  if (row_fields(value.type.oid, fields)) return true;
  const Expr& row = present_row(value);
  if (row.kind == ExprKind::kRow) {
    for (size_t i = 0; i < row.args.size(); ++i) {
      std::string name =
          i < row.field_names.size() ? std::string(row.field_names[i]) : fmt::format("f{}", i + 1);
      fields.push_back({std::move(name), row.args[i]->type, row.args[i]->collation});
    }
    return true;
  }
  // A function of several OUT parameters describes its record itself.
  if (row.type.oid != type_oid::kRecord) return false;
  const Expr* called = &row;
  if (row.kind == ExprKind::kColumn) {
    if (auto known = record_columns_.find(row.column); known != record_columns_.end()) {
      fields.insert(fields.end(), known->second.begin(), known->second.end());
      return true;
    }
    // A set-returning call in a SELECT list is the column that its rows become.
    for (const auto& state : select_states_) {
      for (const ProjectItem& item : state->set_returning) {
        if (item.column == row.column) called = item.expr;
      }
    }
  }
  for (OutColumn& column : out_columns(*called)) {
    fields.push_back({std::move(column.name), {column.type, -1}, type_info(column.type).collation});
  }
  return !fields.empty();
}

void Binder::keep_record_fields(ColumnId column, const Expr& value) {
  if (value.type.oid != type_oid::kRecord) return;
  std::vector<RowField> fields;
  if (row_fields(value, fields)) record_columns_[column] = std::move(fields);
}

Expr* Binder::make_field(Expr* base, uint32_t index, const RowField& field, int location) {
  const Expr& row = present_row(*base);
  if (row.kind == ExprKind::kRow && row.args[index]->type == field.type) return row.args[index];
  Expr* out = arena().make<Expr>();
  out->kind = ExprKind::kField;
  out->type = field.type;
  out->physical = type_info(field.type.oid).physical;
  out->collation = field.collation;
  out->location = location;
  out->index = index;
  out->is_volatile = base->is_volatile;
  out->args = copy_span(arena(), std::vector<Expr*>{base});
  return out;
}

Expr* Binder::bind_field(Expr* base, std::string_view field, int location) {
  std::vector<RowField> fields;
  bool is_row = row_fields(*base, fields);
  for (uint32_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == field) return make_field(base, i, fields[i], location);
  }
  // "value.f" may be f(value).
  try {
    Expr* call =
        make_function_call(ast::NameList(&field, 1), {base}, {}, false, false, location, nullptr);
    const FunctionEntry* function = call->kind == ExprKind::kFunction ? call->function : nullptr;
    if (function != nullptr && !function->is_aggregate() && !function->is_window() &&
        function->kind != 'p') {
      return call;
    }
  } catch (const SqlError& error) {
    if (error.state != SqlState::kUndefinedFunction &&
        error.state != SqlState::kAmbiguousFunction) {
      throw;
    }
  }
  if (is_row) {
    if (base->type.oid != type_oid::kRecord) {
      throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" not found in data type {}", field,
                      format_type(base->type.oid))
          .at_byte(location);
    }
  }
  if (base->type.oid == type_oid::kRecord) {
    throw sql_error(SqlState::kUndefinedColumn,
                    "could not identify column \"{}\" in record data type", field)
        .at_byte(location);
  }
  throw sql_error(SqlState::kWrongObjectType,
                  "column notation .{} applied to type {}, which is not a composite type", field,
                  format_type(base->type.oid))
      .at_byte(location);
}

std::vector<Expr*> Binder::expand_row(Expr* row, std::vector<RowField>& fields, int location) {
  if (!row_fields(*row, fields)) {
    if (row->type.oid == type_oid::kRecord) {
      throw SqlError(SqlState::kDatatypeMismatch, "record type has not been registered")
          .at_byte(location);
    }
    throw sql_error(SqlState::kWrongObjectType, "type {} is not composite",
                    format_type(row->type.oid))
        .at_byte(location);
  }
  std::vector<Expr*> out;
  for (size_t i = 0; i < fields.size(); ++i)
    out.push_back(make_field(row, static_cast<uint32_t>(i), fields[i], location));
  return out;
}

// The value before ".*" of "(value).*".
Expr* Binder::bind_star_operand(const ast::Node* node, Scope* scope, Clause clause) {
  const auto& whole = *ast::as<ast::AIndirection>(node);
  if (whole.indirection.size() == 1) return bind_expr(whole.arg, scope, clause);
  ast::AIndirection without = whole;
  without.indirection = ast::NodeList(whole.indirection.begin(), whole.indirection.size() - 1);
  return bind_indirection(without, scope, clause);
}

Expr* Binder::describe_record(Expr* call, const std::vector<RowField>& fields) {
  RecordBuilder prototype;
  std::vector<std::string_view> names;
  for (const RowField& field : fields) {
    prototype.add(field.type, Value::null());
    names.push_back(arena().copy(field.name));
  }
  std::vector<Expr*> args(call->args.begin(), call->args.end());
  args.push_back(make_constant(arena(), {type_oid::kRecord, -1}, Value(prototype.finish(arena()))));
  Expr* out = arena().make<Expr>(*call);
  out->args = copy_span(arena(), args);
  out->field_names = copy_span(arena(), names);
  return out;
}

Expr* Binder::coerce_row(Expr* expr, Oid target, Coercion coercion, int location) {
  if (expr->kind != ExprKind::kRow) return nullptr;
  std::vector<RowField> fields;
  if (!row_fields(target, fields)) return nullptr;
  auto mismatch = [&](std::string detail) {
    SqlError error = sql_error(SqlState::kCannotCoerce, "cannot cast type {} to {}",
                               format_type(expr->type.oid), format_type(target));
    error.detail(std::move(detail)).at_byte(location >= 0 ? location : expr->location);
    return error;
  };
  std::vector<Expr*> args;
  std::vector<std::string_view> names;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i >= expr->args.size()) throw mismatch("Input has too few columns.");
    Expr* value = coerce(expr->args[i], fields[i].type, coercion, expr->args[i]->location);
    if (value == nullptr) {
      throw mismatch(fmt::format("Cannot cast type {} to {} in column {}.",
                                 format_type(expr->args[i]->type.oid),
                                 format_type(fields[i].type.oid), i + 1));
    }
    args.push_back(value);
    names.push_back(arena().copy(fields[i].name));
  }
  if (expr->args.size() > fields.size()) throw mismatch("Input has too many columns.");
  Expr* out = arena().make<Expr>(*expr);
  out->type = {target, -1};
  out->args = copy_span(arena(), args);
  out->field_names = copy_span(arena(), names);
  return out;
}

Expr* Binder::coerce_to_domain(Expr* expr, Oid domain, Coercion, int location) {
  const TypeInfo& type = type_info(domain);
  Expr* out = arena().make<Expr>();
  out->kind = ExprKind::kFunction;
  out->type = {domain, -1};
  out->physical = type.physical;
  out->collation = expr->collation != kInvalidOid ? expr->collation : type.collation;
  out->location = location >= 0 ? location : expr->location;
  out->implementation.kernel = domain_kernel();
  out->is_volatile = expr->is_volatile;
  out->args = copy_span(arena(), std::vector<Expr*>{expr});
  return out;
}

Expr* Binder::type_default(TypeRef type) {
  const Type* domain = environment_.catalog().type(type.oid);
  if (domain == nullptr || domain->type_type != 'd')
    return make_constant(arena(), type, Value::null());
  Expr* value = make_constant(arena(), {type_oid::kUnknown, -1}, Value::null());
  if (!domain->default_sql.empty()) {
    try {
      value = bind_expr(parse_expression(domain->default_sql, arena()), new_scope(nullptr),
                        Clause::kDefault);
    } catch (SqlError& error) {
      error.byte_offset = -1;
      throw;
    }
  }
  return coerce(value, type, Coercion::kAssignment, -1);
}

Expr* Binder::bind_domain_check(const ast::Node* node, TypeRef base) {
  domain_value_ = base;
  struct Reset {
    TypeRef& value;
    ~Reset() { value = {}; }
  } reset{domain_value_};
  return with_collations(
      coerce_to_boolean(bind_expr(node, new_scope(nullptr), Clause::kCheck), "CHECK"));
}

}  // namespace luma
