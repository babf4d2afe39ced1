#include "sql/optimize/calls.h"

#include "engine/base/sql_error.h"
#include "engine/type/type_info.h"
#include "sql/function/registry.h"

namespace luma {

namespace {

Expr* make_function_call(PlanContext& context, const FunctionEntry& function, TypeRef type,
                         const std::vector<Expr*>& args) {
  Expr* out = context.arena().make<Expr>();
  out->kind = ExprKind::kFunction;
  out->type = type;
  out->physical = type_info(type.oid).physical;
  out->function = &function;
  out->implementation = function.implementation;
  out->strict = function.strict;
  out->args = copy_span(context.arena(), args);
  return out;
}

}  // namespace

Expr* make_kernel_call(PlanContext& context, VectorKernel kernel, Expr* value, Oid type) {
  Expr* out = context.arena().make<Expr>();
  out->kind = ExprKind::kFunction;
  out->type = {type, -1};
  out->physical = type_info(type).physical;
  out->implementation.kernel = kernel;
  out->strict = true;
  out->args = copy_span(context.arena(), std::vector<Expr*>{value});
  return out;
}

Expr* make_operator_call(PlanContext& context, std::string_view name, Expr* left, Expr* right) {
  const OperatorEntry* op =
      FunctionRegistry::instance().find_operator(name, left->type.oid, right->type.oid);
  LUMA_CHECK(op != nullptr);
  Expr* out = make_function_call(context, *op->implementation, {op->implementation->result, -1},
                                 {left, right});
  out->operator_oid = op->oid;
  return out;
}

Expr* make_same(PlanContext& context, Expr* a, Expr* b) {
  const OperatorEntry* op = FunctionRegistry::instance().equality(a->type.oid);
  LUMA_CHECK(op != nullptr);
  Expr* out = make_function_call(context, *op->implementation, {type_oid::kBool, -1}, {a, b});
  out->operator_oid = op->oid;
  out->kind = ExprKind::kIsNotDistinct;
  out->strict = false;
  return out;
}

Expr* make_coalesce(PlanContext& context, Expr* value, Expr* otherwise) {
  Expr* out = context.arena().make<Expr>();
  out->kind = ExprKind::kCoalesce;
  out->type = value->type;
  out->physical = value->physical;
  out->collation = value->collation;
  out->args = copy_span(context.arena(), std::vector<Expr*>{value, otherwise});
  return out;
}

Expr* make_row_number(PlanContext& context, const std::vector<Expr*>& partition_by,
                      const std::vector<SortKey>& order_by) {
  const FunctionEntry* function = FunctionRegistry::instance().function("row_number", {});
  LUMA_CHECK(function != nullptr);
  Expr* out = make_function_call(context, *function, {function->result, -1}, {});
  auto* window = context.arena().make<WindowInfo>();
  window->partition_by = copy_span(context.arena(), partition_by);
  window->order_by = copy_span(context.arena(), order_by);
  out->kind = ExprKind::kWindow;
  out->window = window;
  return out;
}

ValueForNoRows value_for_no_rows(const Expr& aggregate) {
  const FunctionEntry* function = aggregate.function;
  // A user's may start from any value, and rank() of a hypothetical row is 1.
  if (function == nullptr || function->oid >= kFirstUserOid || function->aggregate == nullptr ||
      function->aggregate->kind == 'h') {
    return ValueForNoRows::kUnknown;
  }
  return function->name == "count" || function->name == "regr_count" ? ValueForNoRows::kZero
                                                                     : ValueForNoRows::kNull;
}

}  // namespace luma
