#include "sql/optimize/exclude_partitions.h"

#include <algorithm>
#include <unordered_set>

#include "engine/table/partition_router.h"
#include "engine/type/array.h"
#include "sql/function/registry.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {
namespace {

enum Strategy { kLess = 1, kLessEqual, kEqual, kGreaterEqual, kGreater };

int commuted(int strategy) { return kLess + kGreater - strategy; }

using Level = PartitionPlace::Level;

// Whether keys of these types have the same bytes.
bool encodes_alike(const TypeInfo& key, Oid value) {
  auto is_string = [](Oid oid) { return oid == type_oid::kText || oid == type_oid::kVarchar; };
  return key.oid == value || (is_string(key.oid) && is_string(value));
}

// Which column of the level's key an expression is; -1: none.
int part_of(const Level& level, const Expr& expr) {
  const Expr* at = &expr;
  while (at->kind == ExprKind::kRelabel) at = at->args[0];
  if (at->kind != ExprKind::kColumn) return -1;
  auto found = std::ranges::find(level.columns, at->column);
  return found == level.columns.end() ? -1 : static_cast<int>(found - level.columns.begin());
}

// A key's values that begin with these bytes are in [first, last).
struct Prefix {
  Prefix(const Level& level, const Datum& value) {
    append_partition_key(*level.types[0], value, first);
    last = first + kPartitionMaximum;
    // A column follows: nothing but its MINVALUE is between the prefix and its first value.
    if (level.types.size() > 1) first += '\x01';
  }
  std::string first, last;
};

bool range_excludes(const Level& level, int strategy, const Datum& value) {
  Prefix prefix(level, value);
  if (level.bound.is_default) {
    return strategy == kEqual && level.types.size() == 1 &&
           std::ranges::any_of(*level.siblings, [&](const EncodedBound& other) {
             return other.lower <= prefix.first && prefix.first < other.upper;
           });
  }
  const std::string& lower = level.bound.lower;
  const std::string& upper = level.bound.upper;
  switch (strategy) {
    case kLess:
      return lower >= prefix.first;
    case kLessEqual:
      return lower >= prefix.last;
    case kEqual:
      return lower >= prefix.last || upper <= prefix.first;
    case kGreaterEqual:
      return upper <= prefix.first;
    default:
      return upper <= prefix.last;
  }
}

bool list_excludes(const Level& level, int strategy, const Datum& value) {
  std::string bytes;
  append_partition_key(*level.types[0], value, bytes);
  if (level.bound.is_default) {
    return strategy == kEqual &&
           std::ranges::any_of(*level.siblings, [&](const EncodedBound& other) {
             return std::ranges::find(other.values, bytes) != other.values.end();
           });
  }
  return std::ranges::none_of(level.bound.values, [&](const std::string& own) {
    switch (strategy) {
      case kLess:
        return own < bytes;
      case kLessEqual:
        return own <= bytes;
      case kEqual:
        return own == bytes;
      case kGreaterEqual:
        return own >= bytes;
      default:
        return own > bytes;
    }
  });
}

bool value_excludes(const Level& level, int part, int strategy, const Value& value) {
  if (value.is_null) return true;  // no comparison with NULL is true
  if (part != 0) return false;
  switch (level.strategy) {
    case 'r':
      return range_excludes(level, strategy, value.datum);
    case 'l':
      return list_excludes(level, strategy, value.datum);
    default:
      return false;
  }
}

bool null_excludes(const Level& level, int part) {
  if (level.strategy == 'r') return !level.bound.is_default;
  if (level.strategy != 'l' || part != 0) return false;
  if (!level.bound.is_default) return !level.bound.takes_null;
  return std::ranges::any_of(*level.siblings, &EncodedBound::takes_null);
}

// `column operator value`, in this order.
struct Comparison {
  int part = -1;
  int strategy = 0;
  const Expr* value = nullptr;
  bool any = false;
};

std::optional<Comparison> comparison(const Level& level, const Expr& expr) {
  bool any = expr.kind == ExprKind::kArrayAny;
  if (!any && expr.kind != ExprKind::kFunction) return std::nullopt;
  if (expr.operator_oid == kInvalidOid || expr.args.size() != 2) return std::nullopt;
  auto memberships = FunctionRegistry::instance().btree_memberships(expr.operator_oid);
  if (memberships.empty()) return std::nullopt;
  int strategy = memberships[0].strategy;
  for (int side = 0; side < (any ? 1 : 2); ++side) {
    int part = part_of(level, *expr.args[side]);
    if (part < 0) continue;
    const Expr* value = expr.args[1 - side];
    Oid type = any ? type_info(value->type.oid).element : value->type.oid;
    if (!encodes_alike(*level.types[static_cast<size_t>(part)], type)) return std::nullopt;
    return Comparison{part, side == 0 ? strategy : commuted(strategy), value, any};
  }
  return std::nullopt;
}

bool condition_excludes(const Level& level, const Expr& expr, const KnownValue& known) {
  auto below = [&](const Expr* arg) { return condition_excludes(level, *arg, known); };
  switch (expr.kind) {
    case ExprKind::kAnd:
      return std::ranges::any_of(expr.args, below);
    case ExprKind::kOr:
      return std::ranges::all_of(expr.args, below);
    case ExprKind::kIsNull: {
      int part = part_of(level, *expr.args[0]);
      return part >= 0 && null_excludes(level, part);
    }
    case ExprKind::kIsNotNull: {
      return part_of(level, *expr.args[0]) == 0 && level.strategy == 'l' &&
             level.bound.takes_null && level.bound.values.empty();
    }
    case ExprKind::kConstant:
      return expr.constant.is_null || !expr.constant.datum.b;
    default:
      break;
  }
  std::optional<Comparison> found = comparison(level, expr);
  if (!found) {
    // A boolean column alone.
    int part = part_of(level, expr);
    bool negated = expr.kind == ExprKind::kNot;
    if (negated) part = part_of(level, *expr.args[0]);
    if (part < 0 || level.types[static_cast<size_t>(part)]->oid != type_oid::kBool) return false;
    return value_excludes(level, part, kEqual, Value(Datum::of_bool(!negated)));
  }
  std::optional<Value> value = known(*found->value);
  if (!value) return false;
  if (!found->any) return value_excludes(level, found->part, found->strategy, *value);
  if (value->is_null) return true;
  ArrayView array(value->datum);
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (!value_excludes(level, found->part, found->strategy, array.element(i))) return false;
  }
  return true;
}

// Hash partitions: all key columns must be known.
bool hash_excludes(const Level& level, const std::vector<Expr*>& conjuncts,
                   const KnownValue& known) {
  std::vector<std::optional<Value>> values(level.types.size());
  for (const Expr* conjunct : conjuncts) {
    if (conjunct->kind == ExprKind::kIsNull) {
      int part = part_of(level, *conjunct->args[0]);
      if (part >= 0) values[static_cast<size_t>(part)] = Value::null();
      continue;
    }
    std::optional<Comparison> found = comparison(level, *conjunct);
    if (!found || found->any || found->strategy != kEqual) continue;
    if (std::optional<Value> value = known(*found->value)) {
      values[static_cast<size_t>(found->part)] = value;
    }
  }
  std::vector<Value> all;
  for (const std::optional<Value>& value : values) {
    if (!value) return false;
    all.push_back(*value);
  }
  uint64_t hash = partition_hash(level.types, all);
  return hash % static_cast<uint64_t>(level.bound.modulus) !=
         static_cast<uint64_t>(level.bound.remainder);
}

// Whether a default partition is left out because its siblings have the whole range that the
// conditions allow.
bool siblings_cover(const Level& level, const std::vector<Expr*>& conjuncts,
                    const KnownValue& known) {
  if (!level.bound.is_default || level.strategy != 'r' || level.types.size() != 1) return false;
  std::string from(1, kPartitionMinimum), to(1, kPartitionMaximum);
  bool compared = false;
  for (const Expr* conjunct : conjuncts) {
    std::optional<Comparison> found = comparison(level, *conjunct);
    if (!found || found->any) continue;
    std::optional<Value> value = known(*found->value);
    if (!value || value->is_null) continue;
    compared = true;
    Prefix prefix(level, value->datum);
    if (found->strategy >= kEqual) {
      from = std::max(from, found->strategy == kGreater ? prefix.last : prefix.first);
    }
    if (found->strategy <= kEqual) {
      to = std::min(to, found->strategy == kLess ? prefix.first : prefix.last);
    }
  }
  if (!compared) return false;
  std::vector<const EncodedBound*> siblings;
  for (const EncodedBound& bound : *level.siblings) siblings.push_back(&bound);
  std::ranges::sort(siblings, {}, &EncodedBound::lower);
  for (const EncodedBound* bound : siblings) {
    if (bound->lower <= from && from < bound->upper) from = bound->upper;
  }
  return from >= to;
}

void name_scans(LogicalOp& op, std::vector<ScanOp*>& scans) {
  if (op.kind == OpKind::kScan) {
    auto& scan = static_cast<ScanOp&>(op);
    if (scan.place != nullptr && !scan.excluded) scans.push_back(&scan);
    return;
  }
  for (LogicalOp* input : op.inputs) name_scans(*input, scans);
}

}  // namespace

bool excludes(const PartitionPlace& place, const std::vector<Expr*>& conjuncts,
              const KnownValue& known) {
  for (const Level& level : place.levels) {
    if (siblings_cover(level, conjuncts, known)) return true;
    if (level.strategy == 'h' && hash_excludes(level, conjuncts, known)) return true;
    for (const Expr* conjunct : conjuncts) {
      if (condition_excludes(level, *conjunct, known)) return true;
    }
  }
  return false;
}

void exclude_partitions(LogicalOp& root) {
  auto known = [](const Expr& expr) -> std::optional<Value> {
    if (expr.kind != ExprKind::kConstant) return std::nullopt;
    return expr.constant;
  };
  for_each_op(root, [&](LogicalOp& op) {
    if (op.kind == OpKind::kScan) {
      auto& scan = static_cast<ScanOp&>(op);
      if (scan.place == nullptr || scan.filter == nullptr) return;
      std::vector<Expr*> conjuncts;
      split_conjuncts(scan.filter, conjuncts);
      scan.excluded = excludes(*scan.place, conjuncts, known);
    }
  });
  // Each table's topmost append comes first.
  std::unordered_set<const LogicalOp*> named;
  for_each_op(root, [&](LogicalOp& op) {
    if (op.kind != OpKind::kSetOp || !static_cast<SetOpOp&>(op).partitions) return;
    bool seen = named.contains(&op);
    for (const LogicalOp* input : op.inputs) named.insert(input);
    if (seen) return;
    std::vector<ScanOp*> scans;
    name_scans(op, scans);
    for (size_t i = 0; i < scans.size(); ++i) {
      scans[i]->alias = scans[i]->place->alias;
      if (scans.size() > 1) scans[i]->alias += "_" + std::to_string(i + 1);
    }
  });
}

}  // namespace luma
