#include "engine/exec/op_hash_join.h"

#include <algorithm>
#include <utility>

#include "engine/base/sql_error.h"

namespace luma {

namespace {

std::vector<const Expr*> side(const std::vector<HashJoinKey>& keys,
                              const Expr* HashJoinKey::*member) {
  std::vector<const Expr*> exprs;
  for (const HashJoinKey& key : keys) exprs.push_back(key.*member);
  return exprs;
}
std::vector<KeyType> types_of(const std::vector<HashJoinKey>& keys) {
  std::vector<KeyType> types;
  for (const HashJoinKey& key : keys) {
    LUMA_CHECK(key.left->physical == key.right->physical);
    types.push_back(KeyType::of(*key.left));
  }
  return types;
}
std::vector<bool> null_matches(const std::vector<HashJoinKey>& keys) {
  std::vector<bool> flags;
  for (const HashJoinKey& key : keys) flags.push_back(key.null_rule == NullRule::kMatchesNull);
  return flags;
}
std::vector<PhysicalType> concat(std::vector<PhysicalType> a, const std::vector<PhysicalType>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

HashJoinOperator::HashJoinOperator(JoinMode mode, OperatorPtr left, OperatorPtr right,
                                   std::vector<HashJoinKey> keys, const Expr* residual)
    : Operator(join_output_types(mode, left->output_types(), right->output_types())),
      mode_(mode),
      left_(std::move(left)),
      right_(std::move(right)),
      keys_(std::move(keys)),
      key_types_(types_of(keys_)),
      left_keys_(side(keys_, &HashJoinKey::left)),
      right_keys_(side(keys_, &HashJoinKey::right)),
      residual_(residual == nullptr ? nullptr : std::make_unique<ExprEvaluator>(*residual)),
      table_(right_->output_types(), key_types_, null_matches(keys_), keeps_right(mode)),
      left_columns_(static_cast<uint32_t>(left_->output_types().size())),
      right_columns_(static_cast<uint32_t>(right_->output_types().size())),
      left_chunk_(left_->output_types()),
      right_chunk_(right_->output_types()),
      matched_(kVectorSize),
      usable_(kVectorSize),
      excluded_(kVectorSize),
      pair_left_(kVectorSize),
      selection_(kVectorSize),
      hashes_(kVectorSize),
      pair_right_(kVectorSize),
      joined_(concat(left_->output_types(), right_->output_types())),
      output_(output_types()) {
  three_valued_ = (mode == JoinMode::kMark || mode == JoinMode::kNullAwareAnti) &&
                  std::any_of(keys_.begin(), keys_.end(), [](const HashJoinKey& k) {
                    return k.null_rule == NullRule::kUnknown;
                  });
  simple_unknown_ = keys_.size() == 1 && residual_ == nullptr;
  const char* label = join_mode_label(mode);
  explain.node_type = *label == '\0' ? "Hash Join" : "Hash " + std::string(label) + " Join";
}

void HashJoinOperator::do_open(ExecContext& context) {
  left_->open(context);
  right_->open(context);
  table_.open(context.memory);
  phase_ = Phase::kBuild;
  build_rows_ = 0;
  build_has_null_ = false;
  right_spill_.reset();
  left_spill_.reset();
  parts_.clear();
  left_reader_.reset();
  part_ = {};
  probe_ = nullptr;
  collecting_ = false;
}

void HashJoinOperator::do_close(ExecContext& context) {
  left_->close(context);
  right_->close(context);
  table_.close();
  right_spill_.reset();
  left_spill_.reset();
  parts_.clear();
  left_reader_.reset();
  part_ = {};
  phase_ = Phase::kDone;
  probe_ = nullptr;
}

// --- build ---

// False when the table has outgrown work_mem.
bool HashJoinOperator::add_build_rows(ExecContext& context, const Chunk& chunk) {
  right_keys_.evaluate(context, chunk, key_columns_);
  std::vector<const Vector*> payload = column_pointers(chunk);
  uint32_t usable = table_.split_nulls(key_columns_, chunk.size, usable_.data(), excluded_.data());
  table_.append(key_columns_, payload, usable_.data(), usable, chunk.size, true);
  uint32_t excluded = chunk.size - usable;
  if (excluded != 0) {
    build_has_null_ = true;
    if (keeps_right(mode_) || (three_valued_ && !simple_unknown_)) {
      table_.append(key_columns_, payload, excluded_.data(), excluded, chunk.size, false);
    }
  }
  return table_.bytes() <= context.work_mem_bytes;
}

void HashJoinOperator::spill_rows(ExecContext& context, ExprListEvaluator& keys, const Chunk& rows,
                                  PartitionedSpill& to) {
  keys.evaluate(context, rows, key_columns_);
  table_.hash(key_columns_, rows.size, hashes_.data());
  to.append(context, column_pointers(rows), hashes_.data(), nullptr, rows.size);
}

void HashJoinOperator::start_spilling(ExecContext& context) {
  right_spill_ = std::make_unique<PartitionedSpill>(right_->output_types(), 0);
  RowCollection::Cursor cursor;
  while (uint32_t count = table_.rows().scan(cursor, pair_right_.data(), kVectorSize)) {
    table_.rows().gather(pair_right_.data(), count, right_chunk_);
    spill_rows(context, right_keys_, right_chunk_, *right_spill_);
  }
  table_.open(context.memory);
}

void HashJoinOperator::build(ExecContext& context) {
  const bool may_spill = SpillFile::possible(context) && (!three_valued_ || simple_unknown_);
  while (const Chunk* chunk = right_->next(context)) {
    build_rows_ += chunk->size;
    if (right_spill_) {
      right_keys_.evaluate(context, *chunk, key_columns_);
      uint32_t usable =
          table_.split_nulls(key_columns_, chunk->size, usable_.data(), excluded_.data());
      build_has_null_ |= usable != chunk->size;
      spill_rows(context, right_keys_, *chunk, *right_spill_);
    } else if (!add_build_rows(context, *chunk) && may_spill) {
      start_spilling(context);
    }
  }
  stats().peak_memory_bytes = std::max(stats().peak_memory_bytes, table_.bytes());
  if (!right_spill_) {
    table_.finish(is_semi_like() && residual_ == nullptr);
    return;
  }
  spill_probe_side(context);
  stats().spilled_bytes += right_spill_->bytes() + left_spill_->bytes();
  add_parts(left_spill_.get(), right_spill_.get(), 1);
  left_spill_.reset();
  right_spill_.reset();
  if (!next_part(context)) phase_ = Phase::kDone;
}

void HashJoinOperator::spill_probe_side(ExecContext& context) {
  left_spill_ = std::make_unique<PartitionedSpill>(left_->output_types(), 0);
  while (const Chunk* chunk = left_->next(context))
    spill_rows(context, left_keys_, *chunk, *left_spill_);
}

void HashJoinOperator::add_parts(PartitionedSpill* left, PartitionedSpill* right, uint32_t depth) {
  auto left_files = left->take();
  auto right_files = right->take();
  for (uint32_t i = 0; i < PartitionedSpill::kParts; ++i) {
    if (!left_files[i] && !(right_files[i] && keeps_right(mode_))) continue;
    parts_.push_back({std::move(left_files[i]), std::move(right_files[i]), depth});
  }
}

// Makes the next part the one that is probed; false when there is none.
bool HashJoinOperator::next_part(ExecContext& context) {
  while (!parts_.empty()) {
    left_reader_.reset();
    part_ = std::move(parts_.back());
    parts_.pop_back();
    if (!load_part(context, part_)) continue;
    phase_ = Phase::kProbe;
    probe_ = nullptr;
    if (part_.left) left_reader_ = std::make_unique<SpillFile::Reader>(*part_.left);
    return true;
  }
  return false;
}

// False when the part was too large and has been divided instead.
bool HashJoinOperator::load_part(ExecContext& context, Part& part) {
  table_.open(context.memory);
  if (part.right) {
    SpillFile::Reader reader(*part.right);
    bool fits = true;
    while (fits && reader.next(right_chunk_)) {
      if (context.interrupt != nullptr) context.interrupt->check();
      fits = add_build_rows(context, right_chunk_) || part.depth >= PartitionedSpill::kMaxDepth;
    }
    if (!fits) {
      table_.open(context.memory);
      auto divide = [&](SpillFile* file, ExprListEvaluator& keys, Chunk& chunk,
                        const Operator& child) {
        PartitionedSpill to(child.output_types(), part.depth);
        if (file != nullptr) {
          SpillFile::Reader rows(*file);
          while (rows.next(chunk)) spill_rows(context, keys, chunk, to);
        }
        stats().spilled_bytes += to.bytes();
        return to;
      };
      PartitionedSpill left = divide(part.left.get(), left_keys_, left_chunk_, *left_);
      PartitionedSpill right = divide(part.right.get(), right_keys_, right_chunk_, *right_);
      add_parts(&left, &right, part.depth + 1);
      return false;
    }
  }
  table_.finish(is_semi_like() && residual_ == nullptr);
  return true;
}

// --- probe ---

const Chunk* HashJoinOperator::do_next(ExecContext& context) {
  if (phase_ == Phase::kBuild) {
    phase_ = Phase::kProbe;
    build(context);
    bool empty_ends =
        mode_ == JoinMode::kInner || mode_ == JoinMode::kSemi || mode_ == JoinMode::kRight;
    if (build_rows_ == 0 && empty_ends) phase_ = Phase::kDone;
  }
  while (phase_ != Phase::kDone) {
    if (phase_ == Phase::kProbe) {
      if (probe_ == nullptr && !next_probe_chunk(context)) {
        phase_ = Phase::kUnmatchedBuild;
        cursor_ = {};
        continue;
      }
      if (const Chunk* chunk = probe_step(context)) return chunk;
      continue;
    }
    if (keeps_right(mode_)) {
      if (const Chunk* chunk = emit_unmatched_build()) return chunk;
    }
    if (!next_part(context)) phase_ = Phase::kDone;
  }
  return nullptr;
}

bool HashJoinOperator::next_probe_chunk(ExecContext& context) {
  if (part_.left || part_.right) {
    if (context.interrupt != nullptr) context.interrupt->check();
    probe_ = left_reader_ && left_reader_->next(left_chunk_) ? &left_chunk_ : nullptr;
  } else {
    probe_ = left_->next(context);
  }
  if (probe_ == nullptr) return false;
  left_keys_.evaluate(context, *probe_, key_columns_);
  uint32_t usable =
      table_.split_nulls(key_columns_, probe_->size, usable_.data(), excluded_.data());
  table_.probe(key_columns_, usable_.data(), usable, probe_->size);
  std::fill_n(matched_.begin(), probe_->size, uint8_t{0});
  collecting_ = true;
  return true;
}

// One step over the current probe chunk; nullptr when it produced nothing.
const Chunk* HashJoinOperator::probe_step(ExecContext& context) {
  if (collecting_) {
    const bool semi_like = is_semi_like();
    uint32_t count =
        table_.collect(semi_like ? matched_.data() : nullptr, semi_like && residual_ == nullptr,
                       pair_left_.data(), pair_right_.data());
    if (count != 0) {
      if (context.interrupt != nullptr) context.interrupt->check();
      return emit_matches(context, count);
    }
    collecting_ = false;
  }
  return finish_probe_chunk(context);
}

const Chunk* HashJoinOperator::emit_matches(ExecContext& context, uint32_t count) {
  const bool semi_like = is_semi_like();
  const uint32_t* kept = nullptr;
  uint32_t kept_count = count;
  if (residual_ != nullptr) {
    for (uint32_t c = 0; c < left_columns_; ++c) {
      joined_.columns[c].slice(probe_->columns[c], pair_left_.data(), count);
    }
    for (uint32_t c = 0; c < right_columns_; ++c) {
      table_.rows().gather(c, pair_right_.data(), count, joined_.columns[left_columns_ + c]);
    }
    joined_.size = count;
    kept_count = residual_->select(context, joined_, selection_.data());
    if (kept_count != count) kept = selection_.data();
    if (kept_count == 0) return nullptr;
  }
  for (uint32_t i = 0; i < kept_count; ++i) {
    uint32_t pair = kept == nullptr ? i : kept[i];
    uint8_t& matched = matched_[pair_left_[pair]];
    if (mode_ == JoinMode::kSingle && matched != 0) throw_second_row();
    matched = 1;
    if (keeps_right(mode_)) table_.set_flag(pair_right_[pair]);
  }
  if (semi_like) return nullptr;
  if (residual_ != nullptr) {
    if (kept == nullptr) return &joined_;
    output_.slice(joined_, kept, kept_count);
    return &output_;
  }
  for (uint32_t c = 0; c < left_columns_; ++c) {
    output_.columns[c].slice(probe_->columns[c], pair_left_.data(), count);
  }
  for (uint32_t c = 0; c < right_columns_; ++c) {
    table_.rows().gather(c, pair_right_.data(), count, output_.columns[left_columns_ + c]);
  }
  output_.size = count;
  return &output_;
}

const Chunk* HashJoinOperator::finish_probe_chunk(ExecContext& context) {
  const Chunk* result = nullptr;
  switch (mode_) {
    case JoinMode::kInner:
    case JoinMode::kRight:
      break;
    case JoinMode::kSemi:
      result = emit_left(true);
      break;
    case JoinMode::kAnti:
      result = emit_left(false);
      break;
    case JoinMode::kNullAwareAnti:
      for (uint32_t i = 0; i < probe_->size; ++i) {
        if (matched_[i] == 0 && is_unknown(context, i)) matched_[i] = 1;
      }
      result = emit_left(false);
      break;
    case JoinMode::kMark:
      result = emit_mark(context);
      break;
    case JoinMode::kLeft:
    case JoinMode::kFull:
    case JoinMode::kSingle:
      result = emit_left(false);
      if (result == nullptr) break;
      if (result == probe_) output_.size = probe_->size;
      for (uint32_t c = 0; c < left_columns_ && result == probe_; ++c) {
        output_.columns[c].reference(probe_->columns[c]);
      }
      for (uint32_t c = 0; c < right_columns_; ++c) {
        output_.columns[left_columns_ + c].set_constant_null();
      }
      result = &output_;
      break;
  }
  probe_ = nullptr;
  return result;
}

// The probe chunk's rows that were (not) matched, left columns only.
const Chunk* HashJoinOperator::emit_left(bool matched) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < probe_->size; ++i) {
    if ((matched_[i] != 0) == matched) selection_[count++] = i;
  }
  if (count == 0) return nullptr;
  if (count == probe_->size) return probe_;
  for (uint32_t c = 0; c < left_columns_; ++c) {
    output_.columns[c].slice(probe_->columns[c], selection_.data(), count);
  }
  output_.size = count;
  return &output_;
}

const Chunk* HashJoinOperator::emit_mark(ExecContext& context) {
  for (uint32_t c = 0; c < left_columns_; ++c) output_.columns[c].reference(probe_->columns[c]);
  Vector& mark = output_.columns[left_columns_];
  mark.begin_flat();
  for (uint32_t i = 0; i < probe_->size; ++i) {
    mark.mutable_data<bool>()[i] = matched_[i] != 0;
    if (matched_[i] == 0 && is_unknown(context, i)) mark.set_null(i);
  }
  output_.size = probe_->size;
  return &output_;
}

bool HashJoinOperator::is_unknown(ExecContext& context, uint32_t row) {
  if (!three_valued_ || build_rows_ == 0) return false;
  if (simple_unknown_) return build_has_null_ || key_columns_[0]->is_null(row);
  bool left_null = false;
  for (size_t k = 0; k < keys_.size(); ++k) {
    if (!key_columns_[k]->is_null(row)) continue;
    if (keys_[k].null_rule == NullRule::kNoMatch) return false;
    left_null |= keys_[k].null_rule == NullRule::kUnknown;
  }
  return (left_null || build_has_null_) && unknown_by_scan(context, row);
}

// Compares one probe row with every build row under three-valued logic.
bool HashJoinOperator::unknown_by_scan(ExecContext& context, uint32_t row) {
  RowCollection::Cursor cursor;
  const RowLayout& layout = table_.layout();
  while (uint32_t count = table_.rows().scan(cursor, pair_right_.data(), kVectorSize)) {
    if (context.interrupt != nullptr) context.interrupt->check();
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; ++i) {
      bool possible = true;
      for (uint32_t k = 0; possible && k < keys_.size(); ++k) {
        Value a = key_columns_[k]->value(row);
        Value b = layout.value(pair_right_[i], table_.key_column(k));
        if (a.is_null || b.is_null) {
          possible = keys_[k].null_rule == NullRule::kUnknown ||
                     (keys_[k].null_rule == NullRule::kMatchesNull && a.is_null && b.is_null);
        } else {
          possible = key_equal(key_types_[k], a.datum, b.datum);
        }
      }
      if (possible) pair_right_[kept++] = pair_right_[i];
    }
    if (kept == 0) continue;
    if (residual_ == nullptr) return true;
    pair_left_.assign(kVectorSize, row);
    for (uint32_t c = 0; c < left_columns_; ++c) {
      joined_.columns[c].slice(probe_->columns[c], pair_left_.data(), kept);
    }
    for (uint32_t c = 0; c < right_columns_; ++c) {
      table_.rows().gather(c, pair_right_.data(), kept, joined_.columns[left_columns_ + c]);
    }
    joined_.size = kept;
    if (residual_->select(context, joined_, selection_.data()) != 0) return true;
  }
  return false;
}

const Chunk* HashJoinOperator::emit_unmatched_build() {
  while (uint32_t count = table_.rows().scan(cursor_, pair_right_.data(), kVectorSize)) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; ++i) {
      if (!table_.has_flag(pair_right_[i])) pair_right_[kept++] = pair_right_[i];
    }
    if (kept == 0) continue;
    for (uint32_t c = 0; c < left_columns_; ++c) output_.columns[c].set_constant_null();
    for (uint32_t c = 0; c < right_columns_; ++c) {
      table_.rows().gather(c, pair_right_.data(), kept, output_.columns[left_columns_ + c]);
    }
    output_.size = kept;
    return &output_;
  }
  return nullptr;
}

}  // namespace luma
