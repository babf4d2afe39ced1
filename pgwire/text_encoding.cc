#include "pgwire/text_encoding.h"

#include <cstdint>
#include <cstring>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

using Byte = unsigned char;

// Bytes the lead byte announces; 1 for an invalid one.
size_t announced_length(Byte lead) {
  if (lead < 0xC0) return 1;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  if (lead < 0xF8) return 4;
  return 1;
}

bool is_valid_sequence(const Byte* bytes, size_t length) {
  if (length == 1) return bytes[0] != 0 && bytes[0] < 0x80;
  for (size_t i = 1; i < length; ++i) {
    if ((bytes[i] & 0xC0) != 0x80) return false;
  }
  if (length == 2) return bytes[0] >= 0xC2;
  if (length == 3) {
    if (bytes[0] == 0xE0) return bytes[1] >= 0xA0;
    if (bytes[0] == 0xED) return bytes[1] < 0xA0;
    return true;
  }
  if (bytes[0] == 0xF0) return bytes[1] >= 0x90;
  if (bytes[0] == 0xF4) return bytes[1] < 0x90;
  return bytes[0] < 0xF4;
}

// Eight bytes, all ASCII and none zero.
bool is_plain_word(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  constexpr uint64_t kHigh = 0x8080808080808080, kOnes = 0x0101010101010101;
  return (word & kHigh) == 0 && (((word - kOnes) & ~word) & kHigh) == 0;
}

}  // namespace

size_t valid_utf8_prefix(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    while (at + 8 <= text.size() && is_plain_word(text.data() + at)) at += 8;
    if (at == text.size()) break;
    auto bytes = reinterpret_cast<const Byte*>(text.data()) + at;
    size_t length = announced_length(bytes[0]);
    if (at + length > text.size() || !is_valid_sequence(bytes, length)) return at;
    at += length;
  }
  return at;
}

void check_utf8(std::string_view text) {
  size_t at = valid_utf8_prefix(text);
  if (at == text.size()) return;
  std::string shown;
  size_t length = announced_length(static_cast<Byte>(text[at]));
  for (size_t i = at; i < text.size() && i < at + length; ++i) {
    shown += fmt::format("{}0x{:02x}", i == at ? "" : " ", static_cast<Byte>(text[i]));
  }
  throw sql_error(SqlState::kCharacterNotInRepertoire,
                  "invalid byte sequence for encoding \"UTF8\": {}", shown);
}

}  // namespace luma
