#include "engine/type/bit_string.h"

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/string.h"

namespace luma {
namespace {

constexpr size_t kHeaderBytes = 4;

uint32_t byte_count(uint32_t bits) { return bits / 8 + (bits % 8 != 0 ? 1 : 0); }

std::string_view first_character(std::string_view text) {
  return text.substr(0, utf8_prefix_bytes(text, 1));
}

// "101", "b101" or "x1F".
Datum bit_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  bool hex = !text.empty() && (text[0] == 'x' || text[0] == 'X');
  if (hex || (!text.empty() && (text[0] == 'b' || text[0] == 'B'))) text.remove_prefix(1);
  BitBuilder builder(static_cast<uint32_t>(text.size() * (hex ? 4 : 1)));
  uint32_t at = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    int digit = c >= '0' && c <= '9'          ? c - '0'
                : hex && c >= 'a' && c <= 'f' ? c - 'a' + 10
                : hex && c >= 'A' && c <= 'F' ? c - 'A' + 10
                                              : -1;
    if (digit < 0 || (!hex && digit > 1)) {
      throw sql_error(SqlState::kInvalidTextRepresentation, "\"{}\" is not a valid {} digit",
                      first_character(text.substr(i)), hex ? "hexadecimal" : "binary");
    }
    if (!hex) {
      builder.set(at++, digit == 1);
    } else {
      for (int bit = 3; bit >= 0; --bit) builder.set(at++, (digit >> bit & 1) != 0);
    }
  }
  return builder.finish(arena);
}

void bit_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  BitView bits(value.str.view());
  out.reserve(out.size() + bits.size());
  for (uint32_t i = 0; i < bits.size(); ++i) out.push_back(bits.bit(i) ? '1' : '0');
}

Datum bit_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  WireReader reader(bytes);
  auto size = static_cast<int32_t>(reader.u32());
  if (size < 0) {
    throw sql_error(SqlState::kInvalidBinaryRepresentation,
                    "invalid length in external bit string");
  }
  std::string_view data = reader.take(byte_count(static_cast<uint32_t>(size)));
  reader.expect_end();
  return bits_of_bytes(static_cast<uint32_t>(size), data, arena);
}

void bit_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  BitView bits(value.str.view());
  put_u32(out, bits.size());
  out.append(bits.bytes());
}

int bit_compare(const Datum& a, const Datum& b, const TypeInfo&) { return compare_bits(a, b); }

void bit_key(const Datum& value, const TypeInfo&, std::string& out) {
  BitView bits(value.str.view());
  put_key_text(out, bits.bytes());
  put_u32(out, bits.size());
}

Datum bit_from_key(std::string_view& key, const TypeInfo&, Arena& arena) {
  std::string bytes;
  take_key_text(key, bytes);
  return bits_of_bytes(take_key_u32(key), bytes, arena);
}

constexpr TypeCodec kCodecs[] = {
    {"bit", PhysicalType::kVarlen, bit_in, bit_out, bit_recv, bit_send, bit_compare, hash_varlen,
     bit_key, bit_from_key},
    {"varbit", PhysicalType::kVarlen, bit_in, bit_out, bit_recv, bit_send, bit_compare, hash_varlen,
     bit_key, bit_from_key},
};

}  // namespace

BitView::BitView(std::string_view value) {
  std::memcpy(&size_, value.data(), kHeaderBytes);
  bytes_ = value.substr(kHeaderBytes);
}

BitBuilder::BitBuilder(uint32_t size) : value_(kHeaderBytes + byte_count(size), '\0') {
  std::memcpy(value_.data(), &size, kHeaderBytes);
}

void BitBuilder::set(uint32_t i, bool on) {
  char& byte = value_[kHeaderBytes + i / 8];
  auto mask = static_cast<char>(0x80 >> (i % 8));
  byte = static_cast<char>(on ? byte | mask : byte & ~mask);
}

void BitBuilder::copy(const BitView& source, uint32_t from, uint32_t count, uint32_t to) {
  for (uint32_t i = 0; i < count; ++i) set(to + i, source.bit(from + i));
}

Datum BitBuilder::finish(Arena& arena) const {
  return Datum::of_string(value_.size() > StringRef::kInlineBytes ? arena.copy(value_)
                                                                  : std::string_view(value_));
}

Datum bits_of_bytes(uint32_t size, std::string_view bytes, Arena& arena) {
  std::string value(reinterpret_cast<const char*>(&size), kHeaderBytes);
  value.append(bytes);
  if (size % 8 != 0) {
    value.back() = static_cast<char>(static_cast<uint8_t>(value.back()) & (0xFF00 >> (size % 8)));
  }
  return Datum::of_string(value.size() > StringRef::kInlineBytes ? arena.copy(value)
                                                                 : std::string_view(value));
}

int compare_bits(const Datum& a, const Datum& b) {
  BitView x(a.str.view()), y(b.str.view());
  size_t shared = std::min(x.bytes().size(), y.bytes().size());
  int order = x.bytes().substr(0, shared).compare(y.bytes().substr(0, shared));
  if (order == 0) order = x.size() < y.size() ? -1 : x.size() > y.size();
  return order < 0 ? -1 : order > 0;
}

Datum apply_bit_typmod(const Datum& value, bool is_fixed, int32_t typmod, bool explicit_cast,
                       Arena& arena) {
  if (typmod <= 0) return value;
  BitView bits(value.str.view());
  auto length = static_cast<uint32_t>(typmod);
  if (bits.size() == length || (!is_fixed && bits.size() < length)) return value;
  if (!explicit_cast) {
    if (is_fixed) {
      throw sql_error(SqlState::kStringDataLengthMismatch,
                      "bit string length {} does not match type bit({})", bits.size(), typmod);
    }
    throw sql_error(SqlState::kStringDataRightTruncation,
                    "bit string too long for type bit varying({})", typmod);
  }
  BitBuilder builder(length);
  builder.copy(bits, 0, std::min(length, bits.size()), 0);
  return builder.finish(arena);
}

std::span<const TypeCodec> bit_string_codecs() { return kCodecs; }

}  // namespace luma
