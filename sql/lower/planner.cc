#include "sql/lower/planner.h"

#include <algorithm>

#include "engine/exec/op_gather.h"
#include "engine/table/scan.h"
#include "sql/bind/binder.h"
#include "sql/lower/lowering.h"
#include "sql/optimize/constant_check.h"
#include "sql/optimize/cost_model.h"
#include "sql/optimize/estimate.h"
#include "sql/plan/walk.h"

namespace luma {

namespace {

double rows_of_inputs(const LogicalOp& op) {
  double rows = std::max(0.0, op.rows);
  for (const LogicalOp* input : op.inputs) rows += rows_of_inputs(*input);
  return rows;
}

// What EXPLAIN shows at the top, with the rows of subqueries in expressions, which that leaves out.
double estimated_cost(LogicalOp& root, Operator* top, const ExplainNotes& notes) {
  double rows = -rows_of_inputs(root);
  for_each_op(root, [&](LogicalOp& op) { rows += std::max(0.0, op.rows); });
  // Projections of the result have no note of their own.
  while (notes.find(*top) == nullptr && !top->children().empty()) top = top->children()[0];
  const ExplainNote* note = notes.find(*top);
  return (note == nullptr ? 0 : note->total_cost) + std::max(rows, 0.0) * cost::kScanRow;
}

// A unique-key lookup, or one row of VALUES into a table.
bool is_point_operation(const LogicalOp& root) {
  const LogicalOp* op = &root;
  while (op->kind == OpKind::kProject || op->kind == OpKind::kFilter ||
         op->kind == OpKind::kLimit || op->kind == OpKind::kModify) {
    op = op->inputs[0];
  }
  if (op->kind == OpKind::kOneRow) return true;
  if (op->kind == OpKind::kValues) return static_cast<const ValuesOp*>(op)->value_rows.size() == 1;
  if (op->kind != OpKind::kScan) return false;
  return is_unique_lookup(static_cast<const ScanOp&>(*op));
}

// Computes with what it is given: neither subqueries nor functions that could read tables.
bool is_self_contained(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConstant:
    case ExprKind::kParameter:
      return true;
    case ExprKind::kColumn:
      return expr.level == 0;
    case ExprKind::kFunction:
      if (expr.operator_oid == kInvalidOid || expr.is_volatile) return false;
      break;
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kNot:
    case ExprKind::kIsNull:
    case ExprKind::kIsNotNull:
      break;
    default:
      return false;
  }
  bool contained = true;
  for_each_child(expr, [&](const Expr* child) { contained &= is_self_contained(*child); });
  return contained;
}

// True when all that the statement reads is one scan of one table.
bool reads_one_table_once(const BoundQuery& query) {
  if (query.modifies_data || query.locks_rows) return false;
  const LogicalOp* op = query.root;
  bool contained = true;
  auto check = [&](const Expr& expr) { contained &= is_self_contained(expr); };
  for (; op->kind == OpKind::kProject; op = op->inputs[0]) for_each_expr(*op, check);
  for_each_expr(*op, check);
  return contained && op->kind == OpKind::kScan;
}

void tell_only_reader(Operator& root) {
  Operator* op = &root;
  for (auto below = op->children(); !below.empty(); below = op->children()) op = below[0];
  if (auto* scan = dynamic_cast<IndexScanOperator*>(op)) scan->set_only_reader();
}

char command_of(const LogicalOp* root) {
  while (root->kind == OpKind::kWith) root = root->inputs[0];
  if (root->kind != OpKind::kModify) return 'S';
  switch (static_cast<const ModifyOp*>(root)->modify) {
    case ModifyKind::kInsert:
      return 'I';
    case ModifyKind::kUpdate:
      return 'U';
    case ModifyKind::kMerge:
      return 'M';
    default:
      return 'D';
  }
}

// Few of the rows that are read come out, and they are many.
bool is_selective(LogicalOp& root, Estimator& estimator) {
  constexpr double kFewestRows = 20000, kLargestPart = 0.2;
  double read = 0;
  for_each_op(root, [&](LogicalOp& op) {
    if (op.kind != OpKind::kScan) return;
    read = std::max(read, estimator.table_rows(*static_cast<ScanOp&>(op).table));
  });
  return read >= kFewestRows && root.rows <= read * kLargestPart;
}

void add_gather(PhysicalPlan& plan) {
  if (plan.command != 'S' || !GatherOperator::fits(*plan.root)) return;
  auto gather = std::make_unique<GatherOperator>(std::move(plan.root));
  plan.gather = gather.get();
  plan.root = std::move(gather);
}

}  // namespace

std::unique_ptr<PhysicalPlan> plan_bound_query(BoundQuery query, PlannerContext& context) {
  auto estimator =
      std::make_shared<Estimator>(*query.context, context.statistics, context.evaluation);
  OptimizerContext optimizer{*query.context, *estimator, context.settings, context.evaluation,
                             context.disabled_passes};
  optimize(query, optimizer);
  ConstantCheck constants = check_constants(*query.root, context.evaluation);
  auto plan = std::make_unique<PhysicalPlan>();
  plan->is_point_operation = is_point_operation(*query.root);
  bool one_scan = reads_one_table_once(query);
  plan->command = command_of(query.root);
  plan->has_returning = plan->command != 'S' && !query.result.empty();
  auto lowering = std::make_shared<Lowering>(*query.context, estimator, context.settings);
  if (context.takes_parameter_rows) lowering->take_parameter_rows();
  plan->root = lowering->lower_result(*query.root, query.result);
  plan->notes = lowering->notes();
  plan->notes->root = query.root;
  plan->estimated_cost = estimated_cost(*query.root, plan->root.get(), *plan->notes);
  if (one_scan) tell_only_reader(*plan->root);
  if (is_selective(*query.root, *estimator)) add_gather(*plan);
  estimator->finish_planning();
  plan->parameter_rows = lowering->parameter_rows();
  for (const auto& column : query.result) {
    const PlanColumn& info = query.context->column(column.column);
    plan->columns.push_back({column.label, info.type, info.table, info.attnum});
  }
  plan->parameter_types = std::move(query.parameter_types);
  plan->locks = std::move(query.locks);
  plan->privileges = std::move(query.privileges);
  plan->functions = std::move(query.functions);
  plan->modifies_data = query.modifies_data;
  plan->locks_rows = query.locks_rows;
  plan->calls_routines = query.calls_routines;
  plan->cacheable = query.cacheable && constants.error == nullptr;
  plan->constant_error = std::move(constants.error);
  plan->folds_parameters = constants.folds_parameters;
  if (lowering->uses_exec_parameters()) {
    plan->exec_parameter_count = static_cast<uint32_t>(query.context->column_count());
  }
  plan->context = std::move(query.context);
  return plan;
}

std::unique_ptr<PhysicalPlan> plan_query(const ast::Node* statement, PlannerContext& context) {
  Binder binder(context.environment, context.parameter_types);
  binder.use_variables(context.variables);
  BoundQuery query = binder.bind(statement);
  if (!context.for_cursor) return plan_bound_query(std::move(query), context);
  size_t shown = query.result.size();
  std::vector<CursorKey> keys = add_cursor_keys(query);
  std::unique_ptr<PhysicalPlan> plan = plan_bound_query(std::move(query), context);
  plan->columns.resize(shown);
  plan->cursor_keys = std::move(keys);
  return plan;
}

}  // namespace luma
