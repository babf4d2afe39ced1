#pragma once
// Bound expressions as EXPLAIN shows them: columns by name, operators infix.
#include <string>

#include "sql/plan/logical.h"

namespace luma {

std::string explain_expr(const PlanContext& context, const Expr& expr);

}  // namespace luma
