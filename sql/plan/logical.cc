#include "sql/plan/logical.h"

#include <algorithm>
#include <unordered_set>

#include "sql/plan/walk.h"

namespace luma {

std::string_view row_lock_name(RowLockStrength strength) {
  static constexpr std::string_view kNames[] = {"", "FOR KEY SHARE", "FOR SHARE",
                                                "FOR NO KEY UPDATE", "FOR UPDATE"};
  return kNames[static_cast<size_t>(strength)];
}

Expr* PlanContext::column_ref(ColumnId id) {
  const PlanColumn& info = columns_[id];
  return make_column(arena_, id, info.type, info.collation);
}

void collect_columns(const Expr& expr, std::vector<ColumnId>& out) {
  if (expr.kind == ExprKind::kColumn &&
      std::find(out.begin(), out.end(), expr.column) == out.end()) {
    out.push_back(expr.column);
  }
  if (expr.subquery != nullptr && expr.subquery->plan != nullptr) {
    for (ColumnId column : free_columns(*expr.subquery->plan)) {
      if (std::find(out.begin(), out.end(), column) == out.end()) out.push_back(column);
    }
    if (expr.subquery->test != nullptr) {
      std::vector<ColumnId> in_test;
      collect_columns(*expr.subquery->test, in_test);
      for (ColumnId column : in_test) {
        auto own = expr.subquery->columns;
        if (std::find(own.begin(), own.end(), column) == own.end() &&
            std::find(out.begin(), out.end(), column) == out.end()) {
          out.push_back(column);
        }
      }
    }
    for (Expr* arg : expr.args) collect_columns(*arg, out);
    return;
  }
  for_each_child(expr, [&](Expr* child) { collect_columns(*child, out); });
}

namespace {

void collect_free(const LogicalOp& op, std::vector<ColumnId>& used,
                  std::unordered_set<ColumnId>& produced) {
  std::vector<ColumnId> made;
  collect_produced(op, made);
  produced.insert(made.begin(), made.end());
  for_each_expr(op, [&](const Expr& expr) { collect_columns(expr, used); });
  if (op.kind == OpKind::kWith) {
    for (const CteDefinition* cte : static_cast<const WithOp&>(op).ctes) {
      collect_free(*cte->plan, used, produced);
    }
  }
  for (const LogicalOp* input : op.inputs) collect_free(*input, used, produced);
}

}  // namespace

std::vector<ColumnId> free_columns(const LogicalOp& op) {
  std::vector<ColumnId> used;
  std::unordered_set<ColumnId> produced;
  collect_free(op, used, produced);
  std::vector<ColumnId> free;
  for (ColumnId column : used) {
    if (!produced.contains(column)) free.push_back(column);
  }
  return free;
}

}  // namespace luma
