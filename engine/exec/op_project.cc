#include "engine/exec/op_project.h"

#include <algorithm>

#include "engine/exec/parallel_safety.h"

namespace luma {

std::vector<PhysicalType> physical_types_of(const std::vector<const Expr*>& exprs) {
  std::vector<PhysicalType> types;
  types.reserve(exprs.size());
  for (const Expr* expr : exprs) types.push_back(expr->physical);
  return types;
}

ExprListEvaluator::ExprListEvaluator(std::vector<const Expr*> exprs) : exprs_(std::move(exprs)) {
  for (const Expr* expr : exprs_) {
    evaluators_.push_back(expr->kind == ExprKind::kSlot ? nullptr
                                                        : std::make_unique<ExprEvaluator>(*expr));
  }
}

const Vector& ExprListEvaluator::evaluate_one(EvalContext& context, const Chunk& input, size_t i) {
  return evaluators_[i] ? evaluators_[i]->evaluate(context, input)
                        : input.columns[exprs_[i]->index];
}

void ExprListEvaluator::evaluate(EvalContext& context, const Chunk& input, Chunk& out,
                                 size_t first) {
  for (size_t i = 0; i < exprs_.size(); ++i) {
    out.columns[first + i].reference(evaluate_one(context, input, i));
  }
  out.size = input.size;
}

void ExprListEvaluator::evaluate(EvalContext& context, const Chunk& input,
                                 std::vector<const Vector*>& out) {
  out.clear();
  for (size_t i = 0; i < exprs_.size(); ++i) out.push_back(&evaluate_one(context, input, i));
}

ProjectOperator::ProjectOperator(OperatorPtr child, std::vector<const Expr*> exprs)
    : Operator(physical_types_of(exprs)),
      child_(std::move(child)),
      exprs_(std::move(exprs)),
      errors_(child_->output_types()),
      output_(output_types()) {
  explain.node_type = "Result";
  for (const Expr* expr : exprs_.exprs()) is_repeatable_ &= RowErrors::is_repeatable(*expr);
}

bool ProjectOperator::is_divisible() const {
  return child_->is_divisible() && are_parallel_safe(exprs_.exprs());
}

OperatorPtr ProjectOperator::make_sibling() {
  return std::make_unique<ProjectOperator>(child_->make_sibling(), exprs_.exprs());
}

bool ProjectOperator::accept_filter(uint32_t column, const JoinFilterRef& filter) {
  const Expr& expr = *exprs_.exprs()[column];
  // What is volatile is to happen for every row.
  return expr.kind == ExprKind::kSlot && are_parallel_safe(exprs_.exprs()) &&
         offer_filter(*child_, expr.index, filter);
}

void ProjectOperator::accept_bound(uint32_t column, const std::shared_ptr<const TopBound>& bound) {
  // What can fail, or is volatile, is to happen for every row.
  const std::vector<const Expr*>& exprs = exprs_.exprs();
  if (std::all_of(exprs.begin(), exprs.end(),
                  [](const Expr* expr) { return expr->kind == ExprKind::kSlot; })) {
    offer_bound(*child_, exprs[column]->index, bound);
  }
}

void ProjectOperator::do_open(ExecContext& context) {
  errors_.clear();
  child_->open(context);
}

const Chunk* ProjectOperator::do_next(ExecContext& context) {
  errors_.raise();
  const Chunk* chunk = child_->next(context);
  if (chunk == nullptr) return nullptr;
  try {
    exprs_.evaluate(context, *chunk, output_);
  } catch (const SqlError& error) {
    if (!is_repeatable_) throw;
    auto evaluate = [&](const Chunk& rows) { exprs_.evaluate(context, rows, output_); };
    evaluate(errors_.rows_before(error, *chunk, evaluate));
  }
  return &output_;
}

}  // namespace luma
