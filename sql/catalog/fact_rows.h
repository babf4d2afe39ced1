#pragma once
// Exported rows as values of a system relation's columns. Made at first use; thread-safe.
#include <vector>

#include "engine/type/datum.h"
#include "sql/catalog/object.h"

namespace luma {

const std::vector<std::vector<Value>>& fact_rows(const Table& relation);

// Types that can be shown and read, and pseudo-types.
bool builtin_type_exists(Oid oid);

}  // namespace luma
