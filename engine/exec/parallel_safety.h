#pragma once
// Which expressions several threads may evaluate at once, each with an evaluator of its own.
#include <span>
#include <vector>

#include "engine/exec/expr.h"

namespace luma {

// False for what is volatile, asks the session, or runs a subplan.
bool is_parallel_safe(const Expr& expr);
// Null pointers are safe.
bool are_parallel_safe(std::span<const Expr* const> exprs);

}  // namespace luma
