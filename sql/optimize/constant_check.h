#pragma once
// Calls of immutable functions with constant arguments that fail. PostgreSQL evaluates them while
// it plans, so that they are errors even where no row ever reaches them.
#include <memory>

#include "engine/base/sql_error.h"
#include "engine/exec/eval_context.h"
#include "sql/plan/logical.h"

namespace luma {

struct ConstantCheck {
  std::shared_ptr<const SqlError> error;  // of the first one that fails
  // Parameters are arguments of such calls: whether one fails depends on their values.
  bool folds_parameters = false;
};

// Branches that constant conditions rule out are not looked at, those of other conditions are.
ConstantCheck check_constants(const Expr& expr, const EvalContext& evaluation);
ConstantCheck check_constants(LogicalOp& root, const EvalContext& evaluation);

}  // namespace luma
