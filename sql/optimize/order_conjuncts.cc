// The order in which the conjuncts of a condition are evaluated: the cheapest first, equally cheap
// ones as written. PostgreSQL has the same rule with the same costs (pg_proc.procost, summed over
// the expression), so that a conjunct which would fail for a row is not reached where PostgreSQL
// does not reach it.
#include <algorithm>

#include "engine/type/array.h"
#include "sql/function/entry.h"
#include "sql/optimize/passes.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

// What a subquery for every row costs at least, and how long arrays are that nobody knows.
constexpr double kSubqueryCost = 1000;
constexpr double kUnknownArrayLength = 10;

double call_cost(const Expr& expr) { return expr.function == nullptr ? 1 : expr.function->cost; }

double array_length(const Expr& array) {
  if (array.kind == ExprKind::kArray) return static_cast<double>(array.args.size());
  if (array.kind == ExprKind::kRelabel) return array_length(*array.args[0]);
  if (array.kind != ExprKind::kConstant || array.constant.is_null) return kUnknownArrayLength;
  return static_cast<double>(ArrayView(array.constant.datum).size());
}

double own_cost(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kFunction:
    case ExprKind::kIsDistinct:
    case ExprKind::kIsNotDistinct:
    case ExprKind::kNullIf:
      return call_cost(expr);
    case ExprKind::kArrayAny:
    case ExprKind::kArrayAll:
      // Half of the elements until it is decided.
      return call_cost(expr) * array_length(*expr.args[1]) * 0.5;
    case ExprKind::kGreatest:
    case ExprKind::kLeast:
      return 1;
    case ExprKind::kCoerceViaIo:
      return 2;  // output and input
    case ExprKind::kSubquery:
    case ExprKind::kSubplan:
      return kSubqueryCost;
    default:
      return 0;
  }
}

double total_cost(const Expr& expr) {
  double cost = own_cost(expr);
  for_each_child(expr, [&](const Expr* child) { cost += total_cost(*child); });
  return cost;
}

Expr* ordered(Arena& arena, Expr* condition) {
  if (condition == nullptr || condition->kind != ExprKind::kAnd) return condition;
  std::vector<Expr*> conjuncts;
  split_conjuncts(condition, conjuncts);
  std::vector<std::pair<double, Expr*>> costs;
  costs.reserve(conjuncts.size());
  for (Expr* conjunct : conjuncts) costs.emplace_back(total_cost(*conjunct), conjunct);
  auto cheaper = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (std::ranges::is_sorted(costs, cheaper)) return condition;
  std::ranges::stable_sort(costs, cheaper);
  for (size_t i = 0; i < costs.size(); ++i) conjuncts[i] = costs[i].second;
  return make_and(arena, conjuncts);
}

}  // namespace

LogicalOp* order_conjuncts(LogicalOp* root, OptimizerContext& context) {
  Arena& arena = context.plan.arena();
  for_each_op(*root, [&](LogicalOp& op) {
    auto order = [&](Expr*& condition) { condition = ordered(arena, condition); };
    switch (op.kind) {
      case OpKind::kScan:
        return order(static_cast<ScanOp&>(op).filter);
      case OpKind::kVirtualScan:
        return order(static_cast<VirtualScanOp&>(op).filter);
      case OpKind::kFilter:
        return order(static_cast<FilterOp&>(op).condition);
      case OpKind::kJoin:
        order(static_cast<JoinOp&>(op).condition);
        return order(static_cast<JoinOp&>(op).membership);
      case OpKind::kApply:
        order(static_cast<ApplyOp&>(op).condition);
        return order(static_cast<ApplyOp&>(op).membership);
      default:
        return;
    }
  });
  return root;
}

}  // namespace luma
