#include "engine/exec/window_frame.h"

#include <algorithm>

#include "engine/base/sql_error.h"

namespace luma {

namespace {

bool has_offset(FrameBound bound) {
  return bound == FrameBound::kPreceding || bound == FrameBound::kFollowing;
}

// The integer value of a plain integer type; false for others.
bool plain_integer(Oid oid, PhysicalType physical, const Datum& datum, int64_t& value) {
  if (oid != type_oid::kInt2 && oid != type_oid::kInt4 && oid != type_oid::kInt8) return false;
  switch (physical) {
    case PhysicalType::kInt16:
      value = datum.i16;
      return true;
    case PhysicalType::kInt32:
      value = datum.i32;
      return true;
    case PhysicalType::kInt64:
      value = datum.i64;
      return true;
    default:
      return false;
  }
}

}  // namespace

void PeerGroups::compute(const RowLayout& layout, std::span<std::byte* const> rows,
                         std::span<const uint32_t> columns, std::span<const KeyType> types) {
  starts_.assign(1, 0);
  last_ = 0;
  for (size_t i = 1; i < rows.size() && !columns.empty(); ++i) {
    for (size_t c = 0; c < columns.size(); ++c) {
      bool null = layout.is_null(rows[i], columns[c]);
      bool same = null == layout.is_null(rows[i - 1], columns[c]) &&
                  (null || key_equal(types[c], rows[i] + layout.offsets[columns[c]],
                                     rows[i - 1] + layout.offsets[columns[c]]));
      if (same) continue;
      starts_.push_back(i);
      break;
    }
  }
  starts_.push_back(rows.size());
}

uint64_t PeerGroups::group_of(uint64_t row) const {
  // Mostly the group of the last call or the next one.
  for (uint64_t group = last_; group < std::min<uint64_t>(last_ + 2, group_count()); ++group) {
    if (starts_[group] <= row && row < starts_[group + 1]) return last_ = group;
  }
  auto after = std::upper_bound(starts_.begin(), starts_.end() - 1, row);
  return last_ = static_cast<uint64_t>(after - starts_.begin()) - 1;
}

WindowFrameView::WindowFrameView(const Expr& call, std::vector<uint32_t> argument_columns,
                                 int order_column, const SortKey* order_key)
    : frame_(&call.window->frame),
      argument_columns_(std::move(argument_columns)),
      order_column_(order_column),
      order_key_(order_key) {
  if (has_offset(frame_->start) && frame_->start_offset != nullptr) {
    start_.evaluator = std::make_unique<ExprEvaluator>(*frame_->start_offset, 1);
    start_.physical = frame_->start_offset->physical;
  }
  if (has_offset(frame_->end) && frame_->end_offset != nullptr) {
    end_.evaluator = std::make_unique<ExprEvaluator>(*frame_->end_offset, 1);
    end_.physical = frame_->end_offset->physical;
  }
}

void WindowFrameView::open_offset(EvalContext& context, Offset& offset, const char* which) {
  if (!offset.evaluator) return;
  offset.value = offset.evaluator->evaluate_scalar(context);
  if (offset.value.is_null) {
    throw sql_error(SqlState::kNullValueNotAllowed, "frame {} offset must not be null", which);
  }
  if (frame_->mode == FrameMode::kRange) return;
  int64_t count = offset.value.datum.i64;
  if (offset.physical == PhysicalType::kInt32) count = offset.value.datum.i32;
  if (offset.physical == PhysicalType::kInt16) count = offset.value.datum.i16;
  if (count < 0) {
    throw sql_error(SqlState::kInvalidPrecedingOrFollowingSize,
                    "frame {} offset must not be negative", which);
  }
  offset.count = static_cast<uint64_t>(count);
}

void WindowFrameView::open(EvalContext& context) {
  open_offset(context, start_, "starting");
  open_offset(context, end_, "ending");
}

void WindowFrameView::set_partition(EvalContext& context, const RowLayout& layout,
                                    std::span<std::byte* const> rows, const PeerGroups& peers) {
  context_ = &context;
  layout_ = &layout;
  rows_ = rows;
  peers_ = &peers;
  start_cursor_ = end_cursor_ = {};
}

bool WindowFrameView::in_range(const Value& value, const Value& base, bool is_start, bool subtract,
                               bool less) {
  const Offset& offset = is_start ? start_ : end_;
  const Expr& offset_expr = is_start ? *frame_->start_offset : *frame_->end_offset;
  const Expr& key = *order_key_->expr;
  int64_t v = 0, b = 0, o = 0;
  if (plain_integer(key.type.oid, key.physical, value.datum, v) &&
      plain_integer(key.type.oid, key.physical, base.datum, b) &&
      plain_integer(offset_expr.type.oid, offset_expr.physical, offset.value.datum, o)) {
    if (o < 0) {
      throw SqlError(SqlState::kInvalidPrecedingOrFollowingSize,
                     "invalid preceding or following size in window function");
    }
    __int128 bound = subtract ? static_cast<__int128>(b) - o : static_cast<__int128>(b) + o;
    return less ? v <= bound : v >= bound;
  }
  VectorKernel kernel = is_start ? frame_->in_range_start : frame_->in_range_end;
  if (kernel == nullptr)
    throw unsupported("RANGE with an offset for type {}", format_type(key.type.oid));
  Vector values(key.physical, 1), bases(key.physical, 1), offsets(offset.physical, 1);
  Vector subtracts(PhysicalType::kBool, 1), lesses(PhysicalType::kBool, 1),
      result(PhysicalType::kBool, 1);
  values.set_constant(value);
  bases.set_constant(base);
  offsets.set_constant(offset.value);
  subtracts.set_constant(Datum::of_bool(subtract));
  lesses.set_constant(Datum::of_bool(less));
  const Vector* args[] = {&values, &bases, &offsets, &subtracts, &lesses};
  kernel({*context_, offset_expr, args, 1}, result);
  Value answer = result.value(0);
  return !answer.is_null && answer.datum.b;
}

// First row of the frame, or first row behind it, for RANGE with an offset.
uint64_t WindowFrameView::range_bound(uint64_t row, bool is_start) {
  if (order_column_ < 0) throw unsupported("RANGE with an offset and several ORDER BY columns");
  Cursor& cursor = is_start ? start_cursor_ : end_cursor_;
  if (row < cursor.row) cursor = {};
  cursor.row = row;
  const auto column = static_cast<uint32_t>(order_column_);
  const Value base = layout_->value(rows_[row], column);
  bool subtract = (is_start ? frame_->start : frame_->end) == FrameBound::kPreceding;
  bool less = !is_start;
  if (order_key_->descending) {
    subtract = !subtract;
    less = !less;
  }
  for (; cursor.at < rows_.size(); ++cursor.at) {
    Value value = layout_->value(rows_[cursor.at], column);
    bool stop;
    if (value.is_null || base.is_null) {
      // NULLs are peers of each other only, and where they stand is all that counts.
      bool before =
          order_key_->nulls_first ? value.is_null && !base.is_null : !value.is_null && base.is_null;
      bool behind =
          order_key_->nulls_first ? !value.is_null && base.is_null : value.is_null && !base.is_null;
      stop = is_start ? !before : behind;
    } else {
      bool inside = in_range(value, base, is_start, subtract, less);
      stop = is_start ? inside : !inside;
    }
    if (stop) break;
  }
  return cursor.at;
}

uint64_t WindowFrameView::frame_begin(uint64_t row) {
  const uint64_t count = rows_.size();
  switch (frame_->start) {
    case FrameBound::kUnboundedPreceding:
      return 0;
    case FrameBound::kUnboundedFollowing:
      return count;
    case FrameBound::kCurrentRow:
      return frame_->mode == FrameMode::kRows ? row : peer_begin(row);
    default:
      break;
  }
  const bool preceding = frame_->start == FrameBound::kPreceding;
  if (frame_->mode == FrameMode::kRows) {
    if (preceding) return row - std::min(row, start_.count);
    return start_.count > count - row ? count : row + start_.count;
  }
  if (frame_->mode == FrameMode::kRange) return range_bound(row, true);
  const uint64_t group = peers_->group_of(row), groups = peers_->group_count();
  if (preceding) return peers_->start(group - std::min(group, start_.count));
  return start_.count > groups - group ? count : peers_->start(group + start_.count);
}

uint64_t WindowFrameView::frame_end(uint64_t row) {
  const uint64_t count = rows_.size();
  switch (frame_->end) {
    case FrameBound::kUnboundedPreceding:
      return 0;
    case FrameBound::kUnboundedFollowing:
      return count;
    case FrameBound::kCurrentRow:
      return frame_->mode == FrameMode::kRows ? row + 1 : peer_end(row);
    default:
      break;
  }
  const bool preceding = frame_->end == FrameBound::kPreceding;
  if (frame_->mode == FrameMode::kRows) {
    if (preceding) return row + 1 - std::min(row + 1, end_.count);
    return end_.count >= count - row - 1 ? count : row + 1 + end_.count;
  }
  if (frame_->mode == FrameMode::kRange) return range_bound(row, false);
  const uint64_t group = peers_->group_of(row), groups = peers_->group_count();
  if (preceding) return end_.count > group ? 0 : peers_->start(group + 1 - end_.count);
  return end_.count >= groups - group - 1 ? count : peers_->start(group + 1 + end_.count);
}

std::pair<uint64_t, uint64_t> WindowFrameView::excluded(uint64_t row) {
  switch (frame_->exclude) {
    case FrameExclude::kNone:
      return {0, 0};
    case FrameExclude::kCurrentRow:
      return {row, row + 1};
    case FrameExclude::kGroup:
    case FrameExclude::kTies:
      return {peer_begin(row), peer_end(row)};
  }
  return {0, 0};
}

bool WindowFrameView::in_frame(uint64_t row, uint64_t candidate) {
  if (candidate < frame_begin(row) || candidate >= frame_end(row)) return false;
  auto [from, to] = excluded(row);
  if (candidate < from || candidate >= to) return true;
  return frame_->exclude == FrameExclude::kTies && candidate == row;
}

}  // namespace luma
