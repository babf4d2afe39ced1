#pragma once
// Project: one output column per expression. Plain slots are passed on without work.
// Set-returning calls in the select list are ProjectSet's (op_project_set.h).
#include "engine/exec/evaluator.h"
#include "engine/exec/join_filter.h"
#include "engine/exec/operator.h"
#include "engine/exec/row_errors.h"
#include "engine/exec/top_bound.h"

namespace luma {

// Output types of a list of expressions.
std::vector<PhysicalType> physical_types_of(const std::vector<const Expr*>& exprs);

// Evaluates several expressions over one chunk into the columns of another (as views). Not
// thread-safe.
class ExprListEvaluator {
 public:
  explicit ExprListEvaluator(std::vector<const Expr*> exprs);
  size_t size() const { return exprs_.size(); }
  const std::vector<const Expr*>& exprs() const { return exprs_; }
  // Valid as long as `input` and until the next call. out.columns must have size() columns from
  // `first` on.
  void evaluate(EvalContext& context, const Chunk& input, Chunk& out, size_t first = 0);
  // The same as pointers, without a chunk.
  void evaluate(EvalContext& context, const Chunk& input, std::vector<const Vector*>& out);

 private:
  const Vector& evaluate_one(EvalContext& context, const Chunk& input, size_t i);
  std::vector<const Expr*> exprs_;
  std::vector<std::unique_ptr<ExprEvaluator>> evaluators_;  // nullptr for slots
};

class ProjectOperator final : public Operator, public JoinFilterTarget, public TopBoundTarget {
 public:
  // Expressions: slots over the child's output; they must outlive the operator.
  ProjectOperator(OperatorPtr child, std::vector<const Expr*> exprs);
  std::vector<Operator*> children() override { return {child_.get()}; }
  bool is_divisible() const override;
  size_t divide(ExecContext& context) override { return child_->divide(context); }
  OperatorPtr make_sibling() override;
  bool accept_filter(uint32_t column, const JoinFilterRef& filter) override;
  void accept_bound(uint32_t column, const std::shared_ptr<const TopBound>& bound) override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override { child_->close(context); }

  OperatorPtr child_;
  ExprListEvaluator exprs_;
  bool is_repeatable_ = true;
  RowErrors errors_;
  Chunk output_;
};

}  // namespace luma
