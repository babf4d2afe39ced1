#pragma once
// Where the CTEs of a query's WITH clause stand in its plan.
#include "sql/plan/logical.h"

namespace luma {

// `plan` with the CTEs of `with` around it; `plan` itself when there is no WITH clause (nullptr).
inline LogicalOp* below_with(WithOp* with, LogicalOp* plan) {
  if (with == nullptr) return plan;
  with->inputs = {plan};
  with->output = plan->output;
  return with;
}

}  // namespace luma
