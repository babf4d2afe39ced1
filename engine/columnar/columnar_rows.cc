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
  // A block of one column, decoded; rows that are asked for one after the other share it.
  struct Block {
    ChunkRef chunk;
    uint32_t number = 0;
    std::unique_ptr<Vector> values;
  };

  const Vector& block_of(const SegmentReader& reader, uint32_t group, uint32_t column,
                         uint32_t number, size_t slot, PhysicalType physical) {
    Block& block = columns_[slot];
    ChunkRef chunk = reader.chunk(group, column);
    if (block.chunk != chunk || block.number != number || block.values == nullptr) {
      if (block.values == nullptr) block.values = std::make_unique<Vector>(physical, kBlockRows);
      block.values->begin_flat();
      chunk->reader.read_block(number, *block.values);
      block.chunk = std::move(chunk);
      block.number = number;
    }
    return *block.values;
  }

  bool read(const SegmentEntry& entry, uint64_t row_id) {
    const SegmentReader& reader = *entry.reader;
    const SegmentFooter& footer = reader.footer();
    auto group =
        std::lower_bound(footer.groups.begin(), footer.groups.end(), row_id,
                         [](const RowGroup& g, uint64_t id) { return g.last_row_id < id; });
    if (group == footer.groups.end() || group->first_row_id > row_id) return false;
    auto number = static_cast<uint32_t>(group - footer.groups.begin());
    auto row_ids = static_cast<uint32_t>(footer.row_id_column());
    std::optional<uint32_t> found = reader.chunk(number, row_ids)->reader.find_sorted(row_id);
    if (!found) return false;
    const uint32_t block = *found / kBlockRows, at = *found % kBlockRows;
    values_.assign(table_.columns.size(), Value::null());
    for (uint32_t i = 0; i < table_.columns.size(); ++i) {
      const ColumnDesc& column = table_.columns[i];
      if (column.dropped) continue;
      if (i >= footer.columns.size()) {
        values_[i] = column.missing_value;
      } else {
        values_[i] = block_of(reader, number, i, block, i, column.physical).value(at);
      }
    }
    encode_row(layout_, values_, row_);
    uint64_t stamp = entry.info.stamp;
    if (footer.has_stamps) {
      auto stamps = static_cast<uint32_t>(footer.stamp_column());
      const Vector& values =
          block_of(reader, number, stamps, block, table_.columns.size() + 1, PhysicalType::kInt64);
      stamp = static_cast<uint64_t>(values.value(at).datum.i64);
    }
    stamp_row(stamp, row_);
    return true;
  }

  const TableDesc& table_;
  StoredLayout layout_;
  std::vector<Block> columns_;
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
