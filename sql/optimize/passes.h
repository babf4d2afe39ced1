#pragma once
// The passes; what each does, and does not do, is at the top of its file.
#include "sql/optimize/optimizer.h"

namespace luma {

LogicalOp* fold_constants(LogicalOp* root, OptimizerContext& context);
LogicalOp* inline_ctes(LogicalOp* root, OptimizerContext& context);
LogicalOp* unnest_subqueries(LogicalOp* root, OptimizerContext& context);
LogicalOp* decorrelate(LogicalOp* root, OptimizerContext& context);
LogicalOp* drop_dependent_groups(LogicalOp* root, OptimizerContext& context);
LogicalOp* share_sums(LogicalOp* root, OptimizerContext& context);
LogicalOp* factor_disjunctions(LogicalOp* root, OptimizerContext& context);
LogicalOp* push_down_filters(LogicalOp* root, OptimizerContext& context);
LogicalOp* refuse_row_locks(LogicalOp* root, OptimizerContext& context);
LogicalOp* decorrelate_by_domain(LogicalOp* root, OptimizerContext& context);
LogicalOp* order_joins(LogicalOp* root, OptimizerContext& context);
LogicalOp* estimate_rows(LogicalOp* root, OptimizerContext& context);
LogicalOp* order_conjuncts(LogicalOp* root, OptimizerContext& context);

// Not a rewrite that can be switched off: what binding leaves to be done with `output` lists.
void complete_outputs(LogicalOp& root);

// Not a rewrite that can be switched off: drops columns nobody needs and makes every `output` list
// true. `needed`: columns that the consumer of `root` reads, in its order.
void prune_columns(LogicalOp* root, const std::vector<ColumnId>& needed, PlanContext& context);

}  // namespace luma
