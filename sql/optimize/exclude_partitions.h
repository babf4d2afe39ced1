#pragma once
// Leaves of partitioned tables that no wanted row can be in, by their bounds.
#include <functional>
#include <optional>
#include <vector>

#include "sql/optimize/optimizer.h"
#include "sql/plan/partition_place.h"

namespace luma {

// What an expression without columns of the scan is; nullopt: not known (yet).
using KnownValue = std::function<std::optional<Value>(const Expr&)>;
// Whether rows in this place cannot fulfil all of the conditions.
bool excludes(const PartitionPlace& place, const std::vector<Expr*>& conjuncts,
              const KnownValue& known);

// Marks the scans that constants exclude, and names the others as PostgreSQL does.
void exclude_partitions(LogicalOp& root);

}  // namespace luma
