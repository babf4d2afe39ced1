// bytea: pieces, bits, encodings, digests.
#include "engine/type/bytea.h"

#include <openssl/evp.h>

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/string.h"
#include "engine/type/utf8_text.h"
#include "sql/function/base64.h"
#include "sql/function/families.h"

namespace luma {

namespace {

using std::string_view;

int32_t size_of(string_view bytes) { return static_cast<int32_t>(bytes.size()); }
int32_t bit_size_of(string_view bytes) { return static_cast<int32_t>(bytes.size() * 8); }

Datum concatenate(RowCall& call, string_view a, string_view b) {
  return arena_string(call.arena, std::string(a) + std::string(b));
}

string_view part(string_view bytes, int32_t from, int32_t length) {
  if (length < 0)
    throw sql_error(SqlState::kSubstringError, "negative substring length not allowed");
  int64_t end = std::min<int64_t>(int64_t{from} + length, static_cast<int64_t>(bytes.size()) + 1);
  int64_t start = std::max<int64_t>(from, 1);
  return end <= start
             ? string_view()
             : bytes.substr(static_cast<size_t>(start - 1), static_cast<size_t>(end - start));
}
string_view part_from(string_view bytes, int32_t from) {
  return bytes.substr(std::min(bytes.size(), static_cast<size_t>(std::max(from, 1) - 1)));
}
Datum overlay4(RowCall& call, string_view bytes, string_view with, int32_t from, int32_t length) {
  if (from <= 0)
    throw sql_error(SqlState::kSubstringError, "negative substring length not allowed");
  int32_t after;
  if (__builtin_add_overflow(from, length, &after)) {
    throw sql_error(SqlState::kNumericValueOutOfRange, "integer out of range");
  }
  std::string out(part(bytes, 1, from - 1));
  out += with;
  out += part_from(bytes, after);
  return arena_string(call.arena, out);
}
Datum overlay3(RowCall& call, string_view bytes, string_view with, int32_t from) {
  return overlay4(call, bytes, with, from, size_of(with));
}
int32_t position_of(string_view bytes, string_view wanted) {
  size_t at = bytes.find(wanted);
  return at == string_view::npos ? 0 : static_cast<int32_t>(at) + 1;
}
string_view trim_start(string_view bytes, string_view set) {
  size_t at = bytes.find_first_not_of(set);
  return at == string_view::npos ? string_view() : bytes.substr(at);
}
string_view trim_end(string_view bytes, string_view set) {
  return bytes.substr(0, bytes.find_last_not_of(set) + 1);
}
string_view trim_both(string_view bytes, string_view set) {
  return trim_end(trim_start(bytes, set), set);
}

size_t checked_index(int64_t index, size_t size) {
  if (index < 0 || index >= static_cast<int64_t>(size)) {
    throw sql_error(SqlState::kArraySubscriptError, "index {} out of valid range, 0..{}", index,
                    static_cast<int64_t>(size) - 1);
  }
  return static_cast<size_t>(index);
}
int32_t get_byte(string_view bytes, int32_t index) {
  return static_cast<unsigned char>(bytes[checked_index(index, bytes.size())]);
}
Datum set_byte(RowCall& call, string_view bytes, int32_t index, int32_t value) {
  std::string out(bytes);
  out[checked_index(index, bytes.size())] = static_cast<char>(value);
  return arena_string(call.arena, out);
}
int32_t get_bit(string_view bytes, int64_t index) {
  size_t bit = checked_index(index, bytes.size() * 8);
  return static_cast<unsigned char>(bytes[bit / 8]) >> (bit % 8) & 1;
}
Datum set_bit(RowCall& call, string_view bytes, int64_t index, int32_t value) {
  size_t bit = checked_index(index, bytes.size() * 8);
  if (value != 0 && value != 1)
    throw sql_error(SqlState::kInvalidParameterValue, "new bit must be 0 or 1");
  std::string out(bytes);
  auto mask = static_cast<char>(1 << (bit % 8));
  out[bit / 8] = static_cast<char>(value == 1 ? out[bit / 8] | mask : out[bit / 8] & ~mask);
  return arena_string(call.arena, out);
}
int64_t bit_count(string_view bytes) {
  int64_t count = 0;
  for (char c : bytes) count += __builtin_popcount(static_cast<unsigned char>(c));
  return count;
}

// --- encode and decode ---
std::string base64_encode(string_view bytes) {
  std::string out;
  append_base64(bytes, 76, "\n", out);
  // The last line ends too when it is full, unless padding filled it.
  if (out.size() % 77 == 76 && out.back() != '=') out += '\n';
  return out;
}

std::string base64_decode(string_view text) {
  std::string out;
  uint32_t word = 0;
  int digits = 0, padding = 0;
  for (char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    const char* found =
        c == '\0' ? nullptr : std::char_traits<char>::find(kBase64Digits.data(), 64, c);
    if (c == '=') {
      // Padding comes after two digits at least.
      if (digits + padding < 2)
        throw sql_error(SqlState::kInvalidParameterValue,
                        "unexpected \"=\" while decoding base64 sequence");
      ++padding;
      word <<= 6;
    } else if (found == nullptr || padding != 0) {
      throw sql_error(SqlState::kInvalidParameterValue,
                      "invalid symbol \"{}\" found while decoding base64 sequence", c);
    } else {
      word = word << 6 | static_cast<uint32_t>(found - kBase64Digits.data());
      ++digits;
    }
    if (digits + padding == 4) {
      for (int k = 0; k < 3 - padding; ++k) out += static_cast<char>(word >> (16 - 8 * k));
      word = 0;
      if (padding != 0) {
        digits = 4;
        continue;
      }
      digits = 0;
    }
  }
  if (digits % 4 != 0) {
    throw sql_error(SqlState::kInvalidParameterValue, "invalid base64 end sequence")
        .hint("Input data is missing padding, is truncated, or is otherwise corrupted.");
  }
  return out;
}

std::string hex_decode(string_view text) {
  std::string out;
  int high = -1;
  for (size_t at = 0; at < text.size();) {
    char c = text[at];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at;
      continue;
    }
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0) {
      throw sql_error(SqlState::kInvalidParameterValue, "invalid hexadecimal digit: \"{}\"",
                      text.substr(at, utf8_bytes(c)));
    }
    ++at;
    if (high < 0) {
      high = digit;
    } else {
      out += static_cast<char>(high * 16 + digit);
      high = -1;
    }
  }
  if (high >= 0) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "invalid hexadecimal data: odd number of digits");
  }
  return out;
}

[[noreturn]] void unknown_encoding(string_view name) {
  throw sql_error(SqlState::kInvalidParameterValue, "unrecognized encoding: \"{}\"", name);
}

Datum encode(RowCall& call, string_view bytes, string_view format) {
  std::string name = lower_text(format);
  std::string out;
  if (name == "hex") {
    append_bytea(bytes, ByteaOutput::kHex, out);
    out.erase(0, 2);  // \x
  } else if (name == "base64") {
    out = base64_encode(bytes);
  } else if (name == "escape") {
    // Unlike bytea's text form, printable or not: only zero bytes, high bytes and backslashes.
    for (char c : bytes) {
      auto byte = static_cast<unsigned char>(c);
      if (byte == 0 || byte >= 0x80) {
        out += fmt::format("\\{:03o}", byte);
      } else {
        if (c == '\\') out += '\\';
        out += c;
      }
    }
  } else {
    unknown_encoding(format);
  }
  return arena_string(call.arena, out);
}

Datum decode(RowCall& call, string_view text, string_view format) {
  std::string name = lower_text(format);
  if (name == "hex") return arena_string(call.arena, hex_decode(text));
  if (name == "base64") return arena_string(call.arena, base64_decode(text));
  if (name != "escape") unknown_encoding(format);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      out += text[++i];
    } else {
      bool octal = i + 3 < text.size() && text[i + 1] <= '3' &&
                   std::all_of(text.begin() + static_cast<ptrdiff_t>(i) + 1,
                               text.begin() + static_cast<ptrdiff_t>(i) + 4,
                               [](char c) { return c >= '0' && c <= '7'; });
      if (!octal)
        throw sql_error(SqlState::kInvalidTextRepresentation,
                        "invalid input syntax for type bytea");
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                               (text[i + 3] - '0'));
      i += 3;
    }
  }
  return arena_string(call.arena, out);
}

// --- digests ---
std::string digest(string_view bytes, const EVP_MD* algorithm) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  LUMA_CHECK(EVP_Digest(bytes.data(), bytes.size(), out, &size, algorithm, nullptr) == 1);
  return {reinterpret_cast<char*>(out), size};
}
Datum md5(RowCall& call, string_view bytes) {
  std::string hex;
  append_bytea(digest(bytes, EVP_md5()), ByteaOutput::kHex, hex);
  return arena_string(call.arena, string_view(hex).substr(2));
}
template <const EVP_MD* (*algorithm)()>
Datum sha(RowCall& call, string_view bytes) {
  return arena_string(call.arena, digest(bytes, algorithm()));
}

#define LUMA_BYTEA(signature, fn, doc) scalar_row(signature, strict_kernel<&fn>, doc)

const KernelRow kRows[] = {
    LUMA_BYTEA("length(bytea)", size_of, "number of bytes"),
    LUMA_BYTEA("octet_length(bytea)", size_of, "number of bytes"),
    LUMA_BYTEA("bit_length(bytea)", bit_size_of, "number of bits"),
    LUMA_BYTEA("byteacat(bytea,bytea)", concatenate, ""),
    LUMA_BYTEA("substr(bytea,int4,int4)", part, "part of the bytes"),
    LUMA_BYTEA("substr(bytea,int4)", part_from, "part of the bytes"),
    LUMA_BYTEA("substring(bytea,int4,int4)", part, "part of the bytes"),
    LUMA_BYTEA("substring(bytea,int4)", part_from, "part of the bytes"),
    LUMA_BYTEA("overlay(bytea,bytea,int4,int4)", overlay4, "replaces a part"),
    LUMA_BYTEA("overlay(bytea,bytea,int4)", overlay3, "replaces a part"),
    LUMA_BYTEA("position(bytea,bytea)", position_of, "where a part begins"),
    LUMA_BYTEA("btrim(bytea,bytea)", trim_both, "without bytes of a set at the ends"),
    LUMA_BYTEA("ltrim(bytea,bytea)", trim_start, "without bytes of a set at the start"),
    LUMA_BYTEA("rtrim(bytea,bytea)", trim_end, "without bytes of a set at the end"),
    LUMA_BYTEA("get_byte(bytea,int4)", get_byte, "one byte"),
    LUMA_BYTEA("set_byte(bytea,int4,int4)", set_byte, "with one byte changed"),
    LUMA_BYTEA("get_bit(bytea,int8)", get_bit, "one bit"),
    LUMA_BYTEA("set_bit(bytea,int8,int4)", set_bit, "with one bit changed"),
    LUMA_BYTEA("bit_count(bytea)", bit_count, "number of bits set"),
    LUMA_BYTEA("encode(bytea,text)", encode, "bytes as text: hex, base64, escape"),
    LUMA_BYTEA("decode(text,text)", decode, "bytes of a text: hex, base64, escape"),
    LUMA_BYTEA("md5(text)", md5, "MD5 digest"),
    LUMA_BYTEA("md5(bytea)", md5, "MD5 digest"),
    LUMA_BYTEA("sha224(bytea)", sha<EVP_sha224>, "SHA-224 digest"),
    LUMA_BYTEA("sha256(bytea)", sha<EVP_sha256>, "SHA-256 digest"),
    LUMA_BYTEA("sha384(bytea)", sha<EVP_sha384>, "SHA-384 digest"),
    LUMA_BYTEA("sha512(bytea)", sha<EVP_sha512>, "SHA-512 digest"),
};

}  // namespace

std::span<const KernelRow> bytea_kernels() { return kRows; }

}  // namespace luma
