#pragma once
// Reads the body of one frontend message. Every read is bounds-checked and throws 08P01 with
// PostgreSQL's text; views point into the message.
#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/base/sql_error.h"

namespace luma {

class MessageReader {
 public:
  explicit MessageReader(std::string_view body) : rest_(body) {}

  uint8_t read_byte() { return static_cast<uint8_t>(read_bytes(1)[0]); }
  uint16_t read_uint16() {
    uint16_t value;
    std::memcpy(&value, read_bytes(sizeof value).data(), sizeof value);
    return __builtin_bswap16(value);
  }
  int16_t read_int16() { return static_cast<int16_t>(read_uint16()); }
  uint32_t read_uint32() {
    uint32_t value;
    std::memcpy(&value, read_bytes(sizeof value).data(), sizeof value);
    return __builtin_bswap32(value);
  }
  int32_t read_int32() { return static_cast<int32_t>(read_uint32()); }
  std::string_view read_bytes(size_t count) {
    if (count > rest_.size()) fail("insufficient data left in message");
    std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }
  // A zero-terminated string, without its terminator.
  std::string_view read_string() {
    size_t end = rest_.find('\0');
    if (end == std::string_view::npos) fail("invalid string in message");
    std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }
  std::string_view rest() const { return rest_; }
  void expect_end() const {
    if (!rest_.empty()) fail("invalid message format");
  }

 private:
  [[noreturn]] static void fail(const char* text) {
    throw SqlError(SqlState::kProtocolViolation, text);
  }
  std::string_view rest_;
};

}  // namespace luma
