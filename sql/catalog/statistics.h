#pragma once
// What ANALYZE has found in a table, as the catalog keeps it: one object per table (class
// pg_statistic, the table's oid), replaced as a whole. The planner reads it through a snapshot;
// pg_statistic, pg_stats and pg_class show it.
#include <cstdint>
#include <string>
#include <vector>

#include "sql/catalog/object.h"

namespace luma {

struct ColumnStatistics {
  int16_t number = 0;  // attnum
  // The column's type then: statistics of a former type say nothing.
  Oid type = kInvalidOid;
  float null_fraction = 0;
  int32_t width_bytes = 0;  // average of values that are not NULL
  // > 0: distinct values; < 0: their part of the rows, negated; 0: unknown.
  float distinct = 0;
  // Array values (engine/type/array.h) of the column's type; "" = none. Most common first; bounds
  // of slices with equally many of the values that are not among the most common ones.
  std::string common_values;
  std::vector<float> common_frequencies;
  std::string histogram;
  bool has_correlation = false;
  float correlation = 0;  // between the order of values and that of rows
};

// What ANALYZE has found for one CREATE STATISTICS; columns are named by attnum.
struct JointStatistics {
  Oid object = kInvalidOid;
  struct Group {
    std::vector<int16_t> columns;
    double value = 0;
  };
  std::vector<Group> distinct;  // how many different combinations of the columns' values there are
  // The part of the rows in which the last column's value follows from the others'.
  std::vector<Group> dependencies;
  // The most common combinations of all columns' values: arrays of their text forms, and how often
  // each would occur if the columns were independent.
  std::vector<int16_t> columns;
  std::vector<std::string> common_values;
  std::vector<double> common_frequencies, base_frequencies;
};

struct TableStatisticsObject : CatalogObject {
  TableStatisticsObject() : CatalogObject(ObjectKind::kStatistics) {}
  // What follows counts rows of this storage: TRUNCATE and rewriting give a table another one.
  uint32_t storage_id = 0;
  double rows = -1;
  int32_t pages = 0;  // of 8 kB
  struct IndexSize {
    Oid index = kInvalidOid;
    double rows = -1;
    int32_t pages = 0;
  };
  std::vector<IndexSize> indexes;
  std::vector<ColumnStatistics> columns;  // by attnum, analysed ones only
  std::vector<JointStatistics> joint;     // of ExtendedStatistics

  // nullptr: none, or of another type.
  const ColumnStatistics* column(const Column& of) const {
    for (const ColumnStatistics& candidate : columns) {
      if (candidate.number == of.number)
        return candidate.type == of.type.oid ? &candidate : nullptr;
    }
    return nullptr;
  }
};

}  // namespace luma
