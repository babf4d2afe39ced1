#include "engine/exec/expr.h"

#include <algorithm>

namespace luma {

namespace {

Expr* make_node(Arena& arena, ExprKind kind, TypeRef type) {
  Expr* expr = arena.make<Expr>();
  expr->kind = kind;
  expr->type = type;
  const TypeInfo* info = find_type(type.oid);
  if (info != nullptr) {
    expr->physical = info->physical;
    expr->collation = info->collation;
  }
  return expr;
}

Expr* make_junction(Arena& arena, ExprKind kind, std::span<Expr* const> args) {
  std::vector<Expr*> flat;
  for (Expr* arg : args) {
    if (arg->kind == kind) {
      flat.insert(flat.end(), arg->args.begin(), arg->args.end());
    } else {
      flat.push_back(arg);
    }
  }
  if (flat.empty()) return nullptr;
  if (flat.size() == 1) return flat[0];
  Expr* expr = make_node(arena, kind, {type_oid::kBool, -1});
  expr->physical = PhysicalType::kBool;
  expr->args = copy_span(arena, flat);
  return expr;
}

bool same_or_null(const Expr* a, const Expr* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return expr_equal(*a, *b);
}

template <typename Span>
bool lists_equal(const Span& a, const Span& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Expr* x, const Expr* y) { return same_or_null(x, y); });
}

bool keys_equal(std::span<const SortKey> a, std::span<const SortKey> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const SortKey& x, const SortKey& y) {
    return x.descending == y.descending && x.nulls_first == y.nulls_first &&
           x.less_than == y.less_than && same_or_null(x.expr, y.expr);
  });
}

bool subqueries_equal(const SubqueryInfo* a, const SubqueryInfo* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a == b || (a->meaning != 0 && a->meaning == b->meaning);
}

bool constants_equal(const Expr& a, const Expr& b) {
  if (a.constant.is_null || b.constant.is_null) return a.constant.is_null == b.constant.is_null;
  if (a.physical != b.physical) return false;
  if (a.physical == PhysicalType::kVarlen) return a.constant.datum.str == b.constant.datum.str;
  return std::memcmp(&a.constant.datum, &b.constant.datum, physical_size(a.physical)) == 0;
}

bool aggregates_equal(const AggregateInfo* a, const AggregateInfo* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->distinct == b->distinct && a->direct_args == b->direct_args &&
         same_or_null(a->filter, b->filter) && keys_equal(a->order_by, b->order_by);
}

bool windows_equal(const WindowInfo* a, const WindowInfo* b) {
  if (a == nullptr || b == nullptr) return a == b;
  const WindowFrame& f = a->frame;
  const WindowFrame& g = b->frame;
  return lists_equal(a->partition_by, b->partition_by) && keys_equal(a->order_by, b->order_by) &&
         same_or_null(a->filter, b->filter) && f.mode == g.mode && f.start == g.start &&
         f.end == g.end && f.exclude == g.exclude && same_or_null(f.start_offset, g.start_offset) &&
         same_or_null(f.end_offset, g.end_offset);
}

bool subscripts_equal(const SubscriptInfo* a, const SubscriptInfo* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->slice == b->slice && lists_equal(a->lower, b->lower) && lists_equal(a->upper, b->upper);
}

uint64_t mix(uint64_t hash, uint64_t word) {
  hash ^= word + 0x9E3779B97F4A7C15ull + (hash << 6) + (hash >> 2);
  return hash * 0xFF51AFD7ED558CCDull;
}

uint64_t hash_constant(const Expr& expr) {
  if (expr.constant.is_null) return 7;
  if (expr.physical == PhysicalType::kVarlen) {
    return std::hash<std::string_view>()(expr.constant.datum.str.view());
  }
  uint64_t words[2] = {0, 0};
  std::memcpy(words, &expr.constant.datum, physical_size(expr.physical));
  return mix(words[0], words[1]);
}

// Rewrites a list of expressions; the list itself is copied only when an element changed.
ExprList rewrite_list(Arena& arena, ExprList list, ExprRewrite rewrite) {
  std::vector<Expr*> fresh(list.begin(), list.end());
  bool changed = false;
  for (Expr*& item : fresh) {
    if (item == nullptr) continue;
    Expr* now = rewrite_expr(arena, item, rewrite);
    changed |= now != item;
    item = now;
  }
  return changed ? ExprList(copy_span(arena, fresh)) : list;
}

std::span<const SortKey> rewrite_keys(Arena& arena, std::span<const SortKey> keys,
                                      ExprRewrite rewrite) {
  std::vector<SortKey> fresh(keys.begin(), keys.end());
  bool changed = false;
  for (SortKey& key : fresh) {
    Expr* now = rewrite_expr(arena, key.expr, rewrite);
    changed |= now != key.expr;
    key.expr = now;
  }
  return changed ? std::span<const SortKey>(copy_span(arena, fresh)) : keys;
}

bool rewrite_one(Arena& arena, Expr*& expr, ExprRewrite rewrite) {
  if (expr == nullptr) return false;
  Expr* now = rewrite_expr(arena, expr, rewrite);
  bool changed = now != expr;
  expr = now;
  return changed;
}

const AggregateInfo* rewrite_aggregate(Arena& arena, const AggregateInfo* info,
                                       ExprRewrite rewrite) {
  AggregateInfo fresh = *info;
  bool changed = rewrite_one(arena, fresh.filter, rewrite);
  fresh.order_by = rewrite_keys(arena, info->order_by, rewrite);
  changed |= fresh.order_by.data() != info->order_by.data();
  return changed ? arena.make<AggregateInfo>(fresh) : info;
}

const WindowInfo* rewrite_window(Arena& arena, const WindowInfo* info, ExprRewrite rewrite) {
  WindowInfo fresh = *info;
  fresh.partition_by = rewrite_list(arena, info->partition_by, rewrite);
  fresh.order_by = rewrite_keys(arena, info->order_by, rewrite);
  bool changed = fresh.partition_by.data() != info->partition_by.data() ||
                 fresh.order_by.data() != info->order_by.data();
  changed |= rewrite_one(arena, fresh.filter, rewrite);
  changed |= rewrite_one(arena, fresh.frame.start_offset, rewrite);
  changed |= rewrite_one(arena, fresh.frame.end_offset, rewrite);
  return changed ? arena.make<WindowInfo>(fresh) : info;
}

const SubscriptInfo* rewrite_subscript(Arena& arena, const SubscriptInfo* info,
                                       ExprRewrite rewrite) {
  SubscriptInfo fresh = *info;
  fresh.lower = rewrite_list(arena, info->lower, rewrite);
  fresh.upper = rewrite_list(arena, info->upper, rewrite);
  bool changed =
      fresh.lower.data() != info->lower.data() || fresh.upper.data() != info->upper.data();
  return changed ? arena.make<SubscriptInfo>(fresh) : info;
}

}  // namespace

Expr* make_constant(Arena& arena, TypeRef type, const Value& value) {
  Expr* expr = make_node(arena, ExprKind::kConstant, type);
  expr->constant = value;
  return expr;
}

Expr* make_bool(Arena& arena, bool value) {
  Expr* expr = make_constant(arena, {type_oid::kBool, -1}, Datum::of_bool(value));
  expr->physical = PhysicalType::kBool;
  return expr;
}

Expr* make_column(Arena& arena, ColumnId column, TypeRef type, Oid collation) {
  Expr* expr = make_node(arena, ExprKind::kColumn, type);
  expr->column = column;
  if (collation != kInvalidOid) expr->collation = collation;
  return expr;
}

Expr* make_slot(Arena& arena, uint32_t slot, TypeRef type) {
  Expr* expr = make_node(arena, ExprKind::kSlot, type);
  expr->index = slot;
  return expr;
}

Expr* make_not(Arena& arena, Expr* arg) {
  if (arg->kind == ExprKind::kNot) return arg->args[0];
  Expr* expr = make_node(arena, ExprKind::kNot, {type_oid::kBool, -1});
  expr->physical = PhysicalType::kBool;
  expr->args = copy_span(arena, std::vector<Expr*>{arg});
  return expr;
}

Expr* make_and(Arena& arena, std::span<Expr* const> args) {
  return make_junction(arena, ExprKind::kAnd, args);
}

Expr* make_or(Arena& arena, std::span<Expr* const> args) {
  return make_junction(arena, ExprKind::kOr, args);
}

bool expr_equal(const Expr& a, const Expr& b) {
  if (a.kind != b.kind || a.type != b.type || a.index != b.index || a.column != b.column ||
      a.level != b.level || a.collation != b.collation) {
    return false;
  }
  if (a.is_volatile || b.is_volatile) return false;
  const FunctionImplementation& f = a.implementation;
  const FunctionImplementation& g = b.implementation;
  if (f.kernel != g.kernel || f.aggregate != g.aggregate || f.window != g.window ||
      f.table != g.table || a.function != b.function) {
    return false;
  }
  if (!subqueries_equal(a.subquery, b.subquery) || a.subplan != b.subplan) return false;
  if (a.kind == ExprKind::kConstant && !constants_equal(a, b)) return false;
  return lists_equal(a.args, b.args) && aggregates_equal(a.aggregate, b.aggregate) &&
         windows_equal(a.window, b.window) && subscripts_equal(a.subscript, b.subscript) &&
         same_or_null(a.element_coercion, b.element_coercion);
}

uint64_t expr_hash(const Expr& expr) {
  uint64_t hash = mix(static_cast<uint64_t>(expr.kind), expr.type.oid);
  hash = mix(hash, (uint64_t{expr.index} << 32) ^ expr.column ^ (uint64_t{expr.level} << 24));
  hash = mix(hash, reinterpret_cast<uintptr_t>(expr.implementation.kernel) ^
                       reinterpret_cast<uintptr_t>(expr.implementation.aggregate));
  if (expr.kind == ExprKind::kConstant) hash = mix(hash, hash_constant(expr));
  for_each_child(expr, [&](const Expr* child) { hash = mix(hash, expr_hash(*child)); });
  return hash;
}

Expr* rewrite_expr(Arena& arena, Expr* expr, ExprRewrite rewrite) {
  Expr fresh = *expr;
  fresh.args = rewrite_list(arena, expr->args, rewrite);
  bool changed = fresh.args.data() != expr->args.data();
  if (expr->aggregate != nullptr) {
    fresh.aggregate = rewrite_aggregate(arena, expr->aggregate, rewrite);
    changed |= fresh.aggregate != expr->aggregate;
  }
  if (expr->window != nullptr) {
    fresh.window = rewrite_window(arena, expr->window, rewrite);
    changed |= fresh.window != expr->window;
  }
  if (expr->subscript != nullptr) {
    fresh.subscript = rewrite_subscript(arena, expr->subscript, rewrite);
    changed |= fresh.subscript != expr->subscript;
  }
  if (expr->subquery != nullptr && expr->subquery->test != nullptr) {
    Expr* test = rewrite_expr(arena, expr->subquery->test, rewrite);
    if (test != expr->subquery->test) {
      auto* info = arena.make<SubqueryInfo>(*expr->subquery);
      info->test = test;
      fresh.subquery = info;
      changed = true;
    }
  }
  return rewrite(changed ? arena.make<Expr>(fresh) : expr);
}

bool expr_contains(const Expr& expr, const std::function<bool(const Expr&)>& test) {
  if (test(expr)) return true;
  bool found = false;
  for_each_child(expr, [&](const Expr* child) { found = found || expr_contains(*child, test); });
  return found;
}

}  // namespace luma
