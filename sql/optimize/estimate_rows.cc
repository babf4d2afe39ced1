// Row estimates, bottom-up: table sizes from statistics, textbook selectivities for conditions (a
// unique key equality finds one row). Distinct counts and histograms will refine them.
#include <algorithm>
#include <cmath>

#include "sql/function/registry.h"
#include "sql/optimize/estimate.h"
#include "sql/optimize/passes.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

constexpr double kEqualitySelectivity = 0.005;
constexpr double kRangeSelectivity = 0.33;
constexpr double kLikeSelectivity = 0.05;
constexpr double kDefaultSelectivity = 0.5;

}  // namespace

double condition_selectivity(const Expr& condition) {
  switch (condition.kind) {
    case ExprKind::kConstant:
      return !condition.constant.is_null && condition.constant.datum.b ? 1.0 : 0.0;
    case ExprKind::kAnd: {
      double product = 1;
      for (const Expr* arg : condition.args) product *= condition_selectivity(*arg);
      return product;
    }
    case ExprKind::kOr: {
      double miss = 1;
      for (const Expr* arg : condition.args) miss *= 1 - condition_selectivity(*arg);
      return 1 - miss;
    }
    case ExprKind::kNot:
      return 1 - condition_selectivity(*condition.args[0]);
    case ExprKind::kIsNull:
      return 0.01;
    case ExprKind::kIsNotNull:
      return 0.99;
    case ExprKind::kArrayAny: {
      const Expr& list = *condition.args[1];
      double count = list.kind == ExprKind::kArray ? static_cast<double>(list.args.size()) : 10;
      return std::min(1.0, count * kEqualitySelectivity);
    }
    case ExprKind::kFunction:
      break;
    default:
      return kDefaultSelectivity;
  }
  const OperatorEntry* op =
      condition.operator_oid == kInvalidOid
          ? nullptr
          : FunctionRegistry::instance().operator_by_oid(condition.operator_oid);
  if (op == nullptr) return kDefaultSelectivity;
  if (op->name == "=") return kEqualitySelectivity;
  if (op->name == "<>") return 1 - kEqualitySelectivity;
  if (op->name == "<" || op->name == "<=" || op->name == ">" || op->name == ">=")
    return kRangeSelectivity;
  if (op->name == "~~" || op->name == "~~*") {
    return is_plain_pattern(*condition.args[1]) ? kEqualitySelectivity : kLikeSelectivity;
  }
  return kDefaultSelectivity;
}

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

double scan_rows(const ScanOp& scan, const TableStatistics& statistics) {
  double rows = std::max(1.0, statistics.row_count(*scan.table));
  if (scan.filter == nullptr) return rows;
  std::vector<Expr*> conjuncts;
  split_conjuncts(scan.filter, conjuncts);
  // Correlated and parameter values count as bound: everything that is not the scan's own.
  ColumnSet bound;
  for (Expr* conjunct : conjuncts) {
    for (ColumnId column : columns_of(*conjunct)) bound.insert(column);
  }
  for (ColumnId column : scan.output) bound.erase(column);
  if (is_unique_lookup(scan, conjuncts, bound)) return 1;
  return std::max(1.0, rows * condition_selectivity(*scan.filter));
}

double join_rows(const LogicalOp& left, const LogicalOp& right, double left_rows, double right_rows,
                 const std::vector<Expr*>& conditions, const TableStatistics&) {
  double rows = left_rows * right_rows;
  ColumnSet left_columns = output_of(left), right_columns = output_of(right);
  for (Expr* condition : conditions) {
    Equality equality;
    if (as_equality(condition, left_columns, right_columns, equality)) {
      // Keys usually match: about one partner per row of the larger side.
      rows /= std::max(1.0, std::max(left_rows, right_rows));
      // A second equality filters further, but less than independence says.
      left_rows = right_rows = std::sqrt(std::max(1.0, std::max(left_rows, right_rows)));
    } else {
      rows *= condition_selectivity(*condition);
    }
  }
  return std::max(1.0, rows);
}

namespace {

void estimate(LogicalOp& op, const TableStatistics& statistics) {
  for (LogicalOp* input : op.inputs) estimate(*input, statistics);
  if (op.kind == OpKind::kWith) {
    for (CteDefinition* cte : static_cast<WithOp&>(op).ctes) estimate(*cte->plan, statistics);
  }
  auto input_rows = [&](size_t i) { return std::max(1.0, op.inputs[i]->rows); };
  switch (op.kind) {
    case OpKind::kScan:
      op.rows = scan_rows(static_cast<ScanOp&>(op), statistics);
      break;
    case OpKind::kVirtualScan: {
      auto& scan = static_cast<VirtualScanOp&>(op);
      op.rows =
          scan.filter == nullptr ? 500 : std::max(1.0, 500 * condition_selectivity(*scan.filter));
      break;
    }
    case OpKind::kValues:
      op.rows = static_cast<double>(static_cast<ValuesOp&>(op).value_rows.size());
      break;
    case OpKind::kOneRow:
      op.rows = 1;
      break;
    case OpKind::kFilter:
      op.rows = std::max(
          1.0, input_rows(0) * condition_selectivity(*static_cast<FilterOp&>(op).condition));
      break;
    case OpKind::kProjectSet:
      op.rows = input_rows(0) * 10;
      break;
    case OpKind::kJoin:
    case OpKind::kApply: {
      JoinKind kind =
          op.kind == OpKind::kJoin ? static_cast<JoinOp&>(op).join : static_cast<ApplyOp&>(op).join;
      Expr* condition = op.kind == OpKind::kJoin ? static_cast<JoinOp&>(op).condition
                                                 : static_cast<ApplyOp&>(op).condition;
      std::vector<Expr*> conjuncts;
      split_conjuncts(condition, conjuncts);
      double joined = join_rows(*op.inputs[0], *op.inputs[1], input_rows(0), input_rows(1),
                                conjuncts, statistics);
      switch (kind) {
        case JoinKind::kInner:
          op.rows = joined;
          break;
        case JoinKind::kLeft:
          op.rows = std::max(joined, input_rows(0));
          break;
        case JoinKind::kRight:
          op.rows = std::max(joined, input_rows(1));
          break;
        case JoinKind::kFull:
          op.rows = std::max({joined, input_rows(0), input_rows(1)});
          break;
        case JoinKind::kSemi:
          op.rows = std::max(1.0, input_rows(0) * 0.5);
          break;
        case JoinKind::kAnti:
        case JoinKind::kNullAwareAnti:
          op.rows = std::max(1.0, input_rows(0) * 0.5);
          break;
        default:
          op.rows = input_rows(0);
          break;
      }
      break;
    }
    case OpKind::kAggregate: {
      auto& aggregate = static_cast<AggregateOp&>(op);
      op.rows = aggregate.groups.empty() ? 1 : std::max(1.0, std::pow(input_rows(0), 0.75));
      break;
    }
    case OpKind::kDistinct:
      op.rows = std::max(1.0, input_rows(0) * 0.5);
      break;
    case OpKind::kLimit: {
      const Expr* limit = static_cast<LimitOp&>(op).limit;
      op.rows = input_rows(0);
      if (limit != nullptr && limit->kind == ExprKind::kConstant && !limit->constant.is_null) {
        op.rows = std::min(op.rows, static_cast<double>(limit->constant.datum.i64));
      }
      break;
    }
    case OpKind::kSetOp:
      op.rows = input_rows(0) + input_rows(1);
      break;
    case OpKind::kCteScan:
      op.rows = std::max(1.0, static_cast<CteScanOp&>(op).cte->plan->rows);
      break;
    case OpKind::kRecursiveUnion:
      op.rows = input_rows(0) * 10;
      break;
    case OpKind::kWorkTableScan:
      op.rows = 100;
      break;
    case OpKind::kTableFunction:
      op.rows = 100;
      break;
    default:
      op.rows = op.inputs.empty() ? 1 : input_rows(0);
      break;
  }
}

}  // namespace

LogicalOp* estimate_rows(LogicalOp* root, OptimizerContext& context) {
  for_each_op(*root, [&](LogicalOp& op) {
    // Plans inside expressions are roots of their own.
    for_each_expr(static_cast<const LogicalOp&>(op), [&](const Expr& expr) {
      std::function<void(const Expr&)> visit = [&](const Expr& e) {
        if (e.subquery != nullptr && e.subquery->plan != nullptr)
          estimate(*e.subquery->plan, context.statistics);
        for_each_child(e, [&](Expr* child) { visit(*child); });
      };
      visit(expr);
    });
  });
  estimate(*root, context.statistics);
  return root;
}

}  // namespace luma
