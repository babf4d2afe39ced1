#pragma once
// Which index (if any) a scan should use: matches the scan's conjuncts against the leading key
// parts of each index.
#include <optional>
#include <vector>

#include "engine/table/scan.h"
#include "sql/plan/logical.h"

namespace luma {

struct AccessPath {
  const IndexDesc* index = nullptr;
  KeyRange range;  // expressions as in the plan (columns not yet lowered)
  size_t equal_parts = 0;
  bool is_unique_lookup = false;  // at most one row
  double rows = 0;                // estimate
  std::vector<Expr*> used;        // conjuncts that the range enforces completely
  bool covers_scan = false;       // the index has every column that the scan wants
};

// A column of the scan, its attribute, or -1 when `expr` is no plain column of it (relabelling
// ignored).
int32_t scan_attribute(const ScanOp& scan, const Expr& expr);

// The best path for `conjuncts` (columns that are not the scan's own count as known values);
// nullopt when reading the whole table is better. `table_rows`: rows in the table.
// What a row of a columnar table costs that is read by its key, in rows that a scan reads: a block
// of every column is decoded for it.
inline constexpr double kColumnarLookupRows = 500;

std::optional<AccessPath> choose_access_path(PlanContext& context, const ScanOp& scan,
                                             const std::vector<Expr*>& conjuncts,
                                             double table_rows);

// An index whose order is that of `keys` (columns of the scan): for ORDER BY without a sort.
// `reverse` tells whether to read it backwards.
const IndexDesc* index_with_order(const ScanOp& scan, const std::vector<SortKey>& keys,
                                  bool* reverse);

}  // namespace luma
