#pragma once
// Deep copies of bound expressions, so that a definition outlives the binder that made it.
#include "engine/exec/expr.h"

namespace luma {

// `expr` without subqueries, aggregates and window calls; those are a bug (XX000).
Expr* copy_expr_deep(const Expr& expr, Arena& arena);

}  // namespace luma
