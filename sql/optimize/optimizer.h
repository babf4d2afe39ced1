#pragma once
// Rewrites a bound plan into an equivalent, cheaper one. A flat list of passes, each a function in
// a file of its own, each switchable by name (setting luma.disabled_passes) and timed for EXPLAIN.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/eval_context.h"
#include "sql/plan/logical.h"

namespace luma {

class Estimator;
struct TableStatisticsObject;  // sql/catalog/statistics.h

// Row counts and what ANALYZE has found, from which estimates start.
class TableStatistics {
 public:
  virtual ~TableStatistics() = default;
  // Rows in the table, a guess when nothing is known.
  virtual double row_count(const TableDesc& table) const = 0;
  // nullptr: never analysed.
  virtual std::shared_ptr<const TableStatisticsObject> statistics(const TableDesc&) const {
    return nullptr;
  }
  // The same of system relations that are generated; 0: nothing is known of the column.
  virtual double generated_rows(Oid) const { return 500; }
  virtual double generated_distinct(Oid, int32_t /*attribute*/) const { return 0; }
};

// PostgreSQL's settings of the same names (enable_hashjoin, ...). What is switched off is used only
// when there is no other way.
struct PlannerSettings {
  bool hash_join = true, nested_loop = true;
  bool seq_scan = true, index_scan = true, index_only_scan = true, bitmap_scan = true;
  size_t work_mem_bytes = size_t{4} << 20;

  // All that LumaDB has of PostgreSQL's three ways to use an index is one.
  bool any_index_scan(bool covers) const {
    return index_scan || bitmap_scan || (covers && index_only_scan);
  }
};

struct OptimizerContext {
  PlanContext& plan;
  Estimator& estimator;
  const PlannerSettings& settings;
  EvalContext evaluation;            // for constant folding
  std::string_view disabled_passes;  // comma-separated names
};

// Optimizes query.root in place.
void optimize(BoundQuery& query, OptimizerContext& context);

// One pass: returns the (possibly new) root.
struct Pass {
  std::string_view name;
  LogicalOp* (*run)(LogicalOp* root, OptimizerContext& context);
};
// All passes in the order in which they run.
std::vector<Pass> all_passes();

}  // namespace luma
