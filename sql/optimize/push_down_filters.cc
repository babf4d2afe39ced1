// Moves filter conjuncts as far down as they go: through projections, into join sides and
// conditions, below aggregations (group columns), windows (partition columns), DISTINCT and set
// operations, into scans. An outer join whose null-supplying side a conjunct rejects NULLs of
// becomes a plainer join first. Volatile conjuncts and those with subqueries stay where they are.
#include <algorithm>

#include "sql/optimize/nested_plans.h"
#include "sql/optimize/passes.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

class FilterPusher {
 public:
  explicit FilterPusher(PlanContext& context) : context_(context) {}

  // `op` with `conjuncts` (over its output) applied somewhere at or below it.
  LogicalOp* push(LogicalOp* op, std::vector<Expr*> conjuncts) {
    for_each_subquery_plan(*op, [&](LogicalOp*& plan) { plan = push(plan, {}); });
    std::vector<Expr*> movable, fixed;
    for (Expr* conjunct : conjuncts) {
      (has_volatile(*conjunct) || has_subquery(*conjunct) ? fixed : movable).push_back(conjunct);
    }
    LogicalOp* result = push_movable(op, std::move(movable));
    return make_filter(context_, result, make_and(context_.arena(), fixed));
  }

 private:
  LogicalOp* stop(LogicalOp* op, const std::vector<Expr*>& conjuncts) {
    for (LogicalOp*& input : op->inputs) input = push(input, {});
    return make_filter(context_, op, make_and(context_.arena(), conjuncts));
  }

  LogicalOp* push_movable(LogicalOp* op, std::vector<Expr*> conjuncts) {
    switch (op->kind) {
      case OpKind::kFilter: {
        auto* filter = static_cast<FilterOp*>(op);
        if (filter->barrier) return push_past_barrier(*filter, conjuncts);
        // What stands further down was written first, as far as order matters.
        std::vector<Expr*> all;
        split_conjuncts(filter->condition, all);
        all.insert(all.end(), conjuncts.begin(), conjuncts.end());
        return push(filter->inputs[0], std::move(all));
      }
      case OpKind::kProject: {
        auto* project = static_cast<ProjectOp*>(op);
        std::vector<Expr*> below, above;
        for (Expr* conjunct : conjuncts) {
          bool computes_volatile = false;
          Expr* rewritten = substitute_columns(context_, conjunct, [&](ColumnId column) -> Expr* {
            for (const ProjectItem& item : project->items) {
              if (item.column != column || item.expr->kind == ExprKind::kColumn) continue;
              computes_volatile |= has_volatile(*item.expr) || has_subquery(*item.expr);
              return item.expr;
            }
            for (const ProjectItem& item : project->items) {
              if (item.column == column && item.expr->column != column) return item.expr;
            }
            return nullptr;
          });
          (computes_volatile ? above : below).push_back(computes_volatile ? conjunct : rewritten);
        }
        project->inputs[0] = push(project->inputs[0], std::move(below));
        return make_filter(context_, project, make_and(context_.arena(), above));
      }
      case OpKind::kJoin:
        return push_into_join(static_cast<JoinOp*>(op), std::move(conjuncts));
      case OpKind::kAsofJoin:  // without the nearest row there would be another one
      case OpKind::kApply: {
        ColumnSet left = output_of(*op->inputs[0]);
        const ColumnSet local = columns_at(*op);
        std::vector<Expr*> below, above;
        for (Expr* conjunct : conjuncts)
          (covered(*conjunct, left, local) ? below : above).push_back(conjunct);
        op->inputs[0] = push(op->inputs[0], std::move(below));
        op->inputs[1] = push(op->inputs[1], {});
        return make_filter(context_, op, make_and(context_.arena(), above));
      }
      case OpKind::kAggregate: {
        auto* aggregate = static_cast<AggregateOp*>(op);
        std::vector<Expr*> below, above;
        for (Expr* conjunct : conjuncts) {
          Expr* rewritten =
              aggregate->grouping_sets.empty() ? over_groups(conjunct, *aggregate) : nullptr;
          (rewritten != nullptr ? below : above)
              .push_back(rewritten != nullptr ? rewritten : conjunct);
        }
        op->inputs[0] = push(op->inputs[0], std::move(below));
        return make_filter(context_, op, make_and(context_.arena(), above));
      }
      case OpKind::kWindow: {
        auto* window = static_cast<WindowOp*>(op);
        ColumnSet partition;
        for (const Expr* key : window->partition_by) {
          if (key->kind == ExprKind::kColumn) partition.insert(key->column);
        }
        return push_where(op, std::move(conjuncts), partition);
      }
      case OpKind::kDistinct: {
        auto* distinct = static_cast<DistinctOp*>(op);
        ColumnSet keys;
        for (const Expr* key : distinct->on) {
          if (key->kind == ExprKind::kColumn) keys.insert(key->column);
        }
        return push_where(op, std::move(conjuncts), distinct->on.empty() ? output_of(*op) : keys);
      }
      case OpKind::kLockRows:
        // Rows that are not asked for are not locked.
        for (Expr* conjunct : conjuncts) {
          static_cast<LockRowsOp*>(op)->steps.push_back({.expr = conjunct});
        }
        op->inputs[0] = push(op->inputs[0], std::move(conjuncts));
        return op;
      case OpKind::kSort: {
        op->inputs[0] = push(op->inputs[0], std::move(conjuncts));
        return op;
      }
      case OpKind::kSetOp:
        return push_into_set_operation(static_cast<SetOpOp*>(op), conjuncts);
      case OpKind::kScan: {
        auto* scan = static_cast<ScanOp*>(op);
        std::vector<Expr*> all;
        split_conjuncts(scan->filter, all);
        all.insert(all.end(), conjuncts.begin(), conjuncts.end());
        scan->filter = make_and(context_.arena(), all);
        return scan;
      }
      case OpKind::kVirtualScan: {
        auto* scan = static_cast<VirtualScanOp*>(op);
        std::vector<Expr*> all;
        split_conjuncts(scan->filter, all);
        all.insert(all.end(), conjuncts.begin(), conjuncts.end());
        scan->filter = make_and(context_.arena(), all);
        return scan;
      }
      case OpKind::kWith: {
        for (CteDefinition* cte : static_cast<WithOp*>(op)->ctes) cte->plan = push(cte->plan, {});
        op->inputs[0] = push(op->inputs[0], std::move(conjuncts));
        return op;
      }
      default:
        return stop(op, conjuncts);
    }
  }

  LogicalOp* push_past_barrier(FilterOp& barrier, const std::vector<Expr*>& conjuncts) {
    std::vector<Expr*> below, above;
    for (Expr* conjunct : conjuncts) {
      (is_leakproof(*conjunct) ? below : above).push_back(conjunct);
    }
    barrier.inputs[0] = push(barrier.inputs[0], std::move(below));
    return make_filter(context_, &barrier, make_and(context_.arena(), above));
  }

  // What the operator and its inputs give; other columns are those of an outer query, constant
  // here.
  static ColumnSet columns_at(const LogicalOp& op) {
    ColumnSet out = output_of(op);
    for (const LogicalOp* input : op.inputs) {
      for (ColumnId column : output_of(*input)) out.insert(column);
    }
    return out;
  }

  // Whether of the local columns it uses only available ones.
  static bool covered(const Expr& expr, const ColumnSet& available, const ColumnSet& local) {
    return std::ranges::all_of(columns_of(expr), [&](ColumnId column) {
      return available.contains(column) || !local.contains(column);
    });
  }

  // Conjuncts over `columns` (and outer references) go below; the rest stays.
  LogicalOp* push_where(LogicalOp* op, std::vector<Expr*> conjuncts, const ColumnSet& columns) {
    const ColumnSet local = columns_at(*op);
    std::vector<Expr*> below, above;
    for (Expr* conjunct : conjuncts)
      (covered(*conjunct, columns, local) ? below : above).push_back(conjunct);
    op->inputs[0] = push(op->inputs[0], std::move(below));
    return make_filter(context_, op, make_and(context_.arena(), above));
  }

  // The conjunct over the aggregation's input, if it speaks of groups only.
  Expr* over_groups(Expr* conjunct, const AggregateOp& aggregate) {
    if (aggregate.groups.empty()) return nullptr;
    ColumnSet own = output_of(aggregate);
    bool good = true;
    Expr* rewritten = substitute_columns(context_, conjunct, [&](ColumnId column) -> Expr* {
      for (const ProjectItem& group : aggregate.groups) {
        if (group.column == column) {
          if (has_volatile(*group.expr)) good = false;
          return group.expr;
        }
      }
      if (own.contains(column)) good = false;
      return nullptr;
    });
    return good ? rewritten : nullptr;
  }

  LogicalOp* push_into_set_operation(SetOpOp* op, const std::vector<Expr*>& conjuncts) {
    for (int side = 0; side < 2; ++side) {
      std::vector<Expr*> below;
      for (Expr* conjunct : conjuncts) {
        below.push_back(substitute_columns(context_, conjunct, [&](ColumnId column) -> Expr* {
          for (size_t i = 0; i < op->output.size(); ++i) {
            if (op->output[i] == column) return context_.column_ref(op->columns[side][i]);
          }
          return nullptr;
        }));
      }
      op->inputs[side] = push(op->inputs[side], std::move(below));
    }
    return op;
  }

  void simplify_outer(JoinOp& join, const std::vector<Expr*>& conjuncts) {
    ColumnSet left = output_of(*join.inputs[0]);
    ColumnSet right = output_of(*join.inputs[1]);
    auto rejected = [&](const ColumnSet& side) {
      return std::any_of(conjuncts.begin(), conjuncts.end(),
                         [&](const Expr* conjunct) { return rejects_nulls(*conjunct, side); });
    };
    if (join.join == JoinKind::kLeft && rejected(right)) join.join = JoinKind::kInner;
    if (join.join == JoinKind::kRight && rejected(left)) join.join = JoinKind::kInner;
    if (join.join == JoinKind::kFull) {
      bool no_left = rejected(left), no_right = rejected(right);
      if (no_left && no_right) {
        join.join = JoinKind::kInner;
      } else if (no_left) {
        join.join = JoinKind::kLeft;
      } else if (no_right) {
        join.join = JoinKind::kRight;
      }
    }
  }

  LogicalOp* push_into_join(JoinOp* join, std::vector<Expr*> conjuncts) {
    simplify_outer(*join, conjuncts);
    ColumnSet left = output_of(*join->inputs[0]);
    ColumnSet right = output_of(*join->inputs[1]);
    const ColumnSet local = columns_at(*join);
    std::vector<Expr*> to_left, to_right, here, above, own;
    bool keeps_left = join->join == JoinKind::kLeft || join->join == JoinKind::kSingle ||
                      join->join == JoinKind::kFull;
    bool keeps_right = join->join == JoinKind::kRight || join->join == JoinKind::kFull;
    bool left_only = join->join == JoinKind::kSemi || join->join == JoinKind::kAnti ||
                     join->join == JoinKind::kNullAwareAnti || join->join == JoinKind::kMark;
    // The join's own condition: conjuncts about the side that may vanish go down there.
    split_conjuncts(join->condition, own);
    for (Expr* conjunct : own) {
      bool fixed = has_volatile(*conjunct) || has_subquery(*conjunct);
      bool inner = join->join == JoinKind::kInner;
      bool right_may_vanish = inner || join->join == JoinKind::kLeft ||
                              join->join == JoinKind::kSemi || join->join == JoinKind::kAnti ||
                              join->join == JoinKind::kSingle;
      bool left_may_vanish =
          inner || join->join == JoinKind::kRight || join->join == JoinKind::kSemi;
      if (!fixed && left_may_vanish && covered(*conjunct, left, local)) {
        to_left.push_back(conjunct);
      } else if (!fixed && right_may_vanish && covered(*conjunct, right, local)) {
        to_right.push_back(conjunct);
      } else {
        here.push_back(conjunct);
      }
    }
    for (Expr* conjunct : conjuncts) {
      if (covered(*conjunct, left, local) && !keeps_right) {
        to_left.push_back(conjunct);
      } else if (covered(*conjunct, right, local) && !keeps_left && !left_only) {
        to_right.push_back(conjunct);
      } else if (join->join == JoinKind::kInner) {
        here.push_back(conjunct);
      } else {
        above.push_back(conjunct);
      }
    }
    if (join->membership != nullptr) {
      std::vector<Expr*> members, kept;
      split_conjuncts(join->membership, members);
      for (Expr* member : members) {
        bool down =
            !has_volatile(*member) && !has_subquery(*member) && covered(*member, right, local);
        (down ? to_right : kept).push_back(member);
      }
      join->membership = make_and(context_.arena(), kept);
    }
    join->condition = make_and(context_.arena(), here);
    join->inputs[0] = push(join->inputs[0], std::move(to_left));
    join->inputs[1] = push(join->inputs[1], std::move(to_right));
    return make_filter(context_, join, make_and(context_.arena(), above));
  }

  PlanContext& context_;
};

}  // namespace

LogicalOp* push_down_filters(LogicalOp* root, OptimizerContext& context) {
  return FilterPusher(context.plan).push(root, {});
}

}  // namespace luma
