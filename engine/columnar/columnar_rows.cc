#include "engine/columnar/columnar_rows.h"

#include <algorithm>

#include "engine/base/sql_error.h"

namespace luma {

namespace {
constexpr Oid kNumericOid = 1700;

void stamp_row(uint64_t stamp, std::string& row) { std::memcpy(row.data(), &stamp, sizeof stamp); }
}  // namespace

std::vector<ColumnSpec> segment_columns(const TableDesc& table) {
  std::vector<ColumnSpec> specs;
  for (const ColumnDesc& column : table.columns) {
    specs.push_back({column.physical, !column.dropped && column.type.oid == kNumericOid});
  }
  return specs;
}

class StoredRows::Columnar {
 public:
  explicit Columnar(const TableDesc& table)
      : table_(table), layout_(table), columns_(table.columns.size() + 2) {}

  void want(std::span<const int32_t> attributes) {
    wanted_.assign(table_.columns.size(), false);
    for (int32_t attribute : attributes) {
      if (attribute >= 0) wanted_[static_cast<size_t>(attribute)] = true;
    }
  }

  bool get(Transaction& txn, std::string_view key, KvValue* out, ReadView view) {
    // First the delta: rows only ever move from there into segments.
    if (txn.get_stamped(KvFamily::kData, key, out, view)) {
      if (!is_tombstone(out->view())) return true;
      out->reset();
      return false;
    }
    SegmentListRef list = table_.columnar->segments(txn, view);
    const uint64_t row_id = row_id_of(key);
    const SegmentEntry* entry = list->find(row_id);
    if (entry == nullptr || !read(*entry, row_id)) return false;
    out->set_unowned(row_);
    txn.add_dependency(Transaction::timestamp_of(row_));
    return true;
  }

 private:
  // A column at the row that was asked for last. Rows of one block that are asked for again and
  // again, as an index in the order of the table does, are decoded together.
  struct Slot {
    ChunkRef chunk;
    uint32_t block = 0;
    uint32_t hits = 0;
    std::unique_ptr<Vector> one, all;
  };
  static constexpr uint32_t kHitsPerBlock = 8;

  Value value_of(const SegmentReader& reader, uint32_t group, uint32_t column, uint32_t row,
                 size_t at, PhysicalType physical) {
    Slot& slot = columns_[at];
    const uint32_t block = row / kBlockRows, in_block = row % kBlockRows;
    ChunkRef chunk = reader.chunk(group, column);
    if (slot.chunk != chunk || slot.block != block) {
      slot.chunk = std::move(chunk);
      slot.block = block;
      slot.hits = 0;
    }
    if (++slot.hits < kHitsPerBlock) {
      if (slot.one == nullptr) slot.one = std::make_unique<Vector>(physical, 1);
      slot.one->begin_flat();
      slot.chunk->reader.read_rows(block, &in_block, 1, *slot.one, 0);
      return slot.one->value(0);
    }
    if (slot.hits == kHitsPerBlock) {
      if (slot.all == nullptr) slot.all = std::make_unique<Vector>(physical, kBlockRows);
      slot.all->begin_flat();
      slot.chunk->reader.read_block(block, *slot.all);
    }
    return slot.all->value(in_block);
  }

  // The row's group and place in it, nothing when the segment does not have it.
  static std::optional<std::pair<uint32_t, uint32_t>> find(const SegmentReader& reader,
                                                           uint64_t row_id) {
    const SegmentFooter& footer = reader.footer();
    uint32_t group = 0;
    if (!footer.reordered) {
      auto at = std::lower_bound(footer.groups.begin(), footer.groups.end(), row_id,
                                 [](const RowGroup& g, uint64_t id) { return g.last_row_id < id; });
      group = static_cast<uint32_t>(at - footer.groups.begin());
    }
    for (; group < footer.groups.size(); ++group) {
      if (std::optional<uint32_t> row = reader.find(group, row_id)) return {{group, *row}};
      if (!footer.reordered) break;
    }
    return std::nullopt;
  }

  bool read(const SegmentEntry& entry, uint64_t row_id) {
    const SegmentReader& reader = *entry.reader;
    const SegmentFooter& footer = reader.footer();
    const auto place = find(reader, row_id);
    if (!place) return false;
    const auto [number, row] = *place;
    values_.assign(table_.columns.size(), Value::null());
    for (uint32_t i = 0; i < table_.columns.size(); ++i) {
      const ColumnDesc& column = table_.columns[i];
      if (column.dropped || (!wanted_.empty() && !wanted_[i])) continue;
      if (i >= footer.columns.size()) {
        values_[i] = column.missing_value;
      } else {
        values_[i] = value_of(reader, number, i, row, i, column.physical);
      }
    }
    encode_row(layout_, values_, row_);
    uint64_t stamp = entry.info.stamp;
    if (footer.has_stamps) {
      auto stamps = static_cast<uint32_t>(footer.stamp_column());
      stamp = static_cast<uint64_t>(
          value_of(reader, number, stamps, row, table_.columns.size() + 1, PhysicalType::kInt64)
              .datum.i64);
    }
    stamp_row(stamp, row_);
    return true;
  }

  const TableDesc& table_;
  StoredLayout layout_;
  std::vector<Slot> columns_;
  std::vector<bool> wanted_;  // by attribute; empty: all
  std::vector<Value> values_;
  std::string row_;
};

StoredRows::StoredRows(const TableDesc& table)
    : columnar_(table.columnar == nullptr ? nullptr : std::make_unique<Columnar>(table)) {}
StoredRows::~StoredRows() = default;
StoredRows::StoredRows(StoredRows&&) noexcept = default;

bool StoredRows::get(Transaction& txn, std::string_view key, KvValue* out, ReadView view) {
  if (columnar_ == nullptr) return txn.get_stamped(KvFamily::kData, key, out, view);
  return columnar_->get(txn, key, out, view);
}

void StoredRows::want(std::span<const int32_t> attributes) {
  if (columnar_ != nullptr) columnar_->want(attributes);
}

void StoredRows::remove(Transaction& txn, std::string_view key) const {
  if (columnar_ == nullptr) {
    txn.remove(KvFamily::kData, key);
  } else {
    // Also of rows that no segment has yet: one may be in the making.
    txn.put(KvFamily::kData, key, tombstone(), true);
  }
}

void StoredRows::check_unchanged_since_snapshot(Transaction& txn, std::string_view key) {
  if (columnar_ == nullptr) return txn.check_unchanged_since_snapshot(KvFamily::kData, key);
  if (!txn.keeps_snapshot()) return;
  KvValue value;
  bool found_then = columnar_->get(txn, key, &value, ReadView::kOwn);
  uint64_t then = found_then ? Transaction::timestamp_of(value.view()) : 0;
  bool found_now = columnar_->get(txn, key, &value, ReadView::kLatest);
  uint64_t now = found_now ? Transaction::timestamp_of(value.view()) : 0;
  if (found_then == found_now && then == now) return;
  throw SqlError(SqlState::kTRSerializationFailure,
                 found_now ? "could not serialize access due to concurrent update"
                           : "could not serialize access due to concurrent delete");
}

}  // namespace luma
