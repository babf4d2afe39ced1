#include "engine/exec/op_values.h"

namespace luma {

ValuesOperator::ValuesOperator(std::vector<PhysicalType> types,
                               std::vector<std::vector<const Expr*>> rows)
    : Operator(std::move(types)), rows_(std::move(rows)), output_(output_types()) {
  explain.node_type = "Values Scan";
  for (const auto& row : rows_) {
    auto& evaluators = evaluators_.emplace_back();
    for (const Expr* expr : row) {
      evaluators.push_back(
          expr->kind == ExprKind::kConstant ? nullptr : std::make_unique<ExprEvaluator>(*expr, 1));
    }
  }
}

const Chunk* ValuesOperator::do_next(ExecContext& context) {
  if (next_row_ == rows_.size()) return nullptr;
  output_.begin();
  for (; output_.size < kVectorSize && next_row_ < rows_.size(); ++next_row_, ++output_.size) {
    const auto& row = rows_[next_row_];
    for (size_t c = 0; c < row.size(); ++c) {
      auto& evaluator = evaluators_[next_row_][c];
      if (evaluator) {
        output_.columns[c].set_value(output_.size, evaluator->evaluate_scalar(context));
      } else {
        output_.columns[c].set_value(output_.size, row[c]->constant, false);
      }
    }
  }
  return &output_;
}

AppendOperator::AppendOperator(std::vector<OperatorPtr> inputs, std::vector<Gate> gates)
    : Operator(inputs.at(0)->output_types()), inputs_(std::move(inputs)), gates_(std::move(gates)) {
  explain.node_type = "Append";
}

std::vector<Operator*> AppendOperator::children() {
  std::vector<Operator*> all;
  for (OperatorPtr& input : inputs_) all.push_back(input.get());
  return all;
}

void AppendOperator::do_open(ExecContext& context) {
  do_close(context);
  current_ = 0;
}

const Chunk* AppendOperator::do_next(ExecContext& context) {
  for (; current_ < inputs_.size(); ++current_) {
    if (!is_open_) {
      bool gated = current_ < gates_.size() && gates_[current_] != nullptr;
      if (gated && !gates_[current_](context)) continue;
      is_open_ = true;
      inputs_[current_]->open(context);
    }
    if (const Chunk* chunk = inputs_[current_]->next(context)) return chunk;
    inputs_[current_]->close(context);
    is_open_ = false;
  }
  return nullptr;
}

void AppendOperator::do_close(ExecContext& context) {
  if (is_open_) inputs_[current_]->close(context);
  is_open_ = false;
  current_ = inputs_.size();
}

}  // namespace luma
