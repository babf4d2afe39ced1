#include "engine/type/utf8_text.h"

#include <clocale>
#include <cwctype>

namespace luma {

namespace {

// glibc's built-in C.UTF-8 tables; immutable after the first use.
locale_t character_locale() {
  static const locale_t kLocale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return kLocale;
}

}  // namespace

uint32_t utf8_next(std::string_view text, size_t& at) {
  auto byte = [&](size_t i) -> uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) & 0x3Fu : 0u;
  };
  auto lead = static_cast<unsigned char>(text[at]);
  uint32_t bytes = utf8_bytes(text[at]);
  uint32_t code = lead;
  if (bytes == 2) code = (lead & 0x1Fu) << 6 | byte(at + 1);
  if (bytes == 3) code = (lead & 0x0Fu) << 12 | byte(at + 1) << 6 | byte(at + 2);
  if (bytes == 4)
    code = (lead & 0x07u) << 18 | byte(at + 1) << 12 | byte(at + 2) << 6 | byte(at + 3);
  at = std::min(text.size(), at + bytes);
  return code;
}

void utf8_append(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | code >> 6));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | code >> 12));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | code >> 18));
    out.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

uint32_t code_point_lower(uint32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
  return static_cast<uint32_t>(towlower_l(static_cast<wint_t>(code), character_locale()));
}

uint32_t code_point_upper(uint32_t code) {
  if (code < 0x80) return code >= 'a' && code <= 'z' ? code - 32 : code;
  return static_cast<uint32_t>(towupper_l(static_cast<wint_t>(code), character_locale()));
}

bool code_point_is_alnum(uint32_t code) {
  return iswalnum_l(static_cast<wint_t>(code), character_locale()) != 0;
}

std::string lower_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) utf8_append(code_point_lower(utf8_next(text, at)), out);
  return out;
}

std::string upper_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) utf8_append(code_point_upper(utf8_next(text, at)), out);
  return out;
}

}  // namespace luma
