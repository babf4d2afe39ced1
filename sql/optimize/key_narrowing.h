#pragma once
// Integers of a wider type as keys of an index: `int4_column = $1` with a bigint, which is how
// drivers send most integers. What no key can equal becomes NULL, which finds nothing.
#include "sql/plan/logical.h"

namespace luma {

// Whether `from` and `to` are integer types and `to` is the narrower one.
bool narrows_integer(Oid from, Oid to);

// The key that equals `value`, of type `to`; NULL when there is none.
Expr* narrow_key(PlanContext& context, Expr* value, Oid to);
// The same of the elements of an array.
Expr* narrow_key_array(PlanContext& context, Expr* list, Oid to);
// The least (greatest) key for which `key > value` or `key >= value` (`<`, `<=`) holds; NULL when
// there is none.
Expr* narrow_lower_bound(PlanContext& context, Expr* value, Oid to, bool inclusive);
Expr* narrow_upper_bound(PlanContext& context, Expr* value, Oid to, bool inclusive);

}  // namespace luma
