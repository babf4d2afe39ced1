#include "sql/parse/utf8.h"

#include <cstdint>
#include <cstring>
#include <string>

#include "engine/base/sql_error.h"

namespace luma::parse {
namespace {

size_t sequence_bytes(uint8_t lead) {
  if (lead < 0x80) return 1;
  if ((lead & 0xE0) == 0xC0) return 2;
  if ((lead & 0xF0) == 0xE0) return 3;
  if ((lead & 0xF8) == 0xF0) return 4;
  return 1;
}

bool valid_sequence(const uint8_t* s, size_t size) {
  if (size == 1) return s[0] != 0 && s[0] < 0x80;
  for (size_t i = 1; i < size; ++i) {
    if ((s[i] & 0xC0) != 0x80) return false;
  }
  switch (size) {
    case 2:
      return s[0] >= 0xC2;
    case 3:
      if (s[0] == 0xE0 && s[1] < 0xA0) return false;  // overlong
      return !(s[0] == 0xED && s[1] > 0x9F);          // surrogates
    default:
      if (s[0] == 0xF0 && s[1] < 0x90) return false;
      return s[0] < 0xF4 || (s[0] == 0xF4 && s[1] <= 0x8F);
  }
}

[[noreturn]] void throw_invalid(std::string_view rest) {
  std::string bytes;
  size_t count = std::min(sequence_bytes(static_cast<uint8_t>(rest[0])), rest.size());
  for (size_t i = 0; i < count; ++i) {
    bytes += fmt::format("{}0x{:02x}", i > 0 ? " " : "", static_cast<uint8_t>(rest[i]));
  }
  throw sql_error(SqlState::kCharacterNotInRepertoire,
                  "invalid byte sequence for encoding \"UTF8\": {}", bytes);
}

// True when none of eight bytes is 0 or above 0x7F.
bool plain_ascii(uint64_t word) {
  constexpr uint64_t kHigh = 0x8080808080808080;
  constexpr uint64_t kOnes = 0x0101010101010101;
  return ((word | (word - kOnes)) & kHigh) == 0;
}

// Where the first invalid sequence begins; the text's size when there is none.
size_t first_invalid(std::string_view text) {
  const auto* s = reinterpret_cast<const uint8_t*>(text.data());
  size_t i = 0;
  while (i < text.size()) {
    if (i + 8 <= text.size()) {
      uint64_t word;
      std::memcpy(&word, s + i, 8);
      if (plain_ascii(word)) {
        i += 8;
        continue;
      }
    }
    size_t size = sequence_bytes(s[i]);
    if (i + size > text.size() || !valid_sequence(s + i, size)) return i;
    i += size;
  }
  return i;
}

}  // namespace

void check_utf8(std::string_view text) {
  size_t invalid = first_invalid(text);
  if (invalid < text.size()) throw_invalid(text.substr(invalid));
}

bool is_utf8(std::string_view text) { return first_invalid(text) == text.size(); }

int byte_offset_of_character(std::string_view text, int position) {
  size_t offset = 0;
  for (int i = 1; i < position && offset < text.size(); ++i) {
    offset += sequence_bytes(static_cast<uint8_t>(text[offset]));
  }
  return static_cast<int>(offset < text.size() ? offset : text.size());
}

}  // namespace luma::parse
