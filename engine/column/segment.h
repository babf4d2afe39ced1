#pragma once
// Segments: immutable files that hold rows of a columnar table, column by column, in order of their
// row ids or of the table's sort key. Layout: magic; the chunks of each row group; footer (where
// the chunks are, their checksums and zone maps); a tail that finds and checks the footer. Each
// chunk is checked when it is read; what does not fit is XX001 and names the file.
#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/column/chunk_cache.h"
#include "engine/column/column_chunk.h"
#include "engine/column/segment_file.h"
#include "engine/column/zone_map.h"

namespace luma {

inline constexpr uint32_t kRowGroupRows = 64 * kBlockRows;
inline constexpr uint32_t kSegmentRows = 8 * kRowGroupRows;

struct ChunkPlace {
  uint64_t offset = 0;
  uint32_t stored_bytes = 0;
  uint32_t raw_bytes = 0;  // differs from stored_bytes when compressed
  uint64_t checksum = 0;   // of the stored bytes
  ZoneMap zone;
};

struct RowGroup {
  uint32_t row_count = 0;
  uint64_t first_row_id = 0, last_row_id = 0;  // the least and the greatest
  uint64_t greatest_stamp = 0;
  // The table's, then row ids, then commit timestamps, then rows in order of their row ids.
  std::vector<ChunkPlace> columns;
};

struct SegmentFooter {
  std::vector<ColumnSpec> columns;  // of the table, by attribute
  // False: all rows were written by the transaction that committed the segment.
  bool has_stamps = false;
  // Rows lie in another order than that of their row ids, and ranges of groups overlap.
  bool reordered = false;
  uint64_t row_count = 0;
  std::vector<RowGroup> groups;

  size_t row_id_column() const { return columns.size(); }
  size_t stamp_column() const { return columns.size() + 1; }
  size_t order_column() const { return columns.size() + (has_stamps ? 2 : 1); }
  size_t chunks_per_group() const { return order_column() + (reordered ? 1 : 0); }
};

struct SegmentOptions {
  int zstd_level = 0;  // 0: chunks are not compressed on top of their encoding
  uint32_t row_group_rows = kRowGroupRows;
  size_t row_group_bytes = size_t{128} << 20;  // in memory, before encoding
  // Row groups are encoded and written by another thread while the next one is collected.
  bool in_background = false;
};

struct SegmentSummary {
  uint64_t row_count = 0;
  uint64_t size_bytes = 0;
  uint64_t first_row_id = 0, last_row_id = 0;
};

// Writes one segment. The file stays behind when this fails: whoever made it removes it. Used by
// one thread; it may have one of its own for the row group before the one that is collected, whose
// errors come out of the next call.
class SegmentWriter {
 public:
  // `reordered`: row ids need not ascend.
  SegmentWriter(SegmentFile file, std::vector<ColumnSpec> columns, bool has_stamps,
                const SegmentOptions& options, bool reordered = false);
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  // Rows [from, from + row_ids.size()) of a chunk whose columns are the table's attributes. Row ids
  // ascend, except in a reordered segment. `stamps` is empty when the segment has none.
  void append(const Chunk& rows, uint32_t from, std::span<const uint64_t> row_ids,
              std::span<const uint64_t> stamps);
  uint64_t row_count() const { return row_count_ + pending_rows_; }
  size_t memory_bytes() const;
  // Writes what is pending as a row group, and waits for it, to have the memory back.
  void end_row_group();
  // Writes what is pending and the footer, and syncs.
  SegmentSummary finish();

 private:
  void begin_group();
  void end_group(bool in_background);
  size_t pending_bytes() const;
  void append_order();
  void write_group(std::vector<ColumnBuilder>& builders, RowGroup group);
  ChunkPlace write_chunk(ColumnBuilder& builder);
  void wait();

  // The file, the footer's groups and encoded_ belong to the group being written while there is
  // one.
  SegmentFile file_;
  SegmentOptions options_;
  SegmentFooter footer_;
  std::string encoded_;

  std::vector<ColumnBuilder> builders_;
  uint64_t row_count_ = 0;
  uint32_t pending_rows_ = 0;
  uint64_t pending_first_ = 0, pending_last_ = 0, pending_stamp_ = 0;
  std::vector<uint64_t> pending_ids_;  // of a reordered segment
  std::atomic<size_t> encoding_bytes_ = 0;
  std::future<void> encoding_;  // last: ends before what it uses
};

// Reads a segment. Threads may share it.
class SegmentReader {
 public:
  // Reads and checks the footer. `cache` outlives the reader.
  SegmentReader(uint64_t file_id, SegmentFile file, ChunkCache& cache);

  uint64_t file_id() const { return file_id_; }
  uint64_t size_bytes() const { return file_.size_bytes(); }
  const SegmentFooter& footer() const { return footer_; }
  // The row's place in the group, nothing when the group does not have it.
  std::optional<uint32_t> find(uint32_t group, uint64_t row_id) const;
  // `column` may be row_id_column() or stamp_column().
  ChunkRef chunk(uint32_t group, uint32_t column) const;
  // Reads chunks that are going to be asked for, at once where that is better.
  void read_ahead(uint32_t group, std::span<const uint32_t> columns) const;
  // Reads everything: XX001 when something is broken.
  void verify() const;

 private:
  [[noreturn]] void fail(const char* what) const;
  std::shared_ptr<const LoadedChunk> load(uint32_t group, uint32_t column) const;
  // The chunk of bytes that were read.
  std::shared_ptr<const LoadedChunk> made_of(std::shared_ptr<LoadedChunk> chunk, uint32_t group,
                                             uint32_t column) const;
  ColumnSpec spec_of(uint32_t column) const;
  void parse_footer(std::string_view bytes);

  uint64_t file_id_;
  SegmentFile file_;
  ChunkCache& cache_;
  SegmentFooter footer_;
};

}  // namespace luma
