#pragma once
// Generic access to the expressions and column lists of plan operators, so that passes need no
// switch of their own over operator kinds.
#include <functional>

#include "sql/plan/logical.h"

namespace luma {

// Calls visit(expr&) for every expression slot of `op` itself (not of its inputs); null slots are
// skipped. The visitor may replace the expression.
void for_each_expr(LogicalOp& op, const std::function<void(Expr*&)>& visit);
void for_each_expr(const LogicalOp& op, const std::function<void(const Expr&)>& visit);

// Pre-order over `root`, its inputs, its CTE plans and the plans of subquery expressions.
void for_each_op(LogicalOp& root, const std::function<void(LogicalOp&)>& visit);

// Replaces, everywhere below `root` (subqueries included), references to columns by
// `replace(column)`; nullptr keeps the reference.
using ColumnReplacement = std::function<Expr*(ColumnId)>;
void substitute_columns(PlanContext& context, LogicalOp& root, const ColumnReplacement& replace);
// The same in one expression, including plans of subqueries inside it.
Expr* substitute_columns(PlanContext& context, Expr* expr, const ColumnReplacement& replace);

// `expr` with every direct child replaced by map(child); the node itself when nothing changed.
Expr* map_children(Arena& arena, Expr* expr, const std::function<Expr*(Expr*)>& map);

// Columns that `op` itself creates (a scan's, a project's computed ones, ...), without its inputs'.
void collect_produced(const LogicalOp& op, std::vector<ColumnId>& out);

}  // namespace luma
