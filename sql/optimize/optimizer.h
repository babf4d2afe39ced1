#pragma once
// Rewrites a bound plan into an equivalent, cheaper one. A flat list of passes, each a function in
// a file of its own, each switchable by name (setting luma.disabled_passes) and timed for EXPLAIN.
#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/eval_context.h"
#include "sql/plan/logical.h"

namespace luma {

// Row counts that estimates start from.
class TableStatistics {
 public:
  virtual ~TableStatistics() = default;
  // Rows in the table, a guess when nothing is known.
  virtual double row_count(const TableDesc& table) const = 0;
};

struct OptimizerContext {
  PlanContext& plan;
  const TableStatistics& statistics;
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
