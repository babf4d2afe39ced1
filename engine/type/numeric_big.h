#pragma once
// Arbitrary-precision decimals behind numeric.h: base-10000 digits in a vector. For numeric_*.cc
// only. A finite value is (-1)^negative * sum(digits[i] * 10000^(weight - i)), shown with `scale`
// decimals; normalized: no zero digit at either end, zero has no digits, weight 0 and no sign.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/type/datum.h"
#include "engine/type/numeric.h"

namespace luma {

inline constexpr int kNumericBase = 10000;
inline constexpr int kNumericMaxWeight = 32767;
inline constexpr int kNumericMaxScale = 16383;
// Limits for computed results.
inline constexpr int kNumericMaxDisplayScale = 1000;
inline constexpr int kNumericMinSignificantDigits = 16;
inline constexpr int kNumericMaxResultScale = 2000;

struct BigNumeric {
  enum class Kind : uint8_t { kFinite, kNan, kPositiveInfinity, kNegativeInfinity };

  Kind kind = Kind::kFinite;
  bool negative = false;
  int weight = 0;
  int scale = 0;
  std::vector<uint16_t> digits;

  static BigNumeric special(Kind kind) {
    BigNumeric result;
    result.kind = kind;
    return result;
  }
  static BigNumeric of_int(Int128 value, int scale = 0);  // value / 10^scale
  static BigNumeric of_datum(const Datum& value);
  Datum to_datum(Arena& arena) const;  // throws 22003 when the format cannot hold it

  bool is_finite() const { return kind == Kind::kFinite; }
  bool is_nan() const { return kind == Kind::kNan; }
  bool is_infinite() const { return !is_finite() && !is_nan(); }
  bool is_zero() const { return is_finite() && digits.empty(); }
  // -1, 0, 1; of infinities too.
  int sign() const;
  bool is_integer() const { return static_cast<int>(digits.size()) <= weight + 1; }
  void normalize();
  void append_text(std::string& out) const;
  // Decimal exponent of the first digit, for zero 0.
  int decimal_weight() const;
};

[[noreturn]] void throw_numeric_overflow();

// Of finite values. Sums and products are exact; a result's scale is the larger one, or the sum.
int big_compare(const BigNumeric& a, const BigNumeric& b);
int big_compare_magnitude(const BigNumeric& a, const BigNumeric& b);
BigNumeric big_add(const BigNumeric& a, const BigNumeric& b);
BigNumeric big_sub(const BigNumeric& a, const BigNumeric& b);
BigNumeric big_mul(const BigNumeric& a, const BigNumeric& b);
BigNumeric big_neg(BigNumeric a);

// To `scale` decimals (negative: to tens, hundreds, ...); the result's display scale is max(scale,
// 0).
BigNumeric big_round(BigNumeric a, int scale);  // half away from zero
BigNumeric big_trunc(BigNumeric a, int scale);

// Quotient rounded or truncated to `scale` >= 0 decimals; `b` is not zero.
BigNumeric big_div(const BigNumeric& a, const BigNumeric& b, int scale, bool round = true);
BigNumeric big_mod(const BigNumeric& a, const BigNumeric& b);
// Square root rounded to `scale` decimals (which may be negative); `a` is not negative.
BigNumeric big_sqrt(const BigNumeric& a, int scale);
// PostgreSQL's choice of a quotient's scale.
int big_div_scale(const BigNumeric& a, const BigNumeric& b);

// numeric_math.cc: results rounded to `scale`.
BigNumeric big_exp(const BigNumeric& a, int scale);
BigNumeric big_ln(const BigNumeric& a, int scale);
BigNumeric big_sqrt_auto(const BigNumeric& a);

double big_to_double(const BigNumeric& a);  // overflow gives an infinity, underflow zero

}  // namespace luma
