// Apply (dependent join) -> join, by moving what refers to the left side up until nothing below
// does:
//   - a filter's correlated conjuncts go into the join condition (Filter);
//   - projections are seen through: conditions are rewritten over their inputs (Project);
//   - a correlated equality `outer = inner` crosses an aggregation by making `inner` a group key;
//   the
//     aggregate without groups, which yields a row even for no input, then becomes a single join
//     whose count-like results are 0 where nothing matched (Aggregate);
//   - inner joins, sorts, distincts: from either input.
// The special case for equalities of: T. Neumann, A. Kemper, "Unnesting Arbitrary Queries", BTW
// 2015. What cannot be moved (correlation under LIMIT, outer joins, windows, set operations, or in
// an aggregated expression itself) stays an Apply, which runs the right side per left row.
#include <algorithm>
#include <optional>

#include "engine/base/sql_error.h"
#include "sql/catalog/virtual_relation.h"
#include "sql/function/registry.h"
#include "sql/optimize/calls.h"
#include "sql/optimize/nested_plans.h"
#include "sql/optimize/passes.h"
#include "sql/optimize/predicates.h"
#include "sql/optimize/row_order.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

class Decorrelator {
 public:
  explicit Decorrelator(PlanContext& context) : context_(context) {}

  void run(LogicalOp*& op) {
    for_each_nested_plan(*op, [&](LogicalOp*& plan) { run(plan); });
    if (op->kind == OpKind::kApply) op = convert(static_cast<ApplyOp*>(op));
  }

 private:
  bool is_correlated(const LogicalOp& op) const {
    std::vector<ColumnId> free = free_columns(op);
    return std::any_of(free.begin(), free.end(), [&](ColumnId c) { return left_.contains(c); });
  }
  bool is_correlated(const Expr& expr) const { return intersects(columns_of(expr), left_); }

  // What a successful pull-up found.
  struct Pulled {
    std::vector<Expr*> conditions;  // over left columns and the remaining right plan's output
    // Columns of an aggregation without groups that are not NULL for no input: column -> value.
    std::vector<std::pair<ColumnId, Expr*>> empty_values;
    // Projections above such an aggregation, to be computed above the join instead.
    std::vector<ProjectItem> late_items;
    bool scalar_aggregate = false;
  };

  // What a row of its own computes from the left side (LATERAL (SELECT a + b), LATERAL (VALUES
  // (a))) is a projection of the left side. nullptr: the right side is something else.
  LogicalOp* as_projection(const ApplyOp& apply) {
    bool one_row = apply.join == JoinKind::kInner ||
                   ((apply.join == JoinKind::kLeft || apply.join == JoinKind::kSingle) &&
                    apply.condition == nullptr);
    if (!one_row) return nullptr;
    std::vector<const ProjectOp*> chain;
    const LogicalOp* base = apply.inputs[1];
    for (; base->kind == OpKind::kProject; base = base->inputs[0]) {
      chain.push_back(static_cast<const ProjectOp*>(base));
    }
    std::vector<ProjectItem> items;
    if (base->kind == OpKind::kValues) {
      const auto& values = static_cast<const ValuesOp&>(*base);
      if (values.value_rows.size() != 1) return nullptr;
      for (size_t i = 0; i < values.output.size(); ++i) {
        items.push_back({values.output[i], values.value_rows[0][i]});
      }
    } else if (base->kind != OpKind::kOneRow) {
      return nullptr;
    }
    for (auto project = chain.rbegin(); project != chain.rend(); ++project) {
      bool once = std::ranges::all_of(items, [](const ProjectItem& item) {
        return !has_volatile(*item.expr) && !has_subquery(*item.expr);
      });
      if (!once) return nullptr;
      std::vector<ProjectItem> above;
      for (const ProjectItem& item : (*project)->items) {
        Expr* expr = substitute_columns(context_, item.expr, [&](ColumnId column) -> Expr* {
          for (const ProjectItem& below : items) {
            if (below.column == column) return below.expr;
          }
          return nullptr;
        });
        above.push_back({item.column, expr});
      }
      items = std::move(above);
    }
    auto* project = context_.make<ProjectOp>();
    project->inputs = {apply.inputs[0]};
    for (ColumnId column : apply.inputs[0]->output) {
      project->items.push_back({column, context_.column_ref(column)});
    }
    project->items.insert(project->items.end(), items.begin(), items.end());
    for (const ProjectItem& item : project->items) project->output.push_back(item.column);
    return make_filter(context_, project, apply.condition);
  }

  // a, LATERAL (b JOIN f(a)): what does not depend on the left side is joined behind the Apply.
  LogicalOp* join_behind(ApplyOp* apply) {
    if (apply->join != JoinKind::kInner || apply->inputs[1]->kind != OpKind::kJoin) return nullptr;
    auto* join = static_cast<JoinOp*>(apply->inputs[1]);
    if (join->join != JoinKind::kInner || join->mark != kNoColumn) return nullptr;
    size_t free = is_correlated(*join->inputs[0]) ? 1 : 0;
    if (is_correlated(*join->inputs[free])) return nullptr;
    auto* inner = context_.make<ApplyOp>();
    inner->inputs = {apply->inputs[0], join->inputs[1 - free]};
    inner->output = apply->inputs[0]->output;
    inner->output.insert(inner->output.end(), inner->inputs[1]->output.begin(),
                         inner->inputs[1]->output.end());
    auto* out = context_.make<JoinOp>();
    out->condition = and_of(apply->condition, join->condition);
    LogicalOp* independent = join->inputs[free];
    out->inputs = {convert(inner), independent};
    out->output = out->inputs[0]->output;
    out->output.insert(out->output.end(), independent->output.begin(), independent->output.end());
    return out;
  }

  LogicalOp* convert(ApplyOp* apply) {
    if (LogicalOp* projection = as_projection(*apply)) return projection;
    left_ = output_of(*apply->inputs[0]);
    const bool is_free = !is_correlated(*apply->inputs[1]);
    const bool hashes = !is_free || apply->condition != nullptr || apply->membership != nullptr;
    if (hashes && keeps_order_of_locks(*apply->inputs[0])) return apply;
    if (!is_free) {
      // Work on the plan only when the whole chain can be moved: test first.
      bool keeps_left = apply->join == JoinKind::kSingle || apply->join == JoinKind::kLeft;
      if (!can_pull(*apply->inputs[1], keeps_left && apply->condition == nullptr, true)) {
        LogicalOp* behind = join_behind(apply);
        return behind != nullptr ? behind : apply;
      }
      if (apply->join != JoinKind::kInner && leaves_product(*apply->inputs[1])) return apply;
      // For many rows decorrelate_by_domain makes it a join after all.
      if (apply->join == JoinKind::kSingle && joins_by_lookup(*apply->inputs[1])) return apply;
    }
    Pulled pulled;
    LogicalOp* right = apply->inputs[1];
    if (is_correlated(*right)) right = pull(right, pulled);
    bool exists_of_scalar = pulled.scalar_aggregate &&
                            !(apply->join == JoinKind::kSingle || apply->join == JoinKind::kLeft ||
                              apply->join == JoinKind::kInner);
    LUMA_CHECK(!exists_of_scalar);
    auto* join = context_.make<JoinOp>();
    join->join = apply->join;
    join->mark = apply->mark;
    join->inputs = {apply->inputs[0], right};
    Expr* moved = make_and(context_.arena(), pulled.conditions);
    if (apply->join == JoinKind::kMark || apply->join == JoinKind::kNullAwareAnti) {
      join->condition = apply->condition;
      join->membership = and_of(apply->membership, moved);
    } else {
      join->condition = and_of(apply->condition, moved);
    }
    join->output = apply->inputs[0]->output;
    bool shows_right = apply->join == JoinKind::kInner || apply->join == JoinKind::kLeft ||
                       apply->join == JoinKind::kSingle;
    if (shows_right)
      join->output.insert(join->output.end(), right->output.begin(), right->output.end());
    if (apply->mark != kNoColumn) join->output.push_back(apply->mark);
    LogicalOp* result = join;
    if (pulled.scalar_aggregate) {
      // Exactly one row per left row comes back: unmatched ones take the values for no input.
      join->join = JoinKind::kLeft;
      result = with_late_items(result, pulled);
    }
    return result;
  }

  // Inner joins below filters: what they join, and all conditions.
  static void flatten(const LogicalOp& op, std::vector<const LogicalOp*>& relations,
                      std::vector<Expr*>& conditions) {
    if (op.kind == OpKind::kFilter) {
      split_conjuncts(static_cast<const FilterOp&>(op).condition, conditions);
      return flatten(*op.inputs[0], relations, conditions);
    }
    if (op.kind == OpKind::kJoin && static_cast<const JoinOp&>(op).join == JoinKind::kInner) {
      split_conjuncts(static_cast<const JoinOp&>(op).condition, conditions);
      for (const LogicalOp* input : op.inputs) flatten(*input, relations, conditions);
      return;
    }
    relations.push_back(&op);
  }

  // Whether joins below are joins only through the left side: without it, every row of one would
  // meet every row of the other.
  bool leaves_product(const LogicalOp& right) const {
    const LogicalOp* top = &right;
    while (top->kind == OpKind::kProject || top->kind == OpKind::kSort ||
           top->kind == OpKind::kAggregate || top->kind == OpKind::kDistinct) {
      top = top->inputs[0];
    }
    std::vector<const LogicalOp*> relations;
    std::vector<Expr*> conditions;
    flatten(*top, relations, conditions);
    std::vector<size_t> part(relations.size());  // connected relations have the same
    std::vector<bool> is_tied(relations.size());
    for (size_t i = 0; i < relations.size(); ++i) {
      part[i] = i;
      is_tied[i] = is_correlated(*relations[i]);
    }
    for (const Expr* condition : conditions) {
      const ColumnSet columns = columns_of(*condition);
      const bool correlated = intersects(columns, left_);
      std::optional<size_t> first;
      for (size_t i = 0; i < relations.size(); ++i) {
        if (!intersects(columns, output_of(*relations[i]))) continue;
        if (correlated) is_tied[i] = true;
        if (first) std::ranges::replace(part, part[i], part[*first]);
        if (!first) first = i;
      }
    }
    ColumnSet tied;
    for (size_t i = 0; i < relations.size(); ++i) {
      if (is_tied[i]) tied.insert(static_cast<ColumnId>(part[i]));
    }
    return tied.size() > 1;
  }

  // Whether it joins generated relations only, or computes something of one, and a key of the left
  // side looks rows up: as a join it would do that for all rows, whatever the left side has.
  bool joins_by_lookup(const LogicalOp& right) const {
    const LogicalOp* top = &right;
    while (top->kind == OpKind::kProject) top = top->inputs[0];
    bool computes = false;
    for (const LogicalOp* at = &right; at->kind == OpKind::kProject; at = at->inputs[0]) {
      computes |= std::ranges::any_of(
          static_cast<const ProjectOp*>(at)->items,
          [](const ProjectItem& item) { return item.expr->kind == ExprKind::kFunction; });
    }
    std::vector<const LogicalOp*> relations;
    std::vector<Expr*> conditions;
    flatten(*top, relations, conditions);
    if ((relations.size() < 2 && !computes) ||
        !std::ranges::all_of(relations, [](const LogicalOp* relation) {
          return relation->kind == OpKind::kVirtualScan;
        })) {
      return false;
    }
    return std::ranges::any_of(relations, [&](const LogicalOp* relation) {
      const auto& scan = static_cast<const VirtualScanOp&>(*relation);
      const VirtualRelation* generated = find_virtual_relation(scan.name);
      if (generated == nullptr) return false;
      const ColumnSet own = output_of(scan);
      return std::ranges::any_of(conditions, [&](Expr* condition) {
        Equality equality;
        return as_equality(condition, left_, own, equality) &&
               equality.right->kind == ExprKind::kColumn &&
               generated->is_key(context_.column(equality.right->column).name);
      });
    });
  }

  Expr* and_of(Expr* a, Expr* b) {
    std::vector<Expr*> parts;
    split_conjuncts(a, parts);
    split_conjuncts(b, parts);
    return make_and(context_.arena(), parts);
  }

  LogicalOp* with_late_items(LogicalOp* join, Pulled& pulled) {
    auto* project = context_.make<ProjectOp>();
    project->inputs = {join};
    std::vector<std::pair<ColumnId, ColumnId>> renamed;  // aggregate column -> corrected column
    for (auto& [column, value] : pulled.empty_values) {
      Expr* coalesce = make_coalesce(context_, context_.column_ref(column), value);
      ColumnId corrected = context_.new_column(PlanColumn(context_.column(column)));
      project->items.push_back({corrected, coalesce});
      renamed.emplace_back(column, corrected);
    }
    for (ColumnId column : join->output)
      project->items.push_back({column, context_.column_ref(column)});
    for (const ProjectItem& item : project->items) project->output.push_back(item.column);
    LogicalOp* result = project;
    auto corrected = [&](ColumnId column) -> Expr* {
      for (auto& [from, to] : renamed) {
        if (from == column) return context_.column_ref(to);
      }
      return nullptr;
    };
    // Who read the aggregate's column by name now reads the corrected one.
    auto* outer = context_.make<ProjectOp>();
    outer->inputs = {result};
    ColumnSet given;
    for (const ProjectItem& item : pulled.late_items) {
      outer->items.push_back({item.column, substitute_columns(context_, item.expr, corrected)});
      given.insert(item.column);
    }
    for (ColumnId column : join->output) {
      if (given.contains(column)) continue;
      Expr* replacement = corrected(column);
      outer->items.push_back(
          {column, replacement != nullptr ? replacement : context_.column_ref(column)});
    }
    for (const ProjectItem& item : outer->items) outer->output.push_back(item.column);
    return outer;
  }

  // Could pull() remove all correlation of `op`? `top`: nothing but projections above so far.
  bool can_pull(const LogicalOp& op, bool single, bool top) {
    if (!is_correlated(op)) return true;
    switch (op.kind) {
      case OpKind::kFilter: {
        std::vector<Expr*> conjuncts;
        split_conjuncts(static_cast<const FilterOp&>(op).condition, conjuncts);
        for (const Expr* conjunct : conjuncts) {
          if (is_correlated(*conjunct) && (has_subquery(*conjunct) || has_volatile(*conjunct)))
            return false;
        }
        return can_pull(*op.inputs[0], single, false);
      }
      case OpKind::kProject: {
        for (const ProjectItem& item : static_cast<const ProjectOp&>(op).items) {
          bool plain = item.expr->kind == ExprKind::kColumn;
          if (is_correlated(*item.expr)) return false;
          // A computed column must stay NULL for unmatched rows: fine below the join. Nothing to
          // check.
          (void)plain;
        }
        return can_pull(*op.inputs[0], single, top);
      }
      case OpKind::kAggregate: {
        const auto& aggregate = static_cast<const AggregateOp&>(op);
        if (!aggregate.grouping_sets.empty()) return false;
        if (aggregate.groups.empty() && !(single && top)) return false;
        for (const ProjectItem& item : aggregate.aggregates) {
          if (is_correlated(*item.expr)) return false;
          if (aggregate.groups.empty() &&
              value_for_no_rows(*item.expr) == ValueForNoRows::kUnknown) {
            return false;
          }
        }
        for (const ProjectItem& item : aggregate.groups) {
          if (is_correlated(*item.expr)) return false;
        }
        return only_equalities(*op.inputs[0]);
      }
      case OpKind::kJoin: {
        const auto& join = static_cast<const JoinOp&>(op);
        bool inner = join.join == JoinKind::kInner;
        bool left_only = join.join == JoinKind::kSemi || join.join == JoinKind::kAnti ||
                         join.join == JoinKind::kLeft || join.join == JoinKind::kSingle ||
                         join.join == JoinKind::kMark || join.join == JoinKind::kNullAwareAnti;
        if (!inner && !left_only) return false;
        if (!inner && (is_correlated(*op.inputs[1]) ||
                       (join.condition != nullptr && is_correlated(*join.condition)) ||
                       (join.membership != nullptr && is_correlated(*join.membership)))) {
          return false;
        }
        return can_pull(*op.inputs[0], single, false) && can_pull(*op.inputs[1], single, false);
      }
      case OpKind::kSort:
        return can_pull(*op.inputs[0], single, top) && !keys_correlated(op);
      case OpKind::kDistinct:
        return static_cast<const DistinctOp&>(op).on.empty() && only_equalities(*op.inputs[0]) &&
               !single;
      default:
        return false;
    }
  }

  bool keys_correlated(const LogicalOp& op) {
    bool found = false;
    for_each_expr(op, [&](const Expr& expr) { found |= is_correlated(expr); });
    return found;
  }

  // All correlation below is in conjuncts `left expression = inner expression`.
  bool only_equalities(const LogicalOp& op) {
    if (!is_correlated(op)) return true;
    if (!can_pull(op, false, false)) return false;
    bool good = true;
    for_each_op(const_cast<LogicalOp&>(op), [&](LogicalOp& below) {
      const Expr* condition = below.kind == OpKind::kFilter
                                  ? static_cast<FilterOp&>(below).condition
                              : below.kind == OpKind::kJoin ? static_cast<JoinOp&>(below).condition
                                                            : nullptr;
      std::vector<Expr*> conjuncts;
      split_conjuncts(const_cast<Expr*>(condition), conjuncts);
      for (Expr* conjunct : conjuncts) {
        if (is_correlated(*conjunct) && !is_key_equality(conjunct)) good = false;
      }
    });
    return good;
  }

  bool is_key_equality(Expr* conjunct) {
    ColumnSet inner;
    for (ColumnId column : columns_of(*conjunct)) {
      if (!left_.contains(column)) inner.insert(column);
    }
    Equality equality;
    return as_equality(conjunct, left_, inner, equality);
  }

  // Removes correlation; the returned plan hands up whatever `pulled.conditions` need.
  LogicalOp* pull(LogicalOp* op, Pulled& pulled) {
    if (!is_correlated(*op)) return op;
    switch (op->kind) {
      case OpKind::kFilter: {
        auto* filter = static_cast<FilterOp*>(op);
        LogicalOp* input = pull(filter->inputs[0], pulled);
        std::vector<Expr*> conjuncts, kept;
        split_conjuncts(filter->condition, conjuncts);
        for (Expr* conjunct : conjuncts) {
          (is_correlated(*conjunct) ? pulled.conditions : kept).push_back(conjunct);
        }
        return make_filter(context_, input, make_and(context_.arena(), kept));
      }
      case OpKind::kProject: {
        auto* project = static_cast<ProjectOp*>(op);
        project->inputs[0] = pull(project->inputs[0], pulled);
        if (pulled.scalar_aggregate) {
          // Computed above the join, where "no rows" is known.
          if (pulled.late_items.empty()) {
            pulled.late_items = project->items;
          } else {
            // Several projections: express the upper one over the lower one's inputs.
            std::vector<ProjectItem> lower = pulled.late_items;
            pulled.late_items.clear();
            for (const ProjectItem& item : project->items) {
              Expr* expr = substitute_columns(context_, item.expr, [&](ColumnId column) -> Expr* {
                for (const ProjectItem& below : lower) {
                  if (below.column == column) return below.expr;
                }
                return nullptr;
              });
              pulled.late_items.push_back({item.column, expr});
            }
          }
          return project->inputs[0];
        }
        hand_up(project->items, project->inputs[0], pulled.conditions);
        project->output.clear();
        for (const ProjectItem& item : project->items) project->output.push_back(item.column);
        return project;
      }
      case OpKind::kAggregate:
        return pull_aggregate(static_cast<AggregateOp*>(op), pulled);
      case OpKind::kJoin: {
        auto* join = static_cast<JoinOp*>(op);
        for (LogicalOp*& input : join->inputs) input = pull(input, pulled);
        if (join->join == JoinKind::kInner) {
          std::vector<Expr*> conjuncts, kept;
          split_conjuncts(join->condition, conjuncts);
          for (Expr* conjunct : conjuncts) {
            (is_correlated(*conjunct) ? pulled.conditions : kept).push_back(conjunct);
          }
          join->condition = make_and(context_.arena(), kept);
        }
        join->output = join->inputs[0]->output;
        if (join->join == JoinKind::kInner || join->join == JoinKind::kLeft ||
            join->join == JoinKind::kSingle) {
          join->output.insert(join->output.end(), join->inputs[1]->output.begin(),
                              join->inputs[1]->output.end());
        }
        if (join->mark != kNoColumn) join->output.push_back(join->mark);
        return join;
      }
      case OpKind::kSort:
        // Order inside a subquery without LIMIT decides nothing.
        return pull(op->inputs[0], pulled);
      case OpKind::kDistinct: {
        op->inputs[0] = pull(op->inputs[0], pulled);
        op->output = op->inputs[0]->output;
        return op;
      }
      default:
        LUMA_CHECK(false);
        return op;
    }
  }

  // Adds to a projection the input columns that pulled conditions refer to.
  void hand_up(std::vector<ProjectItem>& items, LogicalOp* input,
               const std::vector<Expr*>& conditions) {
    ColumnSet available = output_of(*input);
    for (const Expr* condition : conditions) {
      for (ColumnId column : columns_of(*condition)) {
        if (!available.contains(column)) continue;
        bool have = std::any_of(items.begin(), items.end(),
                                [&](const ProjectItem& i) { return i.column == column; });
        if (!have) items.push_back({column, context_.column_ref(column)});
      }
    }
  }

  LogicalOp* pull_aggregate(AggregateOp* aggregate, Pulled& pulled) {
    Pulled below;
    bool scalar = aggregate->groups.empty();
    aggregate->inputs[0] = pull(aggregate->inputs[0], below);
    for (Expr* condition : below.conditions) {
      ColumnSet inner;
      for (ColumnId column : columns_of(*condition)) {
        if (!left_.contains(column)) inner.insert(column);
      }
      Equality equality;
      LUMA_CHECK(as_equality(condition, left_, inner, equality));
      Expr* inner_side = equality.right;
      ColumnId key = kNoColumn;
      for (const ProjectItem& group : aggregate->groups) {
        if (expr_equal(*group.expr, *inner_side)) key = group.column;
      }
      if (key == kNoColumn) {
        key = context_.new_column({"key", inner_side->type, inner_side->collation});
        aggregate->groups.push_back({key, inner_side});
      }
      // The same comparison over the group key.
      Expr* moved = context_.arena().make<Expr>(*condition);
      std::vector<Expr*> args(condition->args.begin(), condition->args.end());
      for (Expr*& arg : args) {
        if (arg == inner_side) arg = context_.column_ref(key);
      }
      moved->args = copy_span(context_.arena(), args);
      pulled.conditions.push_back(moved);
    }
    aggregate->output.clear();
    for (const ProjectItem& group : aggregate->groups) aggregate->output.push_back(group.column);
    for (const ProjectItem& item : aggregate->aggregates) aggregate->output.push_back(item.column);
    for (const auto& mark : aggregate->grouping_marks) aggregate->output.push_back(mark.column);
    if (scalar) {
      pulled.scalar_aggregate = true;
      for (const ProjectItem& item : aggregate->aggregates) {
        if (value_for_no_rows(*item.expr) == ValueForNoRows::kZero) {
          pulled.empty_values.emplace_back(
              item.column,
              make_constant(context_.arena(), {type_oid::kInt8, -1}, Value(Datum::of_int64(0))));
        }
      }
    }
    return aggregate;
  }

  PlanContext& context_;
  ColumnSet left_;
};

}  // namespace

LogicalOp* decorrelate(LogicalOp* root, OptimizerContext& context) {
  Decorrelator(context.plan).run(root);
  return root;
}

}  // namespace luma
