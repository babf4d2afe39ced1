#include <xxhash.h>
#include <zstd.h>

#include "engine/base/sql_error.h"
#include "engine/base/work_counts.h"
#include "engine/column/section.h"
#include "engine/column/segment.h"
#include "engine/column/segment_layout.h"

namespace luma {

SegmentReader::SegmentReader(uint64_t file_id, SegmentFile file, ChunkCache& cache)
    : file_id_(file_id), file_(std::move(file)), cache_(cache) {
  uint64_t magic = 0;
  SegmentTail tail;
  if (file_.size_bytes() < sizeof magic + sizeof tail) fail("it is too short");
  file_.read(0, sizeof magic, &magic);
  file_.read(file_.size_bytes() - sizeof tail, sizeof tail, &tail);
  if (magic != kSegmentMagic || tail.magic != kSegmentMagic) fail("it is not a segment");
  if (tail.footer_bytes > file_.size_bytes() - sizeof magic - sizeof tail) {
    fail("its footer is cut short");
  }
  auto words = std::make_unique<uint64_t[]>(tail.footer_bytes / 8 + 1);
  file_.read(file_.size_bytes() - sizeof tail - tail.footer_bytes, tail.footer_bytes, words.get());
  if (XXH3_64bits(words.get(), tail.footer_bytes) != tail.footer_checksum) {
    fail("checksum mismatch in its footer");
  }
  try {
    parse_footer({reinterpret_cast<const char*>(words.get()), tail.footer_bytes});
  } catch (const CorruptChunk& corrupt) {
    fail(corrupt.what);
  }
}

void SegmentReader::fail(const char* what) const {
  throw sql_error(SqlState::kDataCorrupted, "segment file \"{}\" is corrupted: {}", file_.path(),
                  what);
}

void SegmentReader::parse_footer(std::string_view bytes) {
  SectionReader reader(bytes);
  auto columns = reader.value<uint64_t>();
  for (uint64_t i = 0; i < columns; ++i) {
    auto physical = reader.value<uint32_t>();
    bool numeric = reader.value<uint32_t>() != 0;
    if (physical > static_cast<uint32_t>(PhysicalType::kVarlen)) throw CorruptChunk{"unknown type"};
    footer_.columns.push_back({static_cast<PhysicalType>(physical), numeric});
  }
  auto flags = reader.value<uint64_t>();
  if ((flags & ~(kFooterStamps | kFooterReordered)) != 0) throw CorruptChunk{"unknown flags"};
  footer_.has_stamps = (flags & kFooterStamps) != 0;
  footer_.reordered = (flags & kFooterReordered) != 0;
  footer_.row_count = reader.value<uint64_t>();
  auto groups = reader.value<uint64_t>();
  for (uint64_t i = 0; i < groups; ++i) {
    RowGroup& group = footer_.groups.emplace_back();
    group.row_count = static_cast<uint32_t>(reader.value<uint64_t>());
    group.first_row_id = reader.value<uint64_t>();
    group.last_row_id = reader.value<uint64_t>();
    group.greatest_stamp = reader.value<uint64_t>();
    for (size_t column = 0; column < footer_.chunks_per_group(); ++column) {
      ChunkPlace& place = group.columns.emplace_back();
      place.offset = reader.value<uint64_t>();
      place.stored_bytes = reader.value<uint32_t>();
      place.raw_bytes = reader.value<uint32_t>();
      place.checksum = reader.value<uint64_t>();
      place.zone = ZoneMap::read(reader);
    }
  }
}

ColumnSpec SegmentReader::spec_of(uint32_t column) const {
  return column < footer_.columns.size() ? footer_.columns[column] : kSystemColumn;
}

namespace {

std::unique_ptr<uint64_t[]> make_room(size_t bytes) {
  return std::unique_ptr<uint64_t[]>(new uint64_t[bytes / 8 + 2]);
}

}  // namespace

std::shared_ptr<const LoadedChunk> SegmentReader::load(uint32_t group, uint32_t column) const {
  const ChunkPlace& place = footer_.groups.at(group).columns.at(column);
  auto chunk = std::make_shared<LoadedChunk>();
  chunk->bytes = make_room(place.stored_bytes);
  file_.read(place.offset, place.stored_bytes, chunk->bytes.get());
  return made_of(std::move(chunk), group, column);
}

std::shared_ptr<const LoadedChunk> SegmentReader::made_of(std::shared_ptr<LoadedChunk> chunk,
                                                          uint32_t group, uint32_t column) const {
  const RowGroup& rows = footer_.groups.at(group);
  const ChunkPlace& place = rows.columns.at(column);
  if (XXH3_64bits(chunk->bytes.get(), place.stored_bytes) != place.checksum) {
    fail("checksum mismatch");
  }
  if (place.raw_bytes != place.stored_bytes) {
    auto raw = make_room(place.raw_bytes);
    size_t size =
        ZSTD_decompress(raw.get(), place.raw_bytes, chunk->bytes.get(), place.stored_bytes);
    if (size != place.raw_bytes) fail("a chunk does not decompress");
    chunk->bytes = std::move(raw);
  }
  chunk->size_bytes = place.raw_bytes;
  try {
    chunk->reader = ColumnChunkReader(
        {reinterpret_cast<const char*>(chunk->bytes.get()), place.raw_bytes}, spec_of(column));
  } catch (const CorruptChunk& corrupt) {
    fail(corrupt.what);
  }
  if (chunk->reader.rows() != rows.row_count) fail("wrong number of rows");
  return chunk;
}

ChunkRef SegmentReader::chunk(uint32_t group, uint32_t column) const {
  ChunkKey key{file_id_, group, column};
  const uint64_t blocks =
      WorkCounts::blocks_of(footer_.groups.at(group).columns.at(column).stored_bytes);
  if (ChunkRef found = cache_.find(key)) {
    thread_work().hit_blocks += blocks;
    return found;
  }
  ChunkRef loaded = load(group, column);
  thread_work().read_blocks += blocks;
  cache_.insert(key, loaded);
  return loaded;
}

std::optional<uint32_t> SegmentReader::find(uint32_t number, uint64_t row_id) const {
  const RowGroup& group = footer_.groups.at(number);
  if (row_id < group.first_row_id || row_id > group.last_row_id) return std::nullopt;
  // Without gaps, as most are.
  if (!footer_.reordered && group.last_row_id - group.first_row_id == group.row_count - 1) {
    return static_cast<uint32_t>(row_id - group.first_row_id);
  }
  ChunkRef row_ids = chunk(number, static_cast<uint32_t>(footer_.row_id_column()));
  if (!footer_.reordered) return row_ids->reader.find_sorted(row_id);
  ChunkRef order = chunk(number, static_cast<uint32_t>(footer_.order_column()));
  try {
    return row_ids->reader.find_ordered(order->reader, row_id);
  } catch (const CorruptChunk& corrupt) {
    fail(corrupt.what);
  }
}

void SegmentReader::read_ahead(uint32_t group, std::span<const uint32_t> columns) const {
  if (!file_.reads_at_once()) return;
  std::vector<std::pair<uint32_t, std::shared_ptr<LoadedChunk>>> chunks;
  std::vector<SegmentFile::Piece> pieces;
  for (uint32_t column : columns) {
    if (cache_.find({file_id_, group, column}) != nullptr) continue;
    const ChunkPlace& place = footer_.groups.at(group).columns.at(column);
    auto chunk = std::make_shared<LoadedChunk>();
    chunk->bytes = make_room(place.stored_bytes);
    pieces.push_back({place.offset, place.stored_bytes, chunk->bytes.get()});
    chunks.emplace_back(column, std::move(chunk));
  }
  if (pieces.size() < 2) return;
  file_.read_many(pieces);
  for (const SegmentFile::Piece& piece : pieces) {
    thread_work().read_blocks += WorkCounts::blocks_of(piece.size);
  }
  for (auto& [column, chunk] : chunks) {
    cache_.insert({file_id_, group, column}, made_of(std::move(chunk), group, column));
  }
}

void SegmentReader::verify() const {
  for (uint32_t group = 0; group < footer_.groups.size(); ++group) {
    for (uint32_t column = 0; column < footer_.groups[group].columns.size(); ++column) {
      load(group, column);
    }
  }
}

}  // namespace luma
