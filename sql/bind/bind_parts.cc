// Assignment to parts of a column: "a[2] = x", "a[1:2] = x", "d['k'] = x", "c.field = x" and what
// nests of them. Reading a part is in bind_types.cc and bind_rows.cc.
#include "engine/type/extension_type.h"
#include "engine/type/user_type.h"
#include "sql/bind/binder.h"
#include "sql/bind/make_node.h"
#include "sql/function/value_parts.h"

namespace luma {

namespace {

Expr* make_part_call(Arena& arena, VectorKernel kernel, const Expr& base, std::vector<Expr*> args,
                     uint32_t index, int location) {
  Expr* out = arena.make<Expr>();
  out->kind = ExprKind::kFunction;
  out->type = {base.type.oid, -1};
  out->physical = type_info(base.type.oid).physical;
  out->collation = base.collation;
  out->location = location;
  out->implementation.kernel = kernel;
  out->index = index;
  for (const Expr* arg : args) out->is_volatile |= arg->is_volatile;
  out->args = copy_span(arena, args);
  return out;
}

}  // namespace

Expr* Binder::store_field(Expr* base, uint32_t index, Expr* value, int location) {
  return make_part_call(arena(), store_field_kernel(), *base, {base, value}, index, location);
}

Expr* Binder::jsonb_path_text(const ast::AIndices& index, Scope* scope, Clause clause) {
  if (index.is_slice) {
    const ast::Node* bound = index.uidx != nullptr ? index.uidx : index.lidx;
    throw SqlError(SqlState::kDatatypeMismatch, "jsonb subscript does not support slices")
        .at_byte(bound != nullptr ? bound->location : -1);
  }
  Expr* step = bind_expr(index.uidx, scope, clause);
  Oid type = base_type_of(step->type.oid);
  Oid source[] = {type}, number[] = {type_oid::kInt4}, text[] = {type_oid::kText};
  bool as_number = type != type_oid::kUnknown && can_coerce(source, number, Coercion::kImplicit);
  bool as_text = type == type_oid::kUnknown || can_coerce(source, text, Coercion::kImplicit);
  if (as_number == as_text) {
    throw sql_error(SqlState::kDatatypeMismatch, "subscript type {} is not supported",
                    format_type(type))
        .hint("jsonb subscript must be coercible to either integer or text.")
        .at_byte(step->location);
  }
  if (as_number) {
    step = coerce(step, {type_oid::kInt4, -1}, Coercion::kImplicit, step->location);
    return coerce(step, {type_oid::kText, -1}, Coercion::kExplicit, step->location);
  }
  return coerce(step, {type_oid::kText, -1}, Coercion::kImplicit, step->location);
}

Expr* Binder::hstore_key(std::span<const ast::AIndices* const> indices, Scope* scope,
                         Clause clause) {
  if (indices.size() != 1) {
    throw SqlError(SqlState::kFeatureNotSupported, "hstore allows only one subscript");
  }
  if (indices[0]->is_slice) {
    throw SqlError(SqlState::kFeatureNotSupported, "hstore allows only one subscript");
  }
  Expr* key = bind_expr(indices[0]->uidx, scope, clause);
  Expr* text = coerce(key, {type_oid::kText, -1}, Coercion::kAssignment, key->location);
  if (text != nullptr) return text;
  throw SqlError(SqlState::kDatatypeMismatch, "hstore subscript must have type text")
      .at_byte(key->location);
}

Expr* Binder::assign_elements(Expr* base, std::span<const ast::Node* const> steps, size_t count,
                              Expr* value, int location, Scope* scope) {
  if (base->type.oid == type_oid::kJsonb) {
    std::vector<Expr*> args = {base, value};
    bool array = false;
    for (size_t i = 0; i < count; ++i) {
      Expr* step = jsonb_path_text(*ast::as<ast::AIndices>(steps[i]), scope, Clause::kUpdateSource);
      // An integer step became text by a conversion of its own.
      if (i == 0)
        array = step->kind != ExprKind::kConstant && !step->args.empty() &&
                step->args[0]->type.oid == type_oid::kInt4;
      args.push_back(step);
    }
    return make_part_call(arena(), assign_jsonb_kernel(), *base, args, array ? 1 : 0, location);
  }
  if (base->type.oid == type_oid::kHstore) {
    std::vector<const ast::AIndices*> indices;
    for (size_t i = 0; i < count; ++i) indices.push_back(ast::as<ast::AIndices>(steps[i]));
    Expr* key = hstore_key(indices, scope, Clause::kUpdateSource);
    return make_part_call(arena(), assign_hstore_kernel(), *base, {base, value, key}, 0, location);
  }
  const TypeInfo& type = type_info(base->type.oid);
  if (!type.is_array()) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "cannot subscript type {} because it does not support subscripting",
                    format_type(base->type.oid))
        .at_byte(location);
  }
  constexpr size_t kMaxDimensions = 6;
  if (count > kMaxDimensions) {
    throw sql_error(SqlState::kProgramLimitExceeded,
                    "number of array dimensions ({}) exceeds the maximum allowed ({})", count,
                    kMaxDimensions);
  }
  bool slice = false;
  for (size_t i = 0; i < count; ++i) slice |= ast::as<ast::AIndices>(steps[i])->is_slice;
  uint32_t flags = slice ? kSliceAssignment : 0;
  std::vector<Expr*> args = {base, nullptr};
  auto bound = [&](const ast::Node* node, uint32_t omitted) {
    if (node == nullptr) {
      flags |= omitted;
      args.push_back(make_constant(arena(), {type_oid::kInt4, -1}, Value::null()));
      return;
    }
    Expr* given = bind_expr(node, scope, Clause::kUpdateSource);
    Expr* number = coerce(given, {type_oid::kInt4, -1}, Coercion::kAssignment, given->location);
    if (number == nullptr) {
      throw SqlError(SqlState::kDatatypeMismatch, "array subscript must have type integer")
          .at_byte(given->location);
    }
    args.push_back(number);
  };
  for (size_t i = 0; i < count; ++i) {
    const auto& index = *ast::as<ast::AIndices>(steps[i]);
    if (slice && !index.is_slice) {
      args.push_back(make_constant(arena(), {type_oid::kInt4, -1}, Value(Datum::of_int32(1))));
    } else {
      bound(index.lidx, slice ? omitted_lower(i) : 0);
    }
    bound(index.uidx, omitted_upper(i));
  }
  args[1] = value;
  return make_part_call(arena(), assign_elements_kernel(), *base, args, flags, location);
}

namespace {

// In place of the location of a new part that is no text of a statement but PL/pgSQL's: it becomes
// what is wanted by way of text if there is no conversion.
constexpr int kThroughText = -2;

}  // namespace

Expr* Binder::bind_part_assignment(TypeRef base_type, uint32_t base,
                                   std::span<const ast::Node* const> steps, TypeRef part_type,
                                   uint32_t part, std::string_view name) {
  auto parameter = [&](TypeRef type, uint32_t index, int location) {
    Expr* out = arena().make<Expr>(make_node(ExprKind::kParameter, type.oid, location));
    out->type = type;
    out->index = index;
    return out;
  };
  return assign_part(parameter(base_type, base, -1), steps,
                     parameter(part_type, part, kThroughText), name, -1, new_scope(nullptr));
}

Expr* Binder::assign_part(Expr* base, std::span<const ast::Node* const> steps, Expr* value,
                          std::string_view column, int location, Scope* scope) {
  const TypeRef whole = base->type;
  // Parts of a domain are those of its base; what comes out must satisfy the domain again.
  TypeRef plain = base_type_of(whole);
  if (plain.oid != whole.oid) base = coerce(base, plain, Coercion::kImplicit, location);
  auto finish = [&](Expr* out) {
    if (plain.oid == whole.oid) return out;
    return coerce(out, whole, Coercion::kAssignment, location);
  };
  // The value of the part named by the first steps, and the rest of them below it.
  auto below = [&](Expr* part, std::span<const ast::Node* const> rest, std::string_view name,
                   bool subscripted) {
    if (!rest.empty()) return assign_part(part, rest, value, name, location, scope);
    Expr* out = coerce(value, part->type, Coercion::kAssignment, value->location);
    if (out != nullptr) return out;
    if (value->location == kThroughText) {
      out = arena().make<Expr>(make_node(ExprKind::kCoerceViaIo, part->type.oid, location));
      out->args = copy_span(arena(), std::vector<Expr*>{value});
      return out;
    }
    std::string wanted = format_type(part->type.oid), given = format_type(value->type.oid);
    throw sql_error(SqlState::kDatatypeMismatch, "{}",
                    subscripted
                        ? fmt::format("subscripted assignment to \"{}\" requires type {} but "
                                      "expression is of type {}",
                                      column, wanted, given)
                        : fmt::format("subfield \"{}\" is of type {} but expression is of type {}",
                                      name, wanted, given))
        .hint("You will need to rewrite or cast the expression.")
        .at_byte(location);
  };
  if (const auto* field = ast::try_as<ast::String>(steps[0])) {
    std::vector<RowField> fields;
    if (!row_fields(base->type.oid, fields)) {
      throw sql_error(SqlState::kDatatypeMismatch,
                      "cannot assign to field \"{}\" of column \"{}\" because its type {} is not a "
                      "composite type",
                      field->sval, column, format_type(base->type.oid))
          .at_byte(location);
    }
    for (uint32_t i = 0; i < fields.size(); ++i) {
      if (fields[i].name != field->sval) continue;
      Expr* part = make_field(base, i, fields[i], location);
      return finish(
          store_field(base, i, below(part, steps.subspan(1), field->sval, false), location));
    }
    throw sql_error(SqlState::kUndefinedColumn,
                    "cannot assign to field \"{}\" of column \"{}\" because there is no such "
                    "column in data type {}",
                    field->sval, column, format_type(base->type.oid))
        .at_byte(location);
  }
  if (ast::is<ast::AStar>(steps[0])) {
    throw SqlError(SqlState::kFeatureNotSupported, "row expansion via \"*\" is not supported here")
        .at_byte(location);
  }
  size_t count = 0;
  std::vector<const ast::AIndices*> indices;
  while (count < steps.size() && ast::is<ast::AIndices>(steps[count]))
    indices.push_back(ast::as<ast::AIndices>(steps[count++]));
  Expr* part = bind_subscripts(base, indices, scope, Clause::kUpdateSource);
  // The value read has its own typmod; elements that are assigned get the column's.
  if (part->type.oid == type_oid::kJsonb) part->type.typmod = -1;
  Expr* inner = below(part, steps.subspan(count), column, true);
  return finish(assign_elements(base, steps, count, inner, location, scope));
}

}  // namespace luma
