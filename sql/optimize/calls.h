#pragma once
// Expressions that passes make themselves: calls of built-in functions and operators over
// expressions that are bound already. Pure functions; what they return lives as long as the plan.
#include <span>
#include <string_view>

#include "sql/plan/logical.h"

namespace luma {

// kernel(value), strict, of type `type`.
Expr* make_kernel_call(PlanContext& context, VectorKernel kernel, Expr* value, Oid type);
// left op right, by the operator of exactly their types, which must exist.
Expr* make_operator_call(PlanContext& context, std::string_view name, Expr* left, Expr* right);
// a IS NOT DISTINCT FROM b, of one type that has an order.
Expr* make_same(PlanContext& context, Expr* a, Expr* b);
// coalesce(value, otherwise), of one type.
Expr* make_coalesce(PlanContext& context, Expr* value, Expr* otherwise);
// row_number() over (partition by ... order by ...)
Expr* make_row_number(PlanContext& context, const std::vector<Expr*>& partition_by,
                      const std::vector<SortKey>& order_by);

// What an aggregate gives for no rows at all, as far as a plan may count on it.
enum class ValueForNoRows : uint8_t { kNull, kZero, kUnknown };
ValueForNoRows value_for_no_rows(const Expr& aggregate);

}  // namespace luma
