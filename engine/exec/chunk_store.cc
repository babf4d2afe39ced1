#include "engine/exec/chunk_store.h"

namespace luma {

void ChunkStore::append(ExecContext& context, const Chunk& chunk, const uint32_t* selection,
                        uint32_t count) {
  std::vector<const Vector*> columns = column_pointers(chunk);
  row_count_ += count;
  if (file_) {
    file_->append(columns, selection, count);
    return;
  }
  if (!rows_) rows_ = std::make_unique<RowCollection>(RowLayout(types_), context.memory);
  rows_->append(columns, selection, count);
  if (rows_->bytes() > context.work_mem_bytes && SpillFile::possible(context)) spill(context);
}

void ChunkStore::spill(ExecContext& context) {
  file_ = std::make_unique<SpillFile>(context, types_);
  Chunk chunk(types_);
  std::vector<const Vector*> columns = column_pointers(chunk);
  RowCollection::Cursor cursor;
  addresses_.resize(kVectorSize);
  while (uint32_t count = rows_->scan(cursor, addresses_.data(), kVectorSize)) {
    rows_->gather(addresses_.data(), count, chunk);
    file_->append(columns, nullptr, count);
  }
  rows_.reset();
}

void ChunkStore::clear() {
  rows_.reset();
  file_.reset();
  row_count_ = 0;
}

ChunkStore::Cursor ChunkStore::cursor_at(uint64_t row) const {
  Cursor cursor;
  cursor.row_ = row;  // where a reader of the file begins
  if (rows_) cursor.memory_ = rows_->cursor_at(row);
  return cursor;
}

bool ChunkStore::read(Cursor& cursor, Chunk& out) {
  if (file_) {
    if (!cursor.reader_) {
      cursor.reader_ = std::make_unique<SpillFile::Reader>(*file_);
      cursor.reader_->skip(cursor.row_);  // it began before the rows went to the file
    }
    bool any = cursor.reader_->next(out);
    cursor.row_ += any ? out.size : 0;
    return any;
  }
  if (!rows_) return false;
  addresses_.resize(kVectorSize);
  uint32_t count = rows_->scan(cursor.memory_, addresses_.data(), kVectorSize);
  if (count == 0) return false;
  rows_->gather(addresses_.data(), count, out);
  cursor.row_ += count;
  return true;
}

}  // namespace luma
