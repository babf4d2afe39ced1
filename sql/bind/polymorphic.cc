#include "sql/bind/polymorphic.h"

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "engine/type/range.h"
#include "engine/type/type_info.h"
#include "engine/type/user_type.h"
#include "sql/function/registry.h"

namespace luma {

namespace {

constexpr Oid kAnyMultirange = 4537;
constexpr Oid kAnyCompatibleRange = 5080;
constexpr Oid kAnyCompatibleMultirange = 4538;

Oid element_of(Oid type) {
  const TypeInfo* info = find_type(base_type_of(type));
  if (info == nullptr) return kInvalidOid;
  if (info->is_array() || type == type_oid::kRecordArray) return info->element;
  // int2vector and oidvector count as arrays of their elements here.
  if (type == type_oid::kInt2Vector || type == type_oid::kOidVector) return info->element;
  return kInvalidOid;
}

Oid array_of(Oid element) {
  const TypeInfo* info = find_type(element);
  return info == nullptr ? kInvalidOid : info->array;
}

bool implicit_castable(Oid from, Oid to) {
  from = base_type_of(from);
  to = base_type_of(to);
  if (from == to) return true;
  const CastEntry* cast = FunctionRegistry::instance().cast(from, to);
  return cast != nullptr && cast->context == 'i';
}

bool is_compatible_family(Oid type) {
  return type == type_oid::kAnyCompatible || type == type_oid::kAnyCompatibleArray ||
         type == type_oid::kAnyCompatibleNonArray || type == kAnyCompatibleRange ||
         type == kAnyCompatibleMultirange;
}

// What the two polymorphic families stand for.
struct Binding {
  Oid element = kInvalidOid;     // anyelement family
  Oid compatible = kInvalidOid;  // anycompatible family
  // The range types behind (multi)ranges of both families.
  Oid range = kInvalidOid;
  Oid compatible_range = kInvalidOid;
  bool consistent = true;
  Oid conflict_a = kInvalidOid, conflict_b = kInvalidOid;
};

void merge_exact(Binding& binding, Oid type) {
  if (type == kInvalidOid || (binding.element != kInvalidOid && binding.element != type)) {
    binding.conflict_a = binding.element;
    binding.conflict_b = type;
    binding.consistent = false;
  } else {
    binding.element = type;
  }
}

void merge_compatible(Binding& binding, Oid type) {
  if (type == kInvalidOid) {
    binding.consistent = false;
  } else if (binding.compatible == kInvalidOid || binding.compatible == type) {
    binding.compatible = type;
  } else {
    const TypeInfo* have = find_type(binding.compatible);
    const TypeInfo* next = find_type(type);
    bool forward = implicit_castable(binding.compatible, type);
    bool backward = implicit_castable(type, binding.compatible);
    if (!forward && !backward) {
      binding.conflict_a = binding.compatible;
      binding.conflict_b = type;
      binding.consistent = false;
    } else if (have != nullptr && next != nullptr && !have->preferred && forward && !backward) {
      binding.compatible = type;
    }
  }
}

// The range type that `type`, a range or (`multi`) a multirange, stands for.
Oid range_behind(Oid type, bool multi) {
  const RangeKind* kind = find_range_kind(base_type_of(type));
  if (kind == nullptr) return kInvalidOid;
  return base_type_of(type) == (multi ? kind->multirange : kind->range) ? kind->range : kInvalidOid;
}

void merge_range(Binding& binding, Oid& known, Oid type, bool multi) {
  Oid range = range_behind(type, multi);
  if (range == kInvalidOid || (known != kInvalidOid && known != range)) {
    binding.conflict_a = known;
    binding.conflict_b = type;
    binding.consistent = false;
    return;
  }
  known = range;
  Oid subtype = range_kind(range).subtype;
  if (&known == &binding.range) {
    merge_exact(binding, subtype);
  } else {
    merge_compatible(binding, subtype);
  }
}

Binding bind_family(std::span<const Oid> actual, std::span<const Oid> declared) {
  Binding binding;
  for (size_t i = 0; i < actual.size() && i < declared.size(); ++i) {
    if (actual[i] == type_oid::kUnknown || !is_polymorphic(declared[i])) continue;
    switch (declared[i]) {
      case type_oid::kAnyElement:
        merge_exact(binding, actual[i]);
        break;
      case type_oid::kAnyNonArray:
        if (element_of(actual[i]) != kInvalidOid) binding.consistent = false;
        merge_exact(binding, actual[i]);
        break;
      case type_oid::kAnyEnum: {
        const TypeInfo* info = find_type(base_type_of(actual[i]));
        if (info == nullptr || info->type_type != 'e') binding.consistent = false;
        merge_exact(binding, actual[i]);
        break;
      }
      case type_oid::kAnyArray:
        // pg_statistic and the like have real anyarray columns.
        if (actual[i] != type_oid::kAnyArray) merge_exact(binding, element_of(actual[i]));
        break;
      case type_oid::kAnyCompatible:
      case type_oid::kAnyCompatibleNonArray:
        merge_compatible(binding, actual[i]);
        break;
      case type_oid::kAnyCompatibleArray:
        merge_compatible(binding, element_of(actual[i]));
        break;
      case type_oid::kAnyRange:
      case kAnyMultirange:
        merge_range(binding, binding.range, actual[i], declared[i] == kAnyMultirange);
        break;
      case kAnyCompatibleRange:
      case kAnyCompatibleMultirange:
        merge_range(binding, binding.compatible_range, actual[i],
                    declared[i] == kAnyCompatibleMultirange);
        break;
      default:
        binding.consistent = false;
        break;
    }
  }
  // A range's subtype cannot widen.
  if (binding.compatible_range != kInvalidOid &&
      range_kind(binding.compatible_range).subtype != binding.compatible) {
    binding.consistent = false;
  }
  return binding;
}

}  // namespace

bool is_polymorphic(Oid type) {
  switch (type) {
    case type_oid::kAnyElement:
    case type_oid::kAnyArray:
    case type_oid::kAnyNonArray:
    case type_oid::kAnyEnum:
    case type_oid::kAnyRange:
    case kAnyMultirange:
    case type_oid::kAnyCompatible:
    case type_oid::kAnyCompatibleArray:
    case type_oid::kAnyCompatibleNonArray:
    case kAnyCompatibleRange:
    case kAnyCompatibleMultirange:
      return true;
    default:
      return false;
  }
}

bool polymorphic_consistent(std::span<const Oid> actual, std::span<const Oid> declared) {
  return bind_family(actual, declared).consistent;
}

Oid resolve_polymorphic(std::span<const Oid> actual, std::vector<Oid>& declared, Oid result) {
  Binding binding = bind_family(actual, declared);
  if (!binding.consistent) {
    throw SqlError(SqlState::kDatatypeMismatch,
                   "arguments declared \"anyelement\" are not all alike")
        .detail(fmt::format(
            "{} versus {}",
            binding.conflict_a == kInvalidOid ? "unknown" : format_type(binding.conflict_a),
            binding.conflict_b == kInvalidOid ? "unknown" : format_type(binding.conflict_b)));
  }
  bool needs_element = false, needs_compatible = false;
  auto note = [&](Oid type) {
    if (!is_polymorphic(type)) return;
    (is_compatible_family(type) ? needs_compatible : needs_element) = true;
  };
  for (Oid type : declared) note(type);
  note(result);
  // All arguments untyped: the element family cannot be determined, the compatible one becomes
  // text.
  if (needs_element && binding.element == kInvalidOid) {
    throw SqlError(SqlState::kDatatypeMismatch,
                   "could not determine polymorphic type because input has type unknown");
  }
  if (needs_compatible && binding.compatible == kInvalidOid) binding.compatible = type_oid::kText;
  auto concrete = [&](Oid type, size_t i) -> Oid {
    if (!is_polymorphic(type)) return type;
    bool is_range = type == type_oid::kAnyRange || type == kAnyCompatibleRange;
    if (is_range || type == kAnyMultirange || type == kAnyCompatibleMultirange) {
      Oid range = is_compatible_family(type) ? binding.compatible_range : binding.range;
      if (range == kInvalidOid) {
        throw sql_error(SqlState::kDatatypeMismatch,
                        "could not determine polymorphic type {} because input has type unknown",
                        format_type(type));
      }
      return is_range ? range : range_kind(range).multirange;
    }
    Oid base = is_compatible_family(type) ? binding.compatible : binding.element;
    if (type == type_oid::kAnyArray || type == type_oid::kAnyCompatibleArray) {
      if (i < actual.size() && element_of(actual[i]) == base) return base_type_of(actual[i]);
      Oid array = array_of(base);
      if (array == kInvalidOid) {
        throw sql_error(SqlState::kUndefinedObject, "could not find array type for data type {}",
                        format_type(base));
      }
      return array;
    }
    return base;
  };
  for (size_t i = 0; i < declared.size(); ++i) declared[i] = concrete(declared[i], i);
  return concrete(result, actual.size());
}

std::vector<OutColumn> out_columns(const Expr& call) {
  std::vector<OutColumn> columns;
  if (call.function == nullptr) return columns;
  const FunctionEntry& function = *call.function;
  std::vector<Oid> actual;
  for (const Expr* arg : call.args) actual.push_back(arg->type.oid);
  actual.resize(function.arg_types.size(), type_oid::kUnknown);
  for (size_t i = 0; i < function.arg_modes.size(); ++i) {
    char mode = function.arg_modes[i];
    if (mode != 'o' && mode != 't' && mode != 'b') continue;
    Oid type = function.all_arg_types[i];
    if (is_polymorphic(type)) {
      std::vector<Oid> declared(function.arg_types.begin(), function.arg_types.end());
      type = resolve_polymorphic(actual, declared, type);
    }
    bool named = i < function.arg_names.size() && !function.arg_names[i].empty();
    columns.push_back(
        {named ? std::string(function.arg_names[i]) : fmt::format("column{}", columns.size() + 1),
         type});
  }
  return columns;
}

}  // namespace luma
