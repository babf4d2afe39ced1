#pragma once
// Building blocks of memcomparable keys: bytewise order equals value order, and no key is a prefix
// of another. NULL tags and descending order are the caller's.
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/type/wire_bytes.h"

namespace luma {

// Signed integers: big-endian with the sign bit flipped.
inline void put_key_int16(std::string& out, int16_t v) {
  put_u16(out, static_cast<uint16_t>(v) ^ 0x8000u);
}
inline void put_key_int32(std::string& out, int32_t v) {
  put_u32(out, static_cast<uint32_t>(v) ^ 0x80000000u);
}
inline void put_key_int64(std::string& out, int64_t v) {
  put_u64(out, static_cast<uint64_t>(v) ^ 0x8000000000000000u);
}

// Reads `bytes` of a key and removes them from its front; throws XX000 on a truncated key.
std::string_view take_key_bytes(std::string_view& key, size_t bytes);

inline uint16_t take_key_u16(std::string_view& key) {
  return WireReader(take_key_bytes(key, 2)).u16();
}
inline uint32_t take_key_u32(std::string_view& key) {
  return WireReader(take_key_bytes(key, 4)).u32();
}
inline uint64_t take_key_u64(std::string_view& key) {
  return WireReader(take_key_bytes(key, 8)).u64();
}
inline int16_t take_key_int16(std::string_view& key) {
  return static_cast<int16_t>(take_key_u16(key) ^ 0x8000u);
}
inline int32_t take_key_int32(std::string_view& key) {
  return static_cast<int32_t>(take_key_u32(key) ^ 0x80000000u);
}
inline int64_t take_key_int64(std::string_view& key) {
  return static_cast<int64_t>(take_key_u64(key) ^ 0x8000000000000000u);
}

// Bytes of any content: 00 becomes 00 FF, the end is 00 01.
void put_key_text(std::string& out, std::string_view text);
// Appends the original bytes to `text`.
void take_key_text(std::string_view& key, std::string& text);

}  // namespace luma
