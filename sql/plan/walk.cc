#include "sql/plan/walk.h"

#include <algorithm>

namespace luma {

namespace {

void visit_items(std::vector<ProjectItem>& items, const std::function<void(Expr*&)>& visit) {
  for (ProjectItem& item : items) {
    if (item.expr != nullptr) visit(item.expr);
  }
}

void visit_list(std::vector<Expr*>& list, const std::function<void(Expr*&)>& visit) {
  for (Expr*& expr : list) {
    if (expr != nullptr) visit(expr);
  }
}

void visit_one(Expr*& expr, const std::function<void(Expr*&)>& visit) {
  if (expr != nullptr) visit(expr);
}

void visit_modify(ModifyOp& modify, const std::function<void(Expr*&)>& visit) {
  visit_one(modify.recheck, visit);
  visit_list(modify.assignments, visit);
  visit_list(modify.generated, visit);
  for (CheckExpr& check : modify.checks) visit_one(check.expr, visit);
  if (modify.on_conflict != nullptr) {
    visit_list(modify.on_conflict->assignments, visit);
    visit_one(modify.on_conflict->where, visit);
    for (CheckExpr& check : modify.on_conflict->old_checks) visit_one(check.expr, visit);
    for (CheckExpr& check : modify.on_conflict->new_checks) visit_one(check.expr, visit);
  }
  for (MergeAction& action : modify.merge_actions) {
    visit_one(action.condition, visit);
    visit_list(action.assignments, visit);
  }
  for (ModifyLeaf& leaf : modify.leaves) {
    for (CheckExpr& check : leaf.checks) visit_one(check.expr, visit);
    visit_list(leaf.generated, visit);
    visit_one(leaf.bound, visit);
  }
  visit_items(modify.returning, visit);
}

void append(std::vector<ColumnId>& out, const std::vector<ColumnId>& columns) {
  for (ColumnId column : columns) {
    if (column != kNoColumn) out.push_back(column);
  }
}

void append_items(std::vector<ColumnId>& out, const std::vector<ProjectItem>& items) {
  for (const ProjectItem& item : items) {
    bool passes_through = item.expr != nullptr && item.expr->kind == ExprKind::kColumn &&
                          item.expr->column == item.column;
    if (!passes_through) out.push_back(item.column);
  }
}

}  // namespace

void for_each_expr(LogicalOp& op, const std::function<void(Expr*&)>& visit) {
  switch (op.kind) {
    case OpKind::kScan:
      visit_one(static_cast<ScanOp&>(op).filter, visit);
      break;
    case OpKind::kVirtualScan:
      visit_one(static_cast<VirtualScanOp&>(op).filter, visit);
      break;
    case OpKind::kValues:
      for (auto& row : static_cast<ValuesOp&>(op).value_rows) visit_list(row, visit);
      break;
    case OpKind::kFilter:
      visit_one(static_cast<FilterOp&>(op).condition, visit);
      break;
    case OpKind::kProject:
      visit_items(static_cast<ProjectOp&>(op).items, visit);
      break;
    case OpKind::kProjectSet:
      visit_items(static_cast<ProjectSetOp&>(op).items, visit);
      break;
    case OpKind::kJoin:
      visit_one(static_cast<JoinOp&>(op).condition, visit);
      visit_one(static_cast<JoinOp&>(op).membership, visit);
      break;
    case OpKind::kAsofJoin: {
      auto& join = static_cast<AsofJoinOp&>(op);
      for (AsofJoinOp::Pair& key : join.keys) {
        visit(key.left);
        visit(key.right);
      }
      visit(join.times.left);
      visit(join.times.right);
      break;
    }
    case OpKind::kApply:
      visit_one(static_cast<ApplyOp&>(op).condition, visit);
      visit_one(static_cast<ApplyOp&>(op).membership, visit);
      break;
    case OpKind::kAggregate:
      visit_items(static_cast<AggregateOp&>(op).groups, visit);
      visit_items(static_cast<AggregateOp&>(op).aggregates, visit);
      break;
    case OpKind::kWindow: {
      auto& window = static_cast<WindowOp&>(op);
      visit_list(window.partition_by, visit);
      for (SortKey& key : window.order_by) visit(key.expr);
      visit_items(window.items, visit);
      break;
    }
    case OpKind::kDistinct:
      visit_list(static_cast<DistinctOp&>(op).on, visit);
      break;
    case OpKind::kSort:
      for (SortKey& key : static_cast<SortOp&>(op).keys) visit(key.expr);
      break;
    case OpKind::kLimit:
      visit_one(static_cast<LimitOp&>(op).limit, visit);
      visit_one(static_cast<LimitOp&>(op).offset, visit);
      break;
    case OpKind::kTableFunction:
      for (auto& call : static_cast<TableFunctionOp&>(op).calls) visit_one(call.call, visit);
      break;
    case OpKind::kModify:
      visit_modify(static_cast<ModifyOp&>(op), visit);
      break;
    case OpKind::kLockRows:
      for (LockRowsOp::Step& step : static_cast<LockRowsOp&>(op).steps) visit(step.expr);
      break;
    case OpKind::kOneRow:
    case OpKind::kSetOp:
    case OpKind::kWith:
    case OpKind::kCteScan:
    case OpKind::kRecursiveUnion:
    case OpKind::kWorkTableScan:
      break;
  }
}

void for_each_expr(const LogicalOp& op, const std::function<void(const Expr&)>& visit) {
  for_each_expr(const_cast<LogicalOp&>(op), [&](Expr*& expr) { visit(*expr); });
}

namespace {

void visit_subqueries(const Expr& expr, const std::function<void(LogicalOp&)>& visit) {
  if (expr.subquery != nullptr && expr.subquery->plan != nullptr) visit(*expr.subquery->plan);
  for_each_child(expr, [&](Expr* child) { visit_subqueries(*child, visit); });
}

}  // namespace

void for_each_op(LogicalOp& root, const std::function<void(LogicalOp&)>& visit) {
  visit(root);
  for_each_expr(root, [&](Expr*& expr) {
    visit_subqueries(*expr, [&](LogicalOp& plan) { for_each_op(plan, visit); });
  });
  if (root.kind == OpKind::kWith) {
    for (CteDefinition* cte : static_cast<WithOp&>(root).ctes) for_each_op(*cte->plan, visit);
  }
  for (LogicalOp* input : root.inputs) for_each_op(*input, visit);
}

Expr* substitute_columns(PlanContext& context, Expr* expr, const ColumnReplacement& replace) {
  visit_subqueries(*expr, [&](LogicalOp& plan) { substitute_columns(context, plan, replace); });
  return rewrite_expr(context.arena(), expr, [&](Expr* node) -> Expr* {
    if (node->kind != ExprKind::kColumn) return node;
    Expr* replacement = replace(node->column);
    return replacement == nullptr ? node : replacement;
  });
}

void substitute_columns(PlanContext& context, LogicalOp& root, const ColumnReplacement& replace) {
  for_each_expr(root, [&](Expr*& expr) { expr = substitute_columns(context, expr, replace); });
  if (root.kind == OpKind::kWith) {
    for (CteDefinition* cte : static_cast<WithOp&>(root).ctes) {
      substitute_columns(context, *cte->plan, replace);
    }
  }
  for (LogicalOp* input : root.inputs) substitute_columns(context, *input, replace);
}

void collect_produced(const LogicalOp& op, std::vector<ColumnId>& out) {
  switch (op.kind) {
    case OpKind::kProject:
      append_items(out, static_cast<const ProjectOp&>(op).items);
      break;
    case OpKind::kProjectSet:
      append_items(out, static_cast<const ProjectSetOp&>(op).items);
      break;
    case OpKind::kJoin:
      if (static_cast<const JoinOp&>(op).mark != kNoColumn) {
        out.push_back(static_cast<const JoinOp&>(op).mark);
      }
      break;
    case OpKind::kApply:
      if (static_cast<const ApplyOp&>(op).mark != kNoColumn) {
        out.push_back(static_cast<const ApplyOp&>(op).mark);
      }
      break;
    case OpKind::kAggregate: {
      auto& aggregate = static_cast<const AggregateOp&>(op);
      append_items(out, aggregate.groups);
      append_items(out, aggregate.aggregates);
      for (const auto& mark : aggregate.grouping_marks) out.push_back(mark.column);
      break;
    }
    case OpKind::kWindow:
      append_items(out, static_cast<const WindowOp&>(op).items);
      break;
    case OpKind::kModify: {
      auto& modify = static_cast<const ModifyOp&>(op);
      append(out, modify.new_columns);
      for (const ModifyLeaf& leaf : modify.leaves) append(out, leaf.new_columns);
      append_items(out, modify.returning);
      if (modify.leaf_oid != kNoColumn) out.push_back(modify.leaf_oid);
      if (modify.on_conflict != nullptr) {
        append(out, modify.on_conflict->old_columns);
        append(out, modify.on_conflict->excluded_columns);
      }
      break;
    }
    case OpKind::kScan:
    case OpKind::kVirtualScan:
    case OpKind::kValues:
    case OpKind::kSetOp:
    case OpKind::kCteScan:
    case OpKind::kRecursiveUnion:
    case OpKind::kWorkTableScan:
    case OpKind::kTableFunction:
      append(out, op.output);
      break;
    case OpKind::kOneRow:
    case OpKind::kAsofJoin:
    case OpKind::kFilter:
    case OpKind::kDistinct:
    case OpKind::kSort:
    case OpKind::kLimit:
    case OpKind::kWith:
    case OpKind::kLockRows:
      break;
  }
}

}  // namespace luma
