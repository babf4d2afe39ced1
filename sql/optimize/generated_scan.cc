#include "sql/optimize/generated_scan.h"

#include <algorithm>

#include "sql/catalog/virtual_relation.h"
#include "sql/function/registry.h"
#include "sql/optimize/cost_model.h"
#include "sql/plan/walk.h"

namespace luma {
namespace {

// The scan's key column that the condition compares with a value from elsewhere.
const Expr* key_column(const PlanContext& plan, const VirtualScanOp& scan,
                       const VirtualRelation& relation, const Expr& condition) {
  if (condition.kind != ExprKind::kFunction || condition.args.size() != 2) return nullptr;
  const OperatorEntry* op =
      condition.operator_oid == kInvalidOid
          ? nullptr
          : FunctionRegistry::instance().operator_by_oid(condition.operator_oid);
  if (op == nullptr || op->name != "=") return nullptr;
  const ColumnSet own(scan.output.begin(), scan.output.end());
  for (size_t side = 0; side < 2; ++side) {
    const Expr* column = condition.args[side];
    while (column->kind == ExprKind::kRelabel) column = column->args[0];
    const Expr& value = *condition.args[1 - side];
    if (column->kind != ExprKind::kColumn || !own.contains(column->column)) continue;
    if (value.physical != column->physical || has_volatile(value)) continue;
    if (relation.is_key(plan.column(column->column).name) && !intersects(columns_of(value), own)) {
      return column;
    }
  }
  return nullptr;
}

std::optional<double> cost_by_key(const PlanContext& plan, const VirtualScanOp& scan,
                                  const std::vector<Expr*>& conditions, Estimator& estimator) {
  const VirtualRelation* relation = find_virtual_relation(scan.name);
  if (relation == nullptr) return std::nullopt;
  std::optional<double> best;
  for (const Expr* condition : conditions) {
    const Expr* column = key_column(plan, scan, *relation, *condition);
    if (column == nullptr) continue;
    double found = estimator.generated_rows(scan.relation) / estimator.distinct(*column);
    double total = cost::kVirtualLookup + found * cost::kVirtualRow;
    best = best ? std::min(*best, total) : total;
  }
  return best;
}

}  // namespace

double generated_scan_cost(const PlanContext& plan, const VirtualScanOp& scan,
                           Estimator& estimator) {
  std::vector<Expr*> conjuncts;
  split_conjuncts(scan.filter, conjuncts);
  return cost_by_key(plan, scan, conjuncts, estimator)
      .value_or(estimator.generated_rows(scan.relation) * cost::kVirtualRow);
}

std::optional<double> generated_lookup_cost(const PlanContext& plan, const VirtualScanOp& scan,
                                            const std::vector<Expr*>& conditions,
                                            Estimator& estimator) {
  return cost_by_key(plan, scan, conditions, estimator);
}

}  // namespace luma
