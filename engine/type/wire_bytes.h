#pragma once
// Big-endian bytes of PostgreSQL's binary value formats: appending to a string, and a reader that
// throws 08P01 when a value is too short and 22P03 when bytes are left over.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/base/sql_error.h"

namespace luma {

inline void put_u8(std::string& out, uint8_t v) { out.push_back(static_cast<char>(v)); }
inline void put_u16(std::string& out, uint16_t v) {
  v = __builtin_bswap16(v);
  out.append(reinterpret_cast<const char*>(&v), sizeof v);
}
inline void put_u32(std::string& out, uint32_t v) {
  v = __builtin_bswap32(v);
  out.append(reinterpret_cast<const char*>(&v), sizeof v);
}
inline void put_u64(std::string& out, uint64_t v) {
  v = __builtin_bswap64(v);
  out.append(reinterpret_cast<const char*>(&v), sizeof v);
}

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  uint8_t u8() { return static_cast<uint8_t>(take(1)[0]); }
  uint16_t u16() {
    uint16_t v;
    std::memcpy(&v, take(sizeof v).data(), sizeof v);
    return __builtin_bswap16(v);
  }
  uint32_t u32() {
    uint32_t v;
    std::memcpy(&v, take(sizeof v).data(), sizeof v);
    return __builtin_bswap32(v);
  }
  uint64_t u64() {
    uint64_t v;
    std::memcpy(&v, take(sizeof v).data(), sizeof v);
    return __builtin_bswap64(v);
  }
  std::string_view take(size_t bytes) {
    if (rest_.size() < bytes) {
      throw sql_error(SqlState::kProtocolViolation, "insufficient data left in message");
    }
    std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  std::string_view rest() const { return rest_; }
  void expect_end() const {
    if (!rest_.empty())
      throw sql_error(SqlState::kInvalidBinaryRepresentation, "incorrect binary data format");
  }

 private:
  std::string_view rest_;
};

}  // namespace luma
