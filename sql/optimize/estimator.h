#pragma once
// How many rows conditions leave and joins find, from what ANALYZE has found:
// PostgreSQL's rules (selfuncs), with one addition: an expression over one
// column that has no rule of its own is evaluated over the column's most common
// values and its histogram, which stand for its values.
//
// One per statement; knows by ColumnId which stored column is behind a plan's
// column. Not thread-safe. Estimates never fail: what cannot be known is a
// default.
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "sql/catalog/statistics.h"
#include "sql/optimize/optimizer.h"
#include "sql/optimize/predicates.h"

namespace luma {

// PostgreSQL's defaults.
inline constexpr double kDefaultEquality = 0.005;
inline constexpr double kDefaultInequality = 1.0 / 3;
inline constexpr double kDefaultRange = 0.005;
inline constexpr double kDefaultMatch = 0.005;
inline constexpr double kDefaultDistinct = 200;
inline constexpr double kDefaultArrayLength = 10;

// What is known of a plan's column.
struct ColumnFacts {
  const ColumnStatistics* statistics = nullptr;
  const TableStatisticsObject* table = nullptr;  // with statistics of several columns
  int16_t number = 0;                            // attnum in the table
  TypeRef type;
  double table_rows = 0;         // of the table behind it; 0: none
  double distinct = 0;           // when there are no statistics; 0: nothing is known
  bool unique = false;           // in the table
  const ScanOp* scan = nullptr;  // whose filter rows passed
  // Of a grouping column on its own: one value per row of this operator.
  const LogicalOp* grouped_by = nullptr;
};

class Estimator {
 public:
  Estimator(PlanContext& plan, const TableStatistics& statistics, const EvalContext& evaluation)
      : plan_(plan), statistics_(&statistics), evaluation_(evaluation) {}

  // Notes the columns that operators at and below `root` produce; again after
  // rewrites.
  void learn(const LogicalOp& root);
  // Planning is over: from now on nothing is asked for and nothing evaluated.
  void finish_planning() {
    statistics_ = nullptr;
    evaluation_ = {};
  }

  double table_rows(const TableDesc& table);
  double generated_rows(Oid relation);
  const ColumnFacts* facts(const Expr& expr) const;  // relabelling ignored; nullptr: no column

  // --- conditions over one input ---
  double selectivity(const Expr& condition) const;
  // All of them together: two bounds of one column are a range.
  double selectivity(const std::vector<Expr*>& conjuncts) const;

  // Conditions that join the scan with something else are about its columns,
  // until nullptr.
  void set_focus(const ScanOp* scan) { focus_ = scan; }

  // --- values ---
  // Different values in the whole table; `known` tells whether that is more
  // than a default.
  double distinct(const Expr& expr, bool* known = nullptr) const;
  // Groups that `input_rows` rows fall into.
  double groups(const std::vector<Expr*>& keys, double input_rows) const;
  double distinct_rows(const std::vector<ColumnId>& columns, double input_rows) const;
  int32_t width_bytes(ColumnId column) const;

  // --- joins ---
  // Part of all pairs for which `left = right`.
  double equality_selectivity(const Expr& left, const Expr& right) const;
  // Part of the left rows that find a partner by `left = right` among
  // `right_rows` rows.
  double semi_selectivity(const Expr& left, const Expr& right, double right_rows) const;
  // A condition over two inputs that is no equality.
  double pair_selectivity(const Expr& condition) const;
  // The equalities that fix every column of a unique key of the scan to values
  // of others have together one match at the most: one over its rows. nullopt:
  // no such key.
  std::optional<double> key_selectivity(const ScanOp& scan, const std::vector<Expr*>& equalities,
                                        std::vector<Expr*>* used);

 private:
  struct Sample;
  void learn_scan(const ScanOp& scan);
  void learn_generated(const VirtualScanOp& scan);
  void alias(ColumnId column, const Expr& source);
  const TableStatisticsObject* statistics_of(const TableDesc& table);
  bool fixes_column(const Expr& condition, const ColumnFacts** column,
                    std::vector<Datum>& values) const;
  // Of the conditions that statistics of several columns speak of; those are marked in `taken`.
  double joint_selectivity(const std::vector<Expr*>& conjuncts, std::vector<bool>& taken) const;
  double function_selectivity(const Expr& condition) const;
  double any_selectivity(const Expr& condition, bool all) const;
  double boolean_selectivity(const Expr& column, bool value) const;
  double null_selectivity(const Expr& expr) const;
  double sampled_selectivity(const Expr& condition, double otherwise) const;
  double default_selectivity(const Expr& condition) const;
  bool shares_table(const ColumnFacts& column, const Expr& other) const;

  PlanContext& plan_;
  const TableStatistics* statistics_;
  const ScanOp* focus_ = nullptr;
  EvalContext evaluation_;
  std::unordered_map<ColumnId, ColumnFacts> columns_;
  struct KnownTable {
    double rows;
    std::shared_ptr<const TableStatisticsObject> statistics;
  };
  std::unordered_map<Oid, KnownTable> tables_;
  std::unordered_map<Oid, double> generated_rows_;
  mutable std::unordered_map<const Expr*, double> sampled_;
};

}  // namespace luma
