#pragma once
// Base64 (RFC 4648) in lines, as MIME and libxml2 write it.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace luma {

inline constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// `line_end` comes between lines of `line_length` characters, a multiple of 4.
inline void append_base64(std::string_view bytes, size_t line_length, std::string_view line_end,
                          std::string& out) {
  size_t line = 0;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    if (line == line_length) {
      out += line_end;
      line = 0;
    }
    uint32_t word = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k) {
      word = word << 8 | (k < count ? static_cast<uint8_t>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += k <= count ? kBase64Digits[word >> (18 - 6 * k) & 63] : '=';
    }
    line += 4;
  }
}

}  // namespace luma
