#pragma once
// Chunks whose columns are a table's attributes.
#include <cstdint>
#include <vector>

#include "engine/row/row_codec.h"
#include "engine/row/table_desc.h"
#include "engine/vector/vector.h"

namespace luma {

inline std::vector<PhysicalType> attribute_types(const TableDesc& table) {
  std::vector<PhysicalType> types;
  types.reserve(table.columns.size());
  for (const ColumnDesc& column : table.columns) types.push_back(column.physical);
  return types;
}

// The attributes that are not dropped.
inline std::vector<int32_t> live_attributes(const TableDesc& table) {
  std::vector<int32_t> columns;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].dropped) columns.push_back(static_cast<int32_t>(i));
  }
  return columns;
}

// A chunk to decode attributes into; those that are not among `columns` are NULL. begin() it with
// begin_attributes(), which leaves those alone.
class AttributeChunk {
 public:
  AttributeChunk(const TableDesc& table, const StoredLayout& layout, std::vector<int32_t> columns,
                 uint32_t capacity)
      : columns_(std::move(columns)),
        decoder_(layout, columns_, std::vector<uint32_t>(columns_.begin(), columns_.end())) {
    chunk_.columns.reserve(table.columns.size());
    for (const ColumnDesc& column : table.columns) {
      chunk_.columns.emplace_back(column.physical, 1).set_constant_null();
    }
    for (int32_t column : columns_) {
      auto at = static_cast<size_t>(column);
      chunk_.columns[at] = Vector(table.columns[at].physical, capacity);
    }
  }
  bool reads_nothing() const { return columns_.empty(); }
  void begin() {
    for (int32_t column : columns_) chunk_.columns[static_cast<size_t>(column)].begin_flat();
    chunk_.size = 0;
    decoder_.attach(chunk_);
  }
  void add(std::string_view row) { decoder_.decode(row, chunk_.size++); }
  const Chunk& chunk() const { return chunk_; }

 private:
  std::vector<int32_t> columns_;
  RowDecoder decoder_;
  Chunk chunk_;
};

}  // namespace luma
