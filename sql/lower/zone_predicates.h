#pragma once
// Which conjuncts of a scan's filter the zone maps of a columnar table can decide.
#include <vector>

#include "engine/table/columnar_scan.h"
#include "sql/plan/logical.h"

namespace luma {

// Values are expressions as in the plan (columns not yet lowered).
std::vector<ZonePredicate> zone_predicates(const ScanOp& scan, const std::vector<Expr*>& conjuncts);

}  // namespace luma
