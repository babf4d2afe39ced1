// Row estimates, bottom-up. Joins whose rows the join order has set keep them.
#include <algorithm>
#include <cmath>

#include "sql/catalog/builtin_facts.h"
#include "sql/function/registry.h"
#include "sql/optimize/estimate.h"
#include "sql/optimize/exclude_partitions.h"
#include "sql/optimize/passes.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {

bool is_unique_lookup(const ScanOp& scan, const std::vector<Expr*>& conjuncts,
                      const ColumnSet& bound) {
  for (const IndexDesc& index : scan.table->indexes) {
    if (!index.unique || index.predicate != nullptr || index.keys.empty()) continue;
    bool all = std::all_of(index.keys.begin(), index.keys.end(), [&](const KeyPart& key) {
      return std::any_of(conjuncts.begin(), conjuncts.end(), [&](Expr* conjunct) {
        if (conjunct->kind != ExprKind::kFunction || conjunct->args.size() != 2) return false;
        const OperatorEntry* op =
            conjunct->operator_oid == kInvalidOid
                ? nullptr
                : FunctionRegistry::instance().operator_by_oid(conjunct->operator_oid);
        if (op == nullptr || op->name != "=") return false;
        for (int side = 0; side < 2; ++side) {
          const Expr& column = *conjunct->args[side];
          if (column.kind != ExprKind::kColumn) continue;
          if (!covered_by(columns_of(*conjunct->args[1 - side]), bound)) continue;
          for (size_t i = 0; i < scan.output.size(); ++i) {
            if (scan.output[i] == column.column && scan.attribute[i] == key.column) return true;
          }
        }
        return false;
      });
    });
    if (all) return true;
  }
  return false;
}

bool is_unique_lookup(const ScanOp& scan) {
  std::vector<Expr*> conjuncts;
  split_conjuncts(scan.filter, conjuncts);
  // Correlated and parameter values count as bound: everything that is not the
  // scan's own.
  ColumnSet bound;
  for (Expr* conjunct : conjuncts) {
    for (ColumnId column : columns_of(*conjunct)) bound.insert(column);
  }
  for (ColumnId column : scan.output) bound.erase(column);
  return is_unique_lookup(scan, conjuncts, bound);
}

double scan_rows(const ScanOp& scan, Estimator& estimator) {
  if (scan.excluded) return 0;
  double rows = estimator.table_rows(*scan.table);
  if (scan.filter == nullptr) return rows;
  if (is_unique_lookup(scan)) return 1;
  std::vector<Expr*> conjuncts;
  split_conjuncts(scan.filter, conjuncts);
  return std::max(1.0, rows * estimator.selectivity(conjuncts));
}

double partner_part(const LogicalOp& left, const LogicalOp& right,
                    const std::vector<Expr*>& conditions, const Estimator& estimator) {
  ColumnSet left_columns = output_of(left), right_columns = output_of(right);
  double right_rows = std::max(1.0, right.rows), part = 1;
  bool filtered = false;
  for (Expr* condition : conditions) {
    Equality equality;
    if (as_equality(condition, left_columns, right_columns, equality)) {
      part *= estimator.semi_selectivity(*equality.left, *equality.right, right_rows);
    } else if (condition->kind == ExprKind::kConstant) {
      part *= estimator.selectivity(*condition);
    } else {
      // One of several partners will do.
      part *= 1 - std::pow(1 - estimator.pair_selectivity(*condition), 4);
      filtered = true;
    }
  }
  // Never all of them where more than equality is asked for: a wrong zero is the worst estimate.
  return std::clamp(part, 0.0, filtered ? 0.9 : 1.0);
}

namespace {

const ScanOp* scan_below(const LogicalOp& op) {
  const LogicalOp* at = &op;
  while (at->kind == OpKind::kFilter || at->kind == OpKind::kProject) at = at->inputs[0];
  return at->kind == OpKind::kScan ? static_cast<const ScanOp*>(at) : nullptr;
}

// Part of all pairs that satisfy the conditions.
double join_part(const LogicalOp& left, const LogicalOp& right, std::vector<Expr*> conditions,
                 Estimator& estimator) {
  ColumnSet left_columns = output_of(left), right_columns = output_of(right);
  std::vector<Expr*> equalities;
  for (Expr* condition : conditions) {
    Equality equality;
    if (as_equality(condition, left_columns, right_columns, equality)) {
      equalities.push_back(condition);
    }
  }
  double part = 1;
  // Several columns that are together a key say no more than one that is.
  for (const LogicalOp* side : {&left, &right}) {
    const ScanOp* scan = scan_below(*side);
    std::vector<Expr*> used;
    if (scan == nullptr || equalities.size() < 2) continue;
    auto by_key = estimator.key_selectivity(*scan, equalities, &used);
    if (!by_key || used.size() < 2) continue;
    part *= *by_key;
    std::erase_if(conditions, [&](Expr* c) { return std::ranges::find(used, c) != used.end(); });
    std::erase_if(equalities, [&](Expr* c) { return std::ranges::find(used, c) != used.end(); });
  }
  for (Expr* condition : conditions) {
    Equality equality;
    part *= as_equality(condition, left_columns, right_columns, equality)
                ? estimator.equality_selectivity(*equality.left, *equality.right)
                : estimator.pair_selectivity(*condition);
  }
  return part;
}

double estimate_join(LogicalOp& op, Estimator& estimator) {
  const bool is_join = op.kind == OpKind::kJoin;
  JoinKind kind = is_join ? static_cast<JoinOp&>(op).join : static_cast<ApplyOp&>(op).join;
  Expr* condition =
      is_join ? static_cast<JoinOp&>(op).condition : static_cast<ApplyOp&>(op).condition;
  const LogicalOp& left = *op.inputs[0];
  const LogicalOp& right = *op.inputs[1];
  double left_rows = std::max(1.0, left.rows), right_rows = std::max(1.0, right.rows);
  std::vector<Expr*> conjuncts;
  split_conjuncts(condition, conjuncts);
  auto joined = [&] {
    return left_rows * right_rows * join_part(left, right, conjuncts, estimator);
  };
  switch (kind) {
    case JoinKind::kInner:
      return joined();
    case JoinKind::kLeft:
      return std::max(joined(), left_rows);
    case JoinKind::kRight:
      return std::max(joined(), right_rows);
    case JoinKind::kFull:
      return std::max({joined(), left_rows, right_rows});
    case JoinKind::kSemi:
      return left_rows * partner_part(left, right, conjuncts, estimator);
    case JoinKind::kAnti:
    case JoinKind::kNullAwareAnti:
      return left_rows * (1 - partner_part(left, right, conjuncts, estimator));
    default:
      return left_rows;
  }
}

double function_rows(const TableFunctionOp& op) {
  double rows = 1;
  for (const TableFunctionOp::Call& call : op.calls) {
    if (call.call->kind != ExprKind::kSetReturning) continue;
    double declared = call.call->function == nullptr ? 0 : call.call->function->rows;
    if (call.call->function != nullptr && call.call->function->name == "generate_series" &&
        call.call->args.size() >= 2 && call.call->type.oid == type_oid::kInt4 &&
        call.call->args[0]->kind == ExprKind::kConstant && !call.call->args[0]->constant.is_null &&
        call.call->args[1]->kind == ExprKind::kConstant && !call.call->args[1]->constant.is_null) {
      double from = call.call->args[0]->constant.datum.i32;
      double to = call.call->args[1]->constant.datum.i32;
      double step = 1;
      if (call.call->args.size() > 2 && call.call->args[2]->kind == ExprKind::kConstant &&
          !call.call->args[2]->constant.is_null) {
        step = call.call->args[2]->constant.datum.i32;
      }
      if (step != 0) declared = std::max(1.0, std::floor((to - from) / step) + 1);
    }
    rows = std::max(rows, declared <= 0 ? 100 : declared);
  }
  return rows;
}

double limited_rows(const LimitOp& op, double rows) {
  auto constant = [](const Expr* expr) {
    bool known = expr != nullptr && expr->kind == ExprKind::kConstant && !expr->constant.is_null;
    return known ? static_cast<double>(expr->constant.datum.i64) : -1.0;
  };
  double offset = constant(op.offset), limit = constant(op.limit);
  if (offset > 0) rows = std::max(1.0, rows - offset);
  if (limit >= 0) {
    rows = std::min(rows, limit);
  } else if (op.limit != nullptr && op.limit->kind != ExprKind::kConstant) {
    rows = std::ceil(rows * 0.1);
  }
  return rows;
}

double estimate_set_op(SetOpOp& op) {
  double left = std::max(1.0, op.inputs[0]->rows), right = std::max(1.0, op.inputs[1]->rows);
  switch (op.set_op) {
    case SetOpKind::kUnion:
      return left + right;
    case SetOpKind::kIntersect:
      return std::min(left, right);
    case SetOpKind::kExcept:
      return left;
  }
  return left;
}

double rows_of(LogicalOp& op, Estimator& estimator) {
  auto input_rows = [&](size_t i) { return std::max(1.0, op.inputs[i]->rows); };
  switch (op.kind) {
    case OpKind::kScan:
      return scan_rows(static_cast<ScanOp&>(op), estimator);
    case OpKind::kVirtualScan: {
      auto& scan = static_cast<VirtualScanOp&>(op);
      std::vector<Expr*> conjuncts;
      split_conjuncts(scan.filter, conjuncts);
      return estimator.generated_rows(scan.relation) * estimator.selectivity(conjuncts);
    }
    case OpKind::kValues:
      return static_cast<double>(static_cast<ValuesOp&>(op).value_rows.size());
    case OpKind::kOneRow:
      return 1;
    case OpKind::kFilter: {
      std::vector<Expr*> conjuncts;
      split_conjuncts(static_cast<FilterOp&>(op).condition, conjuncts);
      return input_rows(0) * estimator.selectivity(conjuncts);
    }
    case OpKind::kProjectSet:
      return input_rows(0) * 10;
    case OpKind::kJoin:
      return op.rows >= 0 ? op.rows : estimate_join(op, estimator);
    case OpKind::kApply:
      return estimate_join(op, estimator);
    case OpKind::kAsofJoin:
      return input_rows(0);
    case OpKind::kAggregate: {
      auto& aggregate = static_cast<AggregateOp&>(op);
      std::vector<Expr*> keys;
      for (const ProjectItem& group : aggregate.groups) keys.push_back(group.expr);
      if (aggregate.grouping_sets.size() <= 1) {
        return keys.empty() ? 1 : estimator.groups(keys, input_rows(0));
      }
      double rows = 0;
      for (const auto& set : aggregate.grouping_sets) {
        std::vector<Expr*> part;
        for (uint32_t i : set) part.push_back(keys[i]);
        rows += part.empty() ? 1 : estimator.groups(part, input_rows(0));
      }
      return rows;
    }
    case OpKind::kDistinct: {
      std::vector<Expr*> keys;
      auto& distinct = static_cast<DistinctOp&>(op);
      if (!distinct.on.empty()) return estimator.groups(distinct.on, input_rows(0));
      return estimator.distinct_rows(op.inputs[0]->output, input_rows(0));
    }
    case OpKind::kLimit:
      return limited_rows(static_cast<LimitOp&>(op), input_rows(0));
    case OpKind::kSetOp:
      return estimate_set_op(static_cast<SetOpOp&>(op));
    case OpKind::kCteScan: {
      LogicalOp& plan = *static_cast<CteScanOp&>(op).cte->plan;
      if (plan.rows < 0) estimate_plan(plan, estimator);
      return plan.rows;
    }
    case OpKind::kRecursiveUnion:
      return input_rows(0) * 10;
    case OpKind::kWorkTableScan:
      return 100;
    case OpKind::kTableFunction:
      return function_rows(static_cast<TableFunctionOp&>(op));
    default:
      return op.inputs.empty() ? 1 : input_rows(0);
  }
}

}  // namespace

void estimate_plan(LogicalOp& op, Estimator& estimator) {
  // CTEs first: the main query refers to them.
  if (op.kind == OpKind::kWith) {
    for (CteDefinition* cte : static_cast<WithOp&>(op).ctes) estimate_plan(*cte->plan, estimator);
  }
  for (LogicalOp* input : op.inputs) estimate_plan(*input, estimator);
  op.rows = std::max(1.0, rows_of(op, estimator));
}

LogicalOp* estimate_rows(LogicalOp* root, OptimizerContext& context) {
  exclude_partitions(*root);
  context.estimator.learn(*root);
  for_each_op(*root, [&](LogicalOp& op) {
    // Plans inside expressions are roots of their own.
    for_each_expr(static_cast<const LogicalOp&>(op), [&](const Expr& expr) {
      std::function<void(const Expr&)> visit = [&](const Expr& e) {
        if (e.subquery != nullptr && e.subquery->plan != nullptr)
          estimate_plan(*e.subquery->plan, context.estimator);
        for_each_child(e, [&](Expr* child) { visit(*child); });
      };
      visit(expr);
    });
  });
  estimate_plan(*root, context.estimator);
  return root;
}

}  // namespace luma
