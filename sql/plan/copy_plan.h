#pragma once
// Copies for expressions that stand in two places: the passes rewrite the plan of a subquery, and
// may take it apart, where they find it.
#include "sql/plan/logical.h"

namespace luma {

// `expr` with plans of its own for its subqueries; their columns keep their identities. CTEs that
// they read from outside are shared (CteDefinition::references counts that). Null when one of them
// locks rows: that must happen once.
Expr* copy_subqueries(PlanContext& context, Expr* expr);

}  // namespace luma
