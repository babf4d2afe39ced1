#pragma once
// What CREATE STATISTICS asks for, from a sample of rows, by PostgreSQL's formulas: how many
// combinations of values there are, which columns follow from others, which combinations are
// common. Pure functions.
#include <vector>

#include "engine/type/type_info.h"
#include "sql/catalog/extended_statistics.h"
#include "sql/catalog/statistics.h"

namespace luma {

struct JointSample {
  std::vector<TypeRef> types;                      // of the columns, as in ExtendedStatistics
  std::vector<const std::vector<Value>*> columns;  // values of the same rows
  double table_rows = 0;                           // of the whole table
  int target = 100;                                // most common combinations, at most
};

JointStatistics analyze_together(const ExtendedStatistics& statistics, const JointSample& sample);

}  // namespace luma
