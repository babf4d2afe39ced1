#pragma once
// Consistency of stored tables, for tests and for looking at a damaged store.
#include <string>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/row/table_desc.h"

namespace luma {

// Compares every index with the rows, as the running statement of context.transaction sees them,
// and tests NOT NULL, CHECK and uniqueness. Returns what is wrong, a sentence each (at most
// `limit`).
std::vector<std::string> verify_table(ExecContext& context, const TableDescPtr& table,
                                      size_t limit = 20);

}  // namespace luma
