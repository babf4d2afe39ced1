#pragma once
// One partition of a window, sorted, as window functions see it: peers and the frame of every row
// under one call's frame clause. Frames are computed by pointers that move forward, so rows are
// best asked in ascending order. Owned by WindowOperator; one per call. Not thread-safe.
#include <span>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/exec/expr.h"
#include "engine/exec/key_type.h"
#include "engine/exec/row_collection.h"

namespace luma {

// Where rows start to differ in the ORDER BY columns; shared by all calls of a window.
class PeerGroups {
 public:
  // `rows`: the partition; `columns`: of the ORDER BY expressions in them.
  void compute(const RowLayout& layout, std::span<std::byte* const> rows,
               std::span<const uint32_t> columns, std::span<const KeyType> types);
  uint64_t group_count() const { return starts_.size() - 1; }
  uint64_t group_of(uint64_t row) const;
  uint64_t start(uint64_t group) const {
    return starts_[group];
  }  // group_count(): the partition's end

 private:
  std::vector<uint64_t> starts_;
  mutable uint64_t last_ = 0;
};

class WindowFrameView final : public WindowPartition {
 public:
  // `order_column`: row column of the single ORDER BY expression that RANGE offsets refer to, or
  // -1. `nulls_first`, `descending`: of that expression.
  WindowFrameView(const Expr& call, std::vector<uint32_t> argument_columns, int order_column,
                  const SortKey* order_key);

  // Evaluates the frame's offsets; once per execution. Throws 22004, 22013.
  void open(EvalContext& context);
  void set_partition(EvalContext& context, const RowLayout& layout,
                     std::span<std::byte* const> rows, const PeerGroups& peers);

  uint64_t row_count() const override { return rows_.size(); }
  Value argument(uint32_t arg, uint64_t row) override {
    return layout_->value(rows_[row], argument_columns_[arg]);
  }
  uint64_t peer_begin(uint64_t row) override { return peers_->start(peers_->group_of(row)); }
  uint64_t peer_end(uint64_t row) override { return peers_->start(peers_->group_of(row) + 1); }
  uint64_t frame_begin(uint64_t row) override;
  uint64_t frame_end(uint64_t row) override;
  bool in_frame(uint64_t row, uint64_t candidate) override;

  const WindowFrame& frame() const { return *frame_; }
  std::span<std::byte* const> rows() const { return rows_; }
  const std::vector<uint32_t>& argument_columns() const { return argument_columns_; }
  // Rows [begin, end) that EXCLUDE takes out of the frame of `row`; with TIES the row itself stays.
  std::pair<uint64_t, uint64_t> excluded(uint64_t row);

 private:
  struct Offset {
    std::unique_ptr<ExprEvaluator> evaluator;
    Value value;
    PhysicalType physical = PhysicalType::kInt64;
    uint64_t count = 0;  // ROWS and GROUPS
  };
  void open_offset(EvalContext& context, Offset& offset, const char* which);
  uint64_t range_bound(uint64_t row, bool is_start);
  bool in_range(const Value& value, const Value& base, bool is_start, bool subtract, bool less);

  const WindowFrame* frame_;
  std::vector<uint32_t> argument_columns_;
  int order_column_;
  const SortKey* order_key_;
  Offset start_, end_;
  EvalContext* context_ = nullptr;
  const RowLayout* layout_ = nullptr;
  std::span<std::byte* const> rows_;
  const PeerGroups* peers_ = nullptr;
  // RANGE offsets: where the bounds of the last row asked for were
  struct Cursor {
    uint64_t row = 0;
    uint64_t at = 0;
  };
  Cursor start_cursor_, end_cursor_;
};

}  // namespace luma
