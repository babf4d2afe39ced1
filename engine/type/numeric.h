#pragma once
// numeric: exact decimals with PostgreSQL 15's result scales, rounding (half away from zero) and
// errors.
//
// A value is kVarlen. Three forms of its bytes, told apart by the first one:
//   small   exactly 12 bytes: u8 kind 0, u8 0, u16 scale, i64 scaled; value = scaled / 10^scale,
//   scale <= 18.
//           It always lies inline in the Datum, so arithmetic on it neither allocates nor follows
//           pointers.
//   big     more than 12 bytes: u8 kind 1, u8 negative, u16 scale, i32 weight, u32 digit count, u16
//   0,
//           then base-10000 digits (u16, most significant first, no zeros at either end).
//   special 4 bytes: u8 kind 2, u8 which (0 NaN, 1 Infinity, 2 -Infinity), u16 0.
// All integers little-endian. A value that fits the small form always has it.
//
// Functions are thread-safe and allocate big results from `arena`. Errors: 22003 when a result
// exceeds the format, 22012 division by zero, others as said.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/arena.h"
#include "engine/type/datum.h"
#include "engine/type/type_codec.h"

namespace luma {

using Int128 = __int128;

std::span<const TypeCodec> numeric_codecs();

inline constexpr int kNumericSmallMaxScale = 18;
inline constexpr int kNumericMaxPrecision = 1000;

struct SmallNumeric {
  int64_t scaled;
  int scale;
};

inline bool numeric_is_small(const Datum& value) { return value.str.size() == 12; }
// Only for the small form.
inline SmallNumeric numeric_small(const Datum& value) {
  const char* bytes = reinterpret_cast<const char*>(&value) + 4;
  uint16_t scale;
  int64_t scaled;
  std::memcpy(&scale, bytes + 2, sizeof scale);
  std::memcpy(&scaled, bytes + 4, sizeof scaled);
  return {scaled, scale};
}
// `scale` must lie in 0..18.
inline Datum numeric_make_small(int64_t scaled, int scale) {
  char bytes[12] = {};
  auto narrow = static_cast<uint16_t>(scale);
  std::memcpy(bytes + 2, &narrow, sizeof narrow);
  std::memcpy(bytes + 4, &scaled, sizeof scaled);
  return Datum::of_string(StringRef(bytes, 12));
}
// scaled / 10^scale for any scale >= 0.
Datum numeric_make(Int128 scaled, int scale, Arena& arena);

bool numeric_is_nan(const Datum& value);
bool numeric_is_infinite(const Datum& value);
Datum numeric_nan();
Datum numeric_infinity(bool negative);

// Conversions. Those to integers round, and throw 22003 "<type> out of range" (or 0A000 for NaN and
// infinity, as PostgreSQL does).
Datum numeric_from_text(std::string_view text, Arena& arena);  // 22P02
void numeric_append_text(const Datum& value, std::string& out);
Datum numeric_from_int64(int64_t value);
Datum numeric_from_int128(Int128 value, Arena& arena);
Datum numeric_from_float8(double value, Arena& arena);
Datum numeric_from_float4(float value, Arena& arena);
int16_t numeric_to_int16(const Datum& value);
int32_t numeric_to_int32(const Datum& value);
int64_t numeric_to_int64(const Datum& value);
double numeric_to_float8(const Datum& value);
float numeric_to_float4(const Datum& value);

// Arithmetic.
Datum numeric_add_slow(const Datum& a, const Datum& b, Arena& arena);
Datum numeric_sub_slow(const Datum& a, const Datum& b, Arena& arena);
Datum numeric_mul_slow(const Datum& a, const Datum& b, Arena& arena);
int numeric_compare_slow(const Datum& a, const Datum& b);

inline Datum numeric_add(const Datum& a, const Datum& b, Arena& arena) {
  if (numeric_is_small(a) && numeric_is_small(b)) {
    SmallNumeric x = numeric_small(a);
    SmallNumeric y = numeric_small(b);
    int64_t sum;
    if (x.scale == y.scale && !__builtin_add_overflow(x.scaled, y.scaled, &sum)) {
      return numeric_make_small(sum, x.scale);
    }
  }
  return numeric_add_slow(a, b, arena);
}
inline Datum numeric_sub(const Datum& a, const Datum& b, Arena& arena) {
  if (numeric_is_small(a) && numeric_is_small(b)) {
    SmallNumeric x = numeric_small(a);
    SmallNumeric y = numeric_small(b);
    int64_t difference;
    if (x.scale == y.scale && !__builtin_sub_overflow(x.scaled, y.scaled, &difference)) {
      return numeric_make_small(difference, x.scale);
    }
  }
  return numeric_sub_slow(a, b, arena);
}
inline Datum numeric_mul(const Datum& a, const Datum& b, Arena& arena) {
  if (numeric_is_small(a) && numeric_is_small(b)) {
    SmallNumeric x = numeric_small(a);
    SmallNumeric y = numeric_small(b);
    int64_t product;
    if (x.scale + y.scale <= kNumericSmallMaxScale &&
        !__builtin_mul_overflow(x.scaled, y.scaled, &product)) {
      return numeric_make_small(product, x.scale + y.scale);
    }
  }
  return numeric_mul_slow(a, b, arena);
}
// NaN equals NaN and is above everything.
inline int numeric_compare(const Datum& a, const Datum& b) {
  if (numeric_is_small(a) && numeric_is_small(b)) {
    SmallNumeric x = numeric_small(a);
    SmallNumeric y = numeric_small(b);
    if (x.scale == y.scale) return x.scaled < y.scaled ? -1 : x.scaled > y.scaled;
  }
  return numeric_compare_slow(a, b);
}
uint64_t numeric_hash(const Datum& value);

Datum numeric_div(const Datum& a, const Datum& b, Arena& arena);
Datum numeric_div_trunc(const Datum& a, const Datum& b, Arena& arena);  // div(a, b)
Datum numeric_mod(const Datum& a, const Datum& b, Arena& arena);
Datum numeric_neg(const Datum& value, Arena& arena);
Datum numeric_abs(const Datum& value, Arena& arena);
Datum numeric_sign(const Datum& value);
Datum numeric_inc(const Datum& value, Arena& arena);

Datum numeric_round(const Datum& value, int scale, Arena& arena);
Datum numeric_trunc(const Datum& value, int scale, Arena& arena);
Datum numeric_ceil(const Datum& value, Arena& arena);
Datum numeric_floor(const Datum& value, Arena& arena);

Datum numeric_sqrt(const Datum& value, Arena& arena);  // 2201F of a negative
Datum numeric_exp(const Datum& value, Arena& arena);
Datum numeric_ln(const Datum& value, Arena& arena);  // 2201E of zero and negatives
Datum numeric_log10(const Datum& value, Arena& arena);
Datum numeric_log(const Datum& base, const Datum& value, Arena& arena);
Datum numeric_power(const Datum& base, const Datum& exponent, Arena& arena);  // 2201F
Datum numeric_factorial(int64_t n, Arena& arena);
Datum numeric_gcd(const Datum& a, const Datum& b, Arena& arena);
Datum numeric_lcm(const Datum& a, const Datum& b, Arena& arena);

// scale() and min_scale(); -1 (SQL NULL) of NaN and infinity.
int numeric_scale(const Datum& value);
int numeric_min_scale(const Datum& value);
Datum numeric_trim_scale(const Datum& value, Arena& arena);
int32_t numeric_width_bucket(const Datum& operand, const Datum& low, const Datum& high,
                             int32_t count);  // 2201G

// Rounds to numeric(p,s); 22003 "numeric field overflow". `typmod` -1 leaves the value as it is.
Datum numeric_apply_typmod(const Datum& value, int32_t typmod, Arena& arena);
constexpr int32_t numeric_typmod(int precision, int scale) {
  return ((precision << 16) | (scale & 0x7FF)) + 4;
}
constexpr int numeric_typmod_precision(int32_t typmod) { return ((typmod - 4) >> 16) & 0xFFFF; }
constexpr int numeric_typmod_scale(int32_t typmod) {
  return (((typmod - 4) & 0x7FF) ^ 1024) - 1024;
}

}  // namespace luma
