#pragma once
// Small tools over conditions and column sets that several passes share.
#include <unordered_set>
#include <vector>

#include "sql/plan/logical.h"

namespace luma {

using ColumnSet = std::unordered_set<ColumnId>;

// The conjuncts of `condition` (none for nullptr), nested ANDs flattened.
void split_conjuncts(Expr* condition, std::vector<Expr*>& out);
ColumnSet columns_of(const Expr& expr);
// All columns that `op`'s output hands up.
ColumnSet output_of(const LogicalOp& op);
// Every column of `used` is in `available`.
bool covered_by(const ColumnSet& used, const ColumnSet& available);
bool intersects(const ColumnSet& a, const ColumnSet& b);
bool has_volatile(const Expr& expr);
bool has_subquery(const Expr& expr);
// `a = b` by an operator that can hash and merge, with each side over one input only.
struct Equality {
  Expr* left = nullptr;  // over the left input
  Expr* right = nullptr;
  Expr* condition = nullptr;
};
bool as_equality(Expr* condition, const ColumnSet& left, const ColumnSet& right, Equality& out);
// A constant LIKE pattern without wildcards, as tools send for a name that they know: it matches
// itself only.
bool is_plain_pattern(const Expr& pattern);
// The condition cannot be true when all of `columns` are NULL.
bool rejects_nulls(const Expr& condition, const ColumnSet& columns);
// Filter over `input` unless `condition` is null.
LogicalOp* make_filter(PlanContext& context, LogicalOp* input, Expr* condition);

// True when evaluating it can neither fail nor have effects, whatever the values.
bool is_leakproof(const Expr& expr);

}  // namespace luma
