#pragma once
// Whether an inverted index (gin) should find a scan's rows: matches the scan's conjuncts against
// the operators that the index's classes can search for.
#include <optional>
#include <vector>

#include "engine/type/inverted_keys.h"
#include "sql/optimize/estimator.h"
#include "sql/plan/logical.h"

namespace luma {

struct InvertedPath {
  struct Condition {
    size_t part = 0;
    const InvertedKeys::Search* search = nullptr;
    Expr* value = nullptr;  // free of the scan's columns
  };
  const IndexDesc* index = nullptr;
  std::vector<Condition> conditions;
  // The index finds all rows that satisfy these conjuncts, and maybe others: as they were given,
  // and with the column first.
  std::vector<Expr*> given, used;
  double rows = 0, cost = 0;
};

// The cheapest path; nullopt: no index helps.
std::optional<InvertedPath> choose_inverted_path(PlanContext& context, const ScanOp& scan,
                                                 const std::vector<Expr*>& conjuncts,
                                                 Estimator& estimator,
                                                 const PlannerSettings& settings);

}  // namespace luma
