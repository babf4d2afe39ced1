#pragma once
// The plans directly below an operator, wherever they hang.
#include <functional>

#include "sql/plan/logical.h"

namespace luma {

// The plans of subqueries in the operator's expressions. The visitor may replace the plan.
void for_each_subquery_plan(LogicalOp& op, const std::function<void(LogicalOp*&)>& visit);

// The inputs, the plans of CTEs, then those of subqueries.
void for_each_nested_plan(LogicalOp& op, const std::function<void(LogicalOp*&)>& visit);

}  // namespace luma
