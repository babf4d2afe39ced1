#include "engine/type/string.h"

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"

namespace luma {
namespace {

bool is_continuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// Length of the valid UTF-8 sequence at the start of `text`; 0 when there is none.
size_t valid_sequence(std::string_view text) {
  auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t lead = at(0);
  if (lead < 0x80) return lead == 0 ? 0 : 1;
  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  // Overlong forms, surrogates, beyond U+10FFFF.
  if (lead == 0xE0 && at(1) < 0xA0) return 0;
  if (lead == 0xED && at(1) > 0x9F) return 0;
  if (lead == 0xF0 && at(1) < 0x90) return 0;
  if (lead == 0xF4 && at(1) > 0x8F) return 0;
  return length;
}

[[noreturn]] void report_invalid(std::string_view rest) {
  auto lead = static_cast<uint8_t>(rest[0]);
  size_t length = lead >= 0xF8 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  std::string bytes;
  for (size_t i = 0; i < std::min(length, rest.size()); ++i) {
    fmt::format_to(std::back_inserter(bytes), "{}0x{:02x}", i == 0 ? "" : " ",
                   static_cast<uint8_t>(rest[i]));
  }
  throw sql_error(SqlState::kCharacterNotInRepertoire,
                  "invalid byte sequence for encoding \"UTF8\": {}", bytes);
}

Datum store(std::string_view text, Arena& arena) {
  return Datum::of_string(text.size() > StringRef::kInlineBytes ? arena.copy(text) : text);
}

Datum text_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  return store(text, arena);
}
void text_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  out.append(value.str.view());
}
Datum text_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  verify_utf8(bytes);
  return store(bytes, arena);
}
Datum name_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  return store(clip_utf8(text, kNameMaxBytes), arena);
}
Datum name_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  verify_utf8(bytes);
  if (bytes.size() > kNameMaxBytes) {
    throw sql_error(SqlState::kNameTooLong, "identifier too long")
        .detail("Identifier must be less than 64 characters.");
  }
  return store(bytes, arena);
}

int bpchar_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  int order = trim_trailing_blanks(a.str.view()).compare(trim_trailing_blanks(b.str.view()));
  return order < 0 ? -1 : order > 0;
}
uint64_t bpchar_hash(const Datum& value, const TypeInfo&) {
  return hash_bytes(trim_trailing_blanks(value.str.view()));
}
void bpchar_key(const Datum& value, const TypeInfo&, std::string& out) {
  put_key_text(out, trim_trailing_blanks(value.str.view()));
}

// jsonpath, tsvector and the like are kept as text only when their output equals their input; these
// do.
constexpr TypeCodec text_codec(std::string_view name) {
  return {name,     PhysicalType::kVarlen, text_in,     text_out,         text_recv,
          text_out, compare_bytes,         hash_varlen, encode_bytes_key, decode_bytes_key};
}
// The same without order: what PostgreSQL cannot compare, we do not either.
constexpr TypeCodec unordered_codec(std::string_view name) {
  return {name, PhysicalType::kVarlen, text_in, text_out, text_recv, text_out};
}

constexpr TypeCodec kCodecs[] = {
    text_codec("text"),
    text_codec("varchar"),
    text_codec("cstring"),
    text_codec("unknown"),
    unordered_codec("refcursor"),
    // Equal or not; the binder refuses to sort them.
    text_codec("aclitem"),
    unordered_codec("pg_node_tree"),
    {"name", PhysicalType::kVarlen, name_in, text_out, name_recv, text_out, compare_bytes,
     hash_varlen, encode_bytes_key, decode_bytes_key},
    // Keys of char(n) drop trailing blanks, so the value comes from the row.
    {"bpchar", PhysicalType::kVarlen, text_in, text_out, text_recv, text_out, bpchar_compare,
     bpchar_hash, bpchar_key, nullptr},
};

}  // namespace

std::string_view clip_utf8(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while (max_bytes > 0 && is_continuation(text[max_bytes])) --max_bytes;
  return text.substr(0, max_bytes);
}

size_t utf8_prefix_bytes(std::string_view text, size_t characters) {
  size_t at = 0;
  while (at < text.size()) {
    if (!is_continuation(text[at])) {
      if (characters == 0) return at;
      --characters;
    }
    ++at;
  }
  return at;
}

size_t utf8_length(std::string_view text) {
  size_t characters = 0;
  for (char c : text) characters += is_continuation(c) ? 0 : 1;
  return characters;
}

void verify_utf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    // Eight ASCII bytes at a time; a zero byte needs the slow look.
    if (at + 8 <= text.size()) {
      uint64_t word;
      std::memcpy(&word, text.data() + at, 8);
      bool has_zero = ((word - 0x0101010101010101u) & ~word & 0x8080808080808080u) != 0;
      if ((word & 0x8080808080808080u) == 0 && !has_zero) {
        at += 8;
        continue;
      }
    }
    size_t length = valid_sequence(text.substr(at));
    if (length == 0) report_invalid(text.substr(at));
    at += length;
  }
}

std::string_view trim_trailing_blanks(std::string_view text) {
  size_t last = text.find_last_not_of(' ');
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::span<const TypeCodec> string_codecs() { return kCodecs; }

}  // namespace luma
