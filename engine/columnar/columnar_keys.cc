#include "engine/columnar/columnar_keys.h"

#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/row/key_codec.h"
#include "engine/row/row_codec.h"
#include "engine/type/wire_bytes.h"

namespace luma {

namespace {

constexpr char kVersionTag = 0;
constexpr char kSegmentTag = 1;
constexpr char kRowMapTag = 2;
// No row has this flag.
constexpr char kTombstoneFlag = static_cast<char>(0x80);

std::string tagged(uint32_t storage_id, char tag) {
  std::string key;
  append_storage_id(key, storage_id);
  key.push_back(tag);
  return key;
}

}  // namespace

std::string version_key(uint32_t storage_id) { return tagged(storage_id, kVersionTag); }

std::string segment_key(uint32_t storage_id, uint64_t first_row_id) {
  std::string key = tagged(storage_id, kSegmentTag);
  append_row_id(key, first_row_id);
  return key;
}

std::string segments_begin(uint32_t storage_id) { return tagged(storage_id, kSegmentTag); }
std::string segments_end(uint32_t storage_id) { return tagged(storage_id, kSegmentTag + 1); }

void row_map_key(uint32_t storage_id, std::string_view row_key, std::string& key) {
  key.clear();
  append_storage_id(key, storage_id);
  key.push_back(kRowMapTag);
  key.append(row_key.substr(kStorageIdBytes));
}

std::string columnar_begin(uint32_t storage_id) { return version_key(storage_id); }
std::string columnar_end(uint32_t storage_id) { return tagged(storage_id, kRowMapTag + 1); }

uint32_t storage_id_of(std::string_view key) {
  LUMA_CHECK(key.size() >= kStorageIdBytes);
  return WireReader(key).u32();
}

std::string encode_version() { return std::string(sizeof(uint64_t), '\0'); }

std::string encode_segment(const SegmentInfo& info) {
  std::string value(sizeof info, '\0');
  SegmentInfo stored = info;
  stored.stamp = 0;
  std::memcpy(value.data(), &stored, sizeof stored);
  return value;
}

SegmentInfo decode_segment(std::string_view value) {
  SegmentInfo info;
  if (value.size() != sizeof info) {
    throw SqlError(SqlState::kDataCorrupted, "a segment's entry has a wrong size");
  }
  std::memcpy(&info, value.data(), sizeof info);
  return info;
}

uint64_t row_id_of(std::string_view row_key) {
  LUMA_CHECK(row_key.size() == kStorageIdBytes + sizeof(uint64_t));
  return WireReader(row_key.substr(kStorageIdBytes)).u64();
}

void make_row_key(uint32_t storage_id, uint64_t row_id, std::string& key) {
  key.clear();
  append_storage_id(key, storage_id);
  append_row_id(key, row_id);
}

std::string tombstone() {
  std::string row(kRowHeaderBytes, '\0');
  row.back() = kTombstoneFlag;
  return row;
}

bool is_tombstone(std::string_view row) {
  return row.size() == kRowHeaderBytes && row.back() == kTombstoneFlag;
}

}  // namespace luma
