#pragma once
// Rows in a temporary file: what operators write when they outgrow work_mem. The file has no name
// (it vanishes with its descriptor, also after a crash). First append(), then any number of
// readers; more may be appended while readers are at work. Throws 53100 (disk full) and 58030
// (I/O).
//
// A record: u32 length of the rest, NULL bitmap, fixed-width values, then u32 length + bytes of
// every long string. Native byte order: the file never outlives the process. Not thread-safe.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/exec/row_collection.h"

namespace luma {

class SpillFile {
 public:
  // False when the context names no directory for temporary files.
  static bool possible(const ExecContext& context) { return !context.spill_directory.empty(); }

  SpillFile(const ExecContext& context, std::vector<PhysicalType> types);
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;
  ~SpillFile();

  // Rows selection[0..count) of `columns`; nullptr: rows 0..count.
  void append(std::span<const Vector* const> columns, const uint32_t* selection, uint32_t count);

  uint64_t row_count() const { return row_count_; }
  uint64_t bytes() const { return file_bytes_ + buffer_.size(); }
  const std::vector<PhysicalType>& types() const { return types_; }

  class Reader {
   public:
    explicit Reader(SpillFile& file) : file_(&file) {}
    // Fills `out` (begun here; strings in its vectors' heaps) with up to its capacity rows; false
    // at the end, which later appends may move.
    bool next(Chunk& out);
    void skip(uint64_t rows);

   private:
    const char* record(uint32_t& bytes);  // nullptr at the end
    SpillFile* file_;
    std::string window_;
    uint64_t window_at_ = 0;  // file offset of window_
    uint64_t at_ = 0;         // file offset of the next record
  };

 private:
  void flush();
  void append_record(std::span<const Vector* const> columns, uint32_t row);

  int fd_ = -1;
  std::vector<PhysicalType> types_;
  std::string buffer_;
  uint64_t file_bytes_ = 0;
  uint64_t row_count_ = 0;
};

}  // namespace luma
