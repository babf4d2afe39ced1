#pragma once
// Cardinality estimates that several passes use. Rows are never below 1.
#include <vector>

#include "sql/optimize/estimator.h"
#include "sql/optimize/optimizer.h"

namespace luma {

// Rows a scan with its filter yields.
double scan_rows(const ScanOp& scan, Estimator& estimator);
// The conjuncts fix every column of a unique key of the scanned table to values over `bound`.
bool is_unique_lookup(const ScanOp& scan, const std::vector<Expr*>& conjuncts,
                      const ColumnSet& bound);
// The same for the scan's own filter, where correlated and parameter values count as known.
bool is_unique_lookup(const ScanOp& scan);
// Sets `rows` of the operator and of all below it, but for joins that have them already.
void estimate_plan(LogicalOp& op, Estimator& estimator);
// Part of the left rows that have a partner on the right under all of the conditions.
double partner_part(const LogicalOp& left, const LogicalOp& right,
                    const std::vector<Expr*>& conditions, const Estimator& estimator);

}  // namespace luma
