#include "engine/type/bytea.h"

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/string.h"

namespace luma {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Datum parse_hex(std::string_view digits, Arena& arena) {
  char* bytes = arena.allocate_bytes(digits.size() / 2 + 1);
  uint32_t count = 0;
  auto digit_at = [&](size_t i) {
    int digit = hex_digit(digits[i]);
    if (digit < 0) {
      throw sql_error(SqlState::kInvalidParameterValue, "invalid hexadecimal digit: \"{}\"",
                      digits.substr(i, utf8_prefix_bytes(digits.substr(i), 1)));
    }
    return digit;
  };
  for (size_t i = 0; i < digits.size();) {
    char c = digits[i];
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      ++i;
      continue;
    }
    int high = digit_at(i);
    if (i + 1 >= digits.size()) {
      throw sql_error(SqlState::kInvalidParameterValue,
                      "invalid hexadecimal data: odd number of digits");
    }
    bytes[count++] = static_cast<char>(high << 4 | digit_at(i + 1));
    i += 2;
  }
  return Datum::of_string(StringRef(bytes, count));
}

Datum parse_escaped(std::string_view text, Arena& arena) {
  char* bytes = arena.allocate_bytes(text.size() + 1);
  uint32_t count = 0;
  auto octal = [&](size_t i, char highest) {
    return i < text.size() && text[i] >= '0' && text[i] <= highest;
  };
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      bytes[count++] = text[i++];
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      bytes[count++] = '\\';
      i += 2;
    } else if (octal(i + 1, '3') && octal(i + 2, '7') && octal(i + 3, '7')) {
      bytes[count++] = static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
                                         (text[i + 3] - '0'));
      i += 4;
    } else {
      throw sql_error(SqlState::kInvalidTextRepresentation, "invalid input syntax for type bytea");
    }
  }
  return Datum::of_string(StringRef(bytes, count));
}

Datum bytea_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  return parse_bytea(text, arena);
}
void bytea_out(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  append_bytea(value.str.view(), io.bytea_output, out);
}
Datum bytea_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  return Datum::of_string(bytes.size() > StringRef::kInlineBytes ? arena.copy(bytes) : bytes);
}
void bytea_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  out.append(value.str.view());
}

constexpr TypeCodec kCodecs[] = {
    {"bytea", PhysicalType::kVarlen, bytea_in, bytea_out, bytea_recv, bytea_send, compare_bytes,
     hash_varlen, encode_bytes_key, decode_bytes_key},
};

}  // namespace

void append_bytea(std::string_view bytes, ByteaOutput format, std::string& out) {
  if (format == ByteaOutput::kHex) {
    static constexpr char kDigits[] = "0123456789abcdef";
    out += "\\x";
    out.reserve(out.size() + 2 * bytes.size());
    for (char c : bytes) {
      out.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
      out.push_back(kDigits[static_cast<uint8_t>(c) & 15]);
    }
    return;
  }
  for (char c : bytes) {
    auto byte = static_cast<uint8_t>(c);
    if (c == '\\') {
      out += "\\\\";
    } else if (byte < 0x20 || byte > 0x7E) {
      out.push_back('\\');
      out.push_back(static_cast<char>('0' + (byte >> 6)));
      out.push_back(static_cast<char>('0' + (byte >> 3 & 7)));
      out.push_back(static_cast<char>('0' + (byte & 7)));
    } else {
      out.push_back(c);
    }
  }
}

Datum parse_bytea(std::string_view text, Arena& arena) {
  if (text.size() >= 2 && text[0] == '\\' && text[1] == 'x')
    return parse_hex(text.substr(2), arena);
  return parse_escaped(text, arena);
}

std::span<const TypeCodec> bytea_codecs() { return kCodecs; }

}  // namespace luma
