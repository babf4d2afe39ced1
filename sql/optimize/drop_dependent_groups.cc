// GROUP BY x, f(x)  ->  GROUP BY x, with f(x) computed of each group: keys that follow from other
// keys, and constants, only make groups wider. Not done where equal values of a key can look
// different (1.0 and 1.00, 'a' and 'a ' as char), for volatile keys, subqueries and grouping sets.
#include <algorithm>

#include "engine/exec/key_type.h"
#include "sql/optimize/passes.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

// Rows of one group have the very same value.
bool has_one_form(const Expr& key) {
  const KeyClass key_class = KeyType::of(key).key_class;
  return key_class == KeyClass::kBits || key_class == KeyClass::kBytes;
}

// By input column the group's column, of the keys that are plain columns of such types.
std::unordered_map<ColumnId, ColumnId> plain_keys(const AggregateOp& aggregate) {
  std::unordered_map<ColumnId, ColumnId> keys;
  for (const ProjectItem& group : aggregate.groups) {
    if (group.expr->kind == ExprKind::kColumn && has_one_form(*group.expr)) {
      keys.emplace(group.expr->column, group.column);
    }
  }
  return keys;
}

LogicalOp* drop(AggregateOp& aggregate, PlanContext& plan) {
  if (!aggregate.grouping_sets.empty() || !aggregate.grouping_marks.empty()) return &aggregate;
  const auto keys = plain_keys(aggregate);
  auto follows = [&](const ProjectItem& group) {
    if (group.expr->kind == ExprKind::kColumn || has_volatile(*group.expr) ||
        has_subquery(*group.expr)) {
      return false;
    }
    const ColumnSet columns = columns_of(*group.expr);
    return std::all_of(columns.begin(), columns.end(),
                       [&](ColumnId column) { return keys.contains(column); });
  };
  std::vector<ProjectItem> kept, dropped;
  for (const ProjectItem& group : aggregate.groups) {
    (follows(group) ? dropped : kept).push_back(group);
  }
  // Without any key there would be a group for no rows, too.
  if (kept.empty() && !dropped.empty()) {
    kept.push_back(dropped.front());
    dropped.erase(dropped.begin());
  }
  if (dropped.empty()) return &aggregate;

  auto* project = plan.make<ProjectOp>();
  project->inputs = {&aggregate};
  project->output = aggregate.output;
  for (ColumnId column : aggregate.output) {
    auto found = std::find_if(dropped.begin(), dropped.end(),
                              [&](const ProjectItem& item) { return item.column == column; });
    Expr* expr = plan.column_ref(column);
    if (found != dropped.end()) {
      expr = substitute_columns(plan, found->expr, [&](ColumnId input) -> Expr* {
        auto key = keys.find(input);
        return key == keys.end() ? nullptr : plan.column_ref(key->second);
      });
    }
    project->items.push_back({column, expr});
  }
  std::erase_if(aggregate.output, [&](ColumnId column) {
    return std::any_of(dropped.begin(), dropped.end(),
                       [&](const ProjectItem& item) { return item.column == column; });
  });
  aggregate.groups = std::move(kept);
  return project;
}

}  // namespace

LogicalOp* drop_dependent_groups(LogicalOp* root, OptimizerContext& context) {
  auto improve = [&](LogicalOp* op) {
    return op->kind == OpKind::kAggregate ? drop(static_cast<AggregateOp&>(*op), context.plan) : op;
  };
  root = improve(root);
  for_each_op(*root, [&](LogicalOp& op) {
    for (LogicalOp*& input : op.inputs) input = improve(input);
  });
  return root;
}

}  // namespace luma
