#pragma once
// The parts of one scan of a columnar table that several cursors divide among themselves: a row
// group with the delta's rows of its range of row ids, or a range of the delta alone. Together they
// are the whole table at one snapshot, each row in one of them.
//
// open() and close() belong to the transaction's thread, before the first cursor and after the
// last; take() may be called by any.
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/columnar/columnar_table.h"
#include "engine/row/table_desc.h"

namespace luma {

struct ColumnarUnit {
  static constexpr size_t kNoSegment = static_cast<size_t>(-1);

  size_t segment = kNoSegment;  // of the list
  uint32_t group = 0;
  // All rows of the group, and of the delta, lie in here. Inclusive. Those of the delta do not
  // belong to the unit when the group is one of a reordered segment.
  uint64_t first_row_id = 0, last_row_id = 0;
};

class ColumnarUnits {
 public:
  // Fixes the snapshot. `view` is not kLatest: all cursors must see the same.
  void open(const TableDesc& table, Transaction& txn, ReadView view);
  void close();

  // Before the first take(): those with a low rank come first. What lies in the delta alone comes
  // before all row groups.
  using Rank = std::function<int64_t(const SegmentFooter& footer, const RowGroup& group)>;
  void order_by(const Rank& rank);

  // In order of row ids unless there is another; nothing when all have been handed out.
  std::optional<ColumnarUnit> take();
  size_t count() const { return units_.size(); }
  const SegmentListRef& segments() const { return segments_; }

 private:
  void add_delta(uint64_t first_row_id, uint64_t last_row_id);
  void add_groups(size_t segment, uint64_t first_row_id);
  void add_reordered(size_t segment, uint64_t first_row_id);

  SegmentListRef segments_;
  std::vector<ColumnarUnit> units_;
  std::atomic<size_t> next_{0};
};

}  // namespace luma
