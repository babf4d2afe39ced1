#include "engine/exec/window_aggregate.h"

#include <algorithm>

#include "engine/base/sql_error.h"

namespace luma {

namespace {

constexpr uint64_t kTreeFanout = 16;
// Frames with fewer rows are added up row by row.
constexpr uint64_t kTreeMinRows = 128;

}  // namespace

void gather_rows(const RowLayout& layout, uint32_t column, const std::byte* const* rows,
                 uint32_t count, Vector& out) {
  out.begin_flat();
  const uint32_t size = physical_size(layout.types[column]);
  auto* target = out.mutable_data<std::byte>();
  for (uint32_t i = 0; i < count; ++i) {
    std::memcpy(target + size_t{i} * size, rows[i] + layout.offsets[column], size);
    if (layout.is_null(rows[i], column)) out.set_null(i);
  }
}

WindowAggregate::WindowAggregate(const Expr& call, std::vector<PhysicalType> argument_types,
                                 int filter_column)
    : expr_(&call),
      function_(call.implementation.aggregate),
      argument_types_(std::move(argument_types)),
      filter_column_(filter_column),
      state_bytes_(std::max(16u, (function_->state_bytes + 15) / 16 * 16)),
      arguments_(argument_types_),
      selected_(kVectorSize),
      states_(kVectorSize) {}

WindowAggregate::~WindowAggregate() { close(); }

void WindowAggregate::begin(ExecContext& context, State& state) {
  end(state);
  if (!state.arena) state.arena = std::make_unique<Arena>(context.memory, 256);
  if (!state.bytes) state.bytes.reset(new std::byte[state_bytes_]);
  std::memset(state.bytes.get(), 0, state_bytes_);
  if (function_->init != nullptr)
    function_->init(call_in(context, *state.arena), state.bytes.get());
  state.live = true;
}

void WindowAggregate::end(State& state) {
  if (state.live && function_->destroy != nullptr) function_->destroy(state.bytes.get());
  state.live = false;
  if (state.arena) state.arena->reset();
}

void WindowAggregate::drop_tree() {
  for (TreeLevel& level : tree_) {
    for (uint64_t i = 0; i < level.live && function_->destroy != nullptr; ++i) {
      function_->destroy(level.bytes.get() + i * state_bytes_);
    }
  }
  tree_.clear();
  tree_arena_.reset();
}

void WindowAggregate::close() {
  end(state_);
  state_ = {};
  drop_tree();
  result_arena_.reset();
  has_frame_ = false;
}

void WindowAggregate::start_partition(ExecContext& context, WindowFrameView&,
                                      const RowLayout& layout) {
  end(state_);
  drop_tree();
  layout_ = &layout;
  has_frame_ = false;
  from_ = to_ = 0;
  begin(context, state_);
}

void WindowAggregate::add_rows(ExecContext& context, Arena& arena, std::byte* state,
                               WindowFrameView& view, uint64_t from, uint64_t to) {
  std::vector<const Vector*> args = column_pointers(arguments_);
  AggregateCall call = call_in(context, arena);
  while (from < to) {
    if (context.interrupt != nullptr) context.interrupt->check();
    uint32_t count = 0;
    for (; from < to && count < kVectorSize; ++from) {
      const std::byte* row = view.rows()[from];
      if (filter_column_ >= 0) {
        Value pass = layout_->value(row, static_cast<uint32_t>(filter_column_));
        if (pass.is_null || !pass.datum.b) continue;
      }
      selected_[count++] = row;
    }
    if (count == 0) continue;
    for (size_t a = 0; a < args.size(); ++a) {
      gather_rows(*layout_, view.argument_columns()[a], selected_.data(), count,
                  arguments_.columns[a]);
    }
    if (function_->update_single != nullptr) {
      function_->update_single(call, state, args, count);
    } else {
      std::fill_n(states_.begin(), count, state);
      function_->update(call, states_.data(), args, count);
    }
  }
}

void WindowAggregate::remove_rows(ExecContext& context, WindowFrameView& view, uint64_t from,
                                  uint64_t to) {
  AggregateCall call = call_in(context, *state_.arena);
  std::vector<Value> args(argument_types_.size());
  for (uint64_t row = from; row < to; ++row) {
    const std::byte* bytes = view.rows()[row];
    if (filter_column_ >= 0) {
      Value pass = layout_->value(bytes, static_cast<uint32_t>(filter_column_));
      if (pass.is_null || !pass.datum.b) continue;
    }
    for (uint32_t a = 0; a < args.size(); ++a) args[a] = view.argument(a, row);
    function_->remove(call, state_.bytes.get(), args.data());
  }
}

void WindowAggregate::build_tree(ExecContext& context, WindowFrameView& view) {
  tree_arena_ = std::make_unique<Arena>(context.memory);
  AggregateCall call = call_in(context, *tree_arena_);
  for (uint64_t span = kTreeFanout; span / kTreeFanout < view.row_count(); span *= kTreeFanout) {
    TreeLevel& level = tree_.emplace_back();
    level.rows_per_node = span;
    level.nodes = (view.row_count() + span - 1) / span;
    level.bytes.reset(new std::byte[level.nodes * state_bytes_]());
    for (uint64_t n = 0; n < level.nodes; ++n) {
      std::byte* state = level.bytes.get() + n * state_bytes_;
      if (function_->init != nullptr) function_->init(call, state);
      ++level.live;
      if (tree_.size() == 1) {
        add_rows(context, *tree_arena_, state, view, n * span,
                 std::min(view.row_count(), (n + 1) * span));
        continue;
      }
      const TreeLevel& below = tree_[tree_.size() - 2];
      for (uint64_t c = n * kTreeFanout; c < std::min(below.nodes, (n + 1) * kTreeFanout); ++c) {
        function_->combine(call, state, below.bytes.get() + c * state_bytes_);
      }
    }
  }
}

// Adds whole nodes where they fit, as large as possible, in row order.
void WindowAggregate::add_from_tree(ExecContext& context, WindowFrameView& view, uint64_t from,
                                    uint64_t to) {
  if (tree_.empty()) build_tree(context, view);
  AggregateCall call = call_in(context, *state_.arena);
  while (from < to) {
    size_t level = tree_.size();
    while (level > 0 && (from % tree_[level - 1].rows_per_node != 0 ||
                         from + tree_[level - 1].rows_per_node > to)) {
      --level;
    }
    if (level == 0) {
      uint64_t end = std::min(to, (from / kTreeFanout + 1) * kTreeFanout);
      add_rows(context, *state_.arena, state_.bytes.get(), view, from, end);
      from = end;
      continue;
    }
    const TreeLevel& nodes = tree_[level - 1];
    function_->combine(call, state_.bytes.get(),
                       nodes.bytes.get() + from / nodes.rows_per_node * state_bytes_);
    from += nodes.rows_per_node;
  }
}

void WindowAggregate::add_frame(ExecContext& context, WindowFrameView& view, uint64_t from,
                                uint64_t to) {
  if (from >= to) return;
  if (function_->combine != nullptr && to - from >= kTreeMinRows) {
    add_from_tree(context, view, from, to);
  } else {
    add_rows(context, *state_.arena, state_.bytes.get(), view, from, to);
  }
}

// Makes state_ hold rows [from, to), without EXCLUDE.
void WindowAggregate::move_frame(ExecContext& context, WindowFrameView& view, uint64_t from,
                                 uint64_t to) {
  const bool grows = from >= from_ && to >= to_ && from <= to_;
  const bool removable = function_->remove != nullptr || from == from_;
  // A state that was emptied by removals starts afresh, which also forgets rounding errors.
  if (to > from && grows && removable && from < to_) {
    if (from != from_) remove_rows(context, view, from_, from);
    add_rows(context, *state_.arena, state_.bytes.get(), view, to_, to);
  } else {
    begin(context, state_);
    if (from == 0) {
      add_rows(context, *state_.arena, state_.bytes.get(), view, from, to);
    } else {
      add_frame(context, view, from, to);
    }
  }
}

void WindowAggregate::recompute(ExecContext& context, WindowFrameView& view, uint64_t row,
                                uint64_t from, uint64_t to) {
  begin(context, state_);
  auto [out_from, out_to] = view.excluded(row);
  out_from = std::clamp(out_from, from, std::max(from, to));
  out_to = std::clamp(out_to, from, std::max(from, to));
  add_frame(context, view, from, out_from);
  bool keeps_row = view.frame().exclude == FrameExclude::kTies && row >= from && row < to;
  if (keeps_row) add_rows(context, *state_.arena, state_.bytes.get(), view, row, row + 1);
  add_frame(context, view, out_to, to);
}

void WindowAggregate::evaluate(ExecContext& context, WindowFrameView& view, uint64_t from,
                               uint32_t count, Vector& result) {
  const bool excludes = view.frame().exclude != FrameExclude::kNone;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t row = from + i;
    uint64_t begin_row = view.frame_begin(row);
    uint64_t end_row = std::max(begin_row, view.frame_end(row));
    if (excludes || !has_frame_ || begin_row != from_ || end_row != to_) {
      if (excludes) {
        recompute(context, view, row, begin_row, end_row);
      } else {
        move_frame(context, view, begin_row, end_row);
      }
      from_ = begin_row;
      to_ = end_row;
      has_frame_ = true;
      result_arena_ = std::make_unique<Arena>(context.memory, 256);
      result_ = function_->finalize(call_in(context, *result_arena_), state_.bytes.get());
    }
    result.set_value(i, result_);
  }
}

}  // namespace luma
