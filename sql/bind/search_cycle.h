#pragma once
// SEARCH and CYCLE clauses of a recursive WITH query, written out as columns that its terms
// compute.
#include <string>
#include <vector>

#include "engine/base/arena.h"
#include "sql/ast/query.h"

namespace luma {

// A recursive WITH query without the clauses, in `arena`: it has `columns` and the clauses'
// columns, and last, after BREADTH FIRST, one for the depth that nobody else is to see. `columns`
// are those of the query as written. Throws 42601, 42701, 0A000.
struct SearchCycleResult {
  const ast::CommonTableExpr* cte = nullptr;
  bool has_depth_column = false;
};
SearchCycleResult expand_search_and_cycle(const ast::CommonTableExpr& cte,
                                          const std::vector<std::string>& columns, Arena& arena);
// Throws when the query does not have the form that the clauses need.
void check_search_and_cycle_form(const ast::CommonTableExpr& cte);

}  // namespace luma
