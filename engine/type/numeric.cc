#include "engine/type/numeric.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

#include "engine/base/sql_error.h"
#include "engine/type/numeric_big.h"
#include "engine/type/powers_of_ten.h"
#include "engine/type/value_hash.h"

namespace luma {
namespace {

using Kind = BigNumeric::Kind;

// 10^exponent for exponent <= 38.
Int128 power_of_ten(int exponent) {
  return exponent <= 18 ? kPowersOfTen[exponent]
                        : static_cast<Int128>(kPowersOfTen[18]) * power_of_ten(exponent - 18);
}

// 64-bit division is many times faster than 128-bit.
Int128 divide_rounded(Int128 a, Int128 b) {
  bool negative = (a < 0) != (b < 0);
  auto x = static_cast<unsigned __int128>(a < 0 ? -a : a);
  auto y = static_cast<unsigned __int128>(b < 0 ? -b : b);
  unsigned __int128 quotient = 0;
  unsigned __int128 rest = 0;
  if (x <= UINT64_MAX && y <= UINT64_MAX) {
    quotient = static_cast<uint64_t>(x) / static_cast<uint64_t>(y);
    rest = static_cast<uint64_t>(x) % static_cast<uint64_t>(y);
  } else {
    quotient = x / y;
    rest = x - quotient * y;
  }
  if (rest >= y - rest) ++quotient;
  auto result = static_cast<Int128>(quotient);
  return negative ? -result : result;
}

// Position and value of the first base-10000 digit, as a BigNumeric of the value would have them.
void leading_digit(SmallNumeric value, int& weight, int& digit) {
  weight = 0;
  digit = 0;
  uint64_t magnitude = value.scaled < 0 ? 0 - static_cast<uint64_t>(value.scaled)
                                        : static_cast<uint64_t>(value.scaled);
  if (magnitude == 0) return;
  auto unit = static_cast<uint64_t>(kPowersOfTen[value.scale]);
  uint64_t whole = magnitude / unit;
  if (whole != 0) {
    for (; whole >= kNumericBase; whole /= kNumericBase) ++weight;
    digit = static_cast<int>(whole);
    return;
  }
  auto fraction = static_cast<unsigned __int128>(magnitude);
  do {
    fraction *= kNumericBase;
    --weight;
  } while (fraction < unit);
  digit = static_cast<int>(fraction / unit);
}

// Quotient of two small values; false when 128 bits do not suffice.
bool divide_small(SmallNumeric a, SmallNumeric b, Arena& arena, Datum& result) {
  int weight_a, digit_a, weight_b, digit_b;
  leading_digit(a, weight_a, digit_a);
  leading_digit(b, weight_b, digit_b);
  int weight = weight_a - weight_b;
  if (digit_a <= digit_b) --weight;
  int scale = std::max({kNumericMinSignificantDigits - weight * 4, a.scale, b.scale, 0});
  // a / b at `scale` decimals = scaled_a * 10^shift / scaled_b
  int shift = scale - a.scale + b.scale;
  if (shift > 37) return false;
  Int128 numerator;
  if (__builtin_mul_overflow(static_cast<Int128>(a.scaled), power_of_ten(shift), &numerator))
    return false;
  result = numeric_make(divide_rounded(numerator, b.scaled), scale, arena);
  return true;
}

Datum special_datum(Kind kind) {
  const char bytes[4] = {2, static_cast<char>(static_cast<int>(kind) - 1), 0, 0};
  return Datum::of_string(StringRef(bytes, sizeof bytes));
}

Datum infinity_of_sign(int sign) {
  if (sign == 0) return numeric_nan();
  return special_datum(sign > 0 ? Kind::kPositiveInfinity : Kind::kNegativeInfinity);
}

struct Operands {
  BigNumeric a;
  BigNumeric b;
  bool any_nan() const { return a.is_nan() || b.is_nan(); }
  bool all_finite() const { return a.is_finite() && b.is_finite(); }
};

Operands operands(const Datum& a, const Datum& b) {
  return {BigNumeric::of_datum(a), BigNumeric::of_datum(b)};
}

// Both values at the larger of their scales: exact in 128 bits, since 2^63 * 10^18 < 2^127.
void align(SmallNumeric a, SmallNumeric b, Int128& x, Int128& y) {
  x = a.scaled;
  y = b.scaled;
  if (a.scale < b.scale) x *= kPowersOfTen[b.scale - a.scale];
  if (b.scale < a.scale) y *= kPowersOfTen[a.scale - b.scale];
}

Datum add_or_subtract(const Datum& a, const Datum& b, bool subtract, Arena& arena) {
  if (numeric_is_small(a) && numeric_is_small(b)) {
    SmallNumeric small_a = numeric_small(a);
    SmallNumeric small_b = numeric_small(b);
    Int128 x, y;
    align(small_a, small_b, x, y);
    return numeric_make(subtract ? x - y : x + y, std::max(small_a.scale, small_b.scale), arena);
  }
  Operands v = operands(a, b);
  if (v.any_nan()) return numeric_nan();
  if (v.all_finite()) return (subtract ? big_sub(v.a, v.b) : big_add(v.a, v.b)).to_datum(arena);
  int sign_a = v.a.is_infinite() ? v.a.sign() : 0;
  int sign_b = v.b.is_infinite() ? v.b.sign() : 0;
  if (subtract) sign_b = -sign_b;
  return sign_a == -sign_b ? numeric_nan() : infinity_of_sign(sign_a != 0 ? sign_a : sign_b);
}

[[noreturn]] void throw_division_by_zero() {
  throw sql_error(SqlState::kDivisionByZero, "division by zero");
}

}  // namespace

Datum numeric_make(Int128 scaled, int scale, Arena& arena) {
  if (scale <= kNumericSmallMaxScale && scaled >= INT64_MIN && scaled <= INT64_MAX) {
    return numeric_make_small(static_cast<int64_t>(scaled), scale);
  }
  return BigNumeric::of_int(scaled, scale).to_datum(arena);
}

bool numeric_is_nan(const Datum& value) {
  return value.str.size() == 4 && value.str.data()[1] == 0;
}
bool numeric_is_infinite(const Datum& value) {
  return value.str.size() == 4 && value.str.data()[1] != 0;
}
Datum numeric_nan() { return special_datum(Kind::kNan); }
Datum numeric_infinity(bool negative) {
  return special_datum(negative ? Kind::kNegativeInfinity : Kind::kPositiveInfinity);
}

Datum numeric_add_slow(const Datum& a, const Datum& b, Arena& arena) {
  return add_or_subtract(a, b, false, arena);
}
Datum numeric_sub_slow(const Datum& a, const Datum& b, Arena& arena) {
  return add_or_subtract(a, b, true, arena);
}

Datum numeric_mul_slow(const Datum& a, const Datum& b, Arena& arena) {
  if (numeric_is_small(a) && numeric_is_small(b)) {
    SmallNumeric x = numeric_small(a);
    SmallNumeric y = numeric_small(b);
    return numeric_make(static_cast<Int128>(x.scaled) * y.scaled, x.scale + y.scale, arena);
  }
  Operands v = operands(a, b);
  if (v.any_nan()) return numeric_nan();
  if (!v.all_finite()) return infinity_of_sign(v.a.sign() * v.b.sign());
  BigNumeric product = big_mul(v.a, v.b);
  // Products keep all their decimals, up to what the format holds.
  if (product.scale > kNumericMaxScale) product = big_round(std::move(product), kNumericMaxScale);
  return product.to_datum(arena);
}

int numeric_compare_slow(const Datum& a, const Datum& b) {
  if (numeric_is_small(a) && numeric_is_small(b)) {
    Int128 x, y;
    align(numeric_small(a), numeric_small(b), x, y);
    return x < y ? -1 : x > y;
  }
  Operands v = operands(a, b);
  if (v.all_finite()) return big_compare(v.a, v.b);
  auto rank = [](const BigNumeric& n) { return n.is_nan() ? 2 : n.is_infinite() ? n.sign() : 0; };
  int x = rank(v.a);
  int y = rank(v.b);
  return x < y ? -1 : x > y;
}

uint64_t numeric_hash(const Datum& value) {
  if (numeric_is_small(value)) {
    SmallNumeric small = numeric_small(value);
    if (small.scaled == 0) return hash_int64(0);
    while (small.scale > 0 && small.scaled % 10 == 0) {
      small.scaled /= 10;
      --small.scale;
    }
    return hash_mix(static_cast<uint64_t>(small.scaled), static_cast<uint64_t>(small.scale));
  }
  if (value.str.size() == 4) return hash_bytes(value.str.view());
  // A value that only its zeros at the end make big must hash like its small equal.
  BigNumeric big = BigNumeric::of_datum(value);
  big.scale = numeric_min_scale(value);
  Arena scratch(nullptr, 256);
  Datum canonical = big.to_datum(scratch);
  return numeric_is_small(canonical) ? numeric_hash(canonical) : hash_bytes(canonical.str.view());
}

Datum numeric_div(const Datum& a, const Datum& b, Arena& arena) {
  if (numeric_is_small(a) && numeric_is_small(b)) {
    SmallNumeric divisor = numeric_small(b);
    if (divisor.scaled == 0) throw_division_by_zero();
    Datum result;
    if (divide_small(numeric_small(a), divisor, arena, result)) return result;
  }
  Operands v = operands(a, b);
  if (v.any_nan()) return numeric_nan();
  if (v.b.is_zero()) throw_division_by_zero();
  if (v.a.is_infinite())
    return v.b.is_infinite() ? numeric_nan() : infinity_of_sign(v.a.sign() * v.b.sign());
  if (v.b.is_infinite()) return numeric_from_int64(0);
  return big_div(v.a, v.b, big_div_scale(v.a, v.b)).to_datum(arena);
}

Datum numeric_div_trunc(const Datum& a, const Datum& b, Arena& arena) {
  Operands v = operands(a, b);
  if (v.any_nan()) return numeric_nan();
  if (v.b.is_zero()) throw_division_by_zero();
  if (v.a.is_infinite())
    return v.b.is_infinite() ? numeric_nan() : infinity_of_sign(v.a.sign() * v.b.sign());
  if (v.b.is_infinite()) return numeric_from_int64(0);
  return big_div(v.a, v.b, 0, false).to_datum(arena);
}

Datum numeric_mod(const Datum& a, const Datum& b, Arena& arena) {
  if (numeric_is_small(a) && numeric_is_small(b)) {
    SmallNumeric small_a = numeric_small(a);
    SmallNumeric small_b = numeric_small(b);
    if (small_b.scaled == 0) throw_division_by_zero();
    Int128 x, y;
    align(small_a, small_b, x, y);
    return numeric_make(x % y, std::max(small_a.scale, small_b.scale), arena);
  }
  Operands v = operands(a, b);
  if (v.any_nan()) return numeric_nan();
  if (v.b.is_zero()) throw_division_by_zero();
  if (v.a.is_infinite()) return numeric_nan();
  if (v.b.is_infinite()) return a;
  return big_mod(v.a, v.b).to_datum(arena);
}

Datum numeric_neg(const Datum& value, Arena& arena) {
  if (numeric_is_small(value)) {
    SmallNumeric small = numeric_small(value);
    return numeric_make(-static_cast<Int128>(small.scaled), small.scale, arena);
  }
  BigNumeric a = BigNumeric::of_datum(value);
  if (a.is_nan()) return value;
  return a.is_infinite() ? infinity_of_sign(-a.sign()) : big_neg(std::move(a)).to_datum(arena);
}

Datum numeric_abs(const Datum& value, Arena& arena) {
  return numeric_compare(value, numeric_from_int64(0)) < 0 ? numeric_neg(value, arena) : value;
}

Datum numeric_sign(const Datum& value) {
  if (numeric_is_nan(value)) return value;
  return numeric_from_int64(numeric_compare(value, numeric_from_int64(0)));
}

Datum numeric_inc(const Datum& value, Arena& arena) {
  return numeric_add(value, numeric_from_int64(1), arena);
}

// Beyond these a number has no digits to round.
constexpr int kLeastRoundingScale = -(32768 * 4) - 1;
constexpr int kMostDigitsAfterPoint = 16383;

Datum numeric_round(const Datum& value, int scale, Arena& arena) {
  scale = std::clamp(scale, kLeastRoundingScale, kMostDigitsAfterPoint);
  if (numeric_is_small(value) && scale >= 0) {
    SmallNumeric small = numeric_small(value);
    if (scale == small.scale) return value;
    if (scale < small.scale) {
      Int128 rounded = divide_rounded(small.scaled, kPowersOfTen[small.scale - scale]);
      return numeric_make_small(static_cast<int64_t>(rounded), scale);
    }
    int64_t scaled;
    if (scale <= kNumericSmallMaxScale &&
        !__builtin_mul_overflow(small.scaled, kPowersOfTen[scale - small.scale], &scaled)) {
      return numeric_make_small(scaled, scale);
    }
  }
  BigNumeric a = BigNumeric::of_datum(value);
  return a.is_finite() ? big_round(std::move(a), scale).to_datum(arena) : value;
}

Datum numeric_trunc(const Datum& value, int scale, Arena& arena) {
  scale = std::clamp(scale, kLeastRoundingScale, kMostDigitsAfterPoint);
  if (numeric_is_small(value) && scale >= 0) {
    SmallNumeric small = numeric_small(value);
    if (scale < small.scale)
      return numeric_make_small(small.scaled / kPowersOfTen[small.scale - scale], scale);
  }
  BigNumeric a = BigNumeric::of_datum(value);
  return a.is_finite() ? big_trunc(std::move(a), scale).to_datum(arena) : value;
}

Datum numeric_floor(const Datum& value, Arena& arena) {
  if (numeric_is_nan(value) || numeric_is_infinite(value)) return value;
  Datum whole = numeric_trunc(value, 0, arena);
  return numeric_compare(whole, value) > 0 ? numeric_sub(whole, numeric_from_int64(1), arena)
                                           : whole;
}

Datum numeric_ceil(const Datum& value, Arena& arena) {
  if (numeric_is_nan(value) || numeric_is_infinite(value)) return value;
  Datum whole = numeric_trunc(value, 0, arena);
  return numeric_compare(whole, value) < 0 ? numeric_inc(whole, arena) : whole;
}

Datum numeric_factorial(int64_t n, Arena& arena) {
  if (n < 0)
    throw sql_error(SqlState::kNumericValueOutOfRange,
                    "factorial of a negative number is undefined");
  // 32178! needs more digits than the format has.
  if (n > 32177) throw_numeric_overflow();
  BigNumeric result = BigNumeric::of_int(1);
  for (int64_t i = 2; i <= n; ++i) result = big_mul(result, BigNumeric::of_int(i));
  return result.to_datum(arena);
}

Datum numeric_gcd(const Datum& a, const Datum& b, Arena& arena) {
  Operands v = operands(a, b);
  if (!v.all_finite()) return numeric_nan();
  int scale = std::max(v.a.scale, v.b.scale);
  v.a.negative = v.b.negative = false;
  while (!v.b.digits.empty()) {
    BigNumeric rest = big_mod(v.a, v.b);
    v.a = std::move(v.b);
    v.b = std::move(rest);
  }
  v.a.scale = scale;
  return v.a.to_datum(arena);
}

Datum numeric_lcm(const Datum& a, const Datum& b, Arena& arena) {
  Operands v = operands(a, b);
  if (!v.all_finite()) return numeric_nan();
  int scale = std::max(v.a.scale, v.b.scale);
  BigNumeric result;
  if (!v.a.is_zero() && !v.b.is_zero()) {
    BigNumeric divisor = BigNumeric::of_datum(numeric_gcd(a, b, arena));
    result = big_mul(big_div(v.a, divisor, 0, false), v.b);
    result.negative = false;
  }
  result.scale = scale;
  return result.to_datum(arena);
}

int numeric_scale(const Datum& value) {
  if (numeric_is_small(value)) return numeric_small(value).scale;
  BigNumeric a = BigNumeric::of_datum(value);
  return a.is_finite() ? a.scale : -1;
}

int numeric_min_scale(const Datum& value) {
  BigNumeric a = BigNumeric::of_datum(value);
  if (!a.is_finite()) return -1;
  if (a.digits.empty()) return 0;
  int scale = (static_cast<int>(a.digits.size()) - 1 - a.weight) * 4;
  if (scale <= 0) return 0;
  for (int last = a.digits.back(); last % 10 == 0; last /= 10) --scale;
  return std::max(scale, 0);
}

Datum numeric_trim_scale(const Datum& value, Arena& arena) {
  BigNumeric a = BigNumeric::of_datum(value);
  if (!a.is_finite()) return value;
  a.scale = numeric_min_scale(value);
  return a.to_datum(arena);
}

int32_t numeric_width_bucket(const Datum& operand, const Datum& low, const Datum& high,
                             int32_t count) {
  auto fail = [](const char* text) {
    return sql_error(SqlState::kInvalidArgumentForWidthBucketFunction, "{}", text);
  };
  if (count <= 0) throw fail("count must be greater than zero");
  if (numeric_is_nan(operand) || numeric_is_nan(low) || numeric_is_nan(high)) {
    throw fail("operand, lower bound, and upper bound cannot be NaN");
  }
  if (numeric_is_infinite(low) || numeric_is_infinite(high))
    throw fail("lower and upper bounds must be finite");
  int direction = numeric_compare(low, high);
  if (direction == 0) throw fail("lower bound cannot equal upper bound");
  bool before =
      direction < 0 ? numeric_compare(operand, low) < 0 : numeric_compare(operand, low) > 0;
  bool after =
      direction < 0 ? numeric_compare(operand, high) >= 0 : numeric_compare(operand, high) <= 0;
  if (before) return 0;
  if (after) {
    if (count == INT32_MAX)
      throw sql_error(SqlState::kNumericValueOutOfRange, "integer out of range");
    return count + 1;
  }
  BigNumeric from = BigNumeric::of_datum(low);
  BigNumeric offset = big_sub(BigNumeric::of_datum(operand), from);
  BigNumeric width = big_sub(BigNumeric::of_datum(high), from);
  BigNumeric bucket = big_div(big_mul(offset, BigNumeric::of_int(count)), width, 0, false);
  return static_cast<int32_t>(big_to_double(bucket)) + 1;
}

Datum numeric_apply_typmod(const Datum& value, int32_t typmod, Arena& arena) {
  if (typmod < 4 || numeric_is_nan(value)) return value;
  int precision = numeric_typmod_precision(typmod);
  int scale = numeric_typmod_scale(typmod);
  auto overflow = [] {
    return sql_error(SqlState::kNumericValueOutOfRange, "numeric field overflow");
  };
  if (numeric_is_infinite(value)) {
    throw overflow().detail(fmt::format(
        "A field with precision {}, scale {} cannot hold an infinite value.", precision, scale));
  }
  Datum rounded = numeric_round(value, scale, arena);
  int whole_digits = precision - scale;
  bool fits;
  if (numeric_is_small(rounded) && precision <= 18 && scale >= 0 &&
      scale <= kNumericSmallMaxScale) {
    int64_t scaled = numeric_small(rounded).scaled;
    fits = scaled < kPowersOfTen[precision] && scaled > -kPowersOfTen[precision];
  } else {
    BigNumeric a = BigNumeric::of_datum(rounded);
    fits = a.digits.empty() || a.decimal_weight() < whole_digits;
  }
  if (!fits) {
    throw overflow().detail(fmt::format(
        "A field with precision {}, scale {} must round to an absolute value less than {}{}.",
        precision, scale, whole_digits != 0 ? "10^" : "", whole_digits != 0 ? whole_digits : 1));
  }
  return rounded;
}

}  // namespace luma
