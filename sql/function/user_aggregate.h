#pragma once
// Aggregates that users have made of functions (CREATE AGGREGATE). The call's element_coercion is a
// row of what they run: the step, over slot 0 (the state) and the arguments' slots behind it; the
// final function over slot 0, or slot 0 itself; and the first state, a constant.
#include "engine/exec/function.h"

namespace luma {

const AggregateFunction* user_aggregate();

}  // namespace luma
