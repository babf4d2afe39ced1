#pragma once
// Which index (if any) a scan should use: matches the scan's conjuncts against the leading key
// parts of each index.
#include <optional>
#include <vector>

#include "engine/table/scan.h"
#include "sql/optimize/estimator.h"
#include "sql/plan/logical.h"

namespace luma {

struct AccessPath {
  const IndexDesc* index = nullptr;
  KeyRange range;  // expressions as in the plan (columns not yet lowered)
  size_t equal_parts = 0;
  bool is_unique_lookup = false;  // at most one row
  double rows = 0;                // that the range holds, an estimate
  double cost = 0;                // of reading them once (sql/optimize/cost_model.h)
  std::vector<Expr*> used;        // conjuncts that the range enforces completely
  std::vector<Expr*> narrowed;    // those for which it holds rows that they refuse, too
  bool covers_scan = false;       // the index has every column that the scan wants
};

// An OR whose sides are looked up one after the other.
struct AccessUnion {
  struct Branch {
    AccessPath path;
    Expr* condition;
    std::vector<Expr*> conjuncts;  // of the condition
  };
  Expr* conjunct = nullptr;
  std::vector<Branch> branches;
  double cost = 0;
};
// nullopt when no conjunct is such an OR. Whether it pays is the caller's question.
std::optional<AccessUnion> choose_union_of_indexes(PlanContext& context, const ScanOp& scan,
                                                   const std::vector<Expr*>& conjuncts,
                                                   Estimator& estimator,
                                                   const PlannerSettings& settings);

// A column of the scan, its attribute, or -1 when `expr` is no plain column of it (relabelling
// ignored).
int32_t scan_attribute(const ScanOp& scan, const Expr& expr);

// A partial index holds all wanted rows when its predicate is among the conjuncts, up to slots.
bool predicate_implied(const ScanOp& scan, const IndexDesc& index,
                       const std::vector<Expr*>& conjuncts);

// Reading the whole table and testing so many conjuncts.
double full_scan_cost(const ScanOp& scan, double table_rows, size_t conjuncts,
                      const PlannerSettings& settings);

// The best path for `conjuncts` (columns that are not the scan's own count as known values);
// nullopt when reading the whole table is better.
std::optional<AccessPath> choose_access_path(PlanContext& context, const ScanOp& scan,
                                             const std::vector<Expr*>& conjuncts,
                                             Estimator& estimator, const PlannerSettings& settings);

// A columnar index that has every column of the scan, the narrowest one; null when none has.
const ColumnarCopyDesc* covering_copy(const ScanOp& scan);
// What reading a row of it costs, in rows that a scan of the table reads.
inline constexpr double kCopyScanRows = 0.1;
// Whether reading all of it beats `path`.
bool is_cheaper_than(const ColumnarCopyDesc& copy, const AccessPath& path, double table_rows);

// What one lookup of the scan's rows costs when `conditions` fix columns to values of another
// input's row, of which there are `outer_rows`; nullopt: no index uses any of the conditions.
std::optional<double> lookup_path_cost(PlanContext& context, const ScanOp& scan,
                                       const std::vector<Expr*>& conditions, double outer_rows,
                                       Estimator& estimator, const PlannerSettings& settings);

// A columnar index that has every column of the scan, the narrowest one; null when none has.
const ColumnarCopyDesc* covering_copy(const ScanOp& scan);

// An index whose order is that of `keys` (columns of the scan) for the rows that the scan's filter
// lets through: for ORDER BY without a sort.
// `reverse` tells whether to read it backwards.
const IndexDesc* index_with_order(const ScanOp& scan, const std::vector<SortKey>& keys,
                                  bool* reverse);

}  // namespace luma
