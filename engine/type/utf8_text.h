#pragma once
// Walking UTF-8 text by code points, and its case mapping: that of the C.UTF-8 locale, as in
// PostgreSQL. Texts in the database are valid UTF-8 (input verifies them). Thread-safe.
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/arena.h"
#include "engine/type/datum.h"

namespace luma {

// Bytes of the character that starts with `lead`.
inline uint32_t utf8_bytes(char lead) {
  auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}
// The code point at `at`, which is moved behind it.
uint32_t utf8_next(std::string_view text, size_t& at);
void utf8_append(uint32_t code_point, std::string& out);
bool is_ascii(std::string_view text);

uint32_t code_point_lower(uint32_t code_point);
uint32_t code_point_upper(uint32_t code_point);
bool code_point_is_alnum(uint32_t code_point);

std::string lower_text(std::string_view text);
std::string upper_text(std::string_view text);

inline Datum arena_string(Arena& arena, std::string_view text) {
  if (text.size() <= StringRef::kInlineBytes) return Datum::of_string(text);
  return Datum::of_string(arena.copy(text));
}

}  // namespace luma
