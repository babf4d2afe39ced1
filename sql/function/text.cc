// Functions of text: length, pieces, case, trimming, padding, replacing. Results that are part of
// an argument are views of it, not copies.
#include <algorithm>
#include <array>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/string.h"
#include "engine/type/type_info.h"
#include "engine/type/utf8_text.h"
#include "sql/function/families.h"

namespace luma {

namespace {

using std::string_view;

// Values of varlena types end below 1 GiB.
constexpr int64_t kMaxTextBytes = 0x3FFFFFFF;
[[noreturn]] void too_large() {
  throw sql_error(SqlState::kProgramLimitExceeded, "requested length too large");
}

int32_t characters(string_view text) { return static_cast<int32_t>(utf8_length(text)); }
int32_t characters_padded(string_view text) { return characters(trim_trailing_blanks(text)); }
int32_t bytes(string_view text) { return static_cast<int32_t>(text.size()); }
int32_t bits(string_view text) { return static_cast<int32_t>(text.size() * 8); }

Datum concatenate(RowCall& call, string_view a, string_view b) {
  if (static_cast<int64_t>(a.size() + b.size()) > kMaxTextBytes) too_large();
  char* to = call.arena.allocate_bytes(a.size() + b.size());
  if (!a.empty()) std::memcpy(to, a.data(), a.size());
  if (!b.empty()) std::memcpy(to + a.size(), b.data(), b.size());
  return Datum::of_string(StringRef(to, static_cast<uint32_t>(a.size() + b.size())));
}

string_view skip_characters(string_view text, size_t count) {
  text.remove_prefix(utf8_prefix_bytes(text, count));
  return text;
}

string_view substring_from(string_view text, int32_t from) {
  return from <= 1 ? text : skip_characters(text, static_cast<size_t>(from - 1));
}

// Positions [from, from + length) counted from 1; what lies before 1 counts but is not there.
string_view substring(string_view text, int32_t from, int32_t length) {
  if (length < 0)
    throw sql_error(SqlState::kSubstringError, "negative substring length not allowed");
  int64_t end = int64_t{from} + length;
  int64_t start = std::max<int64_t>(from, 1);
  if (end <= start) return {};
  string_view rest = skip_characters(text, static_cast<size_t>(start - 1));
  return rest.substr(0, utf8_prefix_bytes(rest, static_cast<size_t>(end - start)));
}

Datum overlay4(RowCall& call, string_view text, string_view with, int32_t from, int32_t length) {
  if (from <= 0)
    throw sql_error(SqlState::kSubstringError, "negative substring length not allowed");
  int32_t after;
  if (__builtin_add_overflow(from, length, &after)) {
    throw sql_error(SqlState::kNumericValueOutOfRange, "integer out of range");
  }
  std::string out(substring(text, 1, from - 1));
  out += with;
  out += substring_from(text, after);
  return arena_string(call.arena, out);
}
Datum overlay3(RowCall& call, string_view text, string_view with, int32_t from) {
  return overlay4(call, text, with, from, characters(with));
}

int32_t position_of(string_view text, string_view part) {
  size_t at = text.find(part);
  return at == string_view::npos ? 0 : characters(text.substr(0, at)) + 1;
}

string_view left_part(string_view text, int32_t count) {
  if (count < 0) count = std::max<int64_t>(0, int64_t{characters(text)} + count);
  return text.substr(0, utf8_prefix_bytes(text, static_cast<size_t>(count)));
}
string_view right_part(string_view text, int32_t count) {
  int64_t skip =
      count < 0 ? -int64_t{count} : std::max<int64_t>(0, int64_t{characters(text)} - count);
  return skip_characters(text, static_cast<size_t>(skip));
}

Datum lower(RowCall& call, string_view text) {
  if (!is_ascii(text)) return arena_string(call.arena, lower_text(text));
  char* to = call.arena.allocate_bytes(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    to[i] = static_cast<char>(c + ((c >= 'A' && c <= 'Z') ? 32 : 0));
  }
  return Datum::of_string(StringRef(to, static_cast<uint32_t>(text.size())));
}
Datum upper(RowCall& call, string_view text) {
  if (!is_ascii(text)) return arena_string(call.arena, upper_text(text));
  char* to = call.arena.allocate_bytes(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    to[i] = static_cast<char>(c - ((c >= 'a' && c <= 'z') ? 32 : 0));
  }
  return Datum::of_string(StringRef(to, static_cast<uint32_t>(text.size())));
}
Datum initcap(RowCall& call, string_view text) {
  std::string out;
  bool inside = false;
  for (size_t at = 0; at < text.size();) {
    uint32_t code = utf8_next(text, at);
    utf8_append(inside ? code_point_lower(code) : code_point_upper(code), out);
    inside = code_point_is_alnum(code);
  }
  return arena_string(call.arena, out);
}

// Whether the character text[at, at+size) is one of `set`.
bool in_set(string_view set, string_view character) {
  for (size_t at = 0; at < set.size();) {
    size_t size = utf8_bytes(set[at]);
    if (set.substr(at, size) == character) return true;
    at += size;
  }
  return false;
}
string_view trim_start(string_view text, string_view set) {
  while (!text.empty()) {
    size_t size = utf8_bytes(text[0]);
    if (!in_set(set, text.substr(0, size))) break;
    text.remove_prefix(std::min(size, text.size()));
  }
  return text;
}
string_view trim_end(string_view text, string_view set) {
  while (!text.empty()) {
    size_t start = text.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    if (!in_set(set, text.substr(start))) break;
    text = text.substr(0, start);
  }
  return text;
}
string_view trim_both(string_view text, string_view set) {
  return trim_end(trim_start(text, set), set);
}
string_view trim_start1(string_view text) { return trim_start(text, " "); }
string_view trim_end1(string_view text) { return trim_end(text, " "); }
string_view trim_both1(string_view text) { return trim_both(text, " "); }

// Appends `count` characters of `fill`, repeated as needed.
void append_fill(std::string& out, string_view fill, int64_t count) {
  for (size_t at = 0; count > 0; --count) {
    size_t size = utf8_bytes(fill[at]);
    out += fill.substr(at, size);
    at += size;
    if (at >= fill.size()) at = 0;
  }
}
Datum pad(RowCall& call, string_view text, int32_t length, string_view fill, bool left) {
  length = std::max(length, 0);
  if (int64_t{length} * 4 > kMaxTextBytes) too_large();
  int32_t have = characters(text);
  if (have >= length || fill.empty())
    return Datum::of_string(text.substr(0, utf8_prefix_bytes(text, length)));
  std::string out;
  if (!left) out = text;
  append_fill(out, fill, length - have);
  if (left) out += text;
  return arena_string(call.arena, out);
}
Datum pad_left(RowCall& call, string_view text, int32_t length, string_view fill) {
  return pad(call, text, length, fill, true);
}
Datum pad_right(RowCall& call, string_view text, int32_t length, string_view fill) {
  return pad(call, text, length, fill, false);
}
Datum pad_left2(RowCall& call, string_view text, int32_t length) {
  return pad(call, text, length, " ", true);
}
Datum pad_right2(RowCall& call, string_view text, int32_t length) {
  return pad(call, text, length, " ", false);
}

Datum repeat(RowCall& call, string_view text, int32_t count) {
  if (count <= 0 || text.empty()) return Datum::of_string(string_view());
  int64_t total = static_cast<int64_t>(text.size()) * count;
  if (total > kMaxTextBytes) too_large();
  char* to = call.arena.allocate_bytes(static_cast<size_t>(total));
  for (int32_t i = 0; i < count; ++i) std::memcpy(to + i * text.size(), text.data(), text.size());
  return Datum::of_string(StringRef(to, static_cast<uint32_t>(total)));
}

Datum reverse(RowCall& call, string_view text) {
  char* to = call.arena.allocate_bytes(text.size());
  size_t end = text.size();
  for (size_t at = 0; at < text.size();) {
    size_t size = std::min<size_t>(utf8_bytes(text[at]), text.size() - at);
    end -= size;
    std::memcpy(to + end, text.data() + at, size);
    at += size;
  }
  return Datum::of_string(StringRef(to, static_cast<uint32_t>(text.size())));
}

Datum replace(RowCall& call, string_view text, string_view from, string_view to) {
  if (from.empty()) return Datum::of_string(text);
  size_t at = text.find(from);
  if (at == string_view::npos) return Datum::of_string(text);
  std::string out;
  size_t start = 0;
  for (; at != string_view::npos; at = text.find(from, start)) {
    out += text.substr(start, at - start);
    out += to;
    start = at + from.size();
  }
  out += text.substr(start);
  return arena_string(call.arena, out);
}

Datum translate(RowCall& call, string_view text, string_view from, string_view to) {
  std::vector<std::pair<uint32_t, int64_t>> map;  // -1: the character disappears
  for (size_t f = 0, t = 0; f < from.size();) {
    uint32_t source = utf8_next(from, f);
    map.emplace_back(source, t < to.size() ? int64_t{utf8_next(to, t)} : -1);
  }
  std::string out;
  for (size_t at = 0; at < text.size();) {
    uint32_t code = utf8_next(text, at);
    auto hit =
        std::find_if(map.begin(), map.end(), [&](const auto& pair) { return pair.first == code; });
    if (hit == map.end()) {
      utf8_append(code, out);
    } else if (hit->second >= 0) {
      utf8_append(static_cast<uint32_t>(hit->second), out);
    }
  }
  return arena_string(call.arena, out);
}

string_view split_part(string_view text, string_view delimiter, int32_t field) {
  if (field == 0)
    throw sql_error(SqlState::kInvalidParameterValue, "field position must not be zero");
  if (text.empty()) return {};
  if (delimiter.empty()) return field == 1 || field == -1 ? text : string_view();
  if (field < 0) {
    int64_t fields = 1;
    for (size_t at = 0; (at = text.find(delimiter, at)) != string_view::npos;
         at += delimiter.size())
      ++fields;
    if (fields + field < 0) return {};
    field = static_cast<int32_t>(fields + field + 1);
  }
  size_t start = 0;
  while (true) {
    size_t end = text.find(delimiter, start);
    if (--field == 0) return text.substr(start, end == string_view::npos ? end : end - start);
    if (end == string_view::npos) return {};
    start = end + delimiter.size();
  }
}

bool starts_with(string_view text, string_view prefix) { return text.starts_with(prefix); }

int32_t ascii(string_view text) {
  size_t at = 0;
  return text.empty() ? 0 : static_cast<int32_t>(utf8_next(text, at));
}

Datum chr(RowCall&, int32_t code) {
  if (code < 0)
    throw sql_error(SqlState::kInvalidParameterValue, "character number must be positive");
  if (code == 0) throw sql_error(SqlState::kProgramLimitExceeded, "null character not permitted");
  if (code > 0x10FFFF) {
    throw sql_error(SqlState::kProgramLimitExceeded,
                    "requested character too large for encoding: {}", code);
  }
  if (code >= 0xD800 && code <= 0xDFFF) {
    throw sql_error(SqlState::kProgramLimitExceeded,
                    "requested character not valid for encoding: {}", code);
  }
  std::string out;
  utf8_append(static_cast<uint32_t>(code), out);
  return Datum::of_string(out);  // at most 4 bytes: inline
}

template <typename T>
constexpr auto kToHex = [](RowCall& call, T value) -> Datum {
  return arena_string(call.arena, fmt::format("{:x}", static_cast<std::make_unsigned_t<T>>(value)));
};

// --- unistr(): \XXXX, \+XXXXXX, \uXXXX, \UXXXXXXXX, \\ ---
[[noreturn]] void bad_unicode_escape() {
  throw sql_error(SqlState::kSyntaxError, "invalid Unicode escape")
      .hint("Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.");
}
uint32_t hex_digits(string_view text, size_t at, size_t count) {
  if (at + count > text.size()) bad_unicode_escape();
  uint32_t code = 0;
  for (size_t i = at; i < at + count; ++i) {
    char c = text[i];
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0) bad_unicode_escape();
    code = code * 16 + static_cast<uint32_t>(digit);
  }
  return code;
}
Datum unistr(RowCall& call, string_view text) {
  std::string out;
  uint32_t high = 0;  // pending first half of a surrogate pair
  auto bad_pair = [] { throw sql_error(SqlState::kSyntaxError, "invalid Unicode surrogate pair"); };
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\\' || (at + 1 < text.size() && text[at + 1] == '\\')) {
      if (high != 0) bad_pair();
      out += text[at];
      at += text[at] == '\\' ? 2 : 1;
      continue;
    }
    char kind = at + 1 < text.size() ? text[at + 1] : '\0';
    size_t skip = kind == '+' || kind == 'u' || kind == 'U' ? 2 : 1;
    size_t digits = kind == '+' ? 6 : kind == 'U' ? 8 : 4;
    uint32_t code = hex_digits(text, at + skip, digits);
    at += skip + digits;
    if (code == 0 || code > 0x10FFFF)
      throw sql_error(SqlState::kSyntaxError, "invalid Unicode code point: {:04X}", code);
    bool is_high = code >= 0xD800 && code < 0xDC00, is_low = code >= 0xDC00 && code < 0xE000;
    if ((high != 0) != is_low) bad_pair();
    if (is_high) {
      high = code;
      continue;
    }
    if (is_low) code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00);
    high = 0;
    utf8_append(code, out);
  }
  if (high != 0) bad_pair();
  return arena_string(call.arena, out);
}

// --- casts between the string types ---
string_view same(string_view text) { return text; }
string_view without_padding(string_view text) { return trim_trailing_blanks(text); }
string_view to_name(string_view text) { return clip_utf8(text, kNameMaxBytes); }
string_view padded_to_name(string_view text) { return to_name(trim_trailing_blanks(text)); }
Datum text_of_char(RowCall&, int8_t value) {
  auto c = static_cast<char>(value);
  if (static_cast<unsigned char>(value) >= 0x80) {
    return Datum::of_string(fmt::format("\\{:03o}", static_cast<unsigned char>(value)));
  }
  return Datum::of_string(string_view(&c, c == '\0' ? 0 : 1));
}
int8_t char_of_text(string_view text) {
  if (text.size() == 4 && text[0] == '\\') {
    bool octal =
        std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '7'; });
    if (octal)
      return static_cast<int8_t>((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
  }
  return text.empty() ? int8_t{0} : static_cast<int8_t>(text[0]);
}
string_view text_of_bool(bool value) { return value ? "true" : "false"; }
Datum to_varchar(RowCall& call, const Datum& text, int32_t typmod, bool is_explicit) {
  return typmod < 0
             ? text
             : apply_typmod(text, type_info(type_oid::kVarchar), typmod, is_explicit, call.arena);
}
Datum to_bpchar(RowCall& call, const Datum& text, int32_t typmod, bool is_explicit) {
  return typmod < 0
             ? text
             : apply_typmod(text, type_info(type_oid::kBpchar), typmod, is_explicit, call.arena);
}
Datum name_concat_oid(RowCall& call, string_view name, uint32_t oid) {
  std::string suffix = fmt::format("_{}", oid);
  std::string out(clip_utf8(name, kNameMaxBytes - suffix.size()));
  return arena_string(call.arena, out + suffix);
}

#define LUMA_TEXT(signature, fn, doc) scalar_row(signature, strict_kernel<&fn>, doc)

const KernelRow kRows[] = {
    LUMA_TEXT("length(text)", characters, "number of characters"),
    LUMA_TEXT("textlen(text)", characters, ""),
    LUMA_TEXT("char_length(text)", characters, "number of characters"),
    LUMA_TEXT("character_length(text)", characters, "number of characters"),
    LUMA_TEXT("length(bpchar)", characters_padded, "number of characters"),
    LUMA_TEXT("char_length(bpchar)", characters_padded, "number of characters"),
    LUMA_TEXT("character_length(bpchar)", characters_padded, "number of characters"),
    LUMA_TEXT("octet_length(text)", bytes, "number of bytes"),
    LUMA_TEXT("octet_length(bpchar)", bytes, "number of bytes"),
    LUMA_TEXT("bit_length(text)", bits, "number of bits"),
    LUMA_TEXT("textcat(text,text)", concatenate, ""),
    LUMA_TEXT("substr(text,int4)", substring_from, "from a position"),
    LUMA_TEXT("substr(text,int4,int4)", substring, "part of a text"),
    LUMA_TEXT("substring(text,int4)", substring_from, "from a position"),
    LUMA_TEXT("substring(text,int4,int4)", substring, "part of a text"),
    LUMA_TEXT("overlay(text,text,int4,int4)", overlay4, "replaces a part"),
    LUMA_TEXT("overlay(text,text,int4)", overlay3, "replaces a part"),
    LUMA_TEXT("position(text,text)", position_of, "where a part begins"),
    LUMA_TEXT("strpos(text,text)", position_of, "where a part begins"),
    LUMA_TEXT("left(text,int4)", left_part, "first characters"),
    LUMA_TEXT("right(text,int4)", right_part, "last characters"),
    LUMA_TEXT("lower(text)", lower, "lower case"),
    LUMA_TEXT("upper(text)", upper, "upper case"),
    LUMA_TEXT("initcap(text)", initcap, "words capitalised"),
    LUMA_TEXT("btrim(text,text)", trim_both, "without characters of a set at the ends"),
    LUMA_TEXT("ltrim(text,text)", trim_start, "without characters of a set at the start"),
    LUMA_TEXT("rtrim(text,text)", trim_end, "without characters of a set at the end"),
    LUMA_TEXT("btrim(text)", trim_both1, "without blanks at the ends"),
    LUMA_TEXT("ltrim(text)", trim_start1, "without blanks at the start"),
    LUMA_TEXT("rtrim(text)", trim_end1, "without blanks at the end"),
    LUMA_TEXT("lpad(text,int4,text)", pad_left, "filled on the left to a length"),
    LUMA_TEXT("rpad(text,int4,text)", pad_right, "filled on the right to a length"),
    LUMA_TEXT("lpad(text,int4)", pad_left2, "filled on the left to a length"),
    LUMA_TEXT("rpad(text,int4)", pad_right2, "filled on the right to a length"),
    LUMA_TEXT("repeat(text,int4)", repeat, "several times"),
    LUMA_TEXT("reverse(text)", reverse, "backwards"),
    LUMA_TEXT("replace(text,text,text)", replace, "every occurrence replaced"),
    LUMA_TEXT("translate(text,text,text)", translate, "characters mapped"),
    LUMA_TEXT("split_part(text,text,int4)", split_part, "n-th field"),
    LUMA_TEXT("starts_with(text,text)", starts_with, "whether a text starts with another"),
    LUMA_TEXT("ascii(text)", ascii, "code point of the first character"),
    LUMA_TEXT("chr(int4)", chr, "character of a code point"),
    scalar_row("to_hex(int4)", strict_kernel<kToHex<int32_t>>, "hexadecimal"),
    scalar_row("to_hex(int8)", strict_kernel<kToHex<int64_t>>, "hexadecimal"),
    LUMA_TEXT("unistr(text)", unistr, "with Unicode escapes evaluated"),
    LUMA_TEXT("text(bpchar)", without_padding, ""),
    LUMA_TEXT("text(name)", same, ""),
    LUMA_TEXT("text(bool)", text_of_bool, ""),
    LUMA_TEXT("text(char)", text_of_char, ""),
    LUMA_TEXT("char(text)", char_of_text, ""),
    LUMA_TEXT("name(text)", to_name, ""),
    LUMA_TEXT("name(varchar)", to_name, ""),
    LUMA_TEXT("name(bpchar)", padded_to_name, ""),
    LUMA_TEXT("bpchar(name)", same, ""),
    LUMA_TEXT("varchar(name)", same, ""),
    LUMA_TEXT("bpchar(char)", text_of_char, ""),
    LUMA_TEXT("varchar(varchar,int4,bool)", to_varchar, ""),
    LUMA_TEXT("bpchar(bpchar,int4,bool)", to_bpchar, ""),
    LUMA_TEXT("nameconcatoid(name,oid)", name_concat_oid, ""),
};

}  // namespace

std::span<const KernelRow> text_kernels() { return kRows; }

}  // namespace luma
