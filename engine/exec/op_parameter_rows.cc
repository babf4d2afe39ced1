#include "engine/exec/op_parameter_rows.h"

namespace luma {

ParameterRowsOperator::ParameterRowsOperator(std::vector<PhysicalType> types,
                                             std::vector<const Expr*> exprs)
    : Operator(std::move(types)) {
  explain.node_type = "Values Scan";
  for (PhysicalType type : output_types()) output_.columns.emplace_back(type, 1);
  for (const Expr* expr : exprs) evaluators_.push_back(std::make_unique<ExprEvaluator>(*expr));
}

const Chunk* ParameterRowsOperator::do_next(ExecContext& context) {
  if (rows_ == nullptr || next_ == rows_->size()) return nullptr;
  const Chunk& rows = (*rows_)[next_++];
  for (size_t i = 0; i < evaluators_.size(); ++i) {
    output_.columns[i].reference(evaluators_[i]->evaluate(context, rows));
  }
  output_.size = rows.size;
  return &output_;
}

}  // namespace luma
