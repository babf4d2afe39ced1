// ASOF JOIN: its condition is taken apart into the equalities and the one inequality it consists
// of.
#include <algorithm>
#include <unordered_set>

#include "sql/ast/query.h"
#include "sql/bind/binder.h"
#include "sql/function/registry.h"

namespace luma {
namespace {

using Columns = std::unordered_set<ColumnId>;

// Which inputs an operand reads.
struct Reads {
  bool left = false, right = false;
};

Reads reads_of(const Expr& expr, const Columns& left, const Columns& right) {
  Reads out;
  expr_contains(expr, [&](const Expr& e) {
    if (e.kind == ExprKind::kSubquery)
      throw unsupported("subqueries in the condition of ASOF JOIN");
    if (e.kind != ExprKind::kColumn) return false;
    out.left |= left.contains(e.column);
    out.right |= right.contains(e.column);
    return false;
  });
  return out;
}

void flatten(Expr* condition, std::vector<Expr*>& out) {
  if (condition == nullptr) return;
  if (condition->kind != ExprKind::kAnd) return out.push_back(condition);
  for (Expr* part : condition->args) flatten(part, out);
}

// 1 to 5: <, <=, =, >=, > of a type's order; 0: anything else.
int strategy_of(const Expr& expr) {
  if (expr.kind != ExprKind::kFunction || expr.args.size() != 2 ||
      expr.operator_oid == kInvalidOid) {
    return 0;
  }
  const FunctionRegistry& registry = FunctionRegistry::instance();
  const OperatorEntry* op = registry.operator_by_oid(expr.operator_oid);
  static constexpr std::string_view kNames[] = {"<", "<=", "=", ">=", ">"};
  auto memberships = registry.btree_memberships(expr.operator_oid);
  if (op == nullptr || memberships.empty()) return 0;
  const int strategy = memberships[0].strategy;
  return strategy >= 1 && strategy <= 5 && op->name == kNames[strategy - 1] ? strategy : 0;
}

}  // namespace

LogicalOp* Binder::asof_inputs(const ast::JoinExpr& join, LogicalOp* left, LogicalOp* right,
                               Expr* condition) {
  if (join.is_natural) throw unsupported("NATURAL ASOF JOIN");
  const Columns left_columns(left->output.begin(), left->output.end());
  const Columns right_columns(right->output.begin(), right->output.end());
  for (ColumnId column : free_columns(*right)) {
    if (left_columns.contains(column)) throw unsupported("LATERAL in ASOF JOIN");
  }
  auto* op = context().make<AsofJoinOp>();
  op->is_left = join.jointype == ast::JoinType::kLeft;
  op->inputs = {left, right};
  op->output = left->output;
  op->output.insert(op->output.end(), right->output.begin(), right->output.end());
  std::vector<Expr*> conjuncts;
  flatten(condition, conjuncts);
  size_t inequalities = 0;
  for (Expr* conjunct : conjuncts) {
    int strategy = strategy_of(*conjunct);
    if (strategy == 0) {
      throw unsupported("ASOF JOIN with a condition that is not a comparison between its sides");
    }
    AsofJoinOp::Pair pair{conjunct->args[0], conjunct->args[1], conjunct};
    Reads first = reads_of(*pair.left, left_columns, right_columns);
    Reads second = reads_of(*pair.right, left_columns, right_columns);
    if (first.right && second.left) {
      std::swap(first, second);
      std::swap(pair.left, pair.right);
      pair.is_turned = true;
      strategy = 6 - strategy;
    }
    if (!first.left || first.right || !second.right || second.left) {
      throw unsupported("ASOF JOIN with a condition that is not a comparison between its sides");
    }
    if (conjunct->is_volatile)
      throw unsupported("volatile functions in the condition of ASOF JOIN");
    if (strategy == 3) {
      op->keys.push_back(pair);
      continue;
    }
    ++inequalities;
    op->times = pair;
    op->looks_back = strategy >= 4;
    op->includes_equal = strategy == 2 || strategy == 4;
  }
  if (inequalities != 1) {
    throw sql_error(SqlState::kSyntaxError,
                    "ASOF JOIN needs one inequality between its sides, and has {}", inequalities);
  }
  return op;
}

}  // namespace luma
