#pragma once
// Materialised rows: fixed-width rows in large blocks whose addresses never change, long strings in
// an arena beside them. What sort, join, aggregation, window and materialisation keep their input
// in.
//
// A row: `header_bytes` for the user (hash, chain pointer, ...), the columns (widest first, so that
// nothing needs padding), one NULL bit a column, then `tail_bytes` for the user (aggregate states,
// 16-byte aligned). Ownership: the collection owns rows and strings; gathered vectors point into
// it. All memory is charged to the budget (53200). Not thread-safe.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/arena.h"
#include "engine/base/memory_budget.h"
#include "engine/vector/vector.h"

namespace luma {

struct RowLayout {
  RowLayout() = default;
  explicit RowLayout(std::vector<PhysicalType> column_types, uint32_t header_bytes = 0,
                     uint32_t tail_bytes = 0);

  std::vector<PhysicalType> types;
  std::vector<uint32_t> offsets;  // of each column in a row
  uint32_t header_bytes = 0;
  uint32_t null_offset = 0;
  uint32_t null_bytes = 0;
  uint32_t tail_offset = 0;
  uint32_t row_bytes = 0;
  bool has_varlen = false;

  bool is_null(const std::byte* row, uint32_t column) const {
    return ((static_cast<uint8_t>(row[null_offset + (column >> 3)]) >> (column & 7)) & 1) != 0;
  }
  Value value(const std::byte* row, uint32_t column) const;
};

class RowCollection {
 public:
  RowCollection(const RowLayout& layout, MemoryBudget* budget);
  RowCollection(const RowCollection&) = delete;
  RowCollection& operator=(const RowCollection&) = delete;
  ~RowCollection();

  const RowLayout& layout() const { return layout_; }
  uint64_t row_count() const { return row_count_; }
  // Memory held, strings included.
  size_t bytes() const {
    return block_bytes_total_ + absorbed_heap_bytes_ + heap_->allocated_bytes();
  }
  Arena& heap() { return *heap_; }

  // A new row, header and columns undefined, no NULLs.
  std::byte* append_row();
  // Appends rows selection[0..count) (nullptr: 0..count) of `columns`; their addresses to `rows`
  // when it is not nullptr.
  void append(std::span<const Vector* const> columns, const uint32_t* selection, uint32_t count,
              std::byte** rows = nullptr);
  // Takes over all rows of another collection with the same layout and budget, without moving them.
  void absorb(RowCollection&& other);
  // Writes one column of the given rows from `values` rows selection[i].
  void scatter(uint32_t column, const Vector& values, const uint32_t* selection, uint32_t count,
               std::byte* const* rows);
  // Reads one column of the given rows; strings stay where they are.
  void gather(uint32_t column, const std::byte* const* rows, uint32_t count, Vector& out) const;
  // Columns [0, out.columns.size()) of the given rows.
  void gather(const std::byte* const* rows, uint32_t count, Chunk& out) const;

  // Iteration in order of insertion; survives later appends.
  struct Cursor {
    size_t block = 0;
    uint32_t row = 0;
  };
  uint32_t scan(Cursor& cursor, std::byte** rows, uint32_t max) const;
  // The rows in pieces that several threads may look at apart.
  size_t block_count() const { return blocks_.size(); }
  uint32_t scan_block(size_t block, uint32_t from, std::byte** rows, uint32_t max) const;
  // Before row `row` (at most row_count()).
  Cursor cursor_at(uint64_t row) const;

 private:
  struct Block {
    std::unique_ptr<std::byte[]> data;
    uint32_t used = 0;
    uint32_t capacity = 0;
  };
  void add_block();

  RowLayout layout_;
  MemoryBudget* budget_;
  std::vector<Block> blocks_;
  size_t block_bytes_total_ = 0;
  uint64_t row_count_ = 0;
  std::unique_ptr<Arena> heap_;
  std::vector<std::unique_ptr<Arena>> absorbed_heaps_;
  size_t absorbed_heap_bytes_ = 0;
  std::vector<std::byte*> fresh_rows_;
};

std::vector<const Vector*> column_pointers(const Chunk& chunk);

}  // namespace luma
