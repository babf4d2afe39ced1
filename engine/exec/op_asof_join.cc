#include "engine/exec/op_asof_join.h"

#include <algorithm>
#include <utility>

namespace luma {
namespace {

constexpr uint32_t kNoRow = ~uint32_t{0};

template <typename T>
void gather_fixed(const Vector& from, std::span<const uint32_t> rows, Vector& to, uint32_t at) {
  const auto values = from.unified<T>();
  for (uint32_t i = 0; i < rows.size(); ++i) {
    const uint32_t index = rows[i] == kNoRow ? 0 : values.index(rows[i]);
    if (rows[i] == kNoRow || !values.valid_at(index)) {
      to.set_null(at + i);
    } else {
      to.mutable_data<T>()[at + i] = values.data[index];
    }
  }
}

// Copies rows to rows `at`... of a flat vector; NULL for kNoRow.
void gather(const Vector& from, std::span<const uint32_t> rows, Vector& to, uint32_t at) {
  if (from.physical() == PhysicalType::kVarlen) {
    const auto values = from.unified<StringRef>();
    for (uint32_t i = 0; i < rows.size(); ++i) {
      const uint32_t index = rows[i] == kNoRow ? 0 : values.index(rows[i]);
      if (rows[i] == kNoRow || !values.valid_at(index)) {
        to.set_null(at + i);
      } else {
        to.mutable_data<StringRef>()[at + i] = to.add_string(values.data[index].view());
      }
    }
    return;
  }
  switch (physical_size(from.physical())) {
    case 1:
      return gather_fixed<uint8_t>(from, rows, to, at);
    case 2:
      return gather_fixed<uint16_t>(from, rows, to, at);
    case 4:
      return gather_fixed<uint32_t>(from, rows, to, at);
    case 8:
      return gather_fixed<uint64_t>(from, rows, to, at);
    default:
      return gather_fixed<Datum>(from, rows, to, at);
  }
}

}  // namespace

AsofJoinOperator::AsofJoinOperator(OperatorPtr left, OperatorPtr right, AsofSpec spec)
    : Operator([&] {
        std::vector<PhysicalType> types = left->output_types();
        types.insert(types.end(), right->output_types().begin(), right->output_types().end());
        return types;
      }()),
      left_(std::move(left)),
      right_(std::move(right)),
      spec_(std::move(spec)),
      left_side_(*left_, spec_.left),
      right_side_(*right_, spec_.right),
      kept_row_(right_->output_types(), 1),
      kept_values_(physical_types_of(spec_.right), 1),
      output_(output_types()) {
  for (const Expr* expr : spec_.left) types_.push_back(KeyType::of(*expr));
  explain.node_type = "Asof Join";
}

void AsofJoinOperator::do_open(ExecContext& context) {
  for (Side* side : {&left_side_, &right_side_}) {
    side->chunk = nullptr;
    side->row = 0;
    side->is_done = false;
  }
  candidate_ = Candidate::kNone;
  pending_left_.clear();
  pending_right_.clear();
  left_->open(context);
  right_->open(context);
}

void AsofJoinOperator::do_close(ExecContext& context) {
  left_->close(context);
  right_->close(context);
  left_side_.chunk = right_side_.chunk = nullptr;
  left_side_.is_done = right_side_.is_done = true;
  kept_row_.begin();
  kept_values_.begin();
}

bool AsofJoinOperator::load_chunk(ExecContext& context, Side& side) {
  if (side.is_done) return false;
  side.chunk = side.input.next(context);
  side.row = 0;
  side.is_done = side.chunk == nullptr;
  if (!side.is_done) side.keys.evaluate(context, *side.chunk, side.values);
  return !side.is_done;
}

bool AsofJoinOperator::has_null(const Side& side) const {
  return std::any_of(side.values.begin(), side.values.end(),
                     [&](const Vector* values) { return values->is_null(side.row); });
}

int AsofJoinOperator::compare(size_t key, const Vector& a, uint32_t row_a, const Vector& b,
                              uint32_t row_b) const {
  const KeyType& type = types_[key];
  if (type.physical == PhysicalType::kInt64 && type.orders_as_integer()) {
    const int64_t x = a.unified<int64_t>()[row_a], y = b.unified<int64_t>()[row_b];
    return x < y ? -1 : x > y;
  }
  return key_compare(type, a.value(row_a).datum, b.value(row_b).datum);
}

// The right row at hand is not behind the last one that may match the left row at hand.
bool AsofJoinOperator::right_passes() const {
  const size_t time = types_.size() - 1;
  for (size_t key = 0; key < time; ++key) {
    const int order = compare(key, *right_side_.values[key], right_side_.row,
                              *left_side_.values[key], left_side_.row);
    if (order != 0) return order < 0;
  }
  const int order = compare(time, *right_side_.values[time], right_side_.row,
                            *left_side_.values[time], left_side_.row);
  if (order == 0) return spec_.includes_equal;
  return spec_.looks_back == (order < 0);
}

// Up to the last right row that may match the left row at hand.
void AsofJoinOperator::pass_right_rows(ExecContext& context) {
  while (true) {
    if (right_side_.chunk == nullptr || right_side_.row == right_side_.chunk->size) {
      if (right_side_.is_done) return;
      keep_candidate(context);
      if (!load_chunk(context, right_side_)) return;
    }
    if (!has_null(right_side_)) {
      if (!right_passes()) return;
      if (candidate_ != Candidate::kInChunk) flush();
      candidate_ = Candidate::kInChunk;
      candidate_row_ = right_side_.row;
    }
    ++right_side_.row;
  }
}

bool AsofJoinOperator::candidate_matches() const {
  if (candidate_ == Candidate::kNone) return false;
  for (size_t key = 0; key + 1 < types_.size(); ++key) {
    const bool kept = candidate_ == Candidate::kKept;
    const Vector& values = kept ? kept_values_.columns[key] : *right_side_.values[key];
    if (compare(key, values, kept ? 0 : candidate_row_, *left_side_.values[key], left_side_.row) !=
        0) {
      return false;
    }
  }
  return true;
}

// Before the right chunk goes.
void AsofJoinOperator::keep_candidate(ExecContext& context) {
  if (context.interrupt != nullptr) context.interrupt->check();
  if (candidate_ != Candidate::kInChunk) return;
  flush();
  const std::span<const uint32_t> row(&candidate_row_, 1);
  kept_row_.begin();
  kept_values_.begin();
  for (size_t c = 0; c < kept_row_.columns.size(); ++c) {
    gather(right_side_.chunk->columns[c], row, kept_row_.columns[c], 0);
  }
  for (size_t key = 0; key < types_.size(); ++key) {
    gather(*right_side_.values[key], row, kept_values_.columns[key], 0);
  }
  candidate_ = Candidate::kKept;
  candidate_row_ = 0;
}

// Writes what is pending to the output.
void AsofJoinOperator::flush() {
  if (pending_left_.empty()) return;
  const size_t left_columns = left_->output_types().size();
  const Chunk* right = candidate_ == Candidate::kKept ? &kept_row_ : right_side_.chunk;
  for (size_t c = 0; c < output_.columns.size(); ++c) {
    Vector& to = output_.columns[c];
    if (c < left_columns) {
      gather(left_side_.chunk->columns[c], pending_left_, to, output_.size);
    } else if (right != nullptr) {
      gather(right->columns[c - left_columns], pending_right_, to, output_.size);
    } else {
      for (uint32_t i = 0; i < pending_left_.size(); ++i) to.set_null(output_.size + i);
    }
  }
  output_.size += static_cast<uint32_t>(pending_left_.size());
  pending_left_.clear();
  pending_right_.clear();
}

const Chunk* AsofJoinOperator::do_next(ExecContext& context) {
  output_.begin();
  output_.size = 0;
  while (output_.size + pending_left_.size() < kVectorSize) {
    if (left_side_.chunk == nullptr || left_side_.row == left_side_.chunk->size) {
      flush();
      if (!load_chunk(context, left_side_)) break;
    }
    bool matched = false;
    if (!has_null(left_side_)) {
      pass_right_rows(context);
      matched = candidate_matches();
    }
    if (matched || spec_.is_left) {
      pending_left_.push_back(left_side_.row);
      pending_right_.push_back(matched ? candidate_row_ : kNoRow);
    }
    ++left_side_.row;
  }
  flush();
  return output_.size == 0 ? nullptr : &output_;
}

}  // namespace luma
