#pragma once
// Rows of a columnar table with a sort key on their way into a segment: kept in memory, and taken
// out in the order of the key. Rows that are equal in it stay in the order in which they came. One
// thread.
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/arena.h"
#include "engine/row/key_codec.h"
#include "engine/row/table_desc.h"
#include "engine/vector/vector.h"

namespace luma {

class SortedRows {
 public:
  // Whether the table's rows have an order that can be made here.
  static bool applies(const TableDesc& table);
  // applies(table); `table` outlives this.
  explicit SortedRows(const TableDesc& table);

  // Rows with one column for each attribute.
  void add(const Chunk& rows, const std::vector<uint64_t>& row_ids,
           const std::vector<uint64_t>& stamps);
  uint64_t size() const { return row_ids_.size(); }
  size_t memory_bytes() const;

  // After the last add(). False: they are in order as they came.
  bool sort();
  // The next rows in order, at most `count`; false when there are no more.
  bool next(uint32_t count, Chunk& rows, std::vector<uint64_t>& row_ids,
            std::vector<uint64_t>& stamps);
  // Empty, as in the beginning.
  void clear();

 private:
  struct Column {
    uint32_t value_bytes = 0;
    bool has_nulls = false;
    std::vector<std::byte> values;
    std::vector<bool> valid;
  };
  void add_column(const Vector& values, uint32_t count, Column& column);
  void add_keys(const Chunk& rows);
  static void take(const Column& column, const uint32_t* rows, uint32_t count, Vector& out);
  std::string_view key(uint32_t row) const {
    return std::string_view(keys_).substr(key_ends_[row], key_ends_[row + 1] - key_ends_[row]);
  }

  const TableDesc& table_;
  std::vector<KeyPart> parts_;
  std::unique_ptr<KeyCodec> codec_;
  std::vector<Column> columns_;  // by attribute
  std::unique_ptr<Arena> heap_;
  std::vector<uint64_t> row_ids_, stamps_;
  std::string keys_;
  std::vector<size_t> key_ends_;  // one more than rows
  std::vector<uint32_t> order_;
  size_t taken_ = 0;
};

}  // namespace luma
