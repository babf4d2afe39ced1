#pragma once
// Walks the rows of a columnar table, a window at a time: rows of one block of a segment, without
// those that the delta hides and with those that it replaces, or rows of the delta alone. They come
// in order of their row ids, except in reordered segments: there the delta's rows come first, and
// then the segment's that they do not hide. Columns are decoded when they are asked for, so a
// filter can rule a window out before its other columns are touched. One thread.
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/columnar/columnar_table.h"
#include "engine/columnar/columnar_units.h"
#include "engine/row/row_codec.h"
#include "engine/row/table_desc.h"
#include "engine/txn/txn_iterator.h"

namespace luma {

class ColumnarCursor {
 public:
  // `columns`: attributes, in the order in which column() counts them. `table` outlives this.
  ColumnarCursor(const TableDesc& table, std::vector<int32_t> columns);
  ~ColumnarCursor();

  // False: no row of the group can be wanted. Rows of the delta are not asked about.
  using Pruner = std::function<bool(const SegmentFooter& footer, const RowGroup& group)>;
  void set_pruner(Pruner pruner) { pruner_ = std::move(pruner); }

  void open(Transaction& txn, ReadView view);
  // The same over given segments and the delta's rows from `first_row_id` to `last_row_id`.
  void open(Transaction& txn, ReadView view, SegmentListRef segments, uint64_t first_row_id,
            uint64_t last_row_id);
  // A share of the whole: unit after unit, each taken when the one before has been read. Several
  // cursors, each in its own thread, divide the table in this way while nobody writes to `txn`.
  // `units` is open and outlives close().
  void open(Transaction& txn, ReadView view, ColumnarUnits& units);
  void close();

  // The next window, which is never empty; false at the end.
  bool next();
  // Of the window, valid until next(). Row i of it is row selection()[i] of the columns;
  // selection() is null when it is row i.
  uint32_t size() const { return count_; }
  const uint32_t* selection() const { return selected_ ? selection_.data() : nullptr; }
  const Vector& column(size_t number);
  // The window's rows are stored ones of a single block, none replaced by the delta: what follows
  // may be used instead of column().
  bool is_stored() const { return !from_delta_ && patches_.empty(); }
  uint32_t block() const { return window_block_; }
  // The column's chunk; null when the segment is older than the column. Whoever keeps strings of it
  // keeps it.
  const ChunkRef& chunk(size_t number);
  bool is_decoded(size_t number) const { return columns_[number].ready; }
  // Copies rows of the block, ascending, to rows `at`... of `out`, which is flat. Long strings lie
  // in the chunk or in the heap of `out`.
  void read_rows(size_t number, const uint32_t* rows, uint32_t count, Vector& out, uint32_t at);
  // By row of the columns.
  uint64_t row_id(uint32_t row);
  uint64_t stamp(uint32_t row);

  struct Counters {
    uint64_t segments = 0, groups = 0, groups_pruned = 0, delta_rows = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  static constexpr uint64_t kNoRow = std::numeric_limits<uint64_t>::max();
  static constexpr size_t kNoSegment = std::numeric_limits<size_t>::max();
  struct Patch {
    uint32_t row;
    std::string bytes;
  };
  struct Column {
    std::unique_ptr<Vector> values;
    ChunkRef decoded;  // what `values` was decoded from; null: something else
    uint32_t block = 0;
    bool ready = false;  // for the current window
    // Of the group that a window was last looked at in; null: the segment lacks the column.
    ChunkRef chunk;
    size_t segment = static_cast<size_t>(-1);
    uint32_t group = 0;
  };

  void set_bounds(uint64_t first_row_id, uint64_t last_row_id);
  void start(SegmentListRef segments);
  bool next_unit();
  bool next_window();
  void load_delta_position();
  void next_delta_row();
  bool delta_window(uint64_t end_row_id);
  bool block_window();
  void select_visible();
  bool next_reordered_window();
  void load_hidden();
  void select_unhidden();
  void begin_window();
  void load_row_ids();
  void next_block();
  void next_group();
  void read_ahead();
  bool at_segment() const { return segment_ < end_segment_; }
  bool at_reordered() const { return at_segment() && segment().reader->footer().reordered; }
  const SegmentEntry& segment() const { return list_->segments[segment_]; }
  const RowGroup& group() const { return segment().reader->footer().groups[group_]; }
  uint32_t block_rows() const {
    return std::min(kBlockRows, group().row_count - block_ * kBlockRows);
  }
  void decode(size_t number);
  void fill_missing(Column& column, const ColumnDesc& desc);

  const TableDesc& table_;
  std::vector<int32_t> attributes_;
  StoredLayout layout_;
  Pruner pruner_;
  std::string lower_, upper_;

  SegmentListRef list_;
  std::unique_ptr<TxnIterator> delta_;
  uint64_t delta_id_ = kNoRow;
  ColumnarUnits* units_ = nullptr;  // null: all of it is this cursor's
  // Where the next window begins, and where there are no more segments.
  size_t segment_ = 0, end_segment_ = 0;
  uint32_t group_ = 0, block_ = 0, position_ = 0;
  bool group_checked_ = false;
  // Of a reordered segment: the row ids that the delta has in its range, ascending.
  size_t hidden_segment_ = kNoSegment;
  std::vector<uint64_t> hidden_;

  // The window.
  bool from_delta_ = false;
  size_t window_segment_ = 0;
  uint32_t window_group_ = 0, window_block_ = 0;
  uint32_t count_ = 0;
  bool selected_ = false;
  std::vector<uint32_t> selection_;
  std::vector<Patch> patches_;
  std::vector<Column> columns_;
  Chunk delta_rows_;
  std::unique_ptr<RowDecoder> delta_decoder_;
  std::vector<uint64_t> delta_ids_, delta_stamps_;
  Vector row_ids_{PhysicalType::kInt64, kBlockRows}, stamps_{PhysicalType::kInt64, kBlockRows};
  bool has_row_ids_ = false, has_stamps_ = false;
  std::vector<uint32_t> ahead_;
  Counters counters_;
};

}  // namespace luma
