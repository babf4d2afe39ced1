#include "engine/exec/op_apply.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/chunk_builder.h"

namespace luma {

namespace {

std::unique_ptr<ExprEvaluator> evaluator_of(const Expr* expr) {
  return expr == nullptr ? nullptr : std::make_unique<ExprEvaluator>(*expr);
}
std::vector<const Expr*> values_of(const std::vector<ApplyParameter>& parameters) {
  std::vector<const Expr*> exprs;
  for (const ApplyParameter& parameter : parameters) exprs.push_back(parameter.value);
  return exprs;
}
std::vector<PhysicalType> concat(std::vector<PhysicalType> a, const std::vector<PhysicalType>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

ApplyOperator::ApplyOperator(JoinMode mode, OperatorPtr left, OperatorPtr right,
                             std::vector<ApplyParameter> parameters, const Expr* condition,
                             const Expr* comparison)
    : Operator(join_output_types(mode, left->output_types(), right->output_types())),
      mode_(mode),
      left_(std::move(left)),
      right_(std::move(right)),
      parameters_(std::move(parameters)),
      values_(values_of(parameters_)),
      condition_(evaluator_of(condition)),
      comparison_(evaluator_of(comparison)),
      left_columns_(static_cast<uint32_t>(left_->output_types().size())),
      right_columns_(static_cast<uint32_t>(right_->output_types().size())),
      matched_(kVectorSize),
      unknown_(kVectorSize),
      pair_left_(kVectorSize),
      same_left_(kVectorSize),
      selection_(kVectorSize),
      collected_(right_->output_types()),
      joined_(concat(left_->output_types(), right_->output_types())),
      passed_(concat(left_->output_types(), right_->output_types())),
      filtered_(right_->output_types()),
      output_(output_types()) {
  if (keeps_right(mode)) throw unsupported("a dependent right or full join");
  const char* label = join_mode_label(mode);
  explain.node_type =
      *label == '\0' ? "Nested Loop" : "Nested Loop " + std::string(label) + " Join";
}

void ApplyOperator::do_open(ExecContext& context) {
  left_->open(context);
  outer_ = nullptr;
  running_ = false;
  inner_ = nullptr;
}

void ApplyOperator::do_close(ExecContext& context) {
  left_->close(context);
  right_->close(context);
  outer_ = nullptr;
  inner_ = nullptr;
  running_ = false;
}

bool ApplyOperator::next_outer(ExecContext& context) {
  outer_ = left_->next(context);
  if (outer_ == nullptr) return false;
  values_.evaluate(context, *outer_, value_columns_);
  run_first_ = run_end_ = 0;
  running_ = false;
  inner_ = nullptr;
  collected_.begin();
  return true;
}

bool ApplyOperator::same_parameters(uint32_t a, uint32_t b) const {
  for (const Vector* column : value_columns_) {
    Value x = column->value(a), y = column->value(b);
    if (x.is_null != y.is_null) return false;
    if (x.is_null) continue;
    bool same = column->physical() == PhysicalType::kVarlen
                    ? x.datum.str == y.datum.str
                    : std::memcmp(&x.datum, &y.datum, physical_size(column->physical())) == 0;
    if (!same) return false;
  }
  return true;
}

// Begins the right plan for the next left rows.
void ApplyOperator::start_run(ExecContext& context) {
  run_first_ = run_end_++;
  // A condition sees all left columns, so that every row needs its own run.
  while (!condition_ && !comparison_ && run_end_ < outer_->size &&
         same_parameters(run_first_, run_end_)) {
    ++run_end_;
  }
  for (size_t p = 0; p < parameters_.size(); ++p) {
    context.exec_parameters[parameters_[p].index] = value_columns_[p]->value(run_first_);
  }
  right_->open(context);
  running_ = true;
  run_matches_ = 0;
}

// joined_ = left row `row` with every row of `right`.
void ApplyOperator::pair_with(uint32_t row, const Chunk& right) {
  std::fill_n(same_left_.begin(), right.size, row);
  for (uint32_t c = 0; c < left_columns_; ++c) {
    joined_.columns[c].slice(outer_->columns[c], same_left_.data(), right.size);
  }
  for (uint32_t c = 0; c < right_columns_; ++c) {
    joined_.columns[left_columns_ + c].reference(right.columns[c]);
  }
  joined_.size = right.size;
}

// The next right rows that pass the condition; nullptr at the end of the run.
const Chunk* ApplyOperator::next_right(ExecContext& context) {
  while (const Chunk* chunk = right_->next(context)) {
    if (!condition_) return chunk;
    pair_with(run_first_, *chunk);
    uint32_t count = condition_->select(context, joined_, selection_.data());
    stats().join_filtered_rows += joined_.size - count;
    if (count == 0) continue;
    if (count == chunk->size) return chunk;
    filtered_.slice(*chunk, selection_.data(), count);
    return &filtered_;
  }
  return nullptr;
}

// --- modes that only ask whether there are right rows ---

void ApplyOperator::test_run(ExecContext& context) {
  start_run(context);
  uint8_t matched = 0, unknown = 0;
  while (matched == 0) {
    const Chunk* chunk = next_right(context);
    if (chunk == nullptr) break;
    if (!comparison_) {
      matched = 1;
      break;
    }
    pair_with(run_first_, *chunk);
    const Vector& result = comparison_->evaluate(context, joined_);
    auto values = result.unified<bool>();
    for (uint32_t i = 0; i < joined_.size; ++i) {
      uint32_t index = values.index(i);
      if (!values.valid_at(index)) {
        unknown = 1;
      } else if (values.data[index]) {
        matched = 1;
      }
    }
  }
  std::fill(matched_.begin() + run_first_, matched_.begin() + run_end_, matched);
  std::fill(unknown_.begin() + run_first_, unknown_.begin() + run_end_, unknown);
  running_ = false;
}

const Chunk* ApplyOperator::test_rows(ExecContext& context) {
  while (next_outer(context)) {
    while (run_end_ < outer_->size) test_run(context);
    if (mode_ == JoinMode::kMark) {
      for (uint32_t c = 0; c < left_columns_; ++c) output_.columns[c].reference(outer_->columns[c]);
      Vector& mark = output_.columns[left_columns_];
      mark.begin_flat();
      for (uint32_t i = 0; i < outer_->size; ++i) {
        mark.mutable_data<bool>()[i] = matched_[i] != 0;
        if (matched_[i] == 0 && unknown_[i] != 0) mark.set_null(i);
      }
      output_.size = outer_->size;
      return &output_;
    }
    const bool wanted = mode_ == JoinMode::kSemi;
    uint32_t count = 0;
    for (uint32_t i = 0; i < outer_->size; ++i) {
      if ((matched_[i] != 0) != wanted) continue;
      if (mode_ == JoinMode::kNullAwareAnti && unknown_[i] != 0) continue;
      selection_[count++] = i;
    }
    if (count == 0) continue;
    if (count == outer_->size) return outer_;
    output_.slice(*outer_, selection_.data(), count);
    return &output_;
  }
  return nullptr;
}

// --- modes that hand out right columns ---

// One left row with a large right chunk: nothing is copied.
const Chunk* ApplyOperator::emit_direct() {
  pair_with(at_left_++, *inner_);
  return &joined_;
}

// Copies pairs of the run's rows with inner_; false when there is no room for more.
bool ApplyOperator::copy_pairs() {
  while (at_left_ < run_end_) {
    uint32_t take = std::min(kVectorSize - collected_.size, inner_->size - at_right_);
    if (take == 0) return false;
    std::fill_n(pair_left_.begin() + collected_.size, take, at_left_);
    append_rows(collected_, *inner_, at_right_, take);
    at_right_ += take;
    if (at_right_ == inner_->size) {
      ++at_left_;
      at_right_ = 0;
    }
  }
  return true;
}

void ApplyOperator::pad_unmatched() {
  for (; at_left_ < run_end_ && collected_.size < kVectorSize; ++at_left_) {
    for (Vector& column : collected_.columns) column.set_null(collected_.size);
    pair_left_[collected_.size++] = at_left_;
  }
}

const Chunk* ApplyOperator::flush() {
  for (uint32_t c = 0; c < left_columns_; ++c) {
    output_.columns[c].slice(outer_->columns[c], pair_left_.data(), collected_.size);
  }
  for (uint32_t c = 0; c < right_columns_; ++c) {
    output_.columns[left_columns_ + c].reference(collected_.columns[c]);
  }
  output_.size = collected_.size;
  return &output_;
}

const Chunk* ApplyOperator::join_rows(ExecContext& context) {
  // What flush() handed out last time has been read by now.
  if (outer_ != nullptr && output_.size != 0) {
    collected_.begin();
    output_.size = 0;
  }
  while (true) {
    if (outer_ == nullptr) {
      output_.size = 0;
      if (!next_outer(context)) return nullptr;
    }
    if (!running_) {
      if (run_end_ == outer_->size) {
        if (collected_.size != 0) return flush();
        outer_ = nullptr;
        continue;
      }
      start_run(context);
    }
    if (inner_ == nullptr) {
      inner_ = next_right(context);
      at_left_ = run_first_;
      at_right_ = 0;
      if (inner_ != nullptr) {
        run_matches_ += inner_->size;
        if (mode_ == JoinMode::kSingle && run_matches_ > 1) throw_second_row();
      }
    }
    if (inner_ != nullptr) {
      if (inner_->size >= std::max(2u, kVectorSize / 4) && at_right_ == 0) {
        if (collected_.size != 0) return flush();
        if (at_left_ < run_end_) return emit_direct();
      } else if (!copy_pairs()) {
        return flush();
      }
      inner_ = nullptr;
      continue;
    }
    // The run's end.
    if (run_matches_ == 0 && keeps_left(mode_)) {
      if (collected_.size == kVectorSize) return flush();
      at_left_ = run_first_;
      pad_unmatched();
      run_first_ = at_left_;
      if (at_left_ < run_end_) return flush();
    }
    running_ = false;
  }
}

const Chunk* ApplyOperator::do_next(ExecContext& context) {
  return outputs_right(mode_) ? join_rows(context) : test_rows(context);
}

}  // namespace luma
