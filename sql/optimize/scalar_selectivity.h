#pragma once
// Parts of a column's values that are equal to, or below or above a constant: most common values
// one by one, the others by the histogram, interpolated within a slice. Pure functions.
#include <optional>

#include "engine/type/datum.h"
#include "engine/type/type_info.h"
#include "sql/catalog/statistics.h"

namespace luma {

enum class Comparison : uint8_t { kLess, kLessEqual, kEqual, kGreaterEqual, kGreater };

// A column with what is known of it; `distinct` > 0 in the whole table.
struct ScalarColumn {
  const ColumnStatistics& statistics;
  double distinct;
};
struct ScalarConstant {
  Datum value;
  Oid type;
};

// Of all rows, NULLs included (which never match). nullopt: the types cannot be compared here.
std::optional<double> equal_selectivity(const ScalarColumn& column, const ScalarConstant& constant);
std::optional<double> inequality_selectivity(const ScalarColumn& column, Comparison comparison,
                                             const ScalarConstant& constant);
// Two columns' equality by their most common values; nullopt: one has none.
std::optional<double> common_value_join_selectivity(const ScalarColumn& left,
                                                    const ScalarColumn& right);
// Part of the left rows whose value is surely among the right side's most common ones; how many
// values match goes to `matches`. nullopt: one has none.
std::optional<double> common_value_semi_selectivity(const ScalarColumn& left,
                                                    const ScalarColumn& right,
                                                    double right_distinct, size_t* matches);

// -1, 0, 1; nullopt when values of the types have no common order here.
std::optional<int> compare_values(const Datum& a, Oid a_type, const Datum& b, Oid b_type);
// A number that grows with the value, for interpolation; nullopt: the type has none.
std::optional<double> scalar_position(const Datum& value, Oid type);

}  // namespace luma
