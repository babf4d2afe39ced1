#pragma once
// Estimates from what CREATE STATISTICS has ANALYZE gather: conditions that fix several columns of
// one table, and how many groups such columns make, by PostgreSQL's formulas. Pure functions.
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sql/catalog/statistics.h"

namespace luma {

// The column has one of these values, with the part of the rows for which that is true by itself.
struct FixedColumn {
  int16_t number = 0;
  TypeRef type;
  std::vector<Datum> values;  // of that type
  double selectivity = 1;
};

// The part of the rows for which all of them are true. Takes those that statistics speak of out of
// `columns`; 1 when none do.
double joint_selectivity(const TableStatisticsObject& table, std::vector<FixedColumn>& columns);
// How many combinations of values there are. Takes the columns out of `columns` (attnums); nullopt,
// with nothing taken, when no statistics speak of two of them.
std::optional<double> joint_distinct(const TableStatisticsObject& table,
                                     std::vector<int16_t>& columns);
// Groups by columns (attnums) with so many values each, in a table of `rows` rows.
double joint_groups(const TableStatisticsObject* table, const std::vector<int16_t>& numbers,
                    const std::vector<double>& values, double rows);

}  // namespace luma
