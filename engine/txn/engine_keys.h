#pragma once
// Keys of the engine's own state, in the catalog family. They begin with storage id 0, which no
// table or index has.
#include <cstdint>
#include <string>
#include <string_view>

namespace luma {

inline constexpr std::string_view kTimestampCeilingKey{"\0\0\0\0T", 5};
inline constexpr std::string_view kTransactionCeilingKey{"\0\0\0\0X", 5};

inline void append_big_endian(std::string* out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}
inline std::string sequence_state_key(uint32_t database, uint32_t oid) {
  std::string key("\0\0\0\0S", 5);
  append_big_endian(&key, database);
  append_big_endian(&key, oid);
  return key;
}
// Of large objects, in the data family: rows (M) and pages (L) of one database.
inline std::string large_object_prefix(char kind, uint32_t database) {
  std::string key("\0\0\0\0", 4);
  key.push_back(kind);
  append_big_endian(&key, database);
  return key;
}
inline std::string prepared_transaction_key(std::string_view gid) {
  std::string key("\0\0\0\0P", 5);
  key.append(gid);
  return key;
}
inline std::string counter_key(std::string_view name) {
  std::string key("\0\0\0\0C", 5);
  key.append(name);
  return key;
}

}  // namespace luma
