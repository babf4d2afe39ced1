#pragma once
// What it costs to read system relations that are generated (sql/catalog/virtual_relation.h): all
// of their rows, or those that a key column finds.
#include <optional>
#include <vector>

#include "sql/optimize/estimator.h"
#include "sql/plan/logical.h"

namespace luma {

// With the scan's own filter.
double generated_scan_cost(const PlanContext& plan, const VirtualScanOp& scan,
                           Estimator& estimator);

// One lookup by the conditions, which join the scan with something else; nullopt: none of them
// finds rows by a key.
std::optional<double> generated_lookup_cost(const PlanContext& plan, const VirtualScanOp& scan,
                                            const std::vector<Expr*>& conditions,
                                            Estimator& estimator);

}  // namespace luma
