#pragma once
// Finding in a bound expression what was written: binding puts conversions around it.
#include "engine/exec/expr.h"

namespace luma {

// Whether the node converts its first argument.
bool converts(const Expr& expr);

// The constant (array constructor) below conversions; null when there is none.
const Expr* constant_below(const Expr* expr);
const Expr* array_below(const Expr* expr);

// Null when there is no such argument.
const Expr* argument(const Expr* expr, size_t i);

}  // namespace luma
