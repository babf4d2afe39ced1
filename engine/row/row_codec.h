#pragma once
// The bytes of a stored row:
//   u64 commit timestamp (stamped by the commit pipeline), u16 schema version, u8 flags,
//   null bitmap (bit set = NULL), fixed-size columns at static offsets, end offsets of the columns
//   of variable length (u16, or u32 by flag), their bytes. Little-endian, unaligned.
// Any column is found in constant time. A row holds the columns that existed at its schema version:
// a prefix of the table's columns; the others read as ColumnDesc::missing_value. Dropped columns
// keep their place and are NULL.
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/row/table_desc.h"
#include "engine/vector/vector.h"

namespace luma {

inline constexpr size_t kRowStampBytes = 8;
inline constexpr size_t kRowHeaderBytes = 11;

// Where the columns of a table are. Immutable; threads may share it. Must not outlive `table`.
class StoredLayout {
 public:
  explicit StoredLayout(const TableDesc& table);

  struct Column {
    PhysicalType physical;
    bool dropped;
    // Bytes behind the null bitmap, or number among the columns of variable length.
    uint32_t position;
    const Value* missing;
  };
  // The columns that rows of some range of schema versions have.
  struct Shape {
    uint16_t first_version;
    uint16_t bitmap_bytes;
    uint32_t column_count;
    uint32_t fixed_bytes;
    uint32_t varlen_count;
    // Where the end offsets begin: header, bitmap and fixed-size columns.
    uint32_t offsets_at() const {
      return static_cast<uint32_t>(kRowHeaderBytes) + bitmap_bytes + fixed_bytes;
    }
  };

  const std::vector<Column>& columns() const { return columns_; }
  const Shape& shape(uint16_t schema_version) const {
    if (__builtin_expect(schema_version >= shapes_[0].first_version, 1)) return shapes_[0];
    return older_shape(schema_version);
  }
  uint16_t schema_version() const { return schema_version_; }

 private:
  const Shape& older_shape(uint16_t schema_version) const;
  std::vector<Column> columns_;
  std::vector<Shape> shapes_;  // newest first
  uint16_t schema_version_;
};

// One stored row, read in place; it must outlive the view and long strings taken from it.
class StoredRow {
 public:
  // XX001 when the bytes cannot be a row.
  StoredRow(const StoredLayout& layout, std::string_view bytes)
      : layout_(layout), bytes_(bytes), shape_(check(layout, bytes)) {}

  bool is_null(uint32_t column) const {
    if (column >= shape_.column_count) return layout_.columns()[column].missing->is_null;
    return has_nulls() && null_bit(column);
  }
  Value value(uint32_t column) const;

  bool has_nulls() const { return (flags() & kHasNulls) != 0; }
  bool null_bit(uint32_t column) const {
    return ((static_cast<uint8_t>(bytes_[kRowHeaderBytes + column / 8]) >> (column % 8)) & 1) != 0;
  }
  const StoredLayout::Shape& shape() const { return shape_; }
  const char* fixed(uint32_t position) const {
    return bytes_.data() + kRowHeaderBytes + shape_.bitmap_bytes + position;
  }
  std::string_view varlen(uint32_t number) const;

  static constexpr uint8_t kHasNulls = 1;
  static constexpr uint8_t kWideOffsets = 2;

 private:
  static const StoredLayout::Shape& check(const StoredLayout& layout, std::string_view bytes);
  uint8_t flags() const { return static_cast<uint8_t>(bytes_[kRowHeaderBytes - 1]); }

  const StoredLayout& layout_;
  std::string_view bytes_;
  const StoredLayout::Shape& shape_;
};

// Replaces `out` by the stored form of row `row` of `rows`, whose columns are the table's
// attributes. The commit timestamp is left zero. 54000 when the row is too large.
void encode_row(const StoredLayout& layout, const Chunk& rows, uint32_t row, std::string& out);
void encode_row(const StoredLayout& layout, std::span<const Value> values, std::string& out);

// Decodes chosen columns of many rows straight into vectors. One thread.
class RowDecoder {
 public:
  // `columns`: attributes; `targets`: the chunk column that each goes to.
  RowDecoder(const StoredLayout& layout, std::span<const int32_t> columns,
             std::span<const uint32_t> targets);

  // The chunk that rows go to from now on; its columns have been begun as flat.
  void attach(Chunk& chunk);
  // Decodes `bytes` into row `row`. Long strings are copied into the vectors' heaps when
  // `copy_strings`, otherwise they refer to `bytes`.
  void decode(std::string_view bytes, uint32_t row, bool copy_strings = true);

 private:
  struct Item {
    uint32_t column;
    uint32_t position;
    uint32_t target;
    uint8_t bytes;  // of a fixed-size value; 0: variable length
    std::byte* data = nullptr;
    Vector* vector = nullptr;
  };
  const StoredLayout& layout_;
  std::vector<Item> items_;
};

}  // namespace luma
