#include "engine/type/key_bytes.h"

namespace luma {

std::string_view take_key_bytes(std::string_view& key, size_t bytes) {
  LUMA_CHECK(key.size() >= bytes);
  std::string_view taken = key.substr(0, bytes);
  key.remove_prefix(bytes);
  return taken;
}

void put_key_text(std::string& out, std::string_view text) {
  for (;;) {
    size_t zero = text.find('\0');
    if (zero == std::string_view::npos) break;
    out.append(text.substr(0, zero + 1));
    out.push_back('\xFF');
    text.remove_prefix(zero + 1);
  }
  out.append(text);
  out.push_back('\0');
  out.push_back('\x01');
}

void take_key_text(std::string_view& key, std::string& text) {
  for (;;) {
    size_t zero = key.find('\0');
    LUMA_CHECK(zero != std::string_view::npos && zero + 1 < key.size());
    bool is_end = key[zero + 1] == '\x01';
    text.append(key.substr(0, is_end ? zero : zero + 1));
    key.remove_prefix(zero + 2);
    if (is_end) return;
  }
}

}  // namespace luma
