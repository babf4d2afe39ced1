// Type names, casts, arrays, subscripts and fields.
#include "engine/type/extension_type.h"
#include "engine/type/typmod.h"
#include "engine/type/user_type.h"
#include "sql/bind/binder.h"
#include "sql/catalog/extension_objects.h"
#include "sql/function/registry.h"
#include "sql/function/value_parts.h"

namespace luma {

namespace {

std::string type_text(const ast::TypeName& name) {
  std::string text;
  for (std::string_view part : name.names) {
    if (!text.empty()) text += '.';
    text += part;
  }
  for (size_t i = 0; i < name.array_bounds.size(); ++i) text += "[]";
  return text;
}

}  // namespace

TypeRef Binder::resolve_type_name(const ast::TypeName& name) {
  if (name.pct_type) throw unsupported("%TYPE").at_byte(name.location);
  if (name.setof) {
    throw SqlError(SqlState::kDatatypeMismatch, "SETOF is not allowed here").at_byte(name.location);
  }
  std::string_view schema =
      name.names.size() > 1 ? name.names[name.names.size() - 2] : std::string_view{};
  Oid type = find_type(environment_.catalog(), path(), {schema, name.names.back()});
  if (type == kInvalidOid) {
    if (schema.data() != nullptr && environment_.catalog().find_schema(schema) == nullptr) {
      throw sql_error(SqlState::kInvalidSchemaName, "schema \"{}\" does not exist", schema)
          .at_byte(name.location);
    }
    throw sql_error(SqlState::kUndefinedObject, "type \"{}\" does not exist", type_text(name))
        .at_byte(name.location);
  }
  int32_t typmod = -1;
  if (!name.typmods.empty()) {
    std::vector<int32_t> values;
    for (const ast::Node* node : name.typmods) {
      const auto* constant = ast::try_as<ast::AConst>(node);
      if (constant == nullptr || constant->kind != ast::ConstKind::kInteger) {
        throw SqlError(SqlState::kInvalidParameterValue,
                       "type modifiers must be simple constants or identifiers")
            .at_byte(name.location);
      }
      values.push_back(constant->ival);
    }
    try {
      typmod = parse_typmod(type, values);
    } catch (SqlError& error) {
      error.at_byte(name.location);
      throw;
    }
  } else if (type == type_oid::kBpchar && name.names.size() == 2 && name.names[1] == "bpchar") {
    // CHARACTER without a length: the grammar supplies 1 itself, "bpchar" has none.
    typmod = -1;
  }
  if (!name.array_bounds.empty()) {
    const TypeInfo& element = type_info(type);
    if (!element.is_array()) type = element.array;
    if (type == kInvalidOid) {
      throw sql_error(SqlState::kUndefinedObject, "type \"{}\" does not exist", type_text(name))
          .at_byte(name.location);
    }
  }
  require_usable_type(type, name.location);
  return {type, typmod};
}

void Binder::require_usable_type(Oid type, int location) {
  const TypeInfo* info = luma::find_type(type);
  const TypeInfo* element =
      info != nullptr && info->is_array() ? luma::find_type(info->element) : info;
  bool usable = element != nullptr && (element->input != nullptr || element->type_type == 'p');
  if (!usable) throw unsupported("type {}", format_type(type)).at_byte(location);
}

Expr* Binder::bind_type_cast(const ast::TypeCast& cast, Scope* scope, Clause clause) {
  TypeRef target = resolve_type_name(*cast.type_name);
  const auto* array = ast::try_as<ast::AArrayExpr>(cast.arg);
  // ARRAY[...] is made of the elements that the target wants, that of a domain over arrays too.
  TypeRef plain = base_type_of(target);
  Expr* arg = array != nullptr && type_info(plain.oid).is_array()
                  ? bind_array(*array, scope, clause, plain.oid, plain.typmod)
                  : bind_expr(cast.arg, scope, clause);
  int location = cast.location >= 0 ? cast.location : cast.type_name->location;
  Expr* out = coerce(arg, target, Coercion::kExplicit, location, true);
  if (out == nullptr) cannot_coerce(*arg, target.oid, location);
  return out;
}

Expr* Binder::bind_array(const ast::AArrayExpr& node, Scope* scope, Clause clause, Oid array_type,
                         int32_t typmod) {
  Oid element_type = array_type == kInvalidOid ? kInvalidOid : type_info(array_type).element;
  std::vector<Expr*> elements;
  bool nested = false;
  for (const ast::Node* item : node.elements) {
    const auto* inner = ast::try_as<ast::AArrayExpr>(item);
    Expr* element;
    if (inner != nullptr) {
      element = bind_array(*inner, scope, clause, array_type, typmod);
      nested = true;
    } else {
      element = bind_expr(item, scope, clause);
      if (element->type.oid != type_oid::kUnknown && type_info(element->type.oid).is_array())
        nested = true;
    }
    elements.push_back(element);
  }
  if (elements.empty() && array_type == kInvalidOid) {
    throw SqlError(SqlState::kIndeterminateDatatype, "cannot determine type of empty array")
        .hint("Explicitly cast to the desired type, for example ARRAY[]::integer[].")
        .at_byte(node.location);
  }
  Oid result = array_type;
  if (result == kInvalidOid) {
    Oid common = select_common_type(elements, "ARRAY");
    result = type_info(common).is_array() ? common : type_info(common).array;
    nested = type_info(common).is_array();
    element_type = common;
    if (result == kInvalidOid) {
      throw sql_error(SqlState::kUndefinedObject, "could not find array type for data type {}",
                      format_type(common))
          .at_byte(node.location);
    }
  } else if (nested) {
    element_type = array_type;
  }
  for (Expr*& element : elements) {
    if (array_type != kInvalidOid) {
      Expr* coerced = coerce(element, {element_type, nested ? -1 : typmod}, Coercion::kExplicit,
                             element->location);
      if (coerced == nullptr) cannot_coerce(*element, element_type, element->location);
      element = coerced;
    } else {
      element = coerce_to_common(element, element_type, "ARRAY");
    }
  }
  Expr* out = arena().make<Expr>();
  out->kind = ExprKind::kArray;
  out->type = {result, -1};
  out->physical = PhysicalType::kVarlen;
  out->collation = type_info(result).collation;
  out->location = node.location;
  out->index = nested ? 1 : 0;
  out->args = copy_span(arena(), elements);
  return out;
}

Expr* Binder::bind_indirection(const ast::AIndirection& node, Scope* scope, Clause clause) {
  Expr* base = bind_expr(node.arg, scope, clause);
  std::vector<const ast::AIndices*> pending;
  auto flush = [&] {
    if (pending.empty()) return;
    base = bind_subscripts(base, pending, scope, clause);
    pending.clear();
  };
  for (const ast::Node* step : node.indirection) {
    if (const auto* indices = ast::try_as<ast::AIndices>(step)) {
      pending.push_back(indices);
      continue;
    }
    flush();
    if (ast::is<ast::AStar>(step)) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "row expansion via \"*\" is not supported here")
          .at_byte(node.location);
    }
    base = bind_field(base, ast::as<ast::String>(step)->sval,
                      step->location >= 0 ? step->location : base->location);
    // A function that stands for a field may return a set.
    if (base->kind == ExprKind::kFunction && base->function != nullptr &&
        base->function->returns_set) {
      base = make_set_returning(base, scope, clause);
    }
  }
  flush();
  return base;
}

namespace {

// Shapes that consist of a fixed number of points or coordinates.
bool is_fixed_array(const TypeInfo& type) {
  return type.category == 'G' && type.len > 0 && type.element != kInvalidOid;
}

Expr* make_shape_element(Arena& arena, Expr* shape, Expr* index) {
  Expr* out = arena.make<Expr>();
  out->kind = ExprKind::kFunction;
  out->type = {type_info(shape->type.oid).element, -1};
  out->physical = type_info(out->type.oid).physical;
  out->location = shape->location;
  out->implementation.kernel = shape_element_kernel();
  out->is_volatile = shape->is_volatile || index->is_volatile;
  out->args = copy_span(arena, std::vector<Expr*>{shape, index});
  return out;
}

}  // namespace

Expr* Binder::bind_subscripts(Expr* base, std::span<const ast::AIndices* const> indices,
                              Scope* scope, Clause clause) {
  // Parts of a domain are those of its base type.
  if (TypeRef plain = base_type_of(base->type); plain.oid != base->type.oid)
    base = coerce(base, plain, Coercion::kImplicit, base->location);
  Oid container = base->type.oid;
  if (container == type_oid::kJsonb) {
    std::vector<Expr*> args = {base};
    for (const ast::AIndices* index : indices)
      args.push_back(jsonb_path_text(*index, scope, clause));
    std::string_view function[] = {"jsonb_extract_path"};
    return make_function_call(ast::NameList(function, 1), args, {}, false, false, base->location,
                              nullptr);
  }
  if (container == type_oid::kHstore) {
    const FunctionEntry& fetch =
        *FunctionRegistry::instance().operator_by_oid(kHstoreFetchOperator)->implementation;
    return build_call(fetch, {base, hstore_key(indices, scope, clause)}, base->location,
                      fetch.arg_types, type_oid::kText);
  }
  if (container == type_oid::kName && indices.size() == 1 && !indices[0]->is_slice) {
    // A name is a fixed array of bytes, counted from 0: catalog queries look at its first one.
    Expr* index = coerce(bind_expr(indices[0]->uidx, scope, clause), {type_oid::kInt4, -1},
                         Coercion::kAssignment, base->location);
    if (index == nullptr) {
      throw SqlError(SqlState::kDatatypeMismatch, "array subscript must have type integer")
          .at_byte(indices[0]->location);
    }
    Expr* one = make_constant(arena(), {type_oid::kInt4, -1}, Value(Datum::of_int32(1)));
    Expr* text = coerce(base, {type_oid::kText, -1}, Coercion::kImplicit, base->location);
    std::string_view function[] = {"substr"};
    Expr* letter = make_function_call(ast::NameList(function, 1),
                                      {text, make_operator("+", index, one, base->location), one},
                                      {}, false, false, base->location, nullptr);
    return coerce(letter, {type_oid::kChar, -1}, Coercion::kExplicit, base->location);
  }
  if (container == type_oid::kUnknown) base = resolve_unknown(base);
  const TypeInfo& type = type_info(container);
  bool vector = container == type_oid::kInt2Vector || container == type_oid::kOidVector;
  // Points, boxes, segments and lines are fixed arrays, counted from 0.
  if (is_fixed_array(type) && indices.size() == 1 && !indices[0]->is_slice) {
    Expr* index = coerce(bind_expr(indices[0]->uidx, scope, clause), {type_oid::kInt4, -1},
                         Coercion::kAssignment, base->location);
    if (index == nullptr) {
      throw SqlError(SqlState::kDatatypeMismatch, "array subscript must have type integer")
          .at_byte(indices[0]->location);
    }
    return make_shape_element(arena(), base, index);
  }
  if (!type.is_array() && !vector) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "cannot subscript type {} because it does not support subscripting",
                    format_type(container))
        .at_byte(base->location);
  }
  constexpr size_t kMaxDimensions = 6;
  if (indices.size() > kMaxDimensions) {
    throw sql_error(SqlState::kProgramLimitExceeded,
                    "number of array dimensions ({}) exceeds the maximum allowed ({})",
                    indices.size(), kMaxDimensions);
  }
  auto* info = arena().make<SubscriptInfo>();
  std::vector<Expr*> lower, upper;
  for (const ast::AIndices* index : indices) info->slice |= index->is_slice;
  auto bind_bound = [&](const ast::Node* node) -> Expr* {
    if (node == nullptr) return nullptr;
    Expr* bound = bind_expr(node, scope, clause);
    Expr* coerced = coerce(bound, {type_oid::kInt4, -1}, Coercion::kAssignment, bound->location);
    if (coerced == nullptr) {
      throw SqlError(SqlState::kDatatypeMismatch, "array subscript must have type integer")
          .at_byte(bound->location);
    }
    return coerced;
  };
  for (const ast::AIndices* index : indices) {
    Expr* low = bind_bound(index->lidx);
    // A plain index among slices means 1:index.
    if (info->slice && !index->is_slice) {
      low = make_constant(arena(), {type_oid::kInt4, -1}, Value(Datum::of_int32(1)));
    }
    lower.push_back(low);
    upper.push_back(bind_bound(index->uidx));
  }
  info->lower = copy_span(arena(), lower);
  info->upper = copy_span(arena(), upper);
  Expr* out = arena().make<Expr>();
  out->kind = ExprKind::kSubscript;
  Oid result = info->slice ? container : type.element;
  out->type = {result, info->slice ? -1 : base->type.typmod};
  out->physical = type_info(result).physical;
  out->collation = type_info(result).collation;
  out->location = base->location;
  out->subscript = info;
  out->args = copy_span(arena(), std::vector<Expr*>{base});
  return out;
}

}  // namespace luma
