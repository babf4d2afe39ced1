// Text, wire and key forms of numeric.
#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/numeric.h"
#include "engine/type/numeric_big.h"

namespace luma {
namespace {

using Kind = BigNumeric::Kind;

constexpr uint16_t kWireNegative = 0x4000;
constexpr uint16_t kWireNan = 0xC000;
constexpr uint16_t kWirePositiveInfinity = 0xD000;
constexpr uint16_t kWireNegativeInfinity = 0xF000;

Datum numeric_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  return numeric_from_text(text, arena);
}
void numeric_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  numeric_append_text(value, out);
}

Datum numeric_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&,
                   Arena& arena) {
  auto fail = [](const char* part) {
    return sql_error(SqlState::kInvalidBinaryRepresentation,
                     "invalid {} in external \"numeric\" value", part);
  };
  WireReader reader(bytes);
  uint16_t count = reader.u16();
  BigNumeric result;
  result.weight = static_cast<int16_t>(reader.u16());
  uint16_t sign = reader.u16();
  uint16_t scale = reader.u16();
  if (sign == kWireNan) return numeric_nan();
  if (sign == kWirePositiveInfinity || sign == kWireNegativeInfinity) {
    return numeric_infinity(sign == kWireNegativeInfinity);
  }
  if (sign != 0 && sign != kWireNegative) throw fail("sign");
  if (scale > kNumericMaxScale) throw fail("scale");
  result.scale = scale;
  result.negative = sign == kWireNegative;
  result.digits.reserve(count);
  for (uint16_t i = 0; i < count; ++i) {
    uint16_t digit = reader.u16();
    if (digit >= kNumericBase) throw fail("digit");
    result.digits.push_back(digit);
  }
  reader.expect_end();
  result.normalize();
  // Digits beyond the stated scale are cut off, not rounded.
  return big_trunc(std::move(result), scale).to_datum(arena);
}

void numeric_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  BigNumeric a = BigNumeric::of_datum(value);
  uint16_t sign = a.negative ? kWireNegative : 0;
  if (a.kind == Kind::kNan) sign = kWireNan;
  if (a.kind == Kind::kPositiveInfinity) sign = kWirePositiveInfinity;
  if (a.kind == Kind::kNegativeInfinity) sign = kWireNegativeInfinity;
  put_u16(out, static_cast<uint16_t>(a.digits.size()));
  put_u16(out, static_cast<uint16_t>(a.weight));
  put_u16(out, sign);
  put_u16(out, static_cast<uint16_t>(a.scale));
  for (uint16_t digit : a.digits) put_u16(out, digit);
}

int compare(const Datum& a, const Datum& b, const TypeInfo&) { return numeric_compare(a, b); }
uint64_t hash(const Datum& value, const TypeInfo&) { return numeric_hash(value); }

// Key: a class byte; for finite non-zero values the exponent in base 100, digits + 1, and a zero.
// The bytes after the class are inverted for negative values.
enum KeyClass : uint8_t {
  kKeyNegativeInfinity = 1,
  kKeyNegative,
  kKeyZero,
  kKeyPositive,
  kKeyPositiveInfinity,
  kKeyNan
};

void append_key_exponent(int exponent, std::string& out) {
  constexpr int kBias = 128;
  constexpr int kNear = 100;
  if (exponent >= -kNear && exponent <= kNear) {
    put_u8(out, static_cast<uint8_t>(exponent + kBias));
  } else {
    put_u8(out, exponent > 0 ? 0xFF : 0x00);
    put_key_int32(out, exponent);
  }
}

void numeric_key(const Datum& value, const TypeInfo&, std::string& out) {
  BigNumeric a = BigNumeric::of_datum(value);
  if (!a.is_finite()) {
    put_u8(out, a.is_nan() ? kKeyNan : a.sign() > 0 ? kKeyPositiveInfinity : kKeyNegativeInfinity);
    return;
  }
  if (a.digits.empty()) {
    put_u8(out, kKeyZero);
    return;
  }
  put_u8(out, a.negative ? kKeyNegative : kKeyPositive);
  size_t start = out.size();
  bool short_lead = a.digits[0] < 100;
  append_key_exponent(a.weight * 2 + (short_lead ? 0 : 1), out);
  for (size_t i = 0; i < a.digits.size(); ++i) {
    int high = a.digits[i] / 100;
    int low = a.digits[i] % 100;
    if (i != 0 || !short_lead) put_u8(out, static_cast<uint8_t>(high + 1));
    if (i + 1 < a.digits.size() || low != 0) put_u8(out, static_cast<uint8_t>(low + 1));
  }
  put_u8(out, 0);
  if (a.negative) {
    for (size_t i = start; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
  }
}

// Keys drop the display scale, so they are not decoded.
constexpr TypeCodec kCodecs[] = {
    {"numeric", PhysicalType::kVarlen, numeric_in, numeric_out, numeric_recv, numeric_send, compare,
     hash, numeric_key, nullptr},
};

}  // namespace

std::span<const TypeCodec> numeric_codecs() { return kCodecs; }

}  // namespace luma
