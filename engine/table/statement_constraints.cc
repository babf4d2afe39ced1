#include "engine/table/constraint_queue.h"
#include "engine/table/modify.h"

namespace luma {

StatementConstraintsOperator::StatementConstraintsOperator(OperatorPtr child)
    : Operator(child->output_types()),
      child_(std::move(child)),
      queue_(std::make_unique<ConstraintQueue>()) {
  explain.node_type = "Statement Constraints";
}

StatementConstraintsOperator::~StatementConstraintsOperator() = default;

std::vector<Operator*> StatementConstraintsOperator::children() { return {child_.get()}; }

void StatementConstraintsOperator::do_open(ExecContext& context) {
  queue_->begin(context);
  context.constraints = queue_.get();
  done_ = false;
  child_->open(context);
}

const Chunk* StatementConstraintsOperator::do_next(ExecContext& context) {
  if (done_) return nullptr;
  if (const Chunk* chunk = child_->next(context)) return chunk;
  done_ = true;
  queue_->run();
  return nullptr;
}

void StatementConstraintsOperator::do_close(ExecContext& context) {
  child_->close(context);
  queue_->end();
  context.constraints = nullptr;
}

}  // namespace luma
