// float4 and float8: arithmetic with PostgreSQL's range errors, comparisons where NaN equals itself
// and is above everything, casts.
#include <cmath>
#include <limits>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "sql/function/comparison_rows.h"
#include "sql/function/families.h"

namespace luma {

namespace {

[[noreturn]] void overflow() {
  throw sql_error(SqlState::kNumericValueOutOfRange, "value out of range: overflow");
}
[[noreturn]] void underflow() {
  throw sql_error(SqlState::kNumericValueOutOfRange, "value out of range: underflow");
}

template <typename A, typename B>
struct FloatPair {
  using R = std::conditional_t<(sizeof(A) > sizeof(B)), A, B>;
  static bool infinite(R a, R b) { return std::isinf(a) || std::isinf(b); }

  static constexpr auto kAdd = [](A a, B b, R& out) -> bool {
    out = static_cast<R>(a) + static_cast<R>(b);
    return std::isinf(out) && !infinite(a, b);
  };
  static constexpr auto kSubtract = [](A a, B b, R& out) -> bool {
    out = static_cast<R>(a) - static_cast<R>(b);
    return std::isinf(out) && !infinite(a, b);
  };
  static constexpr auto kMultiply = [](A a, B b, R& out) -> bool {
    out = static_cast<R>(a) * static_cast<R>(b);
    return (std::isinf(out) && !infinite(a, b)) || (out == 0 && a != 0 && b != 0);
  };
  static constexpr auto kMultiplyError = [](A a, B b) {
    if (std::isinf(static_cast<R>(a) * static_cast<R>(b))) overflow();
    underflow();
  };
  static constexpr auto kDivide = [](A a, B b, R& out) -> bool {
    out = static_cast<R>(a) / static_cast<R>(b);
    return (b == 0 && !std::isnan(a)) || (std::isinf(out) && !std::isinf(a)) ||
           (out == 0 && a != 0 && !std::isinf(b));
  };
  static constexpr auto kDivideError = [](A a, B b) {
    if (b == 0) throw sql_error(SqlState::kDivisionByZero, "division by zero");
    if (std::isinf(static_cast<R>(a) / static_cast<R>(b))) overflow();
    underflow();
  };

  static constexpr auto kEqual = [](A a, B b) -> bool { return (a == b) | ((a != a) & (b != b)); };
  static constexpr auto kNotEqual = [](A a, B b) -> bool { return !kEqual(a, b); };
  static constexpr auto kLess = [](A a, B b) -> bool { return (a < b) | ((b != b) & (a == a)); };
  static constexpr auto kGreater = [](A a, B b) -> bool { return (b < a) | ((a != a) & (b == b)); };
  static constexpr auto kLessEqual = [](A a, B b) -> bool { return !kGreater(a, b); };
  static constexpr auto kGreaterEqual = [](A a, B b) -> bool { return !kLess(a, b); };
  static constexpr auto kThreeWay = [](A a, B b) -> int32_t {
    return kGreater(a, b) - kLess(a, b);
  };
};

template <typename T>
constexpr auto kNegate = [](T a) -> T { return -a; };
template <typename T>
constexpr auto kSame = [](T a) -> T { return a; };
template <typename T>
constexpr auto kAbs = [](T a) -> T { return std::fabs(a); };
template <typename T>
constexpr auto kLarger = [](T a, T b) -> T { return FloatPair<T, T>::kGreater(a, b) ? a : b; };
template <typename T>
constexpr auto kSmaller = [](T a, T b) -> T { return FloatPair<T, T>::kLess(a, b) ? a : b; };

template <typename From, typename To>
constexpr auto kConvert = [](From a) -> To { return static_cast<To>(a); };
constexpr auto kNarrow = [](double a) -> float {
  auto narrow = static_cast<float>(a);
  if (std::isinf(narrow) && !std::isinf(a)) overflow();
  if (narrow == 0 && a != 0) underflow();
  return narrow;
};

// Rounds half to even; the bounds are exact powers of two, so that comparing before casting is
// safe.
template <typename From, typename To>
constexpr auto kToInteger = [](From a) -> To {
  From rounded = std::rint(a);
  constexpr auto kLow = static_cast<From>(std::numeric_limits<To>::min());
  if (!(rounded >= kLow && rounded < -kLow)) {
    throw sql_error(SqlState::kNumericValueOutOfRange, "{} out of range",
                    sizeof(To) == 2   ? "smallint"
                    : sizeof(To) == 4 ? "integer"
                                      : "bigint");
  }
  return static_cast<To>(rounded);
};

#define LUMA_FLOAT_PAIR(prefix, a, b, A, B)                                                       \
  scalar_row(prefix "pl(" a "," b ")", checked_kernel<FloatPair<A, B>::kAdd, overflow>),          \
      scalar_row(prefix "mi(" a "," b ")", checked_kernel<FloatPair<A, B>::kSubtract, overflow>), \
      scalar_row(prefix "mul(" a "," b ")",                                                       \
                 checked_kernel<FloatPair<A, B>::kMultiply, FloatPair<A, B>::kMultiplyError>),    \
      scalar_row(prefix "div(" a "," b ")",                                                       \
                 checked_kernel<FloatPair<A, B>::kDivide, FloatPair<A, B>::kDivideError>),        \
      comparison_row(prefix "eq(" a "," b ")", comparison<FloatPair<A, B>::kEqual>(true)),        \
      comparison_row(prefix "ne(" a "," b ")", comparison<FloatPair<A, B>::kNotEqual>()),         \
      comparison_row(prefix "lt(" a "," b ")", comparison<FloatPair<A, B>::kLess>()),             \
      comparison_row(prefix "le(" a "," b ")", comparison<FloatPair<A, B>::kLessEqual>()),        \
      comparison_row(prefix "gt(" a "," b ")", comparison<FloatPair<A, B>::kGreater>()),          \
      comparison_row(prefix "ge(" a "," b ")", comparison<FloatPair<A, B>::kGreaterEqual>()),     \
      scalar_row("bt" prefix "cmp(" a "," b ")", total_kernel<FloatPair<A, B>::kThreeWay>)

#define LUMA_FLOAT(sql, T)                                                 \
  scalar_row(sql "um(" sql ")", total_kernel<kNegate<T>>),                 \
      scalar_row(sql "up(" sql ")", total_kernel<kSame<T>>),               \
      scalar_row(sql "abs(" sql ")", total_kernel<kAbs<T>>),               \
      scalar_row("abs(" sql ")", total_kernel<kAbs<T>>),                   \
      scalar_row(sql "larger(" sql "," sql ")", total_kernel<kLarger<T>>), \
      scalar_row(sql "smaller(" sql "," sql ")", total_kernel<kSmaller<T>>)

const KernelRow kRows[] = {
    LUMA_FLOAT_PAIR("float4", "float4", "float4", float, float),
    LUMA_FLOAT_PAIR("float48", "float4", "float8", float, double),
    LUMA_FLOAT_PAIR("float84", "float8", "float4", double, float),
    LUMA_FLOAT_PAIR("float8", "float8", "float8", double, double),
    LUMA_FLOAT("float4", float),
    LUMA_FLOAT("float8", double),
    scalar_row("float8(float4)", total_kernel<kConvert<float, double>>),
    scalar_row("float8(int2)", total_kernel<kConvert<int16_t, double>>),
    scalar_row("float8(int4)", total_kernel<kConvert<int32_t, double>>),
    scalar_row("float8(int8)", total_kernel<kConvert<int64_t, double>>),
    scalar_row("float4(int2)", total_kernel<kConvert<int16_t, float>>),
    scalar_row("float4(int4)", total_kernel<kConvert<int32_t, float>>),
    scalar_row("float4(int8)", total_kernel<kConvert<int64_t, float>>),
    scalar_row("float4(float8)", strict_kernel<kNarrow>),
    scalar_row("int2(float4)", strict_kernel<kToInteger<float, int16_t>>),
    scalar_row("int4(float4)", strict_kernel<kToInteger<float, int32_t>>),
    scalar_row("int8(float4)", strict_kernel<kToInteger<float, int64_t>>),
    scalar_row("int2(float8)", strict_kernel<kToInteger<double, int16_t>>),
    scalar_row("int4(float8)", strict_kernel<kToInteger<double, int32_t>>),
    scalar_row("int8(float8)", strict_kernel<kToInteger<double, int64_t>>),
};

}  // namespace

std::span<const KernelRow> float_kernels() { return kRows; }

}  // namespace luma
