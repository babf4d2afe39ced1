#include "sql/lower/zone_predicates.h"

#include <algorithm>
#include <optional>

#include "sql/catalog/builtin_facts.h"
#include "sql/function/registry.h"
#include "sql/optimize/access_path.h"

namespace luma {

namespace {

using namespace type_oid;

bool is_integer(Oid type) { return type == kInt2 || type == kInt4 || type == kInt8; }

// Types whose order is that of their zone maps.
bool has_zone_order(Oid type) {
  static constexpr Oid kTypes[] = {kInt2,        kInt4, kInt8,   kDate,   kTime,   kTimestamp,
                                   kTimestamptz, kBool, kFloat4, kFloat8, kNumeric};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

// Compared by bytes, whatever the collation, and so are their zone maps.
bool is_string(Oid type) { return type == kText || type == kVarchar; }

std::optional<ZoneCompare> compare_of(int strategy, bool commuted) {
  switch (strategy) {
    case 1:
      return commuted ? ZoneCompare::kGreater : ZoneCompare::kLess;
    case 2:
      return commuted ? ZoneCompare::kGreaterEqual : ZoneCompare::kLessEqual;
    case 3:
      return ZoneCompare::kEqual;
    case 4:
      return commuted ? ZoneCompare::kLessEqual : ZoneCompare::kGreaterEqual;
    case 5:
      return commuted ? ZoneCompare::kLess : ZoneCompare::kGreater;
    default:
      return std::nullopt;
  }
}

bool is_value(const Expr& expr) {
  return !expr_contains(expr, [](const Expr& e) {
    return e.kind == ExprKind::kColumn || e.kind == ExprKind::kSlot ||
           e.kind == ExprKind::kSubquery || e.kind == ExprKind::kSubplan || e.is_volatile;
  });
}

}  // namespace

std::vector<ZonePredicate> zone_predicates(const ScanOp& scan,
                                           const std::vector<Expr*>& conjuncts) {
  std::vector<ZonePredicate> zones;
  const FunctionRegistry& registry = FunctionRegistry::instance();
  // The filter is their conjunction, flattened: nested ones would count differently there.
  const bool are_numbered = std::none_of(conjuncts.begin(), conjuncts.end(), [](const Expr* expr) {
    return expr->kind == ExprKind::kAnd;
  });
  for (size_t i = 0; i < conjuncts.size(); ++i) {
    const Expr* conjunct = conjuncts[i];
    if (conjunct->kind != ExprKind::kFunction || conjunct->operator_oid == kInvalidOid ||
        conjunct->args.size() != 2) {
      continue;
    }
    auto memberships = registry.btree_memberships(conjunct->operator_oid);
    if (memberships.empty()) continue;
    for (size_t side = 0; side < 2; ++side) {
      int32_t attribute = scan_attribute(scan, *conjunct->args[side]);
      const Expr* value = conjunct->args[1 - side];
      if (attribute < 0 || !is_value(*value)) continue;
      auto compare = compare_of(memberships[0].strategy, side == 1);
      Oid column = scan.table->columns[static_cast<size_t>(attribute)].type.oid;
      bool same = column == value->type.oid && conjunct->args[side]->type.oid == column;
      bool ordered =
          (same && has_zone_order(column)) || (is_integer(column) && is_integer(value->type.oid));
      bool dates = column == kDate && value->type.oid == kTimestamp;
      bool text = is_string(column) && is_string(value->type.oid);
      if (compare && (ordered || dates || text)) {
        zones.push_back(
            {attribute, *compare, value, are_numbered ? std::optional<size_t>(i) : std::nullopt});
      }
      break;
    }
  }
  return zones;
}

}  // namespace luma
