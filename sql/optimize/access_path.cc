#include "sql/optimize/access_path.h"

#include <algorithm>

#include "sql/function/registry.h"
#include "sql/optimize/access_path_parts.h"
#include "sql/optimize/cost_model.h"
#include "sql/optimize/key_narrowing.h"
#include "sql/optimize/key_slack.h"

namespace luma {

namespace {

// btree strategies
constexpr int kLess = 1, kLessEqual = 2, kEqual = 3, kGreaterEqual = 4, kGreater = 5;

int commuted(int strategy) { return strategy == kEqual ? kEqual : 6 - strategy; }

const Expr& strip_relabel(const Expr& expr) {
  const Expr* inner = &expr;
  while (inner->kind == ExprKind::kRelabel) inner = inner->args[0];
  return *inner;
}

bool refers_to_scan(const ScanOp& scan, const Expr& expr) {
  for (ColumnId column : columns_of(expr)) {
    if (std::find(scan.output.begin(), scan.output.end(), column) != scan.output.end()) return true;
  }
  return false;
}

int64_t integer_of(const Expr& constant) {
  switch (constant.physical) {
    case PhysicalType::kInt16:
      return constant.constant.datum.i16;
    case PhysicalType::kInt32:
      return constant.constant.datum.i32;
    default:
      return constant.constant.datum.i64;
  }
}

bool is_integer(Oid type) {
  return type == type_oid::kInt2 || type == type_oid::kInt4 || type == type_oid::kInt8;
}

// `value` as the key's type, or nullptr when that could change the comparison.
Expr* as_key_type(PlanContext& context, Expr* value, const KeyPart& key) {
  Oid from = value->type.oid, to = key.type.oid;
  if (from == to) return value;
  const TypeInfo& from_type = type_info(from);
  const TypeInfo& to_type = type_info(to);
  bool both_strings = from_type.category == 'S' && to_type.category == 'S';
  if (both_strings && from != type_oid::kBpchar && to != type_oid::kBpchar &&
      from != type_oid::kName && to != type_oid::kName) {
    return value;
  }
  if (!is_integer(from) || !is_integer(to)) return nullptr;
  if (physical_size(from_type.physical) < physical_size(to_type.physical)) {
    const CastEntry* cast = FunctionRegistry::instance().cast(from, to);
    if (cast == nullptr || cast->implementation == nullptr) return nullptr;
    Expr* call = context.arena().make<Expr>();
    call->kind = ExprKind::kFunction;
    call->type = {to, -1};
    call->physical = to_type.physical;
    call->function = cast->implementation;
    call->implementation = cast->implementation->implementation;
    call->strict = true;
    call->args = copy_span(context.arena(), std::vector<Expr*>{value});
    return call;
  }
  // Narrowing at once: only constants that fit.
  if (value->kind != ExprKind::kConstant || value->constant.is_null) return nullptr;
  int64_t number = integer_of(*value);
  if (to == type_oid::kInt4 && number == static_cast<int32_t>(number)) {
    return make_constant(context.arena(), {to, -1},
                         Value(Datum::of_int32(static_cast<int32_t>(number))));
  }
  if (to == type_oid::kInt2 && number == static_cast<int16_t>(number)) {
    return make_constant(context.arena(), {to, -1},
                         Value(Datum::of_int16(static_cast<int16_t>(number))));
  }
  return nullptr;
}

Expr* as_equal_key(PlanContext& context, Expr* value, const KeyPart& key) {
  Expr* out = as_key_type(context, value, key);
  if (out != nullptr || !narrows_integer(value->type.oid, key.type.oid)) return out;
  return narrow_key(context, value, key.type.oid);
}

// Also says whether the bound is among the keys that it admits.
Expr* as_key_bound(PlanContext& context, Expr* value, const KeyPart& key, bool is_lower,
                   bool* inclusive) {
  Expr* out = as_key_type(context, value, key);
  if (out != nullptr || !narrows_integer(value->type.oid, key.type.oid)) return out;
  out = is_lower ? narrow_lower_bound(context, value, key.type.oid, *inclusive)
                 : narrow_upper_bound(context, value, key.type.oid, *inclusive);
  *inclusive = true;
  return out;
}

}  // namespace

void collect_key_conditions(const ScanOp& scan, const std::vector<Expr*>& conjuncts,
                            std::vector<KeyCondition>& bounds) {
  const FunctionRegistry& registry = FunctionRegistry::instance();
  for (Expr* conjunct : conjuncts) {
    if (conjunct->kind == ExprKind::kIsNull) {
      int32_t attribute = scan_attribute(scan, *conjunct->args[0]);
      if (attribute >= 0) bounds.push_back({attribute, kEqual, nullptr, false, true, conjunct});
      continue;
    }
    bool any = conjunct->kind == ExprKind::kArrayAny;
    if (!any && conjunct->kind != ExprKind::kFunction) continue;
    if (conjunct->operator_oid == kInvalidOid || conjunct->args.size() != 2 ||
        has_volatile(*conjunct))
      continue;
    auto memberships = registry.btree_memberships(conjunct->operator_oid);
    if (memberships.empty() || has_subquery(*conjunct)) continue;
    int strategy = memberships[0].strategy;
    for (int side = 0; side < (any ? 1 : 2); ++side) {
      int32_t attribute = scan_attribute(scan, *conjunct->args[side]);
      Expr* value = conjunct->args[1 - side];
      if (attribute < 0 || refers_to_scan(scan, *value)) continue;
      if (any && strategy != kEqual) continue;
      bounds.push_back(
          {attribute, side == 0 ? strategy : commuted(strategy), value, any, false, conjunct});
      break;
    }
  }
}

namespace {

// The key's type must be what the list holds, or a narrower integer type.
bool any_matches(const KeyCondition& bound, const KeyPart& key) {
  const TypeInfo& list = type_info(bound.value->type.oid);
  if (list.element == key.type.oid || narrows_integer(list.element, key.type.oid)) return true;
  bool strings = type_info(list.element).category == 'S' && type_info(key.type.oid).category == 'S';
  return strings && key.type.oid != type_oid::kBpchar && list.element != type_oid::kBpchar;
}

// Sides that no bound of the key's own type closes.
void add_loose_bounds(PlanContext& context, const KeyPart& key,
                      const std::vector<KeyCondition>& bounds, AccessPath& path) {
  for (const KeyCondition& bound : bounds) {
    if (bound.attribute != key.column || bound.is_any || bound.is_null ||
        !has_loose_bounds(bound.value->type.oid, key.type.oid)) {
      continue;
    }
    bool closes = false;
    if (bound.strategy >= kEqual && path.range.lower == nullptr) {
      path.range.lower = loose_lower_bound(context, bound.value, key.type.oid);
      path.range.lower_inclusive = closes = true;
    }
    if (bound.strategy <= kEqual && path.range.upper == nullptr) {
      path.range.upper = loose_upper_bound(context, bound.value, key.type.oid);
      path.range.upper_inclusive = closes = true;
    }
    if (closes) path.narrowed.push_back(bound.conjunct);
  }
}

}  // namespace

AccessPath match_index(PlanContext& context, const IndexDesc& index,
                       const std::vector<KeyCondition>& bounds, Estimator& estimator,
                       double table_rows) {
  AccessPath path;
  path.index = &index;
  bool has_any = false;
  const Expr* list = nullptr;
  size_t part = 0;
  for (; part < index.keys.size() && !has_any; ++part) {
    const KeyPart& key = index.keys[part];
    if (key.column < 0) break;
    const KeyCondition* best = nullptr;
    Expr* value = nullptr;
    for (const KeyCondition& bound : bounds) {
      if (bound.attribute != key.column || bound.strategy != kEqual) continue;
      if (bound.is_null) {
        if (best == nullptr) best = &bound;
        continue;
      }
      if (bound.is_any) {
        if (best == nullptr && any_matches(bound, key)) best = &bound;
        continue;
      }
      Expr* converted = as_equal_key(context, bound.value, key);
      if (converted == nullptr) continue;
      best = &bound;
      value = converted;
      break;
    }
    if (best == nullptr) break;
    KeyRange::Part entry;
    if (best->is_null) {
      entry.is_null = true;
    } else if (best->is_any) {
      list = best->value;
      entry.any_of = narrows_integer(type_info(list->type.oid).element, key.type.oid)
                         ? narrow_key_array(context, best->value, key.type.oid)
                         : best->value;
      has_any = true;
    } else {
      entry.equal = value;
    }
    path.range.parts.push_back(entry);
    path.used.push_back(best->conjunct);
  }
  path.equal_parts = part;
  bool full = part == index.keys.size();
  bool any_null = std::any_of(path.range.parts.begin(), path.range.parts.end(),
                              [](const KeyRange::Part& p) { return p.is_null; });
  path.is_unique_lookup = full && index.unique && !has_any && !any_null;
  auto rows = [&] { return std::max(1.0, table_rows * estimator.selectivity(path.used)); };
  path.rows = path.is_unique_lookup ? 1 : rows();
  if (full && index.unique && has_any) {
    double elements = list->kind == ExprKind::kArray ? static_cast<double>(list->args.size())
                                                     : kDefaultArrayLength;
    path.rows = std::min(path.rows, elements);
  }
  if (full || has_any || part >= index.keys.size() || index.keys[part].column < 0) return path;
  const KeyPart& key = index.keys[part];
  for (const KeyCondition& bound : bounds) {
    if (bound.attribute != key.column || bound.strategy == kEqual || bound.is_any || bound.is_null)
      continue;
    bool is_lower = bound.strategy == kGreater || bound.strategy == kGreaterEqual;
    bool inclusive = bound.strategy == kGreaterEqual || bound.strategy == kLessEqual;
    Expr* value = as_key_bound(context, bound.value, key, is_lower, &inclusive);
    if (value == nullptr) continue;
    if (is_lower && path.range.lower == nullptr) {
      path.range.lower = value;
      path.range.lower_inclusive = inclusive;
    } else if (!is_lower && path.range.upper == nullptr) {
      path.range.upper = value;
      path.range.upper_inclusive = inclusive;
    } else {
      continue;
    }
    path.used.push_back(bound.conjunct);
    path.rows = rows();
  }
  add_loose_bounds(context, key, bounds, path);
  if (!path.narrowed.empty()) {
    std::vector<Expr*> all = path.used;
    all.insert(all.end(), path.narrowed.begin(), path.narrowed.end());
    path.rows = std::max(1.0, table_rows * estimator.selectivity(all));
  }
  return path;
}

bool covers_scan(const ScanOp& scan, const IndexDesc& index) {
  return std::all_of(scan.attribute.begin(), scan.attribute.end(), [&](int32_t attribute) {
    if (attribute < 0) return false;
    bool in_key = std::any_of(index.keys.begin(), index.keys.end(),
                              [&](const KeyPart& key) { return key.column == attribute; });
    return in_key ||
           std::find(index.include.begin(), index.include.end(), attribute) != index.include.end();
  });
}

int32_t scan_attribute(const ScanOp& scan, const Expr& expr) {
  const Expr& inner = strip_relabel(expr);
  if (inner.kind != ExprKind::kColumn) return -1;
  for (size_t i = 0; i < scan.output.size(); ++i) {
    if (scan.output[i] == inner.column) return scan.attribute[i];
  }
  return -1;
}

bool predicate_implied(const ScanOp& scan, const IndexDesc& index,
                       const std::vector<Expr*>& conjuncts) {
  std::function<bool(const Expr&, const Expr&)> same = [&](const Expr& stored, const Expr& wanted) {
    if (stored.kind == ExprKind::kSlot) {
      return scan_attribute(scan, wanted) == static_cast<int32_t>(stored.index);
    }
    if (stored.kind != wanted.kind || stored.args.size() != wanted.args.size() ||
        stored.function != wanted.function || stored.type.oid != wanted.type.oid) {
      return false;
    }
    if (stored.kind == ExprKind::kConstant) return expr_equal(stored, wanted);
    for (size_t i = 0; i < stored.args.size(); ++i) {
      if (!same(*stored.args[i], *wanted.args[i])) return false;
    }
    return true;
  };
  std::vector<Expr*> needed;
  split_conjuncts(const_cast<Expr*>(index.predicate), needed);
  return std::all_of(needed.begin(), needed.end(), [&](const Expr* part) {
    return std::any_of(conjuncts.begin(), conjuncts.end(),
                       [&](const Expr* given) { return same(*part, *given); });
  });
}

double full_scan_cost(const ScanOp& scan, double table_rows, size_t conjuncts,
                      const PlannerSettings& settings) {
  bool columnar = scan.table->columnar != nullptr || covering_copy(scan) != nullptr;
  double row = columnar ? cost::kColumnarScanColumn * static_cast<double>(scan.output.size() + 1)
                        : cost::kScanRow;
  row += static_cast<double>(conjuncts) * cost::kCondition;
  return table_rows * row + (settings.seq_scan ? 0 : cost::kDisabled);
}

double path_cost(const ScanOp& scan, const AccessPath& path, const PlannerSettings& settings) {
  double lookups = 1;
  if (!path.range.parts.empty() && path.range.parts.back().any_of != nullptr) {
    lookups = std::min(path.rows, kDefaultArrayLength);
  }
  double row = cost::kScanRow;
  if (!path.index->clustered && !path.covers_scan) {
    row += scan.table->columnar == nullptr
               ? cost::kFetchRow
               : cost::kFetchColumn * static_cast<double>(std::max<size_t>(1, scan.output.size()));
  }
  bool allowed = settings.any_index_scan(path.covers_scan && !path.index->clustered);
  return lookups * cost::kLookup + path.rows * row + (allowed ? 0 : cost::kDisabled);
}

std::optional<AccessPath> choose_access_path(PlanContext& context, const ScanOp& scan,
                                             const std::vector<Expr*>& conjuncts,
                                             Estimator& estimator,
                                             const PlannerSettings& settings) {
  std::vector<KeyCondition> bounds;
  collect_key_conditions(scan, conjuncts, bounds);
  const bool has_or = std::ranges::any_of(
      conjuncts, [](const Expr* conjunct) { return conjunct->kind == ExprKind::kOr; });
  if (bounds.empty() && !has_or) return std::nullopt;
  std::optional<AccessPath> best;
  estimator.set_focus(&scan);
  double table_rows = estimator.table_rows(*scan.table);
  for (const IndexDesc& index : scan.table->indexes) {
    if (!index.valid || index.is_inverted()) continue;
    if (index.predicate != nullptr && !predicate_implied(scan, index, conjuncts)) continue;
    AccessPath path = match_index(context, index, bounds, estimator, table_rows);
    if (path.used.empty() && path.narrowed.empty()) continue;
    path.covers_scan = covers_scan(scan, index);
    path.cost = path_cost(scan, path, settings);
    // A unique key is certain; everything else is an estimate.
    bool certain = path.is_unique_lookup, best_certain = best && best->is_unique_lookup;
    bool better = !best || (certain != best_certain ? certain : path.cost < best->cost);
    if (better) best = std::move(path);
  }
  if (has_or && !(best && best->is_unique_lookup)) {
    auto ranges = choose_union_of_ranges(context, scan, conjuncts, estimator, settings);
    if (ranges && (!best || ranges->cost < best->cost)) best = std::move(ranges);
  }
  estimator.set_focus(nullptr);
  if (!best) return std::nullopt;
  double full = full_scan_cost(scan, table_rows, conjuncts.size(), settings);
  // What keys the rows is read in the order of the table: never slower than all of it.
  bool part_of_table =
      best->is_unique_lookup || (best->index->clustered && covering_copy(scan) == nullptr);
  bool pays = part_of_table ? best->cost < std::max(full, cost::kDisabled) : best->cost < full;
  if (!pays) return std::nullopt;
  return best;
}

std::optional<double> lookup_path_cost(PlanContext& context, const ScanOp& scan,
                                       const std::vector<Expr*>& conditions, double outer_rows,
                                       Estimator& estimator, const PlannerSettings& settings) {
  std::vector<Expr*> all = conditions;
  split_conjuncts(scan.filter, all);
  auto path = choose_access_path(context, scan, all, estimator, settings);
  if (!path) return std::nullopt;
  // The lookup must use a join condition, or it is no better than reading the inner side once.
  auto is_of_join = [&](Expr* used) {
    return std::ranges::find(conditions, used) != conditions.end();
  };
  if (!std::ranges::any_of(path->used, is_of_join) &&
      !std::ranges::any_of(path->narrowed, is_of_join)) {
    return std::nullopt;
  }
  double found = path->cost;
  // Neighbours find each other's blocks and entries still at hand.
  if (path->index->clustered && outer_rows > 1000) found *= 0.8;
  // How many rows the other input has is a guess, and too dear when wrong.
  if (scan.table->columnar != nullptr && !path->covers_scan) found *= 4;
  return found;
}

const ColumnarCopyDesc* covering_copy(const ScanOp& scan) {
  const ColumnarCopyDesc* best = nullptr;
  auto width = [](const ColumnarCopyDesc& copy) {
    return std::ranges::count(copy.rows->columns, false, &ColumnDesc::dropped);
  };
  for (const ColumnarCopyDesc& copy : scan.table->copies) {
    bool covers =
        copy.valid && std::ranges::all_of(scan.attribute, [&](int32_t a) { return copy.has(a); });
    if (covers && (best == nullptr || width(copy) < width(*best))) best = &copy;
  }
  return best;
}

const IndexDesc* index_with_order(const ScanOp& scan, const std::vector<SortKey>& keys,
                                  bool* reverse) {
  std::vector<Expr*> conjuncts;
  split_conjuncts(scan.filter, conjuncts);
  // Columns that the filter fixes to one value say nothing about the order, here or there.
  std::vector<KeyCondition> bounds;
  collect_key_conditions(scan, conjuncts, bounds);
  auto is_fixed = [&](int32_t attribute) {
    return std::any_of(bounds.begin(), bounds.end(), [&](const KeyCondition& bound) {
      return bound.attribute == attribute && bound.strategy == kEqual && !bound.is_any;
    });
  };
  for (const IndexDesc& index : scan.table->indexes) {
    if (!index.valid || index.is_inverted()) continue;
    if (index.predicate != nullptr && !predicate_implied(scan, index, conjuncts)) continue;
    bool forward = true, backward = true;
    size_t part = 0;
    for (const SortKey& sort : keys) {
      int32_t attribute = scan_attribute(scan, *sort.expr);
      if (attribute >= 0 && is_fixed(attribute)) continue;
      while (part < index.keys.size() && index.keys[part].column >= 0 &&
             index.keys[part].column != attribute && is_fixed(index.keys[part].column)) {
        ++part;
      }
      if (attribute < 0 || part == index.keys.size() || index.keys[part].column != attribute) {
        forward = backward = false;
        break;
      }
      const KeyPart& key = index.keys[part++];
      bool nulls_matter = key.nullable;
      forward &= sort.descending == key.descending &&
                 (!nulls_matter || sort.nulls_first == key.nulls_first);
      backward &= sort.descending != key.descending &&
                  (!nulls_matter || sort.nulls_first != key.nulls_first);
    }
    if (forward || backward) {
      *reverse = !forward;
      return &index;
    }
  }
  return nullptr;
}

}  // namespace luma
