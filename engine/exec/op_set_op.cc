#include "engine/exec/op_set_op.h"

#include <algorithm>

#include "engine/exec/op_distinct.h"
#include "engine/exec/op_values.h"

namespace luma {

namespace {

std::vector<KeyType> key_types(const std::vector<TypeRef>& types,
                               const std::vector<PhysicalType>& physical) {
  std::vector<KeyType> keys;
  for (size_t i = 0; i < types.size(); ++i) keys.push_back(KeyType::of(types[i], physical[i]));
  return keys;
}

}  // namespace

SetOpOperator::SetOpOperator(SetOpMode mode, OperatorPtr left, OperatorPtr right,
                             const std::vector<TypeRef>& types)
    : Operator(left->output_types()),
      mode_(mode),
      left_(std::move(left)),
      right_(std::move(right)),
      table_(key_types(types, output_types()), sizeof(Counts)),
      spill_types_(output_types()),
      groups_(kVectorSize),
      created_(kVectorSize),
      missing_(kVectorSize),
      output_(output_types()) {
  explain.node_type = "HashSetOp";
  spill_types_.push_back(PhysicalType::kBool);
}

void SetOpOperator::do_open(ExecContext& context) {
  left_->open(context);
  right_->open(context);
  table_.open(context.memory);
  consumed_ = is_full_ = false;
  depth_ = 0;
  spill_.reset();
  parts_.clear();
  cursor_ = {};
  repeats_left_ = 0;
}

void SetOpOperator::do_close(ExecContext& context) {
  left_->close(context);
  right_->close(context);
  table_.close();
  spill_.reset();
  parts_.clear();
}

void SetOpOperator::consume(ExecContext& context, const Chunk& rows, int side) {
  columns_ = column_pointers(rows);
  columns_.resize(output_types().size());
  table_.prepare(columns_, rows.size);
  // A row that only the right side has never comes out: no group for it.
  bool insert = side == 0 && !is_full_;
  uint32_t created = table_.find(insert, groups_.data(), created_.data());
  (void)created;
  uint32_t missing = 0;
  for (uint32_t i = 0; i < rows.size; ++i) {
    if (groups_[i] == nullptr) {
      missing_[missing++] = i;
      continue;
    }
    auto* counts = reinterpret_cast<Counts*>(table_.tail(groups_[i]));
    ++(side == 0 ? counts->left : counts->right);
  }
  // Without a group while all of the left is in memory: the left side does not have it.
  if (missing != 0 && is_full_) {
    if (!spill_) spill_ = std::make_unique<PartitionedSpill>(spill_types_, depth_);
    Vector side_column(PhysicalType::kBool);
    side_column.set_constant(Datum::of_bool(side != 0));
    columns_.push_back(&side_column);
    spill_->append(context, columns_, table_.hashes(), missing_.data(), missing);
  }
  if (!is_full_ && side == 0) {
    stats().peak_memory_bytes = std::max(stats().peak_memory_bytes, table_.bytes());
    is_full_ = table_.bytes() > context.hash_mem_bytes() && depth_ < PartitionedSpill::kMaxDepth &&
               SpillFile::possible(context);
  }
}

void SetOpOperator::consume_inputs(ExecContext& context) {
  while (const Chunk* chunk = left_->next(context)) consume(context, *chunk, 0);
  while (const Chunk* chunk = right_->next(context)) consume(context, *chunk, 1);
}

bool SetOpOperator::next_part(ExecContext& context) {
  stats().spilled_bytes += queue_parts(spill_, depth_ + 1, parts_);
  if (parts_.empty()) return false;
  SpilledPart part = std::move(parts_.back());
  parts_.pop_back();
  depth_ = part.depth;
  table_.open(context.memory);
  is_full_ = false;
  cursor_ = {};
  // The left rows of a part were written before its right rows.
  SpillFile::Reader reader(*part.file);
  Chunk chunk(spill_types_);
  Chunk run(output_types());
  std::vector<uint32_t> selection(kVectorSize);
  while (reader.next(chunk)) {
    if (context.interrupt != nullptr) context.interrupt->check();
    for (int side = 0; side < 2; ++side) {
      uint32_t count = 0;
      for (uint32_t i = 0; i < chunk.size; ++i) {
        if (chunk.columns.back().value(i).datum.b == (side != 0)) selection[count++] = i;
      }
      if (count == 0) continue;
      run.slice(chunk, selection.data(), count);
      consume(context, run, side);
    }
  }
  return true;
}

uint64_t SetOpOperator::copies(const Counts& counts) const {
  switch (mode_) {
    case SetOpMode::kIntersect:
      return counts.left > 0 && counts.right > 0 ? 1 : 0;
    case SetOpMode::kIntersectAll:
      return std::min(counts.left, counts.right);
    case SetOpMode::kExcept:
      return counts.left > 0 && counts.right == 0 ? 1 : 0;
    default:
      return counts.left > counts.right ? counts.left - counts.right : 0;
  }
}

const Chunk* SetOpOperator::do_next(ExecContext& context) {
  if (!consumed_) {
    consumed_ = true;
    consume_inputs(context);
  }
  uint32_t count = 0;
  while (true) {
    while (count < kVectorSize) {
      if (repeats_left_ == 0) {
        if (table_.rows().scan(cursor_, &repeated_, 1) == 0) break;
        Counts counts;
        std::memcpy(&counts, table_.tail(repeated_), sizeof counts);
        repeats_left_ = copies(counts);
        continue;
      }
      groups_[count++] = repeated_;
      --repeats_left_;
    }
    if (count != 0) {
      table_.rows().gather(groups_.data(), count, output_);
      return &output_;
    }
    if (!next_part(context)) return nullptr;
  }
}

OperatorPtr make_set_operation(SetOpMode mode, OperatorPtr left, OperatorPtr right,
                               const std::vector<TypeRef>& types) {
  if (mode != SetOpMode::kUnion && mode != SetOpMode::kUnionAll) {
    return std::make_unique<SetOpOperator>(mode, std::move(left), std::move(right), types);
  }
  std::vector<OperatorPtr> inputs;
  inputs.push_back(std::move(left));
  inputs.push_back(std::move(right));
  OperatorPtr all = std::make_unique<AppendOperator>(std::move(inputs));
  if (mode == SetOpMode::kUnionAll) return all;
  return std::make_unique<DistinctOperator>(std::move(all), types);
}

}  // namespace luma
