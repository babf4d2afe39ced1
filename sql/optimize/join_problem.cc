#include "sql/optimize/join_problem.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "sql/optimize/access_path.h"
#include "sql/optimize/cost_model.h"
#include "sql/optimize/generated_scan.h"

namespace luma {
namespace {

RelationSet bit(size_t relation) { return RelationSet{1} << relation; }
bool contains(RelationSet set, RelationSet part) { return (set & part) == part; }

// Joins that hand on every left row at its own, whatever else is joined to it.
bool attaches(JoinKind kind) {
  return kind == JoinKind::kLeft || kind == JoinKind::kSemi || kind == JoinKind::kAnti ||
         kind == JoinKind::kNullAwareAnti || kind == JoinKind::kMark;
}

bool outputs_right_side(JoinKind kind) {
  return kind == JoinKind::kInner || kind == JoinKind::kLeft;
}

// What all below costs to produce.
double subtree_cost(const LogicalOp& op, Estimator& estimator, OptimizerContext& context) {
  double below = 0;
  for (const LogicalOp* input : op.inputs) below += subtree_cost(*input, estimator, context);
  double rows = std::max(1.0, op.rows);
  if (op.kind == OpKind::kScan) {
    const auto& scan = static_cast<const ScanOp&>(op);
    std::vector<Expr*> conjuncts;
    split_conjuncts(scan.filter, conjuncts);
    auto path = choose_access_path(context.plan, scan, conjuncts, estimator, context.settings);
    return path ? path->cost
                : full_scan_cost(scan, estimator.table_rows(*scan.table), conjuncts.size(),
                                 context.settings);
  }
  if (op.kind == OpKind::kVirtualScan) {
    return generated_scan_cost(context.plan, static_cast<const VirtualScanOp&>(op), estimator);
  }
  if (op.kind == OpKind::kAggregate || op.kind == OpKind::kDistinct) {
    return below + cost::aggregate(std::max(1.0, op.inputs[0]->rows), rows);
  }
  return below + rows * cost::kOutputRow;
}

}  // namespace

void JoinProblem::flatten(LogicalOp*& op) {
  if (op->kind == OpKind::kJoin) {
    auto& join = static_cast<JoinOp&>(*op);
    if (join.join == JoinKind::kInner) {
      split_conjuncts(join.condition, written_);
      flatten(join.inputs[0]);
      flatten(join.inputs[1]);
      return;
    }
    if (attaches(join.join)) {
      size_t first = slots_.size();
      flatten(join.inputs[0]);
      RelationSet below = 0;
      for (size_t i = first; i < slots_.size() && i < 64; ++i) below |= bit(i);
      attachments_.push_back({&join, slots_.size(), below});
      slots_.push_back(&join.inputs[1]);
      return;
    }
  }
  slots_.push_back(&op);
}

RelationSet JoinProblem::relations_of(const Expr& expr) const {
  RelationSet set = 0;
  for (ColumnId column : columns_of(expr)) {
    auto owner = owner_.find(column);
    if (owner != owner_.end()) set |= bit(owner->second);
  }
  return set;
}

void JoinProblem::prepare() {
  relations_.resize(slots_.size());
  Estimator& estimator = context_.estimator;
  for (size_t i = 0; i < slots_.size(); ++i) {
    Relation& relation = relations_[i];
    relation.op = *slots_[i];
    estimate_plan(*relation.op, estimator);
    relation.rows = std::max(1.0, relation.op->rows);
    relation.cost = subtree_cost(*relation.op, estimator, context_);
    double width = 0;
    for (ColumnId column : relation.op->output) {
      owner_[column] = i;
      width += estimator.width_bytes(column);
    }
    // Columns that nobody needs are still among them.
    relation.width_bytes = std::min(width, 64.0);
  }
  for (const Attachment& attachment : attachments_) {
    if (attachment.join->mark != kNoColumn) owner_[attachment.join->mark] = attachment.relation;
  }
  for (const Attachment& attachment : attachments_) {
    attach(*attachment.join, attachment.relation, attachment.below);
  }
  for (Expr* expr : written_) add_condition(expr);
  connect();
}

void JoinProblem::attach(JoinOp& join, size_t number, RelationSet below) {
  Relation& relation = relations_[number];
  relation.attached = &join;
  split_conjuncts(join.condition, relation.conditions);
  std::vector<Expr*> all = relation.conditions;
  split_conjuncts(join.membership, all);
  for (Expr* expr : all) relation.needs |= relations_of(*expr);
  relation.needs &= ~bit(number);
  // What cannot be told apart stays above all that it was written above.
  bool plain = std::ranges::none_of(
      all, [](const Expr* expr) { return has_volatile(*expr) || has_subquery(*expr); });
  if (relation.needs == 0 || !plain) relation.needs |= below;
  // The left side as far as the condition sees it.
  LogicalOp seen(OpKind::kOneRow);
  for (size_t i = 0; i < relations_.size(); ++i) {
    if ((relation.needs & bit(i)) == 0) continue;
    const auto& output = relations_[i].op->output;
    seen.output.insert(seen.output.end(), output.begin(), output.end());
  }
  ColumnSet left = output_of(seen), right = output_of(*relation.op);
  relation.hashable = std::ranges::any_of(relation.conditions, [&](Expr* condition) {
    Equality equality;
    return as_equality(condition, left, right, equality);
  });
  double part = partner_part(seen, *relation.op, relation.conditions, context_.estimator);
  switch (join.join) {
    case JoinKind::kSemi:
      relation.factor = part;
      break;
    case JoinKind::kAnti:
    case JoinKind::kNullAwareAnti:
      relation.factor = 1 - part;
      break;
    case JoinKind::kLeft: {
      double matches = relation.rows;
      for (Expr* condition : relation.conditions) {
        Equality equality;
        matches *= as_equality(condition, left, right, equality)
                       ? context_.estimator.equality_selectivity(*equality.left, *equality.right)
                       : context_.estimator.pair_selectivity(*condition);
      }
      relation.factor = std::max(1.0, matches);
      break;
    }
    default:
      break;
  }
}

void JoinProblem::add_condition(Expr* expr) {
  RelationSet set = relations_of(*expr);
  if (std::popcount(set) < 2 || has_subquery(*expr) || has_volatile(*expr)) {
    elsewhere_.push_back(expr);
    return;
  }
  if (add_equality(expr)) return;
  Condition condition{expr, set};
  Equality equality;
  bool two_sides = expr->kind == ExprKind::kFunction && expr->args.size() == 2;
  if (two_sides &&
      as_equality(expr, columns_of(*expr->args[0]), columns_of(*expr->args[1]), equality)) {
    for (size_t side = 0; side < 2; ++side) {
      condition.sides[side] = relations_of(*expr->args[side]);
    }
    condition.selectivity =
        context_.estimator.equality_selectivity(*equality.left, *equality.right);
  } else {
    condition.selectivity = context_.estimator.pair_selectivity(*expr);
  }
  conditions_.push_back(condition);
}

// column = column of another relation: joins the classes of both.
bool JoinProblem::add_equality(Expr* expr) {
  if (expr->kind != ExprKind::kFunction || expr->args.size() != 2) return false;
  Member members[2];
  for (size_t side = 0; side < 2; ++side) {
    Expr* arg = expr->args[side];
    const Expr* column = arg;
    while (column->kind == ExprKind::kRelabel) column = column->args[0];
    if (column->kind != ExprKind::kColumn) return false;
    auto owner = owner_.find(column->column);
    // Columns that an outer join may make NULL are no longer equal to what they were.
    if (owner == owner_.end() || relations_[owner->second].attached != nullptr) return false;
    members[side] = {owner->second, arg, context_.estimator.distinct(*arg)};
  }
  ColumnSet left = output_of(*relations_[members[0].relation].op);
  ColumnSet right = output_of(*relations_[members[1].relation].op);
  Equality equality;
  if (!as_equality(expr, left, right, equality)) return false;
  if (expr->args[0]->type.oid != expr->args[1]->type.oid) return false;
  auto find = [&](const Member& member) -> Equals* {
    for (Equals& equals : classes_) {
      if (equals.pattern->operator_oid != expr->operator_oid ||
          equals.pattern->collation != expr->collation ||
          equals.pattern->args[0]->type.oid != expr->args[0]->type.oid) {
        continue;
      }
      for (const Member& other : equals.members) {
        if (expr_equal(*other.expr, *member.expr)) return &equals;
      }
    }
    return nullptr;
  };
  Equals* a = find(members[0]);
  Equals* b = find(members[1]);
  if (a != nullptr && a == b) {
    a->written.emplace_back(expr, relations_of(*expr));
    return true;
  }
  Equals joined{{}, expr, {{expr, relations_of(*expr)}}};
  for (size_t side = 0; side < 2; ++side) {
    Equals* from = side == 0 ? a : b;
    if (from == nullptr) {
      joined.members.push_back(members[side]);
    } else {
      joined.members.insert(joined.members.end(), from->members.begin(), from->members.end());
      joined.written.insert(joined.written.end(), from->written.begin(), from->written.end());
    }
  }
  // Two columns of one relation in a class would need a condition of their own.
  RelationSet seen = 0;
  for (const Member& member : joined.members) {
    if ((seen & bit(member.relation)) != 0) return false;
    seen |= bit(member.relation);
  }
  size_t a_at = a == nullptr ? classes_.size() : static_cast<size_t>(a - classes_.data());
  size_t b_at = b == nullptr ? classes_.size() : static_cast<size_t>(b - classes_.data());
  for (size_t at : {std::max(a_at, b_at), std::min(a_at, b_at)}) {
    if (at < classes_.size()) classes_.erase(classes_.begin() + static_cast<ptrdiff_t>(at));
  }
  classes_.push_back(std::move(joined));
  return true;
}

void JoinProblem::connect() {
  graph_ = JoinGraph(relations_.size());
  auto connect_all = [&](RelationSet set) {
    for (size_t i = 0; i < relations_.size(); ++i) {
      for (size_t j = i + 1; j < relations_.size(); ++j) {
        if ((set & bit(i)) != 0 && (set & bit(j)) != 0) graph_.connect(i, j);
      }
    }
  };
  for (const Equals& equals : classes_) {
    RelationSet set = 0;
    for (const Member& member : equals.members) set |= bit(member.relation);
    connect_all(set);
  }
  for (const Condition& condition : conditions_) connect_all(condition.relations);
  for (size_t i = 0; i < relations_.size(); ++i) {
    for (size_t j = 0; j < relations_.size(); ++j) {
      if (relations_[i].attached != nullptr && (relations_[i].needs & bit(j)) != 0) {
        graph_.connect(i, j);
      }
    }
  }
  graph_.connect_parts();
}

double JoinProblem::class_selectivity(const Equals& equals, RelationSet set) const {
  std::vector<const Member*> in;
  for (const Member& member : equals.members) {
    if ((set & bit(member.relation)) != 0) in.push_back(&member);
  }
  if (in.size() < 2) return 1;
  if (in.size() == 2) {
    return context_.estimator.equality_selectivity(*in[0]->expr, *in[1]->expr);
  }
  // The values of those with fewer are among those of the others.
  double smallest = in[0]->distinct, product = 1;
  for (const Member* member : in) {
    smallest = std::min(smallest, member->distinct);
    product *= std::max(1.0, member->distinct);
  }
  return std::max(1.0, smallest) / product;
}

// Keys of several columns: all of their equalities together find one row at the most. Takes the
// relation out of the classes that have been counted so.
double JoinProblem::key_factor(RelationSet set, std::vector<RelationSet>& gone) {
  double factor = 1;
  for (size_t i = 0; i < relations_.size(); ++i) {
    if ((set & bit(i)) == 0 || relations_[i].op->kind != OpKind::kScan) continue;
    const auto& scan = static_cast<const ScanOp&>(*relations_[i].op);
    std::vector<Expr*> equalities;
    std::vector<size_t> origin;
    for (size_t c = 0; c < classes_.size(); ++c) {
      const Member* own = nullptr;
      const Member* other = nullptr;
      for (const Member& member : classes_[c].members) {
        if ((set & ~gone[c] & bit(member.relation)) == 0) continue;
        (member.relation == i ? own : other) = &member;
      }
      if (own == nullptr || other == nullptr) continue;
      equalities.push_back(equality_between(classes_[c], *own, *other));
      origin.push_back(c);
    }
    if (equalities.size() < 2) continue;
    std::vector<Expr*> used;
    auto by_key = context_.estimator.key_selectivity(scan, equalities, &used);
    if (!by_key || used.size() < 2) continue;
    factor *= *by_key;
    for (size_t e = 0; e < equalities.size(); ++e) {
      if (std::ranges::find(used, equalities[e]) != used.end()) gone[origin[e]] |= bit(i);
    }
  }
  return factor;
}

double JoinProblem::rows(RelationSet set) {
  auto known = rows_.find(set);
  if (known != rows_.end()) return known->second;
  double rows = 1;
  for (size_t i = 0; i < relations_.size(); ++i) {
    if ((set & bit(i)) != 0 && relations_[i].attached == nullptr) rows *= relations_[i].rows;
  }
  std::vector<RelationSet> gone(classes_.size());
  rows *= key_factor(set, gone);
  for (size_t c = 0; c < classes_.size(); ++c) {
    rows *= class_selectivity(classes_[c], set & ~gone[c]);
  }
  for (const Condition& condition : conditions_) {
    if (contains(set, condition.relations)) rows *= condition.selectivity;
  }
  rows = std::max(1.0, rows);
  for (size_t i = 0; i < relations_.size(); ++i) {
    if ((set & bit(i)) != 0 && relations_[i].attached != nullptr) rows *= relations_[i].factor;
  }
  rows = std::max(1.0, rows);
  rows_[set] = rows;
  return rows;
}

Expr* JoinProblem::equality_between(const Equals& equals, const Member& left, const Member& right) {
  for (const auto& [written, set] : equals.written) {
    const Expr& a = *written->args[0];
    const Expr& b = *written->args[1];
    if ((expr_equal(a, *left.expr) && expr_equal(b, *right.expr)) ||
        (expr_equal(a, *right.expr) && expr_equal(b, *left.expr))) {
      return written;
    }
  }
  Expr* made = context_.plan.arena().make<Expr>(*equals.pattern);
  made->args = copy_span(context_.plan.arena(), std::vector<Expr*>{left.expr, right.expr});
  made->location = -1;
  return made;
}

std::vector<Expr*> JoinProblem::conditions_between(RelationSet left, RelationSet right) {
  std::vector<Expr*> out;
  for (const Equals& equals : classes_) {
    const Member* a = nullptr;
    const Member* b = nullptr;
    Expr* written = nullptr;
    for (const Member& member : equals.members) {
      if ((left & bit(member.relation)) != 0) a = &member;
      if ((right & bit(member.relation)) != 0) b = &member;
    }
    if (a == nullptr || b == nullptr) continue;
    // One that was written is as good as any other, and looks familiar in EXPLAIN.
    for (const auto& [candidate, set] : equals.written) {
      if ((set & left) != 0 && (set & right) != 0) written = candidate;
    }
    out.push_back(written != nullptr ? written : equality_between(equals, *a, *b));
  }
  RelationSet both = left | right;
  for (const Condition& condition : conditions_) {
    if (contains(both, condition.relations) && !contains(left, condition.relations) &&
        !contains(right, condition.relations)) {
      out.push_back(condition.expr);
    }
  }
  return out;
}

bool JoinProblem::has_equality(RelationSet left, RelationSet right) const {
  for (const Equals& equals : classes_) {
    bool on_left = false, on_right = false;
    for (const Member& member : equals.members) {
      on_left |= (left & bit(member.relation)) != 0;
      on_right |= (right & bit(member.relation)) != 0;
    }
    if (on_left && on_right) return true;
  }
  return std::ranges::any_of(conditions_, [&](const Condition& condition) {
    const auto& [a, b] = condition.sides;
    return a != 0 && b != 0 &&
           ((contains(left, a) && contains(right, b)) || (contains(left, b) && contains(right, a)));
  });
}

std::optional<double> JoinProblem::lookup_cost(RelationSet right,
                                               const std::vector<Expr*>& conditions,
                                               double left_rows) {
  if (std::popcount(right) != 1) return std::nullopt;
  LogicalOp* op = relations_[static_cast<size_t>(std::countr_zero(right))].op;
  if (op->kind == OpKind::kVirtualScan) {
    return generated_lookup_cost(context_.plan, static_cast<const VirtualScanOp&>(*op), conditions,
                                 context_.estimator);
  }
  if (op->kind != OpKind::kScan) return std::nullopt;
  const auto& scan = static_cast<const ScanOp&>(*op);
  if (scan.table->indexes.empty() || conditions.empty()) return std::nullopt;
  auto [known, added] = lookups_.try_emplace({right, conditions});
  if (added) {
    known->second = lookup_path_cost(context_.plan, scan, conditions, left_rows, context_.estimator,
                                     context_.settings);
  }
  return known->second;
}

std::optional<double> JoinProblem::join_cost(RelationSet left, RelationSet right) {
  const Relation* attached = nullptr;
  for (size_t i = 0; i < relations_.size(); ++i) {
    if (right == bit(i) && relations_[i].attached != nullptr) attached = &relations_[i];
    if (left == bit(i) && relations_[i].attached != nullptr) return std::nullopt;
  }
  if (attached != nullptr && !contains(left, attached->needs)) return std::nullopt;
  double left_rows = rows(left), output_rows = rows(left | right);
  double right_rows = attached != nullptr ? attached->rows : rows(right);
  double right_width = 0;
  for (size_t i = 0; i < relations_.size(); ++i) {
    if ((right & bit(i)) != 0) right_width += relations_[i].width_bytes;
  }
  std::vector<Expr*> conditions =
      attached != nullptr ? attached->conditions : conditions_between(left, right);
  bool hashable = attached != nullptr ? attached->hashable : has_equality(left, right);
  const PlannerSettings& settings = context_.settings;
  double best = cost::nested_loop(left_rows, right_rows, output_rows) +
                (settings.nested_loop ? 0 : cost::kDisabled);
  if (hashable) {
    double hash =
        cost::hash_join(right_rows, right_width, left_rows, output_rows, settings.work_mem_bytes) +
        (settings.hash_join ? 0 : cost::kDisabled);
    best = std::min(best, hash);
  }
  bool by_lookup = attached == nullptr || (attached->attached->join != JoinKind::kMark &&
                                           attached->attached->join != JoinKind::kNullAwareAnti);
  if (by_lookup) {
    if (auto path = lookup_cost(right, conditions, left_rows)) {
      double lookup = cost::lookup_join(left_rows, *path, output_rows) +
                      (settings.nested_loop ? 0 : cost::kDisabled);
      // The relation is not read as a whole then.
      double saved = relations_[static_cast<size_t>(std::countr_zero(right))].cost;
      best = std::min(best, lookup - saved);
    }
  }
  return best;
}

LogicalOp* JoinProblem::make_join(LogicalOp* left, RelationSet left_set, LogicalOp* right,
                                  RelationSet right_set) {
  auto* join = context_.plan.make<JoinOp>();
  const Relation* attached = nullptr;
  for (size_t i = 0; i < relations_.size(); ++i) {
    if (right_set == bit(i) && relations_[i].attached != nullptr) attached = &relations_[i];
  }
  join->inputs = {left, right};
  join->output = left->output;
  if (attached != nullptr) {
    join->join = attached->attached->join;
    join->condition = attached->attached->condition;
    join->membership = attached->attached->membership;
    join->mark = attached->attached->mark;
  } else {
    join->condition = make_and(context_.plan.arena(), conditions_between(left_set, right_set));
  }
  if (outputs_right_side(join->join)) {
    join->output.insert(join->output.end(), right->output.begin(), right->output.end());
  }
  if (join->mark != kNoColumn) join->output.push_back(join->mark);
  join->rows = rows(left_set | right_set);
  if (attached == nullptr) return join;
  // Conditions of inner joins above that speak of its columns.
  LogicalOp* filter =
      make_filter(context_.plan, join,
                  make_and(context_.plan.arena(), conditions_between(left_set, right_set)));
  filter->rows = join->rows;
  return filter;
}

}  // namespace luma
