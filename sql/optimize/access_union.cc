// Conditions joined by OR, each of which an index can look up: several ranges of one index (in the
// order of its keys, merged where they overlap, when the scan begins), or one lookup after the
// other, each without the rows that those before it have found.
#include <algorithm>

#include "sql/optimize/access_path_parts.h"
#include "sql/optimize/cost_model.h"
#include "sql/optimize/predicates.h"

namespace luma {
namespace {

// More would cost more to plan than they save.
constexpr size_t kMaxSides = 1000;

void split_disjuncts(Expr* condition, std::vector<Expr*>& out) {
  if (condition->kind != ExprKind::kOr) {
    out.push_back(condition);
    return;
  }
  for (Expr* arg : condition->args) split_disjuncts(arg, out);
}

bool contains(const std::vector<Expr*>& list, const Expr* item) {
  return std::ranges::find(list, item) != list.end();
}

bool contains_any(const std::vector<Expr*>& list, const std::vector<Expr*>& items) {
  return std::ranges::any_of(items, [&](const Expr* item) { return contains(list, item); });
}

// One side of the OR.
struct Side {
  Expr* condition;
  std::vector<Expr*> conjuncts;
  std::vector<KeyCondition> keys;
};

// Empty when a side has no condition on a key.
std::vector<Side> sides_of(const ScanOp& scan, Expr* conjunct) {
  std::vector<Side> sides;
  if (conjunct->kind != ExprKind::kOr || has_volatile(*conjunct) || has_subquery(*conjunct)) {
    return sides;
  }
  std::vector<Expr*> disjuncts;
  split_disjuncts(conjunct, disjuncts);
  if (disjuncts.size() > kMaxSides) return sides;
  for (Expr* disjunct : disjuncts) {
    Side& side = sides.emplace_back();
    side.condition = disjunct;
    split_conjuncts(disjunct, side.conjuncts);
    collect_key_conditions(scan, side.conjuncts, side.keys);
    if (side.keys.empty()) return {};
  }
  return sides;
}

std::optional<AccessPath> union_of_index(PlanContext& context, const ScanOp& scan,
                                         const IndexDesc& index, Expr* conjunct,
                                         const std::vector<Side>& sides,
                                         const std::vector<KeyCondition>& others,
                                         Estimator& estimator, double table_rows,
                                         const PlannerSettings& settings) {
  AccessPath all;
  all.index = &index;
  bool exact = true, first = true;
  for (const Side& side : sides) {
    std::vector<KeyCondition> keys = side.keys;
    keys.insert(keys.end(), others.begin(), others.end());
    AccessPath path = match_index(context, index, keys, estimator, table_rows);
    if (!contains_any(path.used, side.conjuncts) && !contains_any(path.narrowed, side.conjuncts)) {
      return std::nullopt;
    }
    exact = exact && std::ranges::all_of(side.conjuncts, [&](const Expr* part) {
              return contains(path.used, part);
            });
    std::vector<Expr*> common;
    for (const KeyCondition& other : others) {
      if (contains(path.used, other.conjunct) && !contains(common, other.conjunct) &&
          (first || contains(all.used, other.conjunct))) {
        common.push_back(other.conjunct);
      }
    }
    all.used = std::move(common);
    first = false;
    all.range.alternatives.push_back(std::move(path.range));
  }
  (exact ? all.used : all.narrowed).push_back(conjunct);
  std::vector<Expr*> decides = all.used;
  if (!exact) decides.push_back(conjunct);
  all.rows = std::max(1.0, table_rows * estimator.selectivity(decides));
  all.covers_scan = covers_scan(scan, index);
  all.cost = path_cost(scan, all, settings) + static_cast<double>(sides.size() - 1) * cost::kLookup;
  return all;
}

}  // namespace

std::optional<AccessPath> choose_union_of_ranges(PlanContext& context, const ScanOp& scan,
                                                 const std::vector<Expr*>& conjuncts,
                                                 Estimator& estimator,
                                                 const PlannerSettings& settings) {
  std::optional<AccessPath> best;
  const double table_rows = estimator.table_rows(*scan.table);
  std::vector<KeyCondition> others;
  collect_key_conditions(scan, conjuncts, others);
  for (Expr* conjunct : conjuncts) {
    std::vector<Side> sides = sides_of(scan, conjunct);
    if (sides.empty()) continue;
    for (const IndexDesc& index : scan.table->indexes) {
      if (!index.valid || index.is_inverted()) continue;
      if (index.predicate != nullptr && !predicate_implied(scan, index, conjuncts)) continue;
      auto path = union_of_index(context, scan, index, conjunct, sides, others, estimator,
                                 table_rows, settings);
      if (path && (!best || path->cost < best->cost)) best = std::move(path);
    }
  }
  return best;
}

std::optional<AccessUnion> choose_union_of_indexes(PlanContext& context, const ScanOp& scan,
                                                   const std::vector<Expr*>& conjuncts,
                                                   Estimator& estimator,
                                                   const PlannerSettings& settings) {
  std::optional<AccessUnion> best;
  const double table_rows = estimator.table_rows(*scan.table);
  // Each branch tests what those before it look for.
  constexpr size_t kMaxBranches = 16;
  estimator.set_focus(&scan);
  for (Expr* conjunct : conjuncts) {
    std::vector<Side> sides = sides_of(scan, conjunct);
    if (sides.empty() || sides.size() > kMaxBranches) continue;
    AccessUnion all;
    all.conjunct = conjunct;
    for (const Side& side : sides) {
      std::optional<AccessPath> path;
      std::vector<Expr*> given = conjuncts;
      given.insert(given.end(), side.conjuncts.begin(), side.conjuncts.end());
      std::vector<KeyCondition> keys = side.keys;
      collect_key_conditions(scan, conjuncts, keys);
      for (const IndexDesc& index : scan.table->indexes) {
        if (!index.valid || index.is_inverted()) continue;
        if (index.predicate != nullptr && !predicate_implied(scan, index, given)) continue;
        AccessPath one = match_index(context, index, keys, estimator, table_rows);
        if (!contains_any(one.used, side.conjuncts) &&
            !contains_any(one.narrowed, side.conjuncts)) {
          continue;
        }
        one.covers_scan = covers_scan(scan, index);
        one.cost = path_cost(scan, one, settings);
        if (!path || one.cost < path->cost) path = std::move(one);
      }
      if (!path) break;
      all.cost += path->cost + path->rows * cost::kCondition * static_cast<double>(sides.size());
      all.branches.push_back({std::move(*path), side.condition, side.conjuncts});
    }
    if (all.branches.size() == sides.size() && (!best || all.cost < best->cost)) {
      best = std::move(all);
    }
  }
  estimator.set_focus(nullptr);
  return best;
}

}  // namespace luma
