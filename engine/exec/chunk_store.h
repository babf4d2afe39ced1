#pragma once
// A sequence of rows that is written once and read many times in order: the inner side of nested
// loops, CTEs, working tables. In memory up to work_mem, then in a temporary file. Rows may be
// appended while cursors read. Not thread-safe.
#include <memory>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/exec/row_collection.h"
#include "engine/exec/spill_file.h"

namespace luma {

class ChunkStore {
 public:
  explicit ChunkStore(std::vector<PhysicalType> types) : types_(std::move(types)) {}

  const std::vector<PhysicalType>& types() const { return types_; }
  uint64_t row_count() const { return row_count_; }
  size_t spilled_bytes() const { return file_ ? file_->bytes() : 0; }
  size_t memory_bytes() const { return rows_ ? rows_->bytes() : 0; }

  void append(ExecContext& context, const Chunk& chunk) {
    append(context, chunk, nullptr, chunk.size);
  }
  void append(ExecContext& context, const Chunk& chunk, const uint32_t* selection, uint32_t count);
  void clear();

  // A reading position; a default-constructed one is the start. Must not outlive a clear().
  class Cursor {
   public:
    uint64_t row() const { return row_; }

   private:
    friend class ChunkStore;
    uint64_t row_ = 0;
    RowCollection::Cursor memory_;
    std::unique_ptr<SpillFile::Reader> reader_;
  };
  // Before row `row`, which is at most row_count().
  Cursor cursor_at(uint64_t row) const;
  // The next rows into `out` (columns of types(), up to its capacity); false at the current end.
  // What `out` holds is valid until the cursor's next read, the next append or clear().
  bool read(Cursor& cursor, Chunk& out);

 private:
  void spill(ExecContext& context);

  std::vector<PhysicalType> types_;
  uint64_t row_count_ = 0;
  std::unique_ptr<RowCollection> rows_;
  std::unique_ptr<SpillFile> file_;
  std::vector<std::byte*> addresses_;
};

}  // namespace luma
