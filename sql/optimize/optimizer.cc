#include "sql/optimize/optimizer.h"

#include "sql/optimize/passes.h"

namespace luma {

std::vector<Pass> all_passes() {
  return {
      {"fold_constants", fold_constants},
      {"inline_ctes", inline_ctes},
      {"unnest_subqueries", unnest_subqueries},
      {"decorrelate", decorrelate},
      {"drop_dependent_groups", drop_dependent_groups},
      {"share_sums", share_sums},
      {"factor_disjunctions", factor_disjunctions},
      {"push_down_filters", push_down_filters},
      {"refuse_row_locks", refuse_row_locks},
      {"decorrelate_by_domain", decorrelate_by_domain},
      {"order_joins", order_joins},
      {"estimate_rows", estimate_rows},
      {"order_conjuncts", order_conjuncts},
  };
}

namespace {

bool is_disabled(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (item == name) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

void optimize(BoundQuery& query, OptimizerContext& context) {
  complete_outputs(*query.root);
  for (const Pass& pass : all_passes()) {
    if (!is_disabled(context.disabled_passes, pass.name))
      query.root = pass.run(query.root, context);
  }
  std::vector<ColumnId> needed;
  for (const auto& column : query.result) needed.push_back(column.column);
  prune_columns(query.root, needed, context.plan);
}

}  // namespace luma
