// Square root, exponential, logarithms and powers of numeric. Result scales follow PostgreSQL:
// about 16 significant digits, or as many decimals as the arguments have.
#include <algorithm>
#include <cmath>

#include "engine/base/interrupt.h"
#include "engine/base/sql_error.h"
#include "engine/type/numeric.h"
#include "engine/type/numeric_big.h"

namespace luma {
namespace {

constexpr double kLog10E = 0.434294481903252;
constexpr int kGuardDigits = 14;

using Kind = BigNumeric::Kind;

int clamp_scale(int scale, int at_least) {
  return std::min(std::max({scale, at_least, 0}), kNumericMaxDisplayScale);
}

BigNumeric one() { return BigNumeric::of_int(1); }

// atanh(1/n) for a small n.
BigNumeric atanh_of_inverse(int n, int scale) {
  BigNumeric divisor = BigNumeric::of_int(n);
  BigNumeric square = BigNumeric::of_int(static_cast<Int128>(n) * n);
  BigNumeric power = big_div(one(), divisor, scale, false);
  BigNumeric sum = power;
  for (int k = 3; !power.digits.empty(); k += 2) {
    power = big_div(power, square, scale, false);
    sum = big_add(sum, big_div(power, BigNumeric::of_int(k), scale, false));
  }
  return sum;
}

// ln 10 = 3 ln 2 + ln 1.25
BigNumeric ln_ten(int scale) {
  BigNumeric six = BigNumeric::of_int(6);
  BigNumeric two = BigNumeric::of_int(2);
  return big_add(big_mul(six, atanh_of_inverse(3, scale)),
                 big_mul(two, atanh_of_inverse(9, scale)));
}

// ln of a value near 1, to `scale` decimals without final rounding.
BigNumeric ln_series(const BigNumeric& a, int scale) {
  BigNumeric z = big_div(big_sub(a, one()), big_add(a, one()), scale, false);
  BigNumeric square = big_trunc(big_mul(z, z), scale);
  BigNumeric power = z;
  BigNumeric sum = z;
  for (int k = 3; !power.digits.empty(); k += 2) {
    power = big_trunc(big_mul(power, square), scale);
    sum = big_add(sum, big_div(power, BigNumeric::of_int(k), scale, false));
  }
  return big_mul(BigNumeric::of_int(2), sum);
}

// Decimal weight of ln(a), estimated as PostgreSQL does: the scales of results depend on it.
int estimate_ln_weight(const BigNumeric& a) {
  if (a.sign() <= 0) return 0;
  if (big_compare(a, BigNumeric::of_int(9, 1)) >= 0 &&
      big_compare(a, BigNumeric::of_int(11, 1)) <= 0) {
    BigNumeric x = big_sub(a, one());
    return x.digits.empty() ? 0 : x.weight * 4 + static_cast<int>(std::log10(x.digits[0]));
  }
  int digits = a.digits[0];
  int weight = a.weight * 4;
  if (a.digits.size() > 1) {
    digits = digits * kNumericBase + a.digits[1];
    weight -= 4;
  }
  double ln = std::log(static_cast<double>(digits)) + weight * 2.302585092994046;
  return static_cast<int>(std::log10(std::abs(ln)));
}

void check_ln_argument(const BigNumeric& a) {
  if (a.is_nan()) return;
  if (a.sign() < 0) {
    throw sql_error(SqlState::kInvalidArgumentForLog, "cannot take logarithm of a negative number");
  }
  if (a.sign() == 0)
    throw sql_error(SqlState::kInvalidArgumentForLog, "cannot take logarithm of zero");
}

BigNumeric exp_auto(const BigNumeric& a) {
  double weight = std::clamp(big_to_double(a) * kLog10E, -double{kNumericMaxResultScale},
                             double{kNumericMaxResultScale});
  return big_exp(a, clamp_scale(kNumericMinSignificantDigits - static_cast<int>(weight), a.scale));
}

BigNumeric log_of(const BigNumeric& base, const BigNumeric& value) {
  int base_weight = estimate_ln_weight(base);
  int value_weight = estimate_ln_weight(value);
  int result_weight = value_weight - base_weight;
  int scale =
      clamp_scale(kNumericMinSignificantDigits - result_weight, std::max(base.scale, value.scale));
  BigNumeric ln_base =
      big_ln(base, std::max(0, scale + result_weight - base_weight + 8 + kGuardDigits));
  BigNumeric ln_value =
      big_ln(value, std::max(0, scale + result_weight - value_weight + 8 + kGuardDigits));
  if (ln_base.is_zero()) throw sql_error(SqlState::kDivisionByZero, "division by zero");
  return big_div(ln_value, ln_base, scale);
}

// base ^ exponent for an integer exponent, by repeated squaring with limited precision.
BigNumeric integer_power(const BigNumeric& base, int64_t exponent, int scale) {
  auto rounded = [scale](BigNumeric v) { return big_round(std::move(v), scale); };
  if (exponent == 0) return rounded(one());
  if (exponent == 1) return rounded(base);
  if (exponent == -1) {
    if (base.is_zero()) throw sql_error(SqlState::kDivisionByZero, "division by zero");
    return big_div(one(), base, scale);
  }
  if (exponent == 2) return rounded(big_mul(base, base));
  if (base.is_zero()) {
    if (exponent < 0) throw sql_error(SqlState::kDivisionByZero, "division by zero");
    return rounded(BigNumeric());
  }
  // Decimal weight of the result, from the leading digits.
  double lead = 0;
  int weight = base.weight * 4;
  for (size_t i = 0; i < base.digits.size() && i < 4; ++i) {
    lead = lead * kNumericBase + base.digits[i];
    if (i != 0) weight -= 4;
  }
  double result_weight = static_cast<double>(exponent) * (std::log10(lead) + weight);
  if (result_weight > (kNumericMaxWeight + 1) * 4.0) throw_numeric_overflow();
  if (result_weight + 1 < -scale || result_weight + 1 < -kNumericMaxDisplayScale)
    return rounded(BigNumeric());
  int significant = 1 + scale + static_cast<int>(result_weight) +
                    static_cast<int>(std::log(std::abs(static_cast<double>(exponent)))) + 8 +
                    kGuardDigits;
  auto limited = [significant](BigNumeric v) {
    int keep = significant - v.decimal_weight();
    return v.scale > keep || v.decimal_weight() > significant ? big_round(std::move(v), keep) : v;
  };
  BigNumeric power = base;
  BigNumeric result = one();
  for (uint64_t bits = static_cast<uint64_t>(std::abs(exponent)); bits != 0;) {
    if ((bits & 1) != 0) result = limited(big_mul(result, power));
    bits >>= 1;
    if (bits != 0) power = limited(big_mul(power, power));
    if (power.weight > 2 * kNumericMaxWeight || result.weight > kNumericMaxWeight) {
      if (exponent > 0) throw_numeric_overflow();
      return rounded(BigNumeric());
    }
  }
  return exponent < 0 ? big_div(one(), result, scale) : rounded(std::move(result));
}

bool is_odd_integer(const BigNumeric& a) {
  if (!a.is_integer() || a.digits.empty()) return false;
  return static_cast<int>(a.digits.size()) == a.weight + 1 && a.digits.back() % 2 == 1;
}

bool fits_int32(const BigNumeric& a) {
  return a.is_integer() && big_compare(a, BigNumeric::of_int(INT32_MIN)) >= 0 &&
         big_compare(a, BigNumeric::of_int(INT32_MAX)) <= 0;
}

BigNumeric finite_power(BigNumeric base, const BigNumeric& exponent) {
  if (fits_int32(exponent)) {
    int scale = clamp_scale(kNumericMinSignificantDigits, base.scale);
    return integer_power(base, std::llround(big_to_double(exponent)), scale);
  }
  if (base.is_zero()) {
    BigNumeric zero;
    zero.scale = kNumericMinSignificantDigits;
    return zero;
  }
  bool negative = false;
  if (base.negative) {
    negative = is_odd_integer(exponent);
    base.negative = false;
  }
  int ln_weight = estimate_ln_weight(base);
  BigNumeric rough = big_mul(big_ln(base, clamp_scale(8 - ln_weight, 0)), exponent);
  double estimate = big_to_double(big_round(rough, clamp_scale(8 - ln_weight, 0)));
  if (std::abs(estimate) > kNumericMaxResultScale * 3.01) {
    if (estimate > 0) throw_numeric_overflow();
    BigNumeric zero;
    zero.scale = kNumericMaxDisplayScale;
    return zero;
  }
  estimate *= kLog10E;
  int scale = clamp_scale(kNumericMinSignificantDigits - static_cast<int>(estimate),
                          std::max(base.scale, exponent.scale));
  int significant = std::max(scale + static_cast<int>(estimate), 0);
  int ln_scale = std::max(
      significant - ln_weight + 8 + kGuardDigits + std::max(exponent.decimal_weight(), 0), 0);
  BigNumeric result = big_exp(big_mul(big_ln(base, ln_scale), exponent), scale);
  if (negative) result = big_neg(std::move(result));
  return result;
}

// Powers with an infinity or NaN among the operands.
BigNumeric special_power(const BigNumeric& base, const BigNumeric& exponent) {
  auto is_one = [](const BigNumeric& v) { return v.is_finite() && big_compare(v, one()) == 0; };
  if (exponent.is_zero() || is_one(base)) return one();
  if (base.is_nan() || exponent.is_nan()) return BigNumeric::special(Kind::kNan);
  if (base.is_zero() && exponent.sign() < 0) {
    throw sql_error(SqlState::kInvalidArgumentForPowerFunction,
                    "zero raised to a negative power is undefined");
  }
  if (base.sign() < 0 && exponent.is_finite() && !exponent.is_integer()) {
    throw sql_error(SqlState::kInvalidArgumentForPowerFunction,
                    "a negative number raised to a non-integer power yields a complex result");
  }
  if (exponent.is_infinite()) {
    bool grows;
    if (base.is_finite()) {
      int order = big_compare_magnitude(base, one());
      if (order == 0) return one();
      grows = order > 0;
    } else {
      grows = true;
    }
    return grows == (exponent.sign() > 0) ? BigNumeric::special(Kind::kPositiveInfinity)
                                          : BigNumeric();
  }
  if (exponent.sign() < 0) return BigNumeric();
  bool negative = base.sign() < 0 && is_odd_integer(exponent);
  return BigNumeric::special(negative ? Kind::kNegativeInfinity : Kind::kPositiveInfinity);
}

}  // namespace

BigNumeric big_sqrt_auto(const BigNumeric& a) {
  int weight = (a.weight + 1) * 4 / 2 - 1;
  return big_sqrt(a, clamp_scale(kNumericMinSignificantDigits - weight, a.scale));
}

BigNumeric big_exp(const BigNumeric& a, int scale) {
  double approximate = big_to_double(a);
  if (std::abs(approximate) >= kNumericMaxResultScale * 3) {
    if (approximate > 0) throw_numeric_overflow();
    BigNumeric zero;
    zero.scale = scale;
    return zero;
  }
  int weight = static_cast<int>(approximate * kLog10E);
  int significant = weight + scale + kGuardDigits;
  if (significant <= 0) {
    BigNumeric zero;
    zero.scale = scale;
    return zero;
  }
  // exp(x) = exp(x / 2^halvings)^(2^halvings); every squaring doubles the relative error.
  int halvings = 0;
  for (double left = std::abs(approximate); left > 0.01; left /= 2) ++halvings;
  int inner_scale = significant + halvings + 4;
  // Near 1 the result is 1 + a + a^2/2: rounding may depend on the square.
  if (!a.digits.empty() && a.decimal_weight() < -8) {
    inner_scale = std::max(inner_scale, kGuardDigits - 2 * a.decimal_weight());
  }
  BigNumeric x = a;
  x.negative = false;
  x = big_div(x, BigNumeric::of_int(Int128{1} << halvings), inner_scale);
  BigNumeric term = one();
  BigNumeric sum = one();
  for (int k = 1; !term.digits.empty(); ++k) {
    term = big_div(big_trunc(big_mul(term, x), inner_scale), BigNumeric::of_int(k), inner_scale,
                   false);
    sum = big_add(sum, term);
  }
  for (int i = 0; i < halvings; ++i) {
    sum = big_mul(sum, sum);
    sum = big_round(std::move(sum), std::max(inner_scale - sum.decimal_weight(), 0));
  }
  return a.negative ? big_div(one(), sum, scale) : big_round(std::move(sum), scale);
}

BigNumeric big_ln(const BigNumeric& a, int scale) {
  int inner_scale = scale + kGuardDigits;
  if (big_compare(a, BigNumeric::of_int(9, 1)) >= 0 &&
      big_compare(a, BigNumeric::of_int(11, 1)) <= 0) {
    return big_round(ln_series(a, inner_scale), scale);
  }
  // a = mantissa * 10000^weight with the mantissa in 1..10000, which four or more roots bring
  // near 1.
  BigNumeric mantissa = a;
  mantissa.weight = 0;
  int64_t tens = int64_t{a.weight} * 4;
  while (big_compare(mantissa, BigNumeric::of_int(3)) > 0) {
    mantissa = big_mul(mantissa, BigNumeric::of_int(1, 1));
    ++tens;
  }
  int roots = 0;
  BigNumeric low = BigNumeric::of_int(9, 1);
  BigNumeric high = BigNumeric::of_int(11, 1);
  while (big_compare(mantissa, low) < 0 || big_compare(mantissa, high) > 0) {
    mantissa = big_sqrt(mantissa, inner_scale + 8);
    ++roots;
  }
  BigNumeric result =
      big_mul(ln_series(mantissa, inner_scale + 4), BigNumeric::of_int(Int128{1} << roots));
  if (tens != 0)
    result = big_add(result, big_mul(ln_ten(inner_scale + 8), BigNumeric::of_int(tens)));
  return big_round(std::move(result), scale);
}

Datum numeric_sqrt(const Datum& value, Arena& arena) {
  BigNumeric a = BigNumeric::of_datum(value);
  if (!a.is_nan() && a.sign() < 0) {
    throw sql_error(SqlState::kInvalidArgumentForPowerFunction,
                    "cannot take square root of a negative number");
  }
  return a.is_finite() ? big_sqrt_auto(a).to_datum(arena) : value;
}

Datum numeric_exp(const Datum& value, Arena& arena) {
  BigNumeric a = BigNumeric::of_datum(value);
  if (a.kind == Kind::kNegativeInfinity) return numeric_from_int64(0);
  return a.is_finite() ? exp_auto(a).to_datum(arena) : value;
}

Datum numeric_ln(const Datum& value, Arena& arena) {
  BigNumeric a = BigNumeric::of_datum(value);
  check_ln_argument(a);
  if (!a.is_finite()) return value;
  return big_ln(a, clamp_scale(kNumericMinSignificantDigits - estimate_ln_weight(a), a.scale))
      .to_datum(arena);
}

Datum numeric_log10(const Datum& value, Arena& arena) {
  return numeric_log(numeric_from_int64(10), value, arena);
}

Datum numeric_log(const Datum& base, const Datum& value, Arena& arena) {
  BigNumeric b = BigNumeric::of_datum(base);
  BigNumeric a = BigNumeric::of_datum(value);
  if (b.is_nan() || a.is_nan()) return numeric_nan();
  check_ln_argument(b);
  check_ln_argument(a);
  if (b.is_infinite()) return a.is_infinite() ? numeric_nan() : numeric_from_int64(0);
  if (a.is_infinite()) return value;
  return log_of(b, a).to_datum(arena);
}

Datum numeric_power(const Datum& base, const Datum& exponent, Arena& arena) {
  BigNumeric a = BigNumeric::of_datum(base);
  BigNumeric b = BigNumeric::of_datum(exponent);
  if (!a.is_finite() || !b.is_finite()) return special_power(a, b).to_datum(arena);
  if (a.is_zero() && b.sign() < 0) {
    throw sql_error(SqlState::kInvalidArgumentForPowerFunction,
                    "zero raised to a negative power is undefined");
  }
  if (a.sign() < 0 && !b.is_integer()) {
    throw sql_error(SqlState::kInvalidArgumentForPowerFunction,
                    "a negative number raised to a non-integer power yields a complex result");
  }
  return finite_power(std::move(a), b).to_datum(arena);
}

}  // namespace luma
