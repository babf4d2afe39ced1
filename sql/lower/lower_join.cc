// Joins: hash join for equalities, an index lookup per outer row where that is cheaper, nested loop
// for the rest, Apply for what could not be decorrelated.
#include <algorithm>

#include "engine/exec/op_apply.h"
#include "engine/exec/op_asof_join.h"
#include "engine/exec/op_filter.h"
#include "engine/exec/op_hash_join.h"
#include "engine/exec/op_nested_loop_join.h"
#include "engine/exec/op_project.h"
#include "sql/function/registry.h"
#include "sql/lower/lowering.h"
#include "sql/optimize/cost_model.h"
#include "sql/optimize/generated_scan.h"
#include "sql/optimize/predicates.h"

namespace luma {

namespace {

JoinMode mode_of(JoinKind kind) {
  switch (kind) {
    case JoinKind::kInner:
      return JoinMode::kInner;
    case JoinKind::kLeft:
      return JoinMode::kLeft;
    case JoinKind::kRight:
      return JoinMode::kRight;
    case JoinKind::kFull:
      return JoinMode::kFull;
    case JoinKind::kSemi:
      return JoinMode::kSemi;
    case JoinKind::kAnti:
      return JoinMode::kAnti;
    case JoinKind::kNullAwareAnti:
      return JoinMode::kNullAwareAnti;
    case JoinKind::kMark:
      return JoinMode::kMark;
    case JoinKind::kSingle:
      return JoinMode::kSingle;
  }
  return JoinMode::kInner;
}

std::vector<ColumnId> joined_layout(JoinKind kind, const std::vector<ColumnId>& left,
                                    const std::vector<ColumnId>& right, ColumnId mark) {
  std::vector<ColumnId> layout = left;
  if (outputs_right(mode_of(kind))) layout.insert(layout.end(), right.begin(), right.end());
  if (kind == JoinKind::kMark) layout.push_back(mark);
  return layout;
}

std::vector<ColumnId> both(const std::vector<ColumnId>& left, const std::vector<ColumnId>& right) {
  std::vector<ColumnId> layout = left;
  layout.insert(layout.end(), right.begin(), right.end());
  return layout;
}

bool is_three_valued(JoinKind kind) {
  return kind == JoinKind::kMark || kind == JoinKind::kNullAwareAnti;
}

// Both sides of an equality as one type, so that equal values hash alike: the comparison's operands
// are already coerced to the operator's types; cross-type operators (int4 = int8) need a cast more.
bool align_types(PlanContext& context, Expr*& left, Expr*& right) {
  if (left->type.oid == right->type.oid) return true;
  const TypeInfo& a = type_info(left->type.oid);
  const TypeInfo& b = type_info(right->type.oid);
  if (a.physical == b.physical && a.category == b.category && a.compare == b.compare) return true;
  const FunctionRegistry& registry = FunctionRegistry::instance();
  auto widen = [&](Expr*& narrow, const Expr* wide) {
    const CastEntry* cast = registry.cast(narrow->type.oid, wide->type.oid);
    if (cast == nullptr || cast->context != 'i' || cast->implementation == nullptr) return false;
    Expr* call = context.arena().make<Expr>();
    call->kind = ExprKind::kFunction;
    call->type = {wide->type.oid, -1};
    call->physical = type_info(wide->type.oid).physical;
    call->function = cast->implementation;
    call->implementation = cast->implementation->implementation;
    call->strict = true;
    call->args = copy_span(context.arena(), std::vector<Expr*>{narrow});
    narrow = call;
    return true;
  };
  return widen(left, right) || widen(right, left);
}

// `a IS NOT DISTINCT FROM b` with one side per input.
bool as_null_safe_equality(Expr* condition, const ColumnSet& left, const ColumnSet& right,
                           Equality& out) {
  if (condition->kind != ExprKind::kIsNotDistinct) return false;
  for (int side = 0; side < 2; ++side) {
    ColumnSet a = columns_of(*condition->args[side]);
    ColumnSet b = columns_of(*condition->args[1 - side]);
    if (a.empty() || b.empty() || !covered_by(a, left) || !covered_by(b, right)) continue;
    out.left = condition->args[side];
    out.right = condition->args[1 - side];
    return !has_subquery(*condition);
  }
  return false;
}

// `a = b`, or `a IS NOT DISTINCT FROM b` where that is allowed, of values that hash alike.
bool as_hash_key(PlanContext& context, Expr* condition, const ColumnSet& left,
                 const ColumnSet& right, bool allows_null_safe, Equality& out, bool& null_safe) {
  if (!as_equality(condition, left, right, out)) {
    null_safe = allows_null_safe && as_null_safe_equality(condition, left, right, out);
    if (!null_safe) return false;
  }
  return align_types(context, out.left, out.right);
}

bool has_equality(const std::vector<Expr*>& conjuncts, const LogicalOp& left,
                  const LogicalOp& right) {
  ColumnSet left_columns = output_of(left), right_columns = output_of(right);
  return std::ranges::any_of(conjuncts, [&](Expr* conjunct) {
    Equality equality;
    return as_equality(conjunct, left_columns, right_columns, equality);
  });
}

}  // namespace

double Lowering::scan_cost(const ScanOp& scan) {
  std::vector<Expr*> conjuncts;
  split_conjuncts(scan.filter, conjuncts);
  auto path = choose_access_path(context_, scan, conjuncts, *estimator_, settings_);
  return path ? path->cost
              : full_scan_cost(scan, estimator_->table_rows(*scan.table), conjuncts.size(),
                               settings_);
}

double Lowering::width_of(const LogicalOp& op) const {
  double width = 0;
  for (ColumnId column : op.output) width += estimator_->width_bytes(column);
  return width;
}

// Whether looking the inner rows up for each outer row is cheaper than reading all of them once and
// joining in another way.
bool Lowering::index_join_pays(const LogicalOp& outer, const ScanOp& inner,
                               const std::vector<Expr*>& conjuncts, double output_rows) {
  if (outer.rows < 0 || inner.rows < 0) return false;
  auto path = lookup_path_cost(context_, inner, conjuncts, outer.rows, *estimator_, settings_);
  if (!path) return false;
  bool hashable = has_equality(conjuncts, outer, inner);
  double whole = loop_cost(cost::nested_loop(outer.rows, inner.rows, output_rows));
  if (hashable) {
    // The smaller side is kept in memory, and tells a columnar scan which keys can match.
    double hash = 0;
    if (outer.rows >= inner.rows) {
      hash = cost::hash_join(inner.rows, width_of(inner), outer.rows, output_rows,
                             settings_.work_mem_bytes);
    } else {
      double probes = inner.rows;
      if (inner.table->columnar != nullptr || covering_copy(inner) != nullptr) {
        probes = std::min(probes, output_rows);
        hash = inner.rows * cost::kFilteredRow;
      }
      hash += cost::hash_join(outer.rows, width_of(outer), probes, output_rows,
                              settings_.work_mem_bytes);
    }
    whole = std::min(whole, hash + (settings_.hash_join ? 0 : cost::kDisabled));
  }
  double lookup = loop_cost(cost::lookup_join(outer.rows, *path, output_rows));
  if (covering_copy(inner) != nullptr) {
    lookup += outer.rows * cost::kColdLookup;
    whole += cost::kColumnarStart;
  }
  return lookup < whole + scan_cost(inner);
}

bool Lowering::virtual_lookup_pays(const LogicalOp& outer, const VirtualScanOp& inner,
                                   const std::vector<Expr*>& conjuncts) {
  if (outer.rows < 0) return false;
  auto lookup = generated_lookup_cost(context_, inner, conjuncts, *estimator_);
  if (!lookup) return false;
  double whole = generated_scan_cost(context_, inner, *estimator_) +
                 cost::hash_join(std::max(1.0, inner.rows), width_of(inner), outer.rows, 0,
                                 settings_.work_mem_bytes);
  return cost::lookup_join(outer.rows, *lookup, 0) < whole;
}

Lowered Lowering::lower_index_join(JoinOp& op, JoinKind kind, LogicalOp& outer, LogicalOp& inner,
                                   const std::vector<Expr*>& conjuncts) {
  Lowered left = lower(outer);
  Lowered right = inner.kind == OpKind::kScan
                      ? lower_scan(static_cast<ScanOp&>(inner), conjuncts)
                      : lower_virtual_scan(static_cast<VirtualScanOp&>(inner), conjuncts);
  std::vector<ApplyParameter> parameters;
  ColumnSet passed;
  for (const Expr* conjunct : conjuncts) {
    for (ColumnId column : columns_of(*conjunct)) {
      bool from_outer =
          std::find(left.layout.begin(), left.layout.end(), column) != left.layout.end();
      if (!from_outer || !passed.insert(column).second) continue;
      parameters.push_back({slots(context_.column_ref(column), left.layout), column});
    }
  }
  uses_exec_parameters_ = true;
  std::vector<ColumnId> layout = joined_layout(kind, left.layout, right.layout, op.mark);
  auto apply = std::make_unique<ApplyOperator>(mode_of(kind), std::move(left.op),
                                               std::move(right.op), std::move(parameters));
  if (const ExplainNote* looked_up = notes_->find(*apply->children()[1])) {
    note(*apply).lookup_cost = looked_up->total_cost;
  }
  return {std::move(apply), std::move(layout)};
}

Lowered Lowering::lower_join(JoinOp& op) {
  LogicalOp* left_op = op.inputs[0];
  LogicalOp* right_op = op.inputs[1];
  std::vector<Expr*> conjuncts;
  split_conjuncts(op.condition, conjuncts);
  double output_rows = std::max(1.0, op.rows);
  bool plain = std::none_of(conjuncts.begin(), conjuncts.end(),
                            [](const Expr* e) { return has_subquery(*e) || has_volatile(*e); });
  bool by_lookup = op.join == JoinKind::kInner || op.join == JoinKind::kLeft ||
                   op.join == JoinKind::kSemi || op.join == JoinKind::kAnti ||
                   op.join == JoinKind::kSingle;
  if (plain && by_lookup && right_op->kind == OpKind::kScan &&
      index_join_pays(*left_op, static_cast<ScanOp&>(*right_op), conjuncts, output_rows)) {
    return lower_index_join(op, op.join, *left_op, *right_op, conjuncts);
  }
  if (plain && by_lookup && right_op->kind == OpKind::kVirtualScan &&
      virtual_lookup_pays(*left_op, static_cast<VirtualScanOp&>(*right_op), conjuncts)) {
    return lower_index_join(op, op.join, *left_op, *right_op, conjuncts);
  }
  if (plain && op.join == JoinKind::kInner && left_op->kind == OpKind::kScan &&
      index_join_pays(*right_op, static_cast<ScanOp&>(*left_op), conjuncts, output_rows)) {
    return lower_index_join(op, op.join, *right_op, *left_op, conjuncts);
  }
  if (plain && op.join == JoinKind::kInner && left_op->kind == OpKind::kVirtualScan &&
      virtual_lookup_pays(*right_op, static_cast<VirtualScanOp&>(*left_op), conjuncts)) {
    return lower_index_join(op, op.join, *right_op, *left_op, conjuncts);
  }
  // The build side (right) should be the smaller one.
  JoinKind kind = op.join;
  bool smaller = left_op->rows >= 0 && left_op->rows < right_op->rows;
  bool much_smaller = smaller && left_op->rows * 2 < right_op->rows;
  if (kind == JoinKind::kInner && smaller) {
    std::swap(left_op, right_op);
  } else if (kind == JoinKind::kLeft && much_smaller && plain &&
             has_equality(conjuncts, *left_op, *right_op)) {
    std::swap(left_op, right_op);
    kind = JoinKind::kRight;
  }
  // Of a few rows with a match in a large input, it is the few that are kept in memory.
  const bool turned = (kind == JoinKind::kSemi || kind == JoinKind::kAnti) && much_smaller &&
                      plain && has_equality(conjuncts, *left_op, *right_op);
  if (turned) std::swap(left_op, right_op);
  JoinMode mode = !turned                   ? mode_of(kind)
                  : kind == JoinKind::kSemi ? JoinMode::kRightSemi
                                            : JoinMode::kRightAnti;
  Lowered left = lower(*left_op);
  Lowered right = lower(*right_op);
  ColumnSet left_columns(left.layout.begin(), left.layout.end());
  ColumnSet right_columns(right.layout.begin(), right.layout.end());
  std::vector<ColumnId> pair_layout = both(left.layout, right.layout);
  std::vector<ColumnId> layout =
      turned ? right.layout : joined_layout(kind, left.layout, right.layout, op.mark);
  bool three_valued = is_three_valued(kind);

  std::vector<HashJoinKey> keys;
  std::vector<Expr*> rest;
  std::vector<Expr*> hashed;
  for (Expr* conjunct : conjuncts) {
    Equality equality;
    bool null_safe = false;
    const bool is_key = as_hash_key(context_, conjunct, left_columns, right_columns, !three_valued,
                                    equality, null_safe);
    if (!is_key) {
      rest.push_back(conjunct);
      continue;
    }
    HashJoinKey key;
    key.left = slots(equality.left, left.layout);
    key.right = slots(equality.right, right.layout);
    key.null_rule = three_valued ? NullRule::kUnknown
                    : null_safe  ? NullRule::kMatchesNull
                                 : NullRule::kNoMatch;
    keys.push_back(key);
    // Shown with the side that is read first on the left, as it is hashed.
    Expr* shown = conjunct;
    if (columns_of(*conjunct->args[0]) != columns_of(*equality.left)) {
      shown = context_.arena().make<Expr>(*conjunct);
      shown->args =
          copy_span(context_.arena(), std::vector<Expr*>{conjunct->args[1], conjunct->args[0]});
    }
    hashed.push_back(shown);
  }
  std::vector<Expr*> members;
  split_conjuncts(op.membership, members);
  if (three_valued) {
    // Equalities about membership may be hash keys too: such rows are simply not there when they
    // differ.
    auto without_keys = [&] {
      std::vector<Expr*> kept;
      for (Expr* member : members) {
        Equality equality;
        bool null_safe = false;
        if (as_hash_key(context_, member, left_columns, right_columns, true, equality, null_safe)) {
          keys.push_back({slots(equality.left, left.layout), slots(equality.right, right.layout),
                          null_safe ? NullRule::kMatchesNull : NullRule::kNoMatch});
        } else {
          kept.push_back(member);
        }
      }
      return kept;
    };
    bool hashable = !keys.empty() && rest.empty();
    if (conjuncts.empty()) {
      // EXISTS as a value: membership alone decides.
      std::vector<Expr*> kept = without_keys();
      hashable = !keys.empty();
      if (hashable) members = std::move(kept);
    } else if (hashable) {
      members = without_keys();
    }
    const Expr* membership = slots(make_and(context_.arena(), members), pair_layout);
    if (hashable) {
      auto join = std::make_unique<HashJoinOperator>(
          mode_of(kind), std::move(left.op), std::move(right.op), std::move(keys), membership);
      note(*join).conditions = {{"Hash Cond", hashed}};
      return {std::move(join), std::move(layout)};
    }
    const Expr* comparison = slots(make_and(context_.arena(), conjuncts), pair_layout);
    auto join = std::make_unique<NestedLoopJoinOperator>(
        mode_of(kind), std::move(left.op), std::move(right.op), membership, comparison);
    return {std::move(join), std::move(layout)};
  }
  if (turned && keys.empty()) {  // the equality was between types that do not hash alike
    std::swap(left, right);
    pair_layout = both(left.layout, right.layout);
    mode = mode_of(kind);
  }
  const Expr* residual = slots(make_and(context_.arena(), rest), pair_layout);
  if (kind == JoinKind::kFull && keys.empty() &&
      std::any_of(rest.begin(), rest.end(),
                  [](const Expr* expr) { return expr->kind != ExprKind::kConstant; })) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "FULL JOIN is only supported with merge-joinable or hash-joinable join "
                   "conditions");
  }
  if (!keys.empty()) {
    auto join = std::make_unique<HashJoinOperator>(mode, std::move(left.op), std::move(right.op),
                                                   std::move(keys), residual);
    note(*join).conditions = {{"Hash Cond", hashed}, {"Join Filter", rest}};
    return {std::move(join), std::move(layout)};
  }
  auto join = std::make_unique<NestedLoopJoinOperator>(mode, std::move(left.op),
                                                       std::move(right.op), residual);
  note(*join).conditions = {{"Join Filter", rest}};
  return {std::move(join), std::move(layout)};
}

// Both sides are sorted by their keys and the time, and merged.
Lowered Lowering::lower_asof_join(AsofJoinOp& op) {
  std::vector<Expr*> shown_keys, shown_time;
  std::vector<SortKey> orders[2];
  auto add = [&](AsofJoinOp::Pair& pair, bool is_time) {
    // A comparison as it was written, of operands as they are now.
    Expr* shown = context_.arena().make<Expr>(*pair.as_written);
    const bool turned = pair.is_turned;
    shown->args = copy_span(context_.arena(), std::vector<Expr*>{turned ? pair.right : pair.left,
                                                                 turned ? pair.left : pair.right});
    (is_time ? shown_time : shown_keys).push_back(shown);
    Expr *left = pair.left, *right = pair.right;
    if (!align_types(context_, left, right)) {
      throw unsupported("ASOF JOIN that compares {} with {}", format_type(left->type.oid),
                        format_type(right->type.oid));
    }
    const bool descending = is_time && !op.looks_back;
    for (auto [side, expr] : {std::pair(0, left), std::pair(1, right)}) {
      SortKey key;
      key.expr = expr;
      key.descending = key.nulls_first = descending;
      orders[side].push_back(key);
    }
  };
  for (AsofJoinOp::Pair& key : op.keys) add(key, false);
  add(op.times, true);
  Lowered inputs[2];
  AsofSpec spec;
  for (int side = 0; side < 2; ++side) {
    auto* sort = context_.make<SortOp>();
    sort->inputs = {op.inputs[static_cast<size_t>(side)]};
    sort->output = sort->inputs[0]->output;
    sort->rows = sort->inputs[0]->rows;
    sort->keys = orders[side];
    inputs[side] = lower(*sort);
    for (const SortKey& key : orders[side]) {
      (side == 0 ? spec.left : spec.right).push_back(slots(key.expr, inputs[side].layout));
    }
  }
  spec.looks_back = op.looks_back;
  spec.includes_equal = op.includes_equal;
  spec.is_left = op.is_left;
  std::vector<ColumnId> layout = both(inputs[0].layout, inputs[1].layout);
  auto join = std::make_unique<AsofJoinOperator>(std::move(inputs[0].op), std::move(inputs[1].op),
                                                 std::move(spec));
  note(*join).conditions = {{"Merge Cond", shown_keys}, {"Asof Cond", shown_time}};
  return {std::move(join), std::move(layout)};
}

Lowered Lowering::lower_apply(ApplyOp& op) {
  uses_exec_parameters_ = true;
  Lowered left = lower(*op.inputs[0]);
  std::vector<ApplyParameter> parameters;
  for (ColumnId column : free_columns(*op.inputs[1])) {
    if (std::find(left.layout.begin(), left.layout.end(), column) == left.layout.end()) continue;
    parameters.push_back({slots(context_.column_ref(column), left.layout), column});
  }
  Lowered right = lower(*op.inputs[1]);
  std::vector<ColumnId> pair_layout = both(left.layout, right.layout);
  std::vector<ColumnId> layout = joined_layout(op.join, left.layout, right.layout, op.mark);
  const Expr* condition = slots(op.condition, pair_layout);
  const Expr* membership = slots(op.membership, pair_layout);
  bool three_valued = is_three_valued(op.join);
  auto apply = std::make_unique<ApplyOperator>(
      mode_of(op.join), std::move(left.op), std::move(right.op), std::move(parameters),
      three_valued ? membership : condition, three_valued ? condition : nullptr);
  return {std::move(apply), std::move(layout)};
}

}  // namespace luma
