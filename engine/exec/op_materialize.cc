#include "engine/exec/op_materialize.h"

#include <utility>

namespace luma {

MaterializeOperator::MaterializeOperator(OperatorPtr child)
    : Operator(child->output_types()),
      child_(std::move(child)),
      rows_(output_types()),
      output_(output_types()) {
  explain.node_type = "Materialize";
}

void MaterializeOperator::do_open(ExecContext& context) {
  cursor_ = {};
  if (execution_id_ == context.execution_id) return;
  execution_id_ = context.execution_id;
  complete_ = false;
  rows_.clear();
  child_->open(context);
}

const Chunk* MaterializeOperator::do_next(ExecContext& context) {
  if (execution_id_ != context.execution_id) return nullptr;
  if (rows_.read(cursor_, output_)) return &output_;
  if (complete_) return nullptr;
  const Chunk* chunk = child_->next(context);
  if (chunk == nullptr) {
    complete_ = true;
    return nullptr;
  }
  rows_.append(context, *chunk);
  return rows_.read(cursor_, output_) ? &output_ : nullptr;
}

void MaterializeOperator::do_close(ExecContext& context) {
  stats().spilled_bytes += rows_.spilled_bytes();
  child_->close(context);
  cursor_ = {};
  rows_.clear();
  execution_id_ = 0;
}

CteProducer::CteProducer(OperatorPtr plan, bool modifies_data)
    : plan_(std::move(plan)), modifies_data_(modifies_data), rows_(plan_->output_types()) {}

void CteProducer::reset(ExecContext& context) {
  close(context);
  complete_ = false;
}

void CteProducer::close(ExecContext& context) {
  if (started_) plan_->close(context);
  started_ = false;
  complete_ = true;
  rows_.clear();
}

bool CteProducer::produce(ExecContext& context) {
  if (complete_) return false;
  if (!started_) {
    started_ = true;
    plan_->open(context);
  }
  const Chunk* chunk = plan_->next(context);
  if (chunk == nullptr) {
    complete_ = true;
    return false;
  }
  rows_.append(context, *chunk);
  return true;
}

bool CteProducer::read(ExecContext& context, ChunkStore::Cursor& cursor, Chunk& out) {
  return rows_.read(cursor, out) || (produce(context) && rows_.read(cursor, out));
}

void CteProducer::run_to_end(ExecContext& context) {
  while (produce(context)) {
  }
}

WithOperator::WithOperator(OperatorPtr main, std::vector<std::shared_ptr<CteProducer>> ctes)
    : Operator(main->output_types()), main_(std::move(main)), ctes_(std::move(ctes)) {
  explain.node_type = "With";
}

std::vector<Operator*> WithOperator::children() {
  std::vector<Operator*> all{main_.get()};
  for (const auto& cte : ctes_) all.push_back(&cte->plan());
  return all;
}

void WithOperator::do_open(ExecContext& context) {
  for (const auto& cte : ctes_) cte->reset(context);
  finished_ = false;
  main_->open(context);
}

const Chunk* WithOperator::do_next(ExecContext& context) {
  if (finished_) return nullptr;
  if (const Chunk* chunk = main_->next(context)) return chunk;
  finished_ = true;
  for (const auto& cte : ctes_) {
    if (cte->modifies_data()) cte->run_to_end(context);
  }
  return nullptr;
}

void WithOperator::do_close(ExecContext& context) {
  main_->close(context);
  for (const auto& cte : ctes_) cte->close(context);
  finished_ = true;
}

CteScanOperator::CteScanOperator(std::shared_ptr<CteProducer> cte)
    : Operator(cte->output_types()), cte_(std::move(cte)), output_(output_types()) {
  explain.node_type = "CTE Scan";
}

const Chunk* CteScanOperator::do_next(ExecContext& context) {
  return cte_->read(context, cursor_, output_) ? &output_ : nullptr;
}

WorkTableScanOperator::WorkTableScanOperator(std::shared_ptr<WorkTable> table)
    : Operator(table->rows.types()), table_(std::move(table)), output_(output_types()) {
  explain.node_type = "WorkTable Scan";
}

const Chunk* WorkTableScanOperator::do_next(ExecContext&) {
  return table_->rows.read(cursor_, output_) ? &output_ : nullptr;
}

RecursiveUnionOperator::RecursiveUnionOperator(OperatorPtr initial, OperatorPtr recursive,
                                               std::shared_ptr<WorkTable> table,
                                               const std::vector<TypeRef>& types)
    : Operator(initial->output_types()),
      initial_(std::move(initial)),
      recursive_(std::move(recursive)),
      table_(std::move(table)),
      next_rows_(output_types()),
      groups_(kVectorSize),
      created_(kVectorSize),
      output_(output_types()) {
  explain.node_type = "Recursive Union";
  if (types.empty()) return;
  std::vector<KeyType> keys;
  for (size_t i = 0; i < types.size(); ++i)
    keys.push_back(KeyType::of(types[i], output_types()[i]));
  seen_ = std::make_unique<GroupTable>(std::move(keys), 0);
}

void RecursiveUnionOperator::do_open(ExecContext& context) {
  if (step_open_) recursive_->close(context);
  step_open_ = false;
  table_->rows.clear();
  next_rows_.clear();
  if (seen_) seen_->open(context.memory);
  in_initial_ = true;
  done_ = false;
  initial_->open(context);
}

void RecursiveUnionOperator::do_close(ExecContext& context) {
  initial_->close(context);
  recursive_->close(context);
  step_open_ = false;
  done_ = true;
  table_->rows.clear();
  next_rows_.clear();
  if (seen_) seen_->close();
}

// The rows not seen before; nullptr when there are none.
const Chunk* RecursiveUnionOperator::keep_new(const Chunk& chunk) {
  if (!seen_) return &chunk;
  seen_->prepare(column_pointers(chunk), chunk.size);
  uint32_t count = seen_->find(true, groups_.data(), created_.data());
  if (count == 0) return nullptr;
  output_.slice(chunk, created_.data(), count);
  return &output_;
}

const Chunk* RecursiveUnionOperator::do_next(ExecContext& context) {
  while (!done_) {
    Operator& term = in_initial_ ? *initial_ : *recursive_;
    if (!in_initial_ && !step_open_) {
      if (next_rows_.row_count() == 0) {
        done_ = true;
        break;
      }
      table_->rows.clear();
      std::swap(table_->rows, next_rows_);
      step_open_ = true;
      recursive_->open(context);
    }
    const Chunk* chunk = term.next(context);
    if (chunk == nullptr) {
      in_initial_ = false;
      step_open_ = false;
      continue;
    }
    const Chunk* fresh = keep_new(*chunk);
    if (fresh == nullptr) continue;
    next_rows_.append(context, *fresh);
    return fresh;
  }
  return nullptr;
}

}  // namespace luma
