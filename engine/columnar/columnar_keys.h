#pragma once
// What columnar tables keep in the key-value store besides their rows.
//
// In the `columnar` family, below the table's storage id: one entry for each segment, keyed by its
// first row id, and a version entry that every change of the list rewrites. Both are stamped with
// the commit timestamp, so a snapshot's version entry identifies its list.
//
// Columnar indexes keep their row map there, too: the key of a table's row, without its storage id,
// leads to the hidden row id (8 bytes, as in memory) of the copy.
//
// Among the rows (the delta): a row hides the segment's row of the same id. A removed row leaves a
// tombstone there: a row header and nothing else.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace luma {

struct SegmentInfo {
  uint64_t stamp = 0;  // when it was committed; 0: by the reading transaction itself, not yet
  uint64_t file_id = 0;
  uint64_t size_bytes = 0;
  uint64_t row_count = 0;
  uint64_t first_row_id = 0, last_row_id = 0;
};

std::string version_key(uint32_t storage_id);
std::string segment_key(uint32_t storage_id, uint64_t first_row_id);
// Bounds of all segments of a storage id, the version entry left out.
std::string segments_begin(uint32_t storage_id);
std::string segments_end(uint32_t storage_id);
// Entry of the row map; `row_key` is complete.
void row_map_key(uint32_t storage_id, std::string_view row_key, std::string& key);
// Bounds of everything that a storage id has in the family.
std::string columnar_begin(uint32_t storage_id);
std::string columnar_end(uint32_t storage_id);
uint32_t storage_id_of(std::string_view key);

// Values, with room for the stamp in front.
std::string encode_version();
std::string encode_segment(const SegmentInfo& info);
// XX001 when the bytes are no segment entry.
SegmentInfo decode_segment(std::string_view value);

// The hidden row id in a row's key.
uint64_t row_id_of(std::string_view row_key);
void make_row_key(uint32_t storage_id, uint64_t row_id, std::string& key);

std::string tombstone();
bool is_tombstone(std::string_view row);

}  // namespace luma
