#include "engine/exec/op_nested_loop_join.h"

#include <algorithm>

namespace luma {

namespace {

std::unique_ptr<ExprEvaluator> evaluator_of(const Expr* expr) {
  return expr == nullptr ? nullptr : std::make_unique<ExprEvaluator>(*expr);
}
std::vector<PhysicalType> concat(std::vector<PhysicalType> a, const std::vector<PhysicalType>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

NestedLoopJoinOperator::NestedLoopJoinOperator(JoinMode mode, OperatorPtr left, OperatorPtr right,
                                               const Expr* condition, const Expr* comparison)
    : Operator(join_output_types(mode, left->output_types(), right->output_types())),
      mode_(mode),
      left_(std::move(left)),
      right_(std::move(right)),
      condition_(evaluator_of(condition)),
      comparison_(evaluator_of(comparison)),
      inner_rows_(right_->output_types()),
      left_columns_(static_cast<uint32_t>(left_->output_types().size())),
      right_columns_(static_cast<uint32_t>(right_->output_types().size())),
      inner_(right_->output_types()),
      matched_(kVectorSize),
      unknown_(kVectorSize),
      pair_left_(kVectorSize),
      pair_right_(kVectorSize),
      selection_(kVectorSize),
      kept_left_(kVectorSize),
      joined_(concat(left_->output_types(), right_->output_types())),
      passed_(concat(left_->output_types(), right_->output_types())),
      output_(output_types()) {
  const char* label = join_mode_label(mode);
  explain.node_type =
      *label == '\0' ? "Nested Loop" : "Nested Loop " + std::string(label) + " Join";
}

void NestedLoopJoinOperator::do_open(ExecContext& context) {
  left_->open(context);
  right_->open(context);
  inner_rows_.clear();
  loaded_ = outer_done_ = has_inner_ = false;
  outer_ = nullptr;
  cursor_ = {};
}

void NestedLoopJoinOperator::do_close(ExecContext& context) {
  left_->close(context);
  right_->close(context);
  cursor_ = {};
  inner_rows_.clear();
  inner_matched_ = {};
  outer_ = nullptr;
  outer_done_ = true;
  loaded_ = true;
}

bool NestedLoopJoinOperator::next_outer(ExecContext& context) {
  outer_ = left_->next(context);
  if (outer_ == nullptr) return false;
  std::fill_n(matched_.begin(), outer_->size, uint8_t{0});
  std::fill_n(unknown_.begin(), outer_->size, uint8_t{0});
  cursor_ = {};
  has_inner_ = false;
  return true;
}

// Row pairs of the current outer chunk with the inner chunks, up to a vector of them; 0: all seen.
uint32_t NestedLoopJoinOperator::next_pairs() {
  const bool semi_like = !outputs_right(mode_);
  uint32_t count = 0;
  while (count == 0) {
    if (!has_inner_ || at_left_ == outer_->size) {
      inner_first_ = cursor_.row();
      if (!inner_rows_.read(cursor_, inner_)) return 0;
      has_inner_ = true;
      at_left_ = at_right_ = 0;
    }
    while (count < kVectorSize && at_left_ < outer_->size) {
      uint32_t take = std::min(kVectorSize - count, inner_.size - at_right_);
      if (semi_like && matched_[at_left_] != 0) take = 0;
      for (uint32_t i = 0; i < take; ++i) {
        pair_left_[count] = at_left_;
        pair_right_[count++] = at_right_++;
      }
      if (take == 0 || at_right_ == inner_.size) {
        ++at_left_;
        at_right_ = 0;
      }
    }
  }
  return count;
}

// Mark and NOT IN: the outcome of the comparison for pairs that passed the condition.
void NestedLoopJoinOperator::compare_pairs(ExecContext& context, const Chunk& pairs,
                                           const uint32_t* rows) {
  const Vector& result = comparison_->evaluate(context, pairs);
  auto values = result.unified<bool>();
  for (uint32_t i = 0; i < pairs.size; ++i) {
    uint32_t index = values.index(i);
    if (!values.valid_at(index)) {
      unknown_[rows[i]] = 1;
    } else if (values.data[index]) {
      matched_[rows[i]] = 1;
    }
  }
}

const Chunk* NestedLoopJoinOperator::join_pairs(ExecContext& context, uint32_t count) {
  for (uint32_t c = 0; c < left_columns_; ++c) {
    joined_.columns[c].slice(outer_->columns[c], pair_left_.data(), count);
  }
  for (uint32_t c = 0; c < right_columns_; ++c) {
    joined_.columns[left_columns_ + c].slice(inner_.columns[c], pair_right_.data(), count);
  }
  joined_.size = count;
  uint32_t kept = count;
  if (condition_) kept = condition_->select(context, joined_, selection_.data());
  stats().join_filtered_rows += count - kept;
  if (kept == 0) return nullptr;
  const Chunk* pairs = &joined_;
  if (kept != count) {
    passed_.slice(joined_, selection_.data(), kept);
    pairs = &passed_;
  }
  for (uint32_t i = 0; i < kept; ++i) {
    uint32_t pair = kept == count ? i : selection_[i];
    kept_left_[i] = pair_left_[pair];
    if (comparison_) continue;
    uint8_t& matched = matched_[pair_left_[pair]];
    if (mode_ == JoinMode::kSingle && matched != 0) throw_second_row();
    matched = 1;
    if (keeps_right(mode_)) inner_matched_[inner_first_ + pair_right_[pair]] = true;
  }
  if (comparison_) compare_pairs(context, *pairs, kept_left_.data());
  return outputs_right(mode_) ? pairs : nullptr;
}

// What remains to be said about the outer chunk when all its pairs were seen.
const Chunk* NestedLoopJoinOperator::finish_outer() {
  const Chunk* outer = outer_;
  outer_ = nullptr;
  if (mode_ == JoinMode::kInner || mode_ == JoinMode::kRight) return nullptr;
  if (mode_ == JoinMode::kMark) {
    for (uint32_t c = 0; c < left_columns_; ++c) output_.columns[c].reference(outer->columns[c]);
    Vector& mark = output_.columns[left_columns_];
    mark.begin_flat();
    for (uint32_t i = 0; i < outer->size; ++i) {
      mark.mutable_data<bool>()[i] = matched_[i] != 0;
      if (matched_[i] == 0 && unknown_[i] != 0) mark.set_null(i);
    }
    output_.size = outer->size;
    return &output_;
  }
  const bool wanted = mode_ == JoinMode::kSemi;
  uint32_t count = 0;
  for (uint32_t i = 0; i < outer->size; ++i) {
    if ((matched_[i] != 0) != wanted) continue;
    if (mode_ == JoinMode::kNullAwareAnti && unknown_[i] != 0) continue;
    selection_[count++] = i;
  }
  if (count == 0) return nullptr;
  for (uint32_t c = 0; c < left_columns_; ++c) {
    output_.columns[c].slice(outer->columns[c], selection_.data(), count);
  }
  for (size_t c = left_columns_; c < output_.columns.size(); ++c)
    output_.columns[c].set_constant_null();
  output_.size = count;
  return &output_;
}

const Chunk* NestedLoopJoinOperator::emit_unmatched_inner() {
  while (true) {
    uint64_t first = cursor_.row();
    if (!inner_rows_.read(cursor_, inner_)) return nullptr;
    uint32_t count = 0;
    for (uint32_t i = 0; i < inner_.size; ++i) {
      if (!inner_matched_[first + i]) selection_[count++] = i;
    }
    if (count == 0) continue;
    for (uint32_t c = 0; c < left_columns_; ++c) output_.columns[c].set_constant_null();
    for (uint32_t c = 0; c < right_columns_; ++c) {
      output_.columns[left_columns_ + c].slice(inner_.columns[c], selection_.data(), count);
    }
    output_.size = count;
    return &output_;
  }
}

const Chunk* NestedLoopJoinOperator::do_next(ExecContext& context) {
  if (!loaded_) {
    loaded_ = true;
    while (const Chunk* chunk = right_->next(context)) inner_rows_.append(context, *chunk);
    stats().peak_memory_bytes = std::max(stats().peak_memory_bytes, inner_rows_.memory_bytes());
    stats().spilled_bytes += inner_rows_.spilled_bytes();
    if (keeps_right(mode_)) inner_matched_.assign(inner_rows_.row_count(), false);
  }
  while (!outer_done_) {
    if (outer_ == nullptr && !next_outer(context)) {
      outer_done_ = true;
      cursor_ = {};
      break;
    }
    if (uint32_t count = next_pairs()) {
      if (context.interrupt != nullptr) context.interrupt->check();
      if (const Chunk* chunk = join_pairs(context, count)) return chunk;
    } else if (const Chunk* chunk = finish_outer()) {
      return chunk;
    }
  }
  return keeps_right(mode_) ? emit_unmatched_inner() : nullptr;
}

}  // namespace luma
