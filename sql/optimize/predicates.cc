#include "sql/optimize/predicates.h"

#include <algorithm>

#include "sql/function/registry.h"
#include "sql/plan/walk.h"

namespace luma {

void split_conjuncts(Expr* condition, std::vector<Expr*>& out) {
  if (condition == nullptr) return;
  if (condition->kind == ExprKind::kAnd) {
    for (Expr* arg : condition->args) split_conjuncts(arg, out);
    return;
  }
  out.push_back(condition);
}

ColumnSet columns_of(const Expr& expr) {
  std::vector<ColumnId> list;
  collect_columns(expr, list);
  return {list.begin(), list.end()};
}

ColumnSet output_of(const LogicalOp& op) { return {op.output.begin(), op.output.end()}; }

bool covered_by(const ColumnSet& used, const ColumnSet& available) {
  return std::all_of(used.begin(), used.end(),
                     [&](ColumnId column) { return available.contains(column); });
}

bool intersects(const ColumnSet& a, const ColumnSet& b) {
  return std::any_of(a.begin(), a.end(), [&](ColumnId column) { return b.contains(column); });
}

bool has_volatile(const Expr& expr) {
  return expr_contains(expr,
                       [](const Expr& e) { return e.is_volatile || e.kind == ExprKind::kSubplan; });
}

bool has_subquery(const Expr& expr) {
  return expr_contains(expr, [](const Expr& e) { return e.kind == ExprKind::kSubquery; });
}

bool is_plain_pattern(const Expr& pattern) {
  return pattern.kind == ExprKind::kConstant && !pattern.constant.is_null &&
         pattern.physical == PhysicalType::kVarlen &&
         pattern.constant.datum.str.view().find_first_of("%_\\") == std::string_view::npos;
}

bool as_equality(Expr* condition, const ColumnSet& left, const ColumnSet& right, Equality& out) {
  if (condition->kind != ExprKind::kFunction || condition->args.size() != 2 ||
      condition->operator_oid == kInvalidOid) {
    return false;
  }
  const OperatorEntry* op = FunctionRegistry::instance().operator_by_oid(condition->operator_oid);
  if (op == nullptr || op->name != "=" || !(op->can_hash || op->can_merge)) return false;
  ColumnSet first = columns_of(*condition->args[0]);
  ColumnSet second = columns_of(*condition->args[1]);
  if (first.empty() || second.empty() || has_volatile(*condition) || has_subquery(*condition))
    return false;
  out.condition = condition;
  if (covered_by(first, left) && covered_by(second, right)) {
    out.left = condition->args[0];
    out.right = condition->args[1];
    return true;
  }
  if (covered_by(first, right) && covered_by(second, left)) {
    out.left = condition->args[1];
    out.right = condition->args[0];
    return true;
  }
  return false;
}

namespace {

// NULL in (for all of `columns`), NULL out.
bool is_strict_in(const Expr& expr, const ColumnSet& columns) {
  switch (expr.kind) {
    case ExprKind::kColumn:
      return columns.contains(expr.column);
    case ExprKind::kFunction:
      return expr.strict && std::any_of(expr.args.begin(), expr.args.end(), [&](const Expr* arg) {
               return is_strict_in(*arg, columns);
             });
    case ExprKind::kRelabel:
    case ExprKind::kCoerceViaIo:
    case ExprKind::kCoerceArray:
    case ExprKind::kApplyTypmod:
    case ExprKind::kNot:
      return is_strict_in(*expr.args[0], columns);
    case ExprKind::kArrayAny:
      return is_strict_in(*expr.args[0], columns);
    default:
      return false;
  }
}

}  // namespace

bool rejects_nulls(const Expr& condition, const ColumnSet& columns) {
  switch (condition.kind) {
    case ExprKind::kAnd:
      return std::any_of(condition.args.begin(), condition.args.end(),
                         [&](const Expr* arg) { return rejects_nulls(*arg, columns); });
    case ExprKind::kOr:
      return std::all_of(condition.args.begin(), condition.args.end(),
                         [&](const Expr* arg) { return rejects_nulls(*arg, columns); });
    case ExprKind::kIsNotNull:
    case ExprKind::kIsTrue:
    case ExprKind::kIsFalse:
    case ExprKind::kIsNotUnknown:
      return is_strict_in(*condition.args[0], columns);
    default:
      return is_strict_in(condition, columns);
  }
}

bool is_leakproof(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConstant:
    case ExprKind::kColumn:
    case ExprKind::kParameter:
      return true;
    case ExprKind::kFunction:
    case ExprKind::kArrayAny:
    case ExprKind::kArrayAll:
      if (expr.function == nullptr || !expr.function->leakproof) return false;
      break;
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kNot:
    case ExprKind::kIsNull:
    case ExprKind::kIsNotNull:
    case ExprKind::kIsTrue:
    case ExprKind::kIsNotTrue:
    case ExprKind::kIsFalse:
    case ExprKind::kIsNotFalse:
    case ExprKind::kRelabel:
      break;
    default:
      return false;
  }
  return std::ranges::all_of(expr.args, [](const Expr* arg) { return is_leakproof(*arg); });
}

LogicalOp* make_filter(PlanContext& context, LogicalOp* input, Expr* condition) {
  if (condition == nullptr) return input;
  auto* filter = context.make<FilterOp>();
  filter->inputs = {input};
  filter->condition = condition;
  filter->output = input->output;
  return filter;
}

}  // namespace luma
