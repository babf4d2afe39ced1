#include "engine/exec/op_filter.h"

#include "engine/exec/parallel_safety.h"

namespace luma {

FilterOperator::FilterOperator(OperatorPtr child, const Expr* condition)
    : Operator(child->output_types()),
      child_(std::move(child)),
      condition_(*condition),
      is_repeatable_(RowErrors::is_repeatable(*condition)),
      errors_(child_->output_types()),
      selection_(kVectorSize),
      output_(output_types()) {
  explain.node_type = "Filter";
}

bool FilterOperator::is_divisible() const {
  return child_->is_divisible() && is_parallel_safe(condition_.expr());
}

OperatorPtr FilterOperator::make_sibling() {
  return std::make_unique<FilterOperator>(child_->make_sibling(), &condition_.expr());
}

bool FilterOperator::accept_filter(uint32_t column, const JoinFilterRef& filter) {
  return is_parallel_safe(condition_.expr()) && offer_filter(*child_, column, filter);
}

void FilterOperator::do_open(ExecContext& context) {
  errors_.clear();
  child_->open(context);
}

const Chunk* FilterOperator::do_next(ExecContext& context) {
  errors_.raise();
  while (const Chunk* chunk = child_->next(context)) {
    uint32_t count = 0;
    try {
      count = condition_.select(context, *chunk, selection_.data());
    } catch (const SqlError& error) {
      if (!is_repeatable_) throw;
      chunk = &errors_.rows_before(error, *chunk, [&](const Chunk& rows) {
        condition_.select(context, rows, selection_.data());
      });
      count = condition_.select(context, *chunk, selection_.data());
      if (count == 0) errors_.raise();
    }
    if (count == chunk->size) return chunk;
    if (count == 0) continue;
    output_.slice(*chunk, selection_.data(), count);
    return &output_;
  }
  return nullptr;
}

}  // namespace luma
