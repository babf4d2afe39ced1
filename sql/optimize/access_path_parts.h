#pragma once
// Private to access paths: how conditions are matched against an index.
#include <vector>

#include "sql/optimize/access_path.h"

namespace luma {

// `column <strategy> value`, value free of the scan's columns and of the column's type.
struct KeyCondition {
  int32_t attribute;
  int strategy;  // of btrees
  Expr* value;
  bool is_any = false;
  bool is_null = false;
  Expr* conjunct;
};

void collect_key_conditions(const ScanOp& scan, const std::vector<Expr*>& conjuncts,
                            std::vector<KeyCondition>& conditions);
// What of the index the conditions leave; `used` and `narrowed` are empty when they leave all.
AccessPath match_index(PlanContext& context, const IndexDesc& index,
                       const std::vector<KeyCondition>& conditions, Estimator& estimator,
                       double table_rows);
double path_cost(const ScanOp& scan, const AccessPath& path, const PlannerSettings& settings);
bool covers_scan(const ScanOp& scan, const IndexDesc& index);

// For a conjunct that is an OR whose sides all speak of keys: the ranges of one index that they
// leave together. nullopt: there is none.
std::optional<AccessPath> choose_union_of_ranges(PlanContext& context, const ScanOp& scan,
                                                 const std::vector<Expr*>& conjuncts,
                                                 Estimator& estimator,
                                                 const PlannerSettings& settings);

}  // namespace luma
