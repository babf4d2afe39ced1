// Type conversion by PostgreSQL's rules (its parse_coerce.c is the specification): which casts may
// be applied silently, literals taking the type they are needed in, common types of several
// expressions.
#include <algorithm>

#include "engine/exec/evaluator.h"
#include "engine/type/range.h"
#include "engine/type/type_info.h"
#include "engine/type/user_type.h"
#include "sql/bind/binder.h"
#include "sql/bind/polymorphic.h"
#include "sql/function/extension.h"
#include "sql/function/registry.h"

namespace luma {

namespace {

struct Pathway {
  enum Kind { kNone, kFunction, kRelabel, kArray, kViaIo } kind = kNone;
  const FunctionEntry* function = nullptr;
  Oid user_function = kInvalidOid;  // instead of `function`, one that may be a user's
};

Coercion context_of(char letter) {
  return letter == 'i'   ? Coercion::kImplicit
         : letter == 'a' ? Coercion::kAssignment
                         : Coercion::kExplicit;
}

Pathway find_pathway(const Catalog& catalog, Oid source, Oid target, Coercion coercion) {
  // Domains convert as their base types do.
  source = base_type_of(source);
  target = base_type_of(target);
  if (source == target) return {Pathway::kRelabel};
  const FunctionRegistry& registry = FunctionRegistry::instance();
  if (const CastEntry* cast = registry.cast(source, target)) {
    if (coercion < context_of(cast->context)) return {};
    switch (cast->method) {
      case 'f':
        return {Pathway::kFunction, cast->implementation};
      case 'b':
        return {Pathway::kRelabel};
      default:
        return {Pathway::kViaIo};
    }
  }
  if (const Cast* cast = catalog.find_cast(source, target)) {
    if (coercion < context_of(cast->context)) return {};
    if (cast->method == 'f') return {Pathway::kFunction, nullptr, cast->function};
    return {cast->method == 'b' ? Pathway::kRelabel : Pathway::kViaIo};
  }
  const TypeInfo* from = find_type(source);
  const TypeInfo* to = find_type(target);
  if (from == nullptr || to == nullptr) return {};
  // The vector types are arrays of one dimension as far as conversions go.
  auto is_array = [](const TypeInfo& type) {
    return type.is_array() || type.oid == type_oid::kInt2Vector || type.oid == type_oid::kOidVector;
  };
  if (is_array(*from) && to->is_array()) {
    Pathway element = find_pathway(catalog, from->element, to->element, coercion);
    if (element.kind == Pathway::kNone) return {};
    // An array tells what its elements are: those that are written otherwise need another one.
    bool same = element.kind == Pathway::kRelabel && base_type_of(to->element) == to->element &&
                type_info(base_type_of(from->element)).output == type_info(to->element).output;
    return {same ? Pathway::kRelabel : Pathway::kArray};
  }
  // Every range type has a cast to its multirange.
  if (from->type_type == 'r' && to->type_type == 'm' && coercion == Coercion::kExplicit &&
      range_kind(source).multirange == target) {
    constexpr Oid kMultirangeOfRange = 4298;
    return {Pathway::kFunction, registry.function(kMultirangeOfRange)};
  }
  // Conversion through text: assignment casts to string types, explicit ones from them.
  if (coercion >= Coercion::kAssignment && to->category == 'S') return {Pathway::kViaIo};
  if (coercion >= Coercion::kExplicit && from->category == 'S') return {Pathway::kViaIo};
  return {};
}

bool is_composite(Oid type) {
  const TypeInfo* info = find_type(base_type_of(type));
  return info != nullptr && info->type_type == 'c';
}

Oid element_of(Oid type) {
  const TypeInfo* info = find_type(base_type_of(type));
  return info != nullptr && info->is_array() ? info->element : kInvalidOid;
}

bool is_unknown_literal(const Expr& expr) {
  return expr.type.oid == type_oid::kUnknown && expr.kind == ExprKind::kConstant;
}

}  // namespace

bool is_binary_coercible(Oid source, Oid target) {
  if (source == target || target == type_oid::kAny || target == type_oid::kAnyElement ||
      target == type_oid::kAnyCompatible) {
    return true;
  }
  source = base_type_of(source);
  if (source == target) return true;
  const TypeInfo* from = find_type(source);
  if (from == nullptr) return false;
  if ((target == type_oid::kAnyArray || target == type_oid::kAnyCompatibleArray) &&
      (from->is_array() || source == type_oid::kRecordArray))
    return true;
  if ((target == type_oid::kAnyNonArray || target == type_oid::kAnyCompatibleNonArray) &&
      !from->is_array()) {
    return true;
  }
  if (target == type_oid::kRecord && from->type_type == 'c') return true;
  constexpr Oid kAnyMultirange = 4537;
  if (target == type_oid::kAnyRange && from->type_type == 'r') return true;
  if (target == kAnyMultirange && from->type_type == 'm') return true;
  const CastEntry* cast = FunctionRegistry::instance().cast(source, target);
  return cast != nullptr && cast->method == 'b' && cast->context == 'i';
}

void Binder::set_parameter_type(Expr& parameter, Oid type) {
  require_usable_type(type, parameter.location);
  Oid& known = parameter_types_[parameter.index];
  if (known == kInvalidOid || known == type_oid::kUnknown) {
    known = type;
    for (Expr* node : parameter_nodes_) {
      if (node->index != parameter.index) continue;
      node->type = {type, -1};
      node->physical = type_info(type).physical;
      node->collation = type_info(type).collation;
    }
  } else if (known != type) {
    throw sql_error(SqlState::kAmbiguousParameter, "inconsistent types deduced for parameter ${}",
                    parameter.index + 1)
        .detail(fmt::format("{} versus {}", format_type(known), format_type(type)))
        .at_byte(parameter.location);
  }
}

bool Binder::can_coerce(std::span<const Oid> from, std::span<const Oid> to, Coercion coercion) {
  bool polymorphic = false;
  for (size_t i = 0; i < from.size(); ++i) {
    Oid source = from[i], target = to[i];
    if (source == target || target == type_oid::kAny) continue;
    if (is_polymorphic(target)) {
      polymorphic = true;
      continue;
    }
    if (source == type_oid::kUnknown) continue;
    if (find_pathway(environment_.catalog(), source, target, coercion).kind != Pathway::kNone) {
      continue;
    }
    if (target == type_oid::kRecord && is_composite(source)) continue;
    if (source == type_oid::kRecord && is_composite(target)) continue;
    if (target == type_oid::kRecordArray && is_composite(element_of(source))) continue;
    return false;
  }
  return !polymorphic || polymorphic_consistent(from, to);
}

Expr* Binder::coerce_literal(const Expr& literal, TypeRef target, int location) {
  const TypeInfo& type = type_info(target.oid);
  Expr* out = arena().make<Expr>(literal);
  out->type = {target.oid, -1};
  out->physical = type.physical;
  out->collation = type.collation;
  if (!literal.constant.is_null) {
    if (type.input == nullptr) {
      throw unsupported("type {}", format_type(target.oid)).at_byte(location);
    }
    // Intervals interpret their text by the typmod ('1' as INTERVAL HOUR); for other types the
    // typmod is applied afterwards like to any value.
    int32_t typmod = target.oid == type_oid::kInterval ? target.typmod : -1;
    try {
      out->constant = Value(
          type.input(literal.constant.datum.str.view(), type, typmod, environment_.io(), arena()));
    } catch (SqlError& error) {
      if (error.byte_offset < 0 && error.position == 0) error.at_byte(literal.location);
      throw;
    }
    if (target.oid == type_oid::kInterval) out->type.typmod = target.typmod;
  }
  return out;
}

Expr* Binder::with_typmod(Expr* expr, int32_t typmod, Coercion coercion, int location) {
  if (typmod < 0 || expr->type.typmod == typmod) return expr;
  const TypeInfo& type = type_info(expr->type.oid);
  bool is_explicit = coercion == Coercion::kExplicit;
  if (expr->kind == ExprKind::kConstant) {
    Expr* out = arena().make<Expr>(*expr);
    if (!out->constant.is_null) {
      out->constant = Value(apply_typmod(out->constant.datum, type, typmod, is_explicit, arena()));
    }
    out->type.typmod = typmod;
    return out;
  }
  Expr* out = arena().make<Expr>();
  out->kind = ExprKind::kApplyTypmod;
  out->type = {expr->type.oid, typmod};
  out->physical = expr->physical;
  out->collation = expr->collation;
  out->location = location;
  out->index = is_explicit ? 1 : 0;
  out->args = copy_span(arena(), std::vector<Expr*>{expr});
  return out;
}

Expr* Binder::coerce(Expr* expr, TypeRef target, Coercion coercion, int location,
                     bool explicit_form) {
  Oid source = expr->type.oid;
  if (source == target.oid) return with_typmod(expr, target.typmod, coercion, location);
  if (target.oid == type_oid::kAny || is_polymorphic(target.oid)) return expr;
  if (TypeRef plain = base_type_of(target); plain.oid != target.oid) {
    // Who gives the parameter's value gives one of the domain. What stands for a literal (unknown,
    // not undeclared) becomes one when it is evaluated, as a literal does.
    if (expr->kind == ExprKind::kParameter && source == type_oid::kUnknown &&
        expr->index < parameter_types_.size() && parameter_types_[expr->index] == kInvalidOid) {
      set_parameter_type(*expr, target.oid);
      return expr;
    }
    Expr* value = coerce(expr, plain, coercion, location, explicit_form);
    return value == nullptr ? nullptr : coerce_to_domain(value, target.oid, coercion, location);
  }
  if (is_unknown_literal(*expr)) {
    return with_typmod(coerce_literal(*expr, target, location), target.typmod, coercion, location);
  }
  if (expr->kind == ExprKind::kParameter && (source == type_oid::kUnknown)) {
    set_parameter_type(*expr, target.oid);
    return with_typmod(expr, target.typmod, coercion, location);
  }
  if (source == type_oid::kUnknown) {
    // A computed value of type unknown (a NULL from a subquery): through its text.
    source = type_oid::kText;
  }
  if (target.oid == type_oid::kRecord && expr->kind == ExprKind::kRow) return expr;
  if (source == type_oid::kRecord && is_composite(target.oid))
    return coerce_row(expr, target.oid, coercion, location);
  Pathway pathway = find_pathway(environment_.catalog(), source, target.oid, coercion);
  if (pathway.user_function != kInvalidOid) {
    pathway.function = function_by_oid(environment_.catalog(), pathway.user_function, arena());
    if (pathway.function == nullptr) return nullptr;
  }
  if (pathway.kind == Pathway::kNone &&
      ((target.oid == type_oid::kRecord && is_composite(source)) ||
       (target.oid == type_oid::kRecordArray && is_composite(element_of(source))))) {
    pathway.kind = Pathway::kRelabel;
  }
  const TypeInfo& to = type_info(target.oid);
  Expr* out = arena().make<Expr>();
  out->type = {target.oid, -1};
  out->physical = to.physical;
  out->collation = to.collation != kInvalidOid && expr->collation != kInvalidOid ? expr->collation
                                                                                 : to.collation;
  out->location = location >= 0 ? location : expr->location;
  out->args = copy_span(arena(), std::vector<Expr*>{expr});
  out->strict = true;
  switch (pathway.kind) {
    case Pathway::kNone:
      return nullptr;
    case Pathway::kRelabel:
      out->kind = ExprKind::kRelabel;
      break;
    case Pathway::kFunction: {
      const FunctionEntry& function = *pathway.function;
      std::vector<Expr*> args = {
          coerce(expr, {function.arg_types[0], -1}, Coercion::kExplicit, location)};
      if (args[0] == nullptr) args[0] = expr;
      // Casts may take the typmod and whether the cast was explicit.
      if (function.arg_types.size() > 1) {
        args.push_back(
            make_constant(arena(), {type_oid::kInt4, -1}, Value(Datum::of_int32(target.typmod))));
      }
      if (function.arg_types.size() > 2) {
        args.push_back(make_bool(arena(), coercion == Coercion::kExplicit));
      }
      out = build_call(function, args, out->location, function.arg_types, target.oid);
      if (function.arg_types.size() > 1) {
        out->type.typmod = target.typmod;
        return out;
      }
      break;
    }
    case Pathway::kArray: {
      out->kind = ExprKind::kCoerceArray;
      Oid from_element = type_info(base_type_of(source)).element;
      Expr* slot = make_slot(arena(), 0, {from_element, -1});
      out->element_coercion = coerce(slot, {to.element, target.typmod}, coercion, location);
      out->type.typmod = target.typmod;
      return out;
    }
    case Pathway::kViaIo:
      if (to.input == nullptr)
        throw unsupported("type {}", format_type(target.oid)).at_byte(location);
      out->kind = ExprKind::kCoerceViaIo;
      break;
  }
  return with_typmod(out, target.typmod, coercion, location);
}

void Binder::cannot_coerce(const Expr& expr, Oid target, int location) {
  throw sql_error(SqlState::kCannotCoerce, "cannot cast type {} to {}", format_type(expr.type.oid),
                  format_type(target))
      .at_byte(location);
}

Expr* Binder::coerce_to_boolean(Expr* expr, std::string_view construct) {
  Expr* out = expr->type.oid == type_oid::kBool
                  ? expr
                  : coerce(expr, {type_oid::kBool, -1}, Coercion::kAssignment, expr->location);
  if (out == nullptr) {
    throw sql_error(SqlState::kDatatypeMismatch, "argument of {} must be type boolean, not type {}",
                    construct, format_type(expr->type.oid))
        .at_byte(expr->location);
  }
  return out;
}

Expr* Binder::coerce_to_bigint(Expr* expr, std::string_view construct) {
  Expr* out = coerce(expr, {type_oid::kInt8, -1}, Coercion::kAssignment, expr->location);
  if (out == nullptr) {
    throw sql_error(SqlState::kDatatypeMismatch, "argument of {} must be type bigint, not type {}",
                    construct, format_type(expr->type.oid))
        .at_byte(expr->location);
  }
  return out;
}

Expr* Binder::coerce_assignment(Expr* expr, TypeRef target, std::string_view column, int location) {
  Expr* out = coerce(expr, target, Coercion::kAssignment, location);
  if (out == nullptr) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "column \"{}\" is of type {} but expression is of type {}", column,
                    format_type(target.oid), format_type(expr->type.oid))
        .hint("You will need to rewrite or cast the expression.")
        .at_byte(location);
  }
  return out;
}

Oid Binder::select_common_type(std::span<Expr* const> exprs, std::string_view context) {
  Oid type = exprs.empty() ? type_oid::kText : exprs[0]->type.oid;
  if (type != type_oid::kUnknown &&
      std::all_of(exprs.begin(), exprs.end(), [&](Expr* e) { return e->type.oid == type; })) {
    return type;
  }
  type = base_type_of(type);
  const TypeInfo* chosen = find_type(type);
  for (Expr* expr : exprs) {
    Oid candidate = base_type_of(expr->type.oid);
    if (candidate == type_oid::kUnknown || candidate == type) continue;
    const TypeInfo* info = find_type(candidate);
    if (info == nullptr) continue;
    if (type == type_oid::kUnknown) {
      type = candidate;
      chosen = info;
      continue;
    }
    if (info->category != chosen->category) {
      throw sql_error(SqlState::kDatatypeMismatch, "{} types {} and {} cannot be matched", context,
                      format_type(type), format_type(candidate))
          .at_byte(expr->location);
    }
    Oid from[] = {type}, to[] = {candidate};
    bool forward = can_coerce(from, to, Coercion::kImplicit);
    bool backward = can_coerce(to, from, Coercion::kImplicit);
    if (!chosen->preferred && forward && !backward) {
      type = candidate;
      chosen = info;
    }
  }
  return type == type_oid::kUnknown ? type_oid::kText : type;
}

Expr* Binder::coerce_to_common(Expr* expr, Oid type, std::string_view context) {
  if (expr->type.oid == type) return expr;
  Expr* out = coerce(expr, {type, -1}, Coercion::kImplicit, expr->location);
  if (out == nullptr) {
    throw sql_error(SqlState::kCannotCoerce, "{} could not convert type {} to {}", context,
                    format_type(expr->type.oid), format_type(type))
        .at_byte(expr->location);
  }
  return out;
}

Expr* Binder::resolve_unknown(Expr* expr) {
  if (expr->type.oid != type_oid::kUnknown) return expr;
  return coerce(expr, {type_oid::kText, -1}, Coercion::kImplicit, expr->location);
}

}  // namespace luma
