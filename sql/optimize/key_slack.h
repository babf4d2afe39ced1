#pragma once
// Bounds of an index range for values of another type than the key's, where no key need equal the
// value exactly: dates and timestamps with and without time zone, float8 for float4. The range
// holds all keys for which the comparison is true, and some more: the condition stays as a filter.
#include "sql/plan/logical.h"

namespace luma {

bool has_loose_bounds(Oid from, Oid key);
// Both belong to the range. NULL for NULL. Only for types with loose bounds.
Expr* loose_lower_bound(PlanContext& context, Expr* value, Oid key);
Expr* loose_upper_bound(PlanContext& context, Expr* value, Oid key);

}  // namespace luma
