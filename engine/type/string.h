#pragma once
// text, varchar, char(n), name, and the types that are kept as plain text.
#include <span>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> string_codecs();

inline constexpr size_t kNameMaxBytes = 63;

// The longest prefix of UTF-8 `text` that has at most `max_bytes` bytes and ends between
// characters.
std::string_view clip_utf8(std::string_view text, size_t max_bytes);
// Bytes of the first `characters` characters; all of them when `text` is shorter.
size_t utf8_prefix_bytes(std::string_view text, size_t characters);
size_t utf8_length(std::string_view text);
// Throws 22021 when `text` is not valid UTF-8 or holds a zero byte.
void verify_utf8(std::string_view text);
// char(n) compares without trailing blanks.
std::string_view trim_trailing_blanks(std::string_view text);

}  // namespace luma
