#include "engine/columnar/columnar_units.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/base/sql_error.h"
#include "engine/row/key_codec.h"
#include "engine/txn/txn_iterator.h"

namespace luma {

namespace {
constexpr uint64_t kNoRow = std::numeric_limits<uint64_t>::max();
// Row ids of a unit without a row group, and how many such units a gap may become: row ids that
// nobody uses cost nothing.
constexpr uint64_t kDeltaUnitRows = 16384;
constexpr uint64_t kDeltaUnitsOfGap = 256;

// The greatest row id in the delta from `first` on, kNoRow when there is none.
uint64_t last_delta_row(const TableDesc& table, Transaction& txn, ReadView view, uint64_t first) {
  std::string lower, upper;
  make_row_key(table.storage_id, first, lower);
  append_storage_id(upper, table.storage_id);
  make_prefix_end(upper);
  auto at = txn.scan(KvFamily::kData, lower, upper, view);
  // Forward first: backwards it would step over everything that has left the delta, which is slow.
  at->seek_first();
  if (!at->valid()) return kNoRow;
  at->seek_last();
  return at->valid() ? row_id_of(at->key()) : kNoRow;
}
}  // namespace

void ColumnarUnits::open(const TableDesc& table, Transaction& txn, ReadView view) {
  LUMA_CHECK(view != ReadView::kLatest);
  close();
  segments_ = table.columnar->segments(txn, view);
  uint64_t first = 0;
  for (size_t i = 0; i < segments_->segments.size(); ++i) {
    const SegmentFooter& footer = segments_->segments[i].reader->footer();
    if (footer.groups.empty()) continue;
    if (footer.reordered) {
      add_reordered(i, first);
    } else {
      add_groups(i, first);
    }
    first = segments_->segments[i].info.last_row_id + 1;
  }
  const uint64_t last = last_delta_row(table, txn, view, first);
  if (last != kNoRow) add_delta(first, last);
}

void ColumnarUnits::close() {
  segments_.reset();
  units_.clear();
  next_.store(0, std::memory_order_relaxed);
}

// The segment's groups, the first one with what lies between `first_row_id` and it.
void ColumnarUnits::add_groups(size_t segment, uint64_t first_row_id) {
  const SegmentFooter& footer = segments_->segments[segment].reader->footer();
  for (uint32_t group = 0; group < footer.groups.size(); ++group) {
    const RowGroup& rows = footer.groups[group];
    if (rows.first_row_id - first_row_id > kDeltaUnitRows) {
      add_delta(first_row_id, rows.first_row_id - 1);
      first_row_id = rows.first_row_id;
    }
    units_.push_back({segment, group, first_row_id, rows.last_row_id});
    first_row_id = rows.last_row_id + 1;
  }
}

// The groups, and what the delta has before and above them as a unit of its own.
void ColumnarUnits::add_reordered(size_t segment, uint64_t first_row_id) {
  const SegmentInfo& info = segments_->segments[segment].info;
  if (info.first_row_id - first_row_id > kDeltaUnitRows) {
    add_delta(first_row_id, info.first_row_id - 1);
    first_row_id = info.first_row_id;
  }
  units_.push_back({ColumnarUnit::kNoSegment, 0, first_row_id, info.last_row_id});
  const auto groups = segments_->segments[segment].reader->footer().groups.size();
  for (uint32_t group = 0; group < groups; ++group) {
    units_.push_back({segment, group, info.first_row_id, info.last_row_id});
  }
}

void ColumnarUnits::add_delta(uint64_t first_row_id, uint64_t last_row_id) {
  const uint64_t step = std::max(kDeltaUnitRows, (last_row_id - first_row_id) / kDeltaUnitsOfGap);
  while (true) {
    if (last_row_id - first_row_id < step) {
      units_.push_back({ColumnarUnit::kNoSegment, 0, first_row_id, last_row_id});
      return;
    }
    units_.push_back({ColumnarUnit::kNoSegment, 0, first_row_id, first_row_id + step - 1});
    first_row_id += step;
  }
}

void ColumnarUnits::order_by(const Rank& rank) {
  std::vector<std::pair<int64_t, ColumnarUnit>> ranked;
  for (const ColumnarUnit& unit : units_) {
    int64_t number = std::numeric_limits<int64_t>::min();
    if (unit.segment != ColumnarUnit::kNoSegment) {
      const SegmentFooter& footer = segments_->segments[unit.segment].reader->footer();
      number = rank(footer, footer.groups[unit.group]);
    }
    ranked.emplace_back(number, unit);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < units_.size(); ++i) units_[i] = ranked[i].second;
}

std::optional<ColumnarUnit> ColumnarUnits::take() {
  const size_t at = next_.fetch_add(1, std::memory_order_relaxed);
  if (at >= units_.size()) return std::nullopt;
  return units_[at];
}

}  // namespace luma
