#include "engine/exec/op_distinct.h"

namespace luma {

namespace {

std::vector<KeyType> key_types(const std::vector<TypeRef>& types,
                               const std::vector<PhysicalType>& physical) {
  std::vector<KeyType> keys;
  for (size_t i = 0; i < types.size(); ++i) keys.push_back(KeyType::of(types[i], physical[i]));
  return keys;
}

}  // namespace

DistinctOperator::DistinctOperator(OperatorPtr child, const std::vector<TypeRef>& types)
    : Operator(child->output_types()),
      child_(std::move(child)),
      table_(key_types(types, output_types()), 0),
      file_chunk_(output_types()),
      groups_(kVectorSize),
      created_(kVectorSize),
      missing_(kVectorSize),
      output_(output_types()) {
  explain.node_type = "HashAggregate";
}

void DistinctOperator::do_open(ExecContext& context) {
  table_.open(context.memory);
  is_full_ = false;
  stats().batches = 1;
  depth_ = 0;
  spill_.reset();
  parts_.clear();
  reader_.reset();
  file_.reset();
  child_->open(context);
}

void DistinctOperator::do_close(ExecContext& context) {
  child_->close(context);
  table_.close();
  spill_.reset();
  parts_.clear();
  reader_.reset();
  file_.reset();
}

const Chunk* DistinctOperator::next_input(ExecContext& context) {
  if (!reader_) return child_->next(context);
  if (context.interrupt != nullptr) context.interrupt->check();
  return reader_->next(file_chunk_) ? &file_chunk_ : nullptr;
}

// Starts with what was put aside, with an empty table.
bool DistinctOperator::next_part(ExecContext& context) {
  stats().spilled_bytes += queue_parts(spill_, depth_ + 1, parts_);
  if (parts_.empty()) return false;
  reader_.reset();
  file_ = std::move(parts_.back().file);
  depth_ = parts_.back().depth;
  parts_.pop_back();
  ++stats().batches;
  reader_ = std::make_unique<SpillFile::Reader>(*file_);
  table_.open(context.memory);
  is_full_ = false;
  return true;
}

void DistinctOperator::spill_missing(ExecContext& context, const Chunk& input) {
  uint32_t missing = 0;
  for (uint32_t i = 0; i < input.size; ++i) {
    if (groups_[i] == nullptr) missing_[missing++] = i;
  }
  if (missing == 0) return;
  if (!spill_) spill_ = std::make_unique<PartitionedSpill>(output_types(), depth_);
  spill_->append(context, columns_, table_.hashes(), missing_.data(), missing);
}

const Chunk* DistinctOperator::do_next(ExecContext& context) {
  while (true) {
    const Chunk* input = next_input(context);
    if (input == nullptr) {
      if (!next_part(context)) return nullptr;
      continue;
    }
    columns_ = column_pointers(*input);
    table_.prepare(columns_, input->size);
    uint32_t created = table_.find(!is_full_, groups_.data(), created_.data());
    if (is_full_) {
      spill_missing(context, *input);
      continue;
    }
    stats().peak_memory_bytes = std::max(stats().peak_memory_bytes, table_.bytes());
    is_full_ = table_.bytes() > context.hash_mem_bytes() && depth_ < PartitionedSpill::kMaxDepth &&
               SpillFile::possible(context);
    if (created == 0) continue;
    if (created == input->size) return input;
    output_.slice(*input, created_.data(), created);
    return &output_;
  }
}

UniqueOperator::UniqueOperator(OperatorPtr child, std::vector<const Expr*> on)
    : Operator(child->output_types()),
      child_(std::move(child)),
      on_(std::move(on)),
      selection_(kVectorSize),
      output_(output_types()) {
  explain.node_type = "Unique";
  for (const Expr* expr : on_.exprs()) types_.push_back(KeyType::of(*expr));
}

void UniqueOperator::do_open(ExecContext& context) {
  has_last_ = false;
  child_->open(context);
}

void UniqueOperator::do_close(ExecContext& context) {
  child_->close(context);
  last_heap_.reset();
}

const Chunk* UniqueOperator::do_next(ExecContext& context) {
  while (const Chunk* input = child_->next(context)) {
    on_.evaluate(context, *input, columns_);
    uint32_t count = 0;
    std::vector<Value> row(types_.size());
    for (uint32_t i = 0; i < input->size; ++i) {
      bool same = has_last_;
      for (size_t c = 0; c < types_.size(); ++c) {
        row[c] = columns_[c]->value(i);
        same = same && row[c].is_null == last_[c].is_null &&
               (row[c].is_null || key_equal(types_[c], row[c].datum, last_[c].datum));
      }
      if (same) continue;
      selection_[count++] = i;
      last_ = row;
      has_last_ = true;
    }
    // What was seen last must survive the child's next chunk.
    auto heap = std::make_unique<Arena>(context.memory);
    for (size_t c = 0; c < types_.size(); ++c) {
      if (!last_[c].is_null) last_[c].datum = copy_datum(last_[c].datum, types_[c].physical, *heap);
    }
    last_heap_ = std::move(heap);
    if (count == 0) continue;
    output_.slice(*input, selection_.data(), count);
    return &output_;
  }
  return nullptr;
}

}  // namespace luma
