#pragma once
// Statistics of one column from a sample of its values, by PostgreSQL's formulas (ANALYZE's scalar
// statistics): null fraction, width, distinct values after Haas and Stokes (estimator Duj1), most
// common values, an equi-height histogram of the others, and how far rows lie in the order of the
// values. Pure functions.
#include <vector>

#include "engine/type/datum.h"
#include "engine/type/type_info.h"
#include "sql/catalog/statistics.h"

namespace luma {

struct ColumnSample {
  TypeRef type;
  std::vector<Value> values;  // in the order of the rows; NULLs included
  double table_rows = 0;      // of the whole table
  int target = 100;           // most common values and slices of the histogram, at most
};

// Leaves `number` to the caller.
ColumnStatistics analyze_column(const ColumnSample& sample);

// The most frequent of `counts` (descending) that are certainly more common than the average of the
// other values: how many of them are worth keeping. `distinct` as in ColumnStatistics.
size_t count_common_values(const std::vector<size_t>& counts, double distinct, double null_fraction,
                           double sample_rows, double table_rows);

// Bytes that PostgreSQL's heap takes for the value, which pg_stats.avg_width counts.
int32_t stored_width_bytes(const Datum& value, const TypeInfo& type);

}  // namespace luma
