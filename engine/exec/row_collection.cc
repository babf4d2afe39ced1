#include "engine/exec/row_collection.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace luma {

namespace {

constexpr size_t kFirstBlockBytes = 4096;
constexpr size_t kMaxBlockBytes = size_t{1} << 20;

uint32_t round_up(uint32_t value, uint32_t to) { return (value + to - 1) / to * to; }

template <typename T>
void scatter_values(const RowLayout& layout, uint32_t column, const Vector& values,
                    const uint32_t* selection, uint32_t count, std::byte* const* rows) {
  auto source = values.unified<T>();
  const uint32_t offset = layout.offsets[column];
  const uint32_t null_byte = layout.null_offset + (column >> 3);
  const auto null_bit = static_cast<std::byte>(1u << (column & 7));
  const bool any_null = source.validity != nullptr;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t index = source.index(selection == nullptr ? i : selection[i]);
    if (any_null && !source.valid_at(index)) {
      rows[i][null_byte] |= null_bit;
      std::memset(rows[i] + offset, 0, sizeof(T));
    } else {
      std::memcpy(rows[i] + offset, &source.data[index], sizeof(T));
    }
  }
}

void scatter_strings(const RowLayout& layout, uint32_t column, std::byte* const* rows,
                     uint32_t count, Arena& heap) {
  const uint32_t offset = layout.offsets[column];
  for (uint32_t i = 0; i < count; ++i) {
    StringRef text;
    std::memcpy(&text, rows[i] + offset, sizeof text);
    if (text.is_inline()) continue;
    text = StringRef(heap.copy(text.view()));
    std::memcpy(rows[i] + offset, &text, sizeof text);
  }
}

template <typename T>
void gather_values(const RowLayout& layout, uint32_t column, const std::byte* const* rows,
                   uint32_t count, Vector& out) {
  T* target = out.mutable_data<T>();
  const uint32_t offset = layout.offsets[column];
  const uint32_t null_byte = layout.null_offset + (column >> 3);
  const auto null_bit = static_cast<std::byte>(1u << (column & 7));
  for (uint32_t i = 0; i < count; ++i) {
    std::memcpy(&target[i], rows[i] + offset, sizeof(T));
    if ((rows[i][null_byte] & null_bit) != std::byte{0}) out.set_null(i);
  }
}

}  // namespace

RowLayout::RowLayout(std::vector<PhysicalType> column_types, uint32_t header, uint32_t tail_bytes)
    : types(std::move(column_types)), header_bytes(header) {
  std::vector<uint32_t> order(types.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return physical_size(types[a]) > physical_size(types[b]);
  });
  offsets.resize(types.size());
  uint32_t at = round_up(header, 8);
  for (uint32_t column : order) {
    offsets[column] = at;
    at += physical_size(types[column]);
    has_varlen |= types[column] == PhysicalType::kVarlen;
  }
  null_offset = at;
  null_bytes = static_cast<uint32_t>((types.size() + 7) / 8);
  at += null_bytes;
  if (tail_bytes != 0) at = round_up(at, 16);
  tail_offset = at;
  at += tail_bytes;
  row_bytes = std::max(8u, round_up(at, tail_bytes != 0 ? 16 : 8));
}

Value RowLayout::value(const std::byte* row, uint32_t column) const {
  if (is_null(row, column)) return Value::null();
  Datum datum;
  std::memcpy(&datum, row + offsets[column], physical_size(types[column]));
  return datum;
}

RowCollection::RowCollection(const RowLayout& layout, MemoryBudget* budget)
    : layout_(layout), budget_(budget), heap_(std::make_unique<Arena>(budget)) {}

RowCollection::~RowCollection() {
  if (budget_ != nullptr) budget_->release(block_bytes_total_);
}

void RowCollection::add_block() {
  size_t bytes = kFirstBlockBytes;
  if (!blocks_.empty()) {
    bytes = std::min(kMaxBlockBytes, size_t{blocks_.back().capacity} * layout_.row_bytes * 2);
  }
  auto capacity = static_cast<uint32_t>(std::max<size_t>(1, bytes / layout_.row_bytes));
  bytes = size_t{capacity} * layout_.row_bytes;
  if (budget_ != nullptr) budget_->charge(bytes);
  block_bytes_total_ += bytes;
  blocks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[bytes]), 0, capacity});
}

std::byte* RowCollection::append_row() {
  if (blocks_.empty() || blocks_.back().used == blocks_.back().capacity) add_block();
  Block& block = blocks_.back();
  std::byte* row = block.data.get() + size_t{block.used++} * layout_.row_bytes;
  if (layout_.null_bytes != 0) std::memset(row + layout_.null_offset, 0, layout_.null_bytes);
  ++row_count_;
  return row;
}

void RowCollection::append(std::span<const Vector* const> columns, const uint32_t* selection,
                           uint32_t count, std::byte** rows) {
  if (rows == nullptr) {
    fresh_rows_.resize(std::max<size_t>(fresh_rows_.size(), count));
    rows = fresh_rows_.data();
  }
  for (uint32_t i = 0; i < count; ++i) rows[i] = append_row();
  for (uint32_t c = 0; c < columns.size(); ++c) scatter(c, *columns[c], selection, count, rows);
}

void RowCollection::scatter(uint32_t column, const Vector& values, const uint32_t* selection,
                            uint32_t count, std::byte* const* rows) {
  switch (physical_size(layout_.types[column])) {
    case 1:
      scatter_values<uint8_t>(layout_, column, values, selection, count, rows);
      break;
    case 2:
      scatter_values<uint16_t>(layout_, column, values, selection, count, rows);
      break;
    case 4:
      scatter_values<uint32_t>(layout_, column, values, selection, count, rows);
      break;
    case 8:
      scatter_values<uint64_t>(layout_, column, values, selection, count, rows);
      break;
    default:
      scatter_values<Datum>(layout_, column, values, selection, count, rows);
      break;
  }
  if (layout_.types[column] == PhysicalType::kVarlen) {
    scatter_strings(layout_, column, rows, count, *heap_);
  }
}

void RowCollection::gather(uint32_t column, const std::byte* const* rows, uint32_t count,
                           Vector& out) const {
  out.begin_flat();
  switch (physical_size(layout_.types[column])) {
    case 1:
      gather_values<uint8_t>(layout_, column, rows, count, out);
      break;
    case 2:
      gather_values<uint16_t>(layout_, column, rows, count, out);
      break;
    case 4:
      gather_values<uint32_t>(layout_, column, rows, count, out);
      break;
    case 8:
      gather_values<uint64_t>(layout_, column, rows, count, out);
      break;
    default:
      gather_values<Datum>(layout_, column, rows, count, out);
      break;
  }
}

void RowCollection::gather(const std::byte* const* rows, uint32_t count, Chunk& out) const {
  for (uint32_t c = 0; c < out.columns.size(); ++c) gather(c, rows, count, out.columns[c]);
  out.size = count;
}

uint32_t RowCollection::scan(Cursor& cursor, std::byte** rows, uint32_t max) const {
  uint32_t count = 0;
  while (count < max && cursor.block < blocks_.size()) {
    const Block& block = blocks_[cursor.block];
    uint32_t take = std::min(max - count, block.used - cursor.row);
    std::byte* at = block.data.get() + size_t{cursor.row} * layout_.row_bytes;
    for (uint32_t i = 0; i < take; ++i, at += layout_.row_bytes) rows[count++] = at;
    cursor.row += take;
    // The last block may still grow: stay in it.
    if (cursor.row == block.used && cursor.block + 1 == blocks_.size()) break;
    if (cursor.row == block.used) {
      ++cursor.block;
      cursor.row = 0;
    }
  }
  return count;
}

uint32_t RowCollection::scan_block(size_t block, uint32_t from, std::byte** rows,
                                   uint32_t max) const {
  const Block& at = blocks_[block];
  uint32_t count = std::min(max, at.used - from);
  for (uint32_t i = 0; i < count; ++i) {
    rows[i] = at.data.get() + size_t{from + i} * layout_.row_bytes;
  }
  return count;
}

void RowCollection::absorb(RowCollection&& other) {
  for (Block& block : other.blocks_) blocks_.push_back(std::move(block));
  other.blocks_.clear();
  block_bytes_total_ += std::exchange(other.block_bytes_total_, 0);
  row_count_ += std::exchange(other.row_count_, 0);
  absorbed_heap_bytes_ += std::exchange(other.absorbed_heap_bytes_, 0);
  absorbed_heap_bytes_ += other.heap_->allocated_bytes();
  absorbed_heaps_.push_back(std::exchange(other.heap_, std::make_unique<Arena>(budget_)));
  for (auto& heap : other.absorbed_heaps_) absorbed_heaps_.push_back(std::move(heap));
  other.absorbed_heaps_.clear();
}

RowCollection::Cursor RowCollection::cursor_at(uint64_t row) const {
  Cursor cursor;
  while (cursor.block + 1 < blocks_.size() && row >= blocks_[cursor.block].used) {
    row -= blocks_[cursor.block++].used;
  }
  cursor.row = static_cast<uint32_t>(row);
  return cursor;
}

std::vector<const Vector*> column_pointers(const Chunk& chunk) {
  std::vector<const Vector*> columns;
  columns.reserve(chunk.columns.size());
  for (const Vector& column : chunk.columns) columns.push_back(&column);
  return columns;
}

}  // namespace luma
