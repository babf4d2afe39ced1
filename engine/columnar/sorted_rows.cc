#include "engine/columnar/sorted_rows.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "engine/base/sql_error.h"

namespace luma {

namespace {

// The columns of the sort key whose types have keys: those behind one that has none cannot count.
std::vector<KeyPart> parts_of(const TableDesc& table) {
  std::vector<KeyPart> parts;
  for (const StoredOrder& order : table.stored_order) {
    const ColumnDesc& column = table.columns[static_cast<size_t>(order.column)];
    if (column.dropped || type_info(column.type.oid).key_encode == nullptr) break;
    KeyPart& part = parts.emplace_back();
    part.column = order.column;
    part.type = column.type;
    part.physical = column.physical;
    part.descending = order.descending;
    part.nulls_first = order.nulls_first;
  }
  return parts;
}

template <typename T>
void gather(const std::byte* from, const uint32_t* rows, uint32_t count, T* out) {
  const T* values = reinterpret_cast<const T*>(from);
  for (uint32_t i = 0; i < count; ++i) out[i] = values[rows[i]];
}

}  // namespace

bool SortedRows::applies(const TableDesc& table) { return !parts_of(table).empty(); }

SortedRows::SortedRows(const TableDesc& table) : table_(table), parts_(parts_of(table)) {
  codec_ = std::make_unique<KeyCodec>(parts_);
  clear();
}

void SortedRows::clear() {
  columns_.clear();
  for (const ColumnDesc& column : table_.columns) {
    columns_.emplace_back().value_bytes = column.dropped ? 0 : physical_size(column.physical);
  }
  heap_ = std::make_unique<Arena>();
  row_ids_ = {};
  stamps_ = {};
  keys_ = {};
  key_ends_ = {0};
  order_ = {};
  taken_ = 0;
}

size_t SortedRows::memory_bytes() const {
  size_t bytes = heap_->allocated_bytes() + keys_.capacity();
  for (const Column& column : columns_) bytes += column.values.size() + column.valid.size() / 8;
  constexpr size_t kBytesOfRow = 2 * sizeof(uint64_t) + sizeof(size_t) + sizeof(uint32_t);
  return bytes + row_ids_.size() * kBytesOfRow;
}

void SortedRows::add(const Chunk& rows, const std::vector<uint64_t>& row_ids,
                     const std::vector<uint64_t>& stamps) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].value_bytes > 0) add_column(rows.columns[i], rows.size, columns_[i]);
  }
  add_keys(rows);
  row_ids_.insert(row_ids_.end(), row_ids.begin(), row_ids.end());
  stamps_.insert(stamps_.end(), stamps.begin(), stamps.end());
}

void SortedRows::add_column(const Vector& values, uint32_t count, Column& column) {
  const size_t first = column.values.size() / column.value_bytes;
  column.values.resize(column.values.size() + size_t{count} * column.value_bytes);
  column.valid.resize(first + count, true);
  const uint32_t* selection = values.selection();
  const bool is_string = values.physical() == PhysicalType::kVarlen;
  for (uint32_t i = 0; i < count; ++i) {
    std::byte* to = column.values.data() + (first + i) * column.value_bytes;
    if (values.is_null(i)) {
      column.valid[first + i] = false;
      column.has_nulls = true;
      continue;
    }
    const uint32_t row = selection == nullptr ? i : selection[i];
    std::memcpy(to, values.raw_data() + size_t{row} * column.value_bytes, column.value_bytes);
    if (!is_string) continue;
    StringRef text = values.unified<StringRef>()[i];
    if (!text.is_inline()) text = StringRef(heap_->copy(text.view()));
    std::memcpy(to, &text, sizeof text);
  }
}

void SortedRows::add_keys(const Chunk& rows) {
  for (uint32_t row = 0; row < rows.size; ++row) {
    for (size_t i = 0; i < parts_.size(); ++i) {
      codec_->append(i, rows.columns[static_cast<size_t>(parts_[i].column)].value(row), keys_);
    }
    key_ends_.push_back(keys_.size());
  }
}

bool SortedRows::sort() {
  order_.resize(row_ids_.size());
  std::iota(order_.begin(), order_.end(), 0);
  auto before = [this](uint32_t a, uint32_t b) { return key(a) < key(b); };
  taken_ = 0;
  if (std::is_sorted(order_.begin(), order_.end(), before)) return false;
  std::stable_sort(order_.begin(), order_.end(), before);
  return true;
}

void SortedRows::take(const Column& column, const uint32_t* rows, uint32_t count, Vector& out) {
  out.begin_flat();
  switch (column.value_bytes) {
    case 1:
      gather(column.values.data(), rows, count, out.mutable_data<uint8_t>());
      break;
    case 2:
      gather(column.values.data(), rows, count, out.mutable_data<uint16_t>());
      break;
    case 4:
      gather(column.values.data(), rows, count, out.mutable_data<uint32_t>());
      break;
    case 8:
      gather(column.values.data(), rows, count, out.mutable_data<uint64_t>());
      break;
    default:
      LUMA_CHECK(column.value_bytes == sizeof(Datum));
      gather(column.values.data(), rows, count, out.mutable_data<Datum>());
  }
  if (!column.has_nulls) return;
  for (uint32_t i = 0; i < count; ++i) {
    if (!column.valid[rows[i]]) out.set_null(i);
  }
}

bool SortedRows::next(uint32_t count, Chunk& rows, std::vector<uint64_t>& row_ids,
                      std::vector<uint64_t>& stamps) {
  count = static_cast<uint32_t>(std::min<size_t>(count, order_.size() - taken_));
  if (count == 0) return false;
  const uint32_t* chosen = order_.data() + taken_;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].value_bytes > 0) take(columns_[i], chosen, count, rows.columns[i]);
  }
  row_ids.resize(count);
  stamps.resize(count);
  gather(reinterpret_cast<const std::byte*>(row_ids_.data()), chosen, count, row_ids.data());
  gather(reinterpret_cast<const std::byte*>(stamps_.data()), chosen, count, stamps.data());
  rows.size = count;
  taken_ += count;
  return true;
}

}  // namespace luma
