#pragma once
// Filter: the child's rows for which a condition is true. Rows are not copied: the output is a
// selection over the child's chunk.
#include "engine/exec/evaluator.h"
#include "engine/exec/join_filter.h"
#include "engine/exec/operator.h"
#include "engine/exec/row_errors.h"

namespace luma {

class FilterOperator final : public Operator, public JoinFilterTarget {
 public:
  // `condition`: boolean, slots over the child's output; must outlive the operator.
  FilterOperator(OperatorPtr child, const Expr* condition);
  std::vector<Operator*> children() override { return {child_.get()}; }
  bool is_divisible() const override;
  size_t divide(ExecContext& context) override { return child_->divide(context); }
  OperatorPtr make_sibling() override;
  bool accept_filter(uint32_t column, const JoinFilterRef& filter) override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override { child_->close(context); }

  OperatorPtr child_;
  ExprEvaluator condition_;
  bool is_repeatable_;
  RowErrors errors_;
  std::vector<uint32_t> selection_;
  Chunk output_;
};

}  // namespace luma
