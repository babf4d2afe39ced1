// int2, int4, int8, oid and "char": arithmetic with overflow checks, comparisons, bits, casts.
#include <limits>
#include <numeric>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "sql/function/comparison_rows.h"
#include "sql/function/families.h"

namespace luma {

namespace {

template <typename T>
constexpr std::string_view type_name() {
  if constexpr (std::is_same_v<T, int16_t>) return "smallint";
  if constexpr (std::is_same_v<T, int32_t>) return "integer";
  if constexpr (std::is_same_v<T, uint32_t>) return "OID";
  if constexpr (std::is_same_v<T, int8_t>) return "\"char\"";
  return "bigint";
}

template <typename T>
[[noreturn]] void out_of_range() {
  throw sql_error(SqlState::kNumericValueOutOfRange, "{} out of range", type_name<T>());
}

[[noreturn]] void division_by_zero() {
  throw sql_error(SqlState::kDivisionByZero, "division by zero");
}

template <typename A, typename B>
using Wider = std::conditional_t<(sizeof(A) > sizeof(B)), A, B>;

template <typename A, typename B>
struct Arithmetic {
  using R = Wider<A, B>;
  using U = std::make_unsigned_t<R>;
  // By the signs, which can be done for several values at once: they tell of an overflow when the
  // result has another one than both operands (of a difference: than the first, which has another
  // one than the second).
  static constexpr auto kAdd = [](A a, B b, R& out) {
    const R x = a, y = b;
    out = static_cast<R>(static_cast<U>(x) + static_cast<U>(y));
    return ((x ^ out) & (y ^ out)) < 0;
  };
  static constexpr auto kSubtract = [](A a, B b, R& out) {
    const R x = a, y = b;
    out = static_cast<R>(static_cast<U>(x) - static_cast<U>(y));
    return ((x ^ y) & (x ^ out)) < 0;
  };
  static constexpr auto kMultiply = [](A a, B b, R& out) {
    return __builtin_mul_overflow(a, b, &out);
  };
  static constexpr auto kDivide = [](A a, B b) -> R {
    if (b == 0) division_by_zero();
    if (b == -1) {
      R out;
      if (__builtin_sub_overflow(R{0}, static_cast<R>(a), &out)) out_of_range<R>();
      return out;
    }
    return static_cast<R>(static_cast<R>(a) / static_cast<R>(b));
  };
};

template <typename T>
struct Integer {
  using U = std::make_unsigned_t<T>;
  static constexpr auto kModulo = [](T a, T b) -> T {
    if (b == 0) division_by_zero();
    return b == -1 ? T{0} : static_cast<T>(a % b);
  };
  static constexpr auto kNegate = [](T a, T& out) { return __builtin_sub_overflow(T{0}, a, &out); };
  static constexpr auto kAbs = [](T a, T& out) {
    out = static_cast<T>(a < 0 ? -static_cast<U>(a) : static_cast<U>(a));
    return a == std::numeric_limits<T>::min();
  };
  static constexpr auto kIncrement = [](T a, T& out) {
    return __builtin_add_overflow(a, T{1}, &out);
  };
  static constexpr auto kDecrement = [](T a, T& out) {
    return __builtin_sub_overflow(a, T{1}, &out);
  };
  static constexpr auto kSame = [](T a) -> T { return a; };
  static constexpr auto kAnd = [](T a, T b) -> T { return static_cast<T>(a & b); };
  static constexpr auto kOr = [](T a, T b) -> T { return static_cast<T>(a | b); };
  static constexpr auto kXor = [](T a, T b) -> T { return static_cast<T>(a ^ b); };
  static constexpr auto kNot = [](T a) -> T { return static_cast<T>(~a); };
  // PostgreSQL leaves large shift counts to the hardware: x86 takes them modulo 32 (64 for int8).
  static constexpr auto kShiftLeft = [](T a, int32_t n) -> T {
    if constexpr (sizeof(T) == 8) {
      return static_cast<T>(static_cast<uint64_t>(a) << (n & 63));
    } else {
      return static_cast<T>(static_cast<uint32_t>(static_cast<int32_t>(a)) << (n & 31));
    }
  };
  static constexpr auto kShiftRight = [](T a, int32_t n) -> T {
    if constexpr (sizeof(T) == 8) {
      return static_cast<T>(a >> (n & 63));
    } else {
      return static_cast<T>(static_cast<int32_t>(a) >> (n & 31));
    }
  };
  static constexpr auto kLarger = [](T a, T b) -> T { return a > b ? a : b; };
  static constexpr auto kSmaller = [](T a, T b) -> T { return a < b ? a : b; };
  static constexpr auto kGcd = [](T a, T b) -> T {
    U x = a < 0 ? -static_cast<U>(a) : static_cast<U>(a);
    U y = b < 0 ? -static_cast<U>(b) : static_cast<U>(b);
    U divisor = std::gcd(x, y);
    if (divisor > static_cast<U>(std::numeric_limits<T>::max())) out_of_range<T>();
    return static_cast<T>(divisor);
  };
  static constexpr auto kLcm = [](T a, T b) -> T {
    if (a == 0 || b == 0) return 0;
    T divisor = kGcd(a, b);
    T result;
    if (__builtin_mul_overflow(static_cast<T>(a / divisor), b, &result)) out_of_range<T>();
    if (result == std::numeric_limits<T>::min()) out_of_range<T>();
    return result < 0 ? static_cast<T>(-result) : result;
  };
};

// Integer to integer; widening never fails.
template <typename From, typename To>
constexpr auto kWiden = [](From a) -> To { return static_cast<To>(a); };
template <typename From, typename To>
constexpr auto kNarrow = [](From a, To& out) {
  out = static_cast<To>(a);
  return !std::in_range<To>(a);
};

constexpr auto kOidLarger = [](uint32_t a, uint32_t b) -> uint32_t { return a > b ? a : b; };
constexpr auto kOidSmaller = [](uint32_t a, uint32_t b) -> uint32_t { return a < b ? a : b; };
constexpr auto kBoolOfInt4 = [](int32_t a) -> bool { return a != 0; };
constexpr auto kInt4OfBool = [](bool a) -> int32_t { return a ? 1 : 0; };

#define LUMA_ARITHMETIC(prefix, sql_a, sql_b, A, B)                                       \
  scalar_row(prefix "pl(" sql_a "," sql_b ")",                                            \
             checked_kernel<Arithmetic<A, B>::kAdd, out_of_range<Wider<A, B>>>),          \
      scalar_row(prefix "mi(" sql_a "," sql_b ")",                                        \
                 checked_kernel<Arithmetic<A, B>::kSubtract, out_of_range<Wider<A, B>>>), \
      scalar_row(prefix "mul(" sql_a "," sql_b ")",                                       \
                 checked_kernel<Arithmetic<A, B>::kMultiply, out_of_range<Wider<A, B>>>), \
      scalar_row(prefix "div(" sql_a "," sql_b ")", strict_kernel<Arithmetic<A, B>::kDivide>)

#define LUMA_INTEGER(sql, T)                                                               \
  scalar_row(sql "mod(" sql "," sql ")", strict_kernel<Integer<T>::kModulo>),              \
      scalar_row("mod(" sql "," sql ")", strict_kernel<Integer<T>::kModulo>, "remainder"), \
      scalar_row(sql "um(" sql ")", checked_kernel<Integer<T>::kNegate, out_of_range<T>>), \
      scalar_row(sql "up(" sql ")", total_kernel<Integer<T>::kSame>),                      \
      scalar_row(sql "abs(" sql ")", checked_kernel<Integer<T>::kAbs, out_of_range<T>>),   \
      scalar_row("abs(" sql ")", checked_kernel<Integer<T>::kAbs, out_of_range<T>>,        \
                 "absolute value"),                                                        \
      scalar_row(sql "and(" sql "," sql ")", total_kernel<Integer<T>::kAnd>),              \
      scalar_row(sql "or(" sql "," sql ")", total_kernel<Integer<T>::kOr>),                \
      scalar_row(sql "xor(" sql "," sql ")", total_kernel<Integer<T>::kXor>),              \
      scalar_row(sql "not(" sql ")", total_kernel<Integer<T>::kNot>),                      \
      scalar_row(sql "shl(" sql ",int4)", total_kernel<Integer<T>::kShiftLeft>),           \
      scalar_row(sql "shr(" sql ",int4)", total_kernel<Integer<T>::kShiftRight>),          \
      scalar_row(sql "larger(" sql "," sql ")", total_kernel<Integer<T>::kLarger>),        \
      scalar_row(sql "smaller(" sql "," sql ")", total_kernel<Integer<T>::kSmaller>)

#define LUMA_GCD(sql, T)                                                                          \
  scalar_row("gcd(" sql "," sql ")", strict_kernel<Integer<T>::kGcd>, "greatest common divisor"), \
      scalar_row("lcm(" sql "," sql ")", strict_kernel<Integer<T>::kLcm>, "least common multiple")

#define LUMA_CAST_WIDEN(to, from, From, To) \
  scalar_row(to "(" from ")", total_kernel<kWiden<From, To>>)
#define LUMA_CAST_NARROW(to, from, From, To) \
  scalar_row(to "(" from ")", checked_kernel<kNarrow<From, To>, out_of_range<To>>)

const KernelRow kRows[] = {
    LUMA_ARITHMETIC("int2", "int2", "int2", int16_t, int16_t),
    LUMA_ARITHMETIC("int24", "int2", "int4", int16_t, int32_t),
    LUMA_ARITHMETIC("int28", "int2", "int8", int16_t, int64_t),
    LUMA_ARITHMETIC("int42", "int4", "int2", int32_t, int16_t),
    LUMA_ARITHMETIC("int4", "int4", "int4", int32_t, int32_t),
    LUMA_ARITHMETIC("int48", "int4", "int8", int32_t, int64_t),
    LUMA_ARITHMETIC("int82", "int8", "int2", int64_t, int16_t),
    LUMA_ARITHMETIC("int84", "int8", "int4", int64_t, int32_t),
    LUMA_ARITHMETIC("int8", "int8", "int8", int64_t, int64_t),
    LUMA_INTEGER("int2", int16_t),
    LUMA_INTEGER("int4", int32_t),
    LUMA_INTEGER("int8", int64_t),
    LUMA_GCD("int4", int32_t),
    LUMA_GCD("int8", int64_t),
    scalar_row("int4inc(int4)",
               checked_kernel<Integer<int32_t>::kIncrement, out_of_range<int32_t>>),
    scalar_row("int8inc(int8)",
               checked_kernel<Integer<int64_t>::kIncrement, out_of_range<int64_t>>),
    scalar_row("int8dec(int8)",
               checked_kernel<Integer<int64_t>::kDecrement, out_of_range<int64_t>>),
    LUMA_COMPARISONS("int2", "int2", "int2", int16_t, int16_t),
    LUMA_COMPARISONS("int24", "int2", "int4", int16_t, int32_t),
    LUMA_COMPARISONS("int28", "int2", "int8", int16_t, int64_t),
    LUMA_COMPARISONS("int42", "int4", "int2", int32_t, int16_t),
    LUMA_COMPARISONS("int4", "int4", "int4", int32_t, int32_t),
    LUMA_COMPARISONS("int48", "int4", "int8", int32_t, int64_t),
    LUMA_COMPARISONS("int82", "int8", "int2", int64_t, int16_t),
    LUMA_COMPARISONS("int84", "int8", "int4", int64_t, int32_t),
    LUMA_COMPARISONS("int8", "int8", "int8", int64_t, int64_t),
    LUMA_COMPARISONS("oid", "oid", "oid", uint32_t, uint32_t),
    LUMA_COMPARISONS("char", "char", "char", uint8_t, uint8_t),
    LUMA_COMPARISONS("bool", "bool", "bool", bool, bool),
    LUMA_COMPARE_ROW("btint2cmp", "int2", "int2", int16_t, int16_t),
    LUMA_COMPARE_ROW("btint4cmp", "int4", "int4", int32_t, int32_t),
    LUMA_COMPARE_ROW("btint8cmp", "int8", "int8", int64_t, int64_t),
    LUMA_COMPARE_ROW("btint24cmp", "int2", "int4", int16_t, int32_t),
    LUMA_COMPARE_ROW("btint28cmp", "int2", "int8", int16_t, int64_t),
    LUMA_COMPARE_ROW("btint42cmp", "int4", "int2", int32_t, int16_t),
    LUMA_COMPARE_ROW("btint48cmp", "int4", "int8", int32_t, int64_t),
    LUMA_COMPARE_ROW("btint82cmp", "int8", "int2", int64_t, int16_t),
    LUMA_COMPARE_ROW("btint84cmp", "int8", "int4", int64_t, int32_t),
    LUMA_COMPARE_ROW("btoidcmp", "oid", "oid", uint32_t, uint32_t),
    LUMA_COMPARE_ROW("btcharcmp", "char", "char", uint8_t, uint8_t),
    LUMA_COMPARE_ROW("btboolcmp", "bool", "bool", bool, bool),
    scalar_row("xideq(xid,xid)", total_kernel<kEqual<uint32_t, uint32_t>>),
    scalar_row("xidneq(xid,xid)", total_kernel<kNotEqual<uint32_t, uint32_t>>),
    scalar_row("xideqint4(xid,int4)", total_kernel<kEqual<int32_t, int32_t>>),
    scalar_row("xidneqint4(xid,int4)", total_kernel<kNotEqual<int32_t, int32_t>>),
    scalar_row("cideq(cid,cid)", total_kernel<kEqual<uint32_t, uint32_t>>),
    scalar_row("oidlarger(oid,oid)", total_kernel<kOidLarger>),
    scalar_row("oidsmaller(oid,oid)", total_kernel<kOidSmaller>),
    LUMA_CAST_WIDEN("int4", "int2", int16_t, int32_t),
    LUMA_CAST_WIDEN("int8", "int2", int16_t, int64_t),
    LUMA_CAST_WIDEN("int8", "int4", int32_t, int64_t),
    LUMA_CAST_WIDEN("int8", "oid", uint32_t, int64_t),
    LUMA_CAST_NARROW("int2", "int4", int32_t, int16_t),
    LUMA_CAST_NARROW("int2", "int8", int64_t, int16_t),
    LUMA_CAST_NARROW("int4", "int8", int64_t, int32_t),
    LUMA_CAST_NARROW("oid", "int8", int64_t, uint32_t),
    LUMA_CAST_WIDEN("int4", "char", int8_t, int32_t),
    LUMA_CAST_NARROW("char", "int4", int32_t, int8_t),
    scalar_row("bool(int4)", total_kernel<kBoolOfInt4>),
    scalar_row("int4(bool)", total_kernel<kInt4OfBool>),
};

}  // namespace

std::span<const KernelRow> integer_kernels() { return kRows; }

}  // namespace luma
