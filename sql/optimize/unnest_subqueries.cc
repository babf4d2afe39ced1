// Subquery expressions become joins under the operator that uses them:
//   WHERE EXISTS (q)         -> semi join        WHERE NOT EXISTS (q)  -> anti join
//   WHERE x IN (q)           -> semi join        WHERE x NOT IN (q)    -> null-aware anti join
//   EXISTS / IN / op ANY / op ALL as a value     -> mark join, the mark column in its place
//   (SELECT ...) as a value                      -> single join, its column in its place
// The right side may refer to the left one: then it is an Apply, which the decorrelate pass turns
// into a join where it can. Subqueries stay expressions (run per row by a subplan) in VALUES lists,
// conditions of outer joins, ARRAY(...), and where an enclosing CASE or COALESCE must decide
// whether they run at all and they could fail (scalar ones).
#include <algorithm>
#include <unordered_map>

#include "sql/optimize/nested_plans.h"
#include "sql/optimize/passes.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

class Unnester {
 public:
  explicit Unnester(PlanContext& context) : context_(context) {}

  void run(LogicalOp*& op) {
    for_each_nested_plan(*op, [&](LogicalOp*& plan) { run(plan); });
    switch (op->kind) {
      case OpKind::kFilter:
        unnest_filter(op);
        break;
      case OpKind::kProject:
      case OpKind::kProjectSet:
      case OpKind::kAggregate:
      case OpKind::kWindow:
      case OpKind::kSort:
      case OpKind::kDistinct:
        unnest_values(*op);
        break;
      case OpKind::kModify:
        if (static_cast<ModifyOp*>(op)->modify != ModifyKind::kDelete)
          unnest_assignments(static_cast<ModifyOp&>(*op));
        break;
      case OpKind::kJoin:
        unnest_join_condition(op);
        break;
      default:
        break;
    }
  }

 private:
  // Joins `right` to `left`; as Apply when it depends on it.
  LogicalOp* attach(LogicalOp* left, LogicalOp* right, JoinKind kind, Expr* condition,
                    ColumnId mark) {
    ColumnSet left_columns = output_of(*left);
    std::vector<ColumnId> free = free_columns(*right);
    bool dependent =
        std::any_of(free.begin(), free.end(), [&](ColumnId c) { return left_columns.contains(c); });
    auto fill = [&](auto* op) -> LogicalOp* {
      op->join = kind;
      op->condition = condition;
      op->mark = mark;
      op->inputs = {left, right};
      op->output = left->output;
      if (kind == JoinKind::kSingle) {
        op->output.insert(op->output.end(), right->output.begin(), right->output.end());
      }
      if (mark != kNoColumn) op->output.push_back(mark);
      return op;
    };
    if (dependent) return fill(context_.make<ApplyOp>());
    return fill(context_.make<JoinOp>());
  }

  bool is_unnestable(const Expr& expr) {
    return expr.kind == ExprKind::kSubquery && expr.subquery->kind != SubqueryKind::kArray;
  }

  void unnest_filter(LogicalOp*& op) {
    joined_.clear();
    auto* filter = static_cast<FilterOp*>(op);
    if (!has_subquery(*filter->condition)) return;
    std::vector<Expr*> conjuncts, kept;
    split_conjuncts(filter->condition, conjuncts);
    LogicalOp* input = filter->inputs[0];
    // Cheap conjuncts first: they are below the joins, as far as they need no subquery themselves.
    std::vector<Expr*> plain;
    for (Expr* conjunct : conjuncts) {
      if (!has_subquery(*conjunct)) plain.push_back(conjunct);
    }
    input = make_filter(context_, input, make_and(context_.arena(), plain));
    for (Expr* conjunct : conjuncts) {
      if (!has_subquery(*conjunct)) continue;
      bool negated = conjunct->kind == ExprKind::kNot;
      Expr* inner = negated ? conjunct->args[0] : conjunct;
      if (inner->kind == ExprKind::kSubquery) {
        const SubqueryInfo& info = *inner->subquery;
        if (info.kind == SubqueryKind::kExists) {
          input = attach(input, info.plan, negated ? JoinKind::kAnti : JoinKind::kSemi, nullptr,
                         kNoColumn);
          continue;
        }
        bool nested_test = info.test != nullptr && has_subquery(*info.test);
        if (info.kind == SubqueryKind::kAny && !nested_test) {
          input = attach(input, info.plan, negated ? JoinKind::kNullAwareAnti : JoinKind::kSemi,
                         info.test, kNoColumn);
          continue;
        }
        if (info.kind == SubqueryKind::kAll && !nested_test) {
          // x op ALL (q) is true when "NOT (x op ANY)" holds for the negated comparison.
          Expr* test = make_not(context_.arena(), info.test);
          input = attach(input, info.plan, negated ? JoinKind::kSemi : JoinKind::kNullAwareAnti,
                         test, kNoColumn);
          continue;
        }
      }
      kept.push_back(replace(conjunct, input, false));
    }
    op = make_filter(context_, input, make_and(context_.arena(), kept));
  }

  // Replaces the subqueries in `expr` by columns of joins put on top of `input`.
  Expr* replace(Expr* expr, LogicalOp*& input, bool conditional) {
    if (expr->kind == ExprKind::kSubquery) {
      auto known = joined_.find(expr->subquery);
      if (known != joined_.end()) return known->second;
      if (!is_unnestable(*expr) || conditional) return expr;
      Expr* value = join_value(expr, input);
      joined_.emplace(expr->subquery, value);
      return value;
    }
    bool branches = expr->kind == ExprKind::kCase || expr->kind == ExprKind::kCoalesce;
    bool first = true;
    return map_children(context_.arena(), expr, [&](Expr* child) {
      bool child_conditional = conditional || (branches && !first);
      first = false;
      // Offsets of window frames are computed once, not from rows.
      const WindowInfo* window = expr->window;
      if (window != nullptr &&
          (child == window->frame.start_offset || child == window->frame.end_offset)) {
        return child;
      }
      return has_subquery(*child) ? replace(child, input, child_conditional) : child;
    });
  }

  // The subquery's value, as a column of a join put on top of `input`.
  Expr* join_value(Expr* expr, LogicalOp*& input) {
    const SubqueryInfo& info = *expr->subquery;
    switch (info.kind) {
      case SubqueryKind::kScalar:
        input = attach(input, info.plan, JoinKind::kSingle, nullptr, kNoColumn);
        return context_.column_ref(info.columns[0]);
      case SubqueryKind::kRow:
        if (has_subquery(*info.test)) return expr;
        input = attach(input, info.plan, JoinKind::kSingle, nullptr, kNoColumn);
        return info.test;
      case SubqueryKind::kExists:
      case SubqueryKind::kAny:
      case SubqueryKind::kAll: {
        if (info.test != nullptr && has_subquery(*info.test)) return expr;
        bool all = info.kind == SubqueryKind::kAll;
        Expr* test = all ? make_not(context_.arena(), info.test) : info.test;
        ColumnId mark = context_.new_column({"mark", {type_oid::kBool, -1}});
        input = attach(input, info.plan, JoinKind::kMark, test, mark);
        Expr* column = context_.column_ref(mark);
        return all ? make_not(context_.arena(), column) : column;
      }
      case SubqueryKind::kArray:
        break;
    }
    return expr;
  }

  void unnest_values(LogicalOp& op) {
    joined_.clear();
    bool any = false;
    for_each_expr(static_cast<const LogicalOp&>(op),
                  [&](const Expr& expr) { any |= has_subquery(expr); });
    if (!any) return;
    for_each_expr(op, [&](Expr*& expr) {
      if (has_subquery(*expr)) expr = replace(expr, op.inputs[0], false);
    });
    // Operators that hand their input on now hand on the joined columns too; pruning trims them.
    if (op.kind == OpKind::kSort || op.kind == OpKind::kDistinct) op.output = op.inputs[0]->output;
  }

  void unnest_assignments(ModifyOp& modify) {
    joined_.clear();
    for (Expr*& expr : modify.assignments) {
      if (expr != nullptr && has_subquery(*expr)) expr = replace(expr, modify.inputs[0], false);
    }
  }

  // Inner joins: conjuncts with subqueries move into a filter above.
  void unnest_join_condition(LogicalOp*& op) {
    auto* join = static_cast<JoinOp*>(op);
    if (join->join != JoinKind::kInner || join->condition == nullptr ||
        !has_subquery(*join->condition))
      return;
    Expr* condition = join->condition;
    join->condition = nullptr;
    op = make_filter(context_, join, condition);
    unnest_filter(op);
  }

  PlanContext& context_;
  // What stands for the subqueries that were joined below the operator at hand: an expression may
  // hold one several times (x IN (a, b) is x = a OR x = b), its plan can be used only once.
  std::unordered_map<const SubqueryInfo*, Expr*> joined_;
};

}  // namespace

LogicalOp* unnest_subqueries(LogicalOp* root, OptimizerContext& context) {
  Unnester(context.plan).run(root);
  return root;
}

}  // namespace luma
