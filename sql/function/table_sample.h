#pragma once
// Whether TABLESAMPLE keeps a row. Calls of these are made by the binder; they have no row in
// pg_proc. 2202H and 2202G for arguments out of range.
#include "sql/function/entry.h"

namespace luma {

// (row key as scans give it, percentage) -> bool; chosen anew for each row and each call.
const FunctionEntry& sample_randomly();
// (row key, percentage, seed) -> bool; the same rows for the same seed.
const FunctionEntry& sample_repeatably();

}  // namespace luma
