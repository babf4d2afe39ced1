#include "engine/type/boolean.h"

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"

namespace luma {
namespace {

bool is_prefix_of(std::string_view text, std::string_view word, size_t at_least) {
  if (text.size() < at_least || text.size() > word.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c != word[i]) return false;
  }
  return true;
}

Datum bool_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  bool value;
  if (!parse_bool(trim_spaces(text), value)) {
    throw sql_error(SqlState::kInvalidTextRepresentation,
                    "invalid input syntax for type boolean: \"{}\"", text);
  }
  return Datum::of_bool(value);
}
void bool_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  out.push_back(value.b ? 't' : 'f');
}
Datum bool_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  bool value = reader.u8() != 0;
  reader.expect_end();
  return Datum::of_bool(value);
}
void bool_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  put_u8(out, value.b);
}
void bool_key(const Datum& value, const TypeInfo&, std::string& out) { put_u8(out, value.b); }
Datum bool_from_key(std::string_view& key, const TypeInfo&, Arena&) {
  return Datum::of_bool(take_key_bytes(key, 1)[0] != 0);
}

// "char" compares as an unsigned byte.
// Bytes beyond ASCII are written as backslash and three octal digits.
Datum char_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  auto octal = [&](size_t i, char highest) { return text[i] >= '0' && text[i] <= highest; };
  if (text.size() == 4 && text[0] == '\\' && octal(1, '3') && octal(2, '7') && octal(3, '7')) {
    int byte = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
    return Datum::of_int8(static_cast<int8_t>(byte));
  }
  return Datum::of_int8(text.empty() ? int8_t{0} : static_cast<int8_t>(text[0]));
}
void char_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  auto byte = static_cast<uint8_t>(value.i8);
  if (byte >= 0x80) {
    fmt::format_to(std::back_inserter(out), "\\{:03o}", byte);
  } else if (byte != 0) {
    out.push_back(static_cast<char>(byte));
  }
}
Datum char_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  auto value = static_cast<int8_t>(reader.u8());
  reader.expect_end();
  return Datum::of_int8(value);
}
void char_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  put_u8(out, static_cast<uint8_t>(value.i8));
}
int char_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  auto x = static_cast<uint8_t>(a.i8);
  auto y = static_cast<uint8_t>(b.i8);
  return x < y ? -1 : x > y;
}
void char_key(const Datum& value, const TypeInfo&, std::string& out) {
  put_u8(out, static_cast<uint8_t>(value.i8));
}
Datum char_from_key(std::string_view& key, const TypeInfo&, Arena&) {
  return Datum::of_int8(static_cast<int8_t>(take_key_bytes(key, 1)[0]));
}

constexpr TypeCodec kCodecs[] = {
    {"bool", PhysicalType::kBool, bool_in, bool_out, bool_recv, bool_send,
     compare_member<&Datum::b>, hash_member<&Datum::b>, bool_key, bool_from_key},
    {"char", PhysicalType::kInt8, char_in, char_out, char_recv, char_send, char_compare,
     hash_member<&Datum::i8>, char_key, char_from_key},
};

}  // namespace

bool parse_bool(std::string_view text, bool& result) {
  if (is_prefix_of(text, "true", 1) || is_prefix_of(text, "yes", 1) ||
      is_prefix_of(text, "on", 2) || text == "1") {
    result = true;
    return true;
  }
  if (is_prefix_of(text, "false", 1) || is_prefix_of(text, "no", 1) ||
      is_prefix_of(text, "off", 2) || text == "0") {
    result = false;
    return true;
  }
  return false;
}

std::span<const TypeCodec> boolean_codecs() { return kCodecs; }

}  // namespace luma
