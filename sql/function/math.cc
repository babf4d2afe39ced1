// Mathematical functions of float8: roots, powers, logarithms, trigonometry, rounding, random
// numbers.
#include <bit>
#include <cmath>
#include <random>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "sql/function/families.h"

namespace luma {

namespace {

[[noreturn]] void overflow() {
  throw sql_error(SqlState::kNumericValueOutOfRange, "value out of range: overflow");
}
[[noreturn]] void underflow() {
  throw sql_error(SqlState::kNumericValueOutOfRange, "value out of range: underflow");
}
[[noreturn]] void input_out_of_range() {
  throw sql_error(SqlState::kNumericValueOutOfRange, "input is out of range");
}

double checked(double result, bool infinite_allowed, bool zero_allowed) {
  if (std::isinf(result) && !infinite_allowed) overflow();
  if (result == 0 && !zero_allowed) underflow();
  return result;
}

double sqrt_of(double a) {
  if (a < 0) {
    throw sql_error(SqlState::kInvalidArgumentForPowerFunction,
                    "cannot take square root of a negative number");
  }
  return std::sqrt(a);
}

double cube_root(double a) { return std::cbrt(a); }

double power(double a, double b) {
  if (std::isnan(a)) return b == 0 ? 1.0 : a;
  if (std::isnan(b)) return a == 1 ? 1.0 : b;
  if (a == 0 && b < 0) {
    throw sql_error(SqlState::kInvalidArgumentForPowerFunction,
                    "zero raised to a negative power is undefined");
  }
  if (a < 0 && std::floor(b) != b) {
    throw sql_error(SqlState::kInvalidArgumentForPowerFunction,
                    "a negative number raised to a non-integer power yields a complex result");
  }
  double result = std::pow(a, b);
  if (std::isinf(a) || std::isinf(b)) return result;
  return checked(result, false, a == 0);
}

double exponential(double a) {
  if (std::isnan(a)) return a;
  if (std::isinf(a)) return a > 0 ? a : 0;
  return checked(std::exp(a), false, false);
}

void check_logarithm(double a) {
  if (a == 0) throw sql_error(SqlState::kInvalidArgumentForLog, "cannot take logarithm of zero");
  if (a < 0)
    throw sql_error(SqlState::kInvalidArgumentForLog, "cannot take logarithm of a negative number");
}
double natural_log(double a) {
  check_logarithm(a);
  return std::log(a);
}
double decimal_log(double a) {
  check_logarithm(a);
  return std::log10(a);
}

double round_even(double a) { return std::rint(a); }
double truncate(double a) { return std::trunc(a); }
double ceiling(double a) { return std::ceil(a); }
double floor_of(double a) { return std::floor(a); }
double sign_of(double a) { return a > 0 ? 1 : a < 0 ? -1 : a == 0 ? 0 : a; }

// --- trigonometry in radians ---
template <double (*fn)(double)>
double periodic(double a) {
  if (std::isnan(a)) return a;
  if (std::isinf(a)) input_out_of_range();
  return fn(a);
}
double cotangent(double a) { return 1.0 / std::tan(a); }
template <double (*fn)(double)>
double unit_domain(double a) {
  if (std::isnan(a)) return a;
  if (a < -1 || a > 1) input_out_of_range();
  return fn(a);
}
double c_sin(double a) { return std::sin(a); }
double c_cos(double a) { return std::cos(a); }
double c_tan(double a) { return std::tan(a); }
double c_asin(double a) { return std::asin(a); }
double c_acos(double a) { return std::acos(a); }
double arc_tangent(double a) { return std::atan(a); }
double arc_tangent2(double a, double b) { return std::atan2(a, b); }
double hyperbolic_sine(double a) { return std::sinh(a); }
double hyperbolic_cosine(double a) { return std::cosh(a); }
double hyperbolic_tangent(double a) { return std::tanh(a); }
double area_sine(double a) { return std::asinh(a); }
double area_cosine(double a) {
  if (a < 1) input_out_of_range();
  return std::acosh(a);
}
double area_tangent(double a) {
  if (a < -1 || a > 1) input_out_of_range();
  return std::atanh(a);
}

// --- degrees: exact at the multiples of 30 and 45, which plain conversion would miss ---
constexpr double kRadiansPerDegree = 0.0174532925199432957692;
double degrees_of(double a) { return checked(a / kRadiansPerDegree, std::isinf(a), a == 0); }
double radians_of(double a) { return checked(a * kRadiansPerDegree, std::isinf(a), a == 0); }

double sine_to_30(double x) {
  return std::sin(x * kRadiansPerDegree) / std::sin(30 * kRadiansPerDegree) / 2;
}
double cosine_to_60(double x) {
  return 1 - (1 - std::cos(x * kRadiansPerDegree)) / (1 - std::cos(60 * kRadiansPerDegree)) / 2;
}
double sine_quadrant(double x) { return x <= 30 ? sine_to_30(x) : cosine_to_60(90 - x); }
double cosine_quadrant(double x) { return x <= 60 ? cosine_to_60(x) : sine_to_30(90 - x); }

double sine_degrees(double a) {
  double x = std::fmod(a, 360), sign = 1;
  if (x < 0) x = -x, sign = -sign;
  if (x > 180) x = 360 - x, sign = -sign;
  if (x > 90) x = 180 - x;
  return sign * sine_quadrant(x);
}
double cosine_degrees(double a) {
  double x = std::fabs(std::fmod(a, 360)), sign = 1;
  if (x > 180) x = 360 - x;
  if (x > 90) x = 180 - x, sign = -sign;
  return sign * cosine_quadrant(x);
}
double tangent_45() { return sine_quadrant(45) / cosine_quadrant(45); }
double cotangent_45() { return cosine_quadrant(45) / sine_quadrant(45); }
double tangent_degrees(double a) {
  double x = std::fmod(a, 360), sign = 1;
  if (x < 0) x = -x, sign = -sign;
  if (x > 180) x = 360 - x, sign = -sign;
  if (x > 90) x = 180 - x, sign = -sign;
  double result = sign * (sine_quadrant(x) / cosine_quadrant(x) / tangent_45());
  return result == 0 ? 0 : result;  // no minus zero
}
double cotangent_degrees(double a) {
  double x = std::fmod(a, 360), sign = 1;
  if (x < 0) x = -x, sign = -sign;
  if (x > 180) x = 360 - x, sign = -sign;
  if (x > 90) x = 180 - x, sign = -sign;
  double result = sign * (cosine_quadrant(x) / sine_quadrant(x) / cotangent_45());
  return result == 0 ? 0 : result;
}

double arc_sine_quadrant(double x) {
  if (x <= 0.5) return std::asin(x) / std::asin(0.5) * 30;
  return 90 - std::acos(x) / std::acos(0.5) * 60;
}
double arc_sine_degrees(double a) { return a >= 0 ? arc_sine_quadrant(a) : -arc_sine_quadrant(-a); }
double arc_cosine_quadrant(double x) {
  if (x <= 0.5) return 90 - std::asin(x) / std::asin(0.5) * 30;
  return std::acos(x) / std::acos(0.5) * 60;
}
double arc_cosine_degrees(double a) {
  return a >= 0 ? arc_cosine_quadrant(a) : 90 + arc_sine_quadrant(-a);
}
double arc_tangent_degrees(double a) { return std::atan(a) / std::atan(1.0) * 45; }
double arc_tangent2_degrees(double a, double b) { return std::atan2(a, b) / std::atan(1.0) * 45; }

// --- random numbers ---
uint64_t split_mix(uint64_t& state) {
  uint64_t value = (state += 0x9E3779B97F4A7C15ull);
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ull;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBull;
  return value ^ (value >> 31);
}

void seed_random(RandomState& state, uint64_t seed) {
  state.words[0] = split_mix(seed);
  state.words[1] = split_mix(seed);
  state.seeded = true;
}

uint64_t next_random(RandomState& state) {
  if (!state.seeded) {
    std::random_device device;
    seed_random(state, (uint64_t{device()} << 32) | device());
  }
  uint64_t first = state.words[0];
  uint64_t mixed = state.words[1] ^ first;
  state.words[0] = std::rotl(first, 24) ^ mixed ^ (mixed << 16);
  state.words[1] = std::rotl(mixed, 37);
  return std::rotl(first * 5, 7) * 9;
}

// Without a session (index expressions, tests) each thread has its own sequence.
RandomState& random_state(EvalContext& context) {
  static thread_local RandomState detached;
  return context.session != nullptr ? context.session->random : detached;
}

Value random_value(RowCall& call, const Value*) {
  uint64_t bits = next_random(random_state(call.context)) >> 12;
  return Datum::of_double(std::ldexp(static_cast<double>(bits), -52));
}

Value set_seed(RowCall& call, const Value* args) {
  double seed = args[0].datum.f64;
  if (!(seed >= -1 && seed <= 1)) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "setseed parameter {} is out of allowed range [-1,1]", seed);
  }
  auto scaled = static_cast<int64_t>(static_cast<double>((uint64_t{1} << 52) - 1) * seed);
  seed_random(random_state(call.context), static_cast<uint64_t>(scaled));
  return Datum();  // void
}

Value pi_value(RowCall&, const Value*) { return Datum::of_double(M_PI); }

// --- width_bucket ---
int32_t width_bucket(double operand, double low, double high, int32_t count) {
  if (count <= 0) {
    throw sql_error(SqlState::kInvalidArgumentForWidthBucketFunction,
                    "count must be greater than zero");
  }
  if (std::isnan(operand) || std::isnan(low) || std::isnan(high)) {
    throw sql_error(SqlState::kInvalidArgumentForWidthBucketFunction,
                    "operand, lower bound, and upper bound cannot be NaN");
  }
  if (std::isinf(low) || std::isinf(high)) {
    throw sql_error(SqlState::kInvalidArgumentForWidthBucketFunction,
                    "lower and upper bounds must be finite");
  }
  if (low == high) {
    throw sql_error(SqlState::kInvalidArgumentForWidthBucketFunction,
                    "lower bound cannot equal upper bound");
  }
  bool ascending = low < high;
  if (ascending ? operand < low : operand > low) return 0;
  if (ascending ? operand >= high : operand <= high) {
    if (count == INT32_MAX)
      throw sql_error(SqlState::kNumericValueOutOfRange, "integer out of range");
    return count + 1;
  }
  // Halved so that the widths of huge ranges stay finite.
  double width = high / 2 - low / 2, offset = operand / 2 - low / 2;
  auto bucket = static_cast<int32_t>(std::floor(count * (offset / width)));
  return std::min(bucket, count - 1) + 1;
}

// width_bucket(operand, thresholds): the number of thresholds not above the operand.
Value width_bucket_array(RowCall&, const Value* args) {
  ArrayView thresholds(args[1].datum);
  if (thresholds.dimension_count() > 1) {
    throw sql_error(SqlState::kArraySubscriptError, "thresholds must be one-dimensional array");
  }
  if (thresholds.has_nulls()) {
    throw sql_error(SqlState::kNullValueNotAllowed, "thresholds array must not contain NULLs");
  }
  const TypeInfo& type = thresholds.element_type();
  uint32_t low = 0, high = thresholds.size();
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (type.compare(args[0].datum, thresholds.datum(middle), type) < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return Datum::of_int32(static_cast<int32_t>(low));
}

#define LUMA_MATH(name, fn, doc) scalar_row(name "(float8)", strict_kernel<fn>, doc)

const KernelRow kRows[] = {
    LUMA_MATH("sqrt", sqrt_of, "square root"),
    LUMA_MATH("dsqrt", sqrt_of, ""),
    LUMA_MATH("cbrt", cube_root, "cube root"),
    LUMA_MATH("dcbrt", cube_root, ""),
    scalar_row("pow(float8,float8)", strict_kernel<power>, "power"),
    scalar_row("power(float8,float8)", strict_kernel<power>, "power"),
    scalar_row("dpow(float8,float8)", strict_kernel<power>),
    LUMA_MATH("exp", exponential, "exponential"),
    LUMA_MATH("dexp", exponential, ""),
    LUMA_MATH("ln", natural_log, "natural logarithm"),
    LUMA_MATH("dlog1", natural_log, ""),
    LUMA_MATH("log", decimal_log, "base 10 logarithm"),
    LUMA_MATH("log10", decimal_log, "base 10 logarithm"),
    LUMA_MATH("dlog10", decimal_log, ""),
    LUMA_MATH("round", round_even, "to the nearest integer, ties to even"),
    LUMA_MATH("dround", round_even, ""),
    LUMA_MATH("trunc", truncate, "towards zero"),
    LUMA_MATH("dtrunc", truncate, ""),
    LUMA_MATH("ceil", ceiling, "nearest integer not below"),
    LUMA_MATH("ceiling", ceiling, "nearest integer not below"),
    LUMA_MATH("floor", floor_of, "nearest integer not above"),
    LUMA_MATH("sign", sign_of, "-1, 0 or 1"),
    LUMA_MATH("sin", periodic<c_sin>, "sine"),
    LUMA_MATH("cos", periodic<c_cos>, "cosine"),
    LUMA_MATH("tan", periodic<c_tan>, "tangent"),
    LUMA_MATH("cot", periodic<cotangent>, "cotangent"),
    LUMA_MATH("asin", unit_domain<c_asin>, "arc sine"),
    LUMA_MATH("acos", unit_domain<c_acos>, "arc cosine"),
    LUMA_MATH("atan", arc_tangent, "arc tangent"),
    scalar_row("atan2(float8,float8)", strict_kernel<arc_tangent2>, "arc tangent of a quotient"),
    LUMA_MATH("sinh", hyperbolic_sine, "hyperbolic sine"),
    LUMA_MATH("cosh", hyperbolic_cosine, "hyperbolic cosine"),
    LUMA_MATH("tanh", hyperbolic_tangent, "hyperbolic tangent"),
    LUMA_MATH("asinh", area_sine, "inverse hyperbolic sine"),
    LUMA_MATH("acosh", area_cosine, "inverse hyperbolic cosine"),
    LUMA_MATH("atanh", area_tangent, "inverse hyperbolic tangent"),
    LUMA_MATH("degrees", degrees_of, "radians to degrees"),
    LUMA_MATH("radians", radians_of, "degrees to radians"),
    LUMA_MATH("sind", periodic<sine_degrees>, "sine of degrees"),
    LUMA_MATH("cosd", periodic<cosine_degrees>, "cosine of degrees"),
    LUMA_MATH("tand", periodic<tangent_degrees>, "tangent of degrees"),
    LUMA_MATH("cotd", periodic<cotangent_degrees>, "cotangent of degrees"),
    LUMA_MATH("asind", unit_domain<arc_sine_degrees>, "arc sine in degrees"),
    LUMA_MATH("acosd", unit_domain<arc_cosine_degrees>, "arc cosine in degrees"),
    LUMA_MATH("atand", arc_tangent_degrees, "arc tangent in degrees"),
    scalar_row("atan2d(float8,float8)", strict_kernel<arc_tangent2_degrees>,
               "arc tangent in degrees"),
    scalar_row("pi()", row_kernel<pi_value>, "3.14159..."),
    scalar_row("random()", row_kernel<random_value>, "0 <= x < 1"),
    scalar_row("setseed(float8)", row_kernel<set_seed>, "seeds random()"),
    scalar_row("width_bucket(float8,float8,float8,int4)", strict_kernel<width_bucket>,
               "number of the equal-width bucket"),
    scalar_row("width_bucket(anycompatible,anycompatiblearray)", row_kernel<width_bucket_array>,
               "number of the bucket between sorted thresholds"),
};

}  // namespace

std::span<const KernelRow> math_kernels() { return kRows; }

}  // namespace luma
