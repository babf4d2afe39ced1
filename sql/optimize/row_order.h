#pragma once
// Plans whose rows have to stay in the order in which they are.
#include "sql/plan/logical.h"

namespace luma {

// Whether the rows of a query with FOR UPDATE come out of `op` as its locks have left them: sorted
// before that, by ORDER BY. A join above, which may write its input to files by hash, would lose
// the order; subqueries of the SELECT list are then run for each row.
inline bool keeps_order_of_locks(const LogicalOp& op) {
  const LogicalOp* at = &op;
  while (at->kind == OpKind::kProject || at->kind == OpKind::kProjectSet ||
         at->kind == OpKind::kApply || at->kind == OpKind::kLimit || at->kind == OpKind::kFilter) {
    at = at->inputs[0];
  }
  return at->kind == OpKind::kLockRows;
}

}  // namespace luma
