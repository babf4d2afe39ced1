#pragma once
// Cardinality estimates that several passes use. Rows are never below 1.
#include <vector>

#include "sql/optimize/optimizer.h"
#include "sql/optimize/predicates.h"

namespace luma {

// Part of the rows for which `condition` is true, 0 to 1.
double condition_selectivity(const Expr& condition);
// Rows a scan with its filter yields.
double scan_rows(const ScanOp& scan, const TableStatistics& statistics);
// The conjuncts fix every column of a unique key of the scanned table to values over `bound`.
bool is_unique_lookup(const ScanOp& scan, const std::vector<Expr*>& conjuncts,
                      const ColumnSet& bound);
double join_rows(const LogicalOp& left, const LogicalOp& right, double left_rows, double right_rows,
                 const std::vector<Expr*>& conditions, const TableStatistics& statistics);

}  // namespace luma
