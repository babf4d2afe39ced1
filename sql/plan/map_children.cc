#include "sql/plan/walk.h"

namespace luma {

namespace {

bool map_keys(std::span<const SortKey>& keys, Arena& arena,
              const std::function<Expr*(Expr*)>& map) {
  std::vector<SortKey> mapped(keys.begin(), keys.end());
  bool changed = false;
  for (SortKey& key : mapped) {
    Expr* to = map(key.expr);
    changed |= to != key.expr;
    key.expr = to;
  }
  if (changed) keys = copy_span(arena, mapped);
  return changed;
}

bool map_list(std::span<Expr* const>& list, Arena& arena, const std::function<Expr*(Expr*)>& map) {
  std::vector<Expr*> mapped(list.begin(), list.end());
  bool changed = false;
  for (Expr*& expr : mapped) {
    if (expr == nullptr) continue;
    Expr* to = map(expr);
    changed |= to != expr;
    expr = to;
  }
  if (changed) list = copy_span(arena, mapped);
  return changed;
}

bool map_one(Expr*& expr, const std::function<Expr*(Expr*)>& map) {
  if (expr == nullptr) return false;
  Expr* to = map(expr);
  bool changed = to != expr;
  expr = to;
  return changed;
}

}  // namespace

Expr* map_children(Arena& arena, Expr* expr, const std::function<Expr*(Expr*)>& map) {
  Expr copy = *expr;
  bool changed = map_list(copy.args, arena, map);
  if (expr->aggregate != nullptr) {
    AggregateInfo info = *expr->aggregate;
    bool inner = map_one(info.filter, map);
    inner |= map_keys(info.order_by, arena, map);
    if (inner) copy.aggregate = arena.make<AggregateInfo>(info);
    changed |= inner;
  }
  if (expr->window != nullptr) {
    WindowInfo info = *expr->window;
    bool inner = map_list(info.partition_by, arena, map);
    inner |= map_keys(info.order_by, arena, map);
    inner |= map_one(info.frame.start_offset, map);
    inner |= map_one(info.frame.end_offset, map);
    inner |= map_one(info.filter, map);
    if (inner) copy.window = arena.make<WindowInfo>(info);
    changed |= inner;
  }
  if (expr->subscript != nullptr) {
    SubscriptInfo info = *expr->subscript;
    bool inner = map_list(info.lower, arena, map);
    inner |= map_list(info.upper, arena, map);
    if (inner) copy.subscript = arena.make<SubscriptInfo>(info);
    changed |= inner;
  }
  if (expr->subquery != nullptr) {
    SubqueryInfo info = *expr->subquery;
    if (map_one(info.test, map)) {
      copy.subquery = arena.make<SubqueryInfo>(info);
      changed = true;
    }
  }
  return changed ? arena.make<Expr>(copy) : expr;
}

}  // namespace luma
