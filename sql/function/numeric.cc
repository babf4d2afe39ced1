// numeric and money.
#include "engine/type/numeric.h"

#include <cmath>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "sql/function/comparison_rows.h"
#include "sql/function/decimal_kernels.h"
#include "sql/function/families.h"

namespace luma {

namespace {

template <auto op>
constexpr auto kBinary =
    [](RowCall& call, const Datum& a, const Datum& b) -> Datum { return op(a, b, call.arena); };
template <auto op>
constexpr auto kUnary = [](RowCall& call, const Datum& a) -> Datum { return op(a, call.arena); };

constexpr auto kEq = [](const Datum& a, const Datum& b) -> bool {
  return numeric_compare(a, b) == 0;
};
constexpr auto kNe = [](const Datum& a, const Datum& b) -> bool {
  return numeric_compare(a, b) != 0;
};
constexpr auto kLt = [](const Datum& a, const Datum& b) -> bool {
  return numeric_compare(a, b) < 0;
};
constexpr auto kLe = [](const Datum& a, const Datum& b) -> bool {
  return numeric_compare(a, b) <= 0;
};
constexpr auto kGt = [](const Datum& a, const Datum& b) -> bool {
  return numeric_compare(a, b) > 0;
};
constexpr auto kGe = [](const Datum& a, const Datum& b) -> bool {
  return numeric_compare(a, b) >= 0;
};
constexpr auto kCmp = [](const Datum& a, const Datum& b) -> int32_t {
  return numeric_compare(a, b);
};
constexpr auto kLarger = [](const Datum& a, const Datum& b) -> Datum {
  return numeric_compare(a, b) > 0 ? a : b;
};
constexpr auto kSmaller = [](const Datum& a, const Datum& b) -> Datum {
  return numeric_compare(a, b) < 0 ? a : b;
};

constexpr auto kSame = [](const Datum& a) -> Datum { return a; };
constexpr auto kSign = [](const Datum& a) -> Datum { return numeric_sign(a); };
constexpr auto kRound = [](RowCall& call, const Datum& a, int32_t scale) -> Datum {
  return numeric_round(a, scale, call.arena);
};
constexpr auto kRound0 = [](RowCall& call, const Datum& a) -> Datum {
  return numeric_round(a, 0, call.arena);
};
constexpr auto kTrunc = [](RowCall& call, const Datum& a, int32_t scale) -> Datum {
  return numeric_trunc(a, scale, call.arena);
};
constexpr auto kTrunc0 = [](RowCall& call, const Datum& a) -> Datum {
  return numeric_trunc(a, 0, call.arena);
};
constexpr auto kTypmod = [](RowCall& call, const Datum& a, int32_t typmod) -> Datum {
  return numeric_apply_typmod(a, typmod, call.arena);
};
constexpr auto kScale = [](const Datum& a) -> std::optional<int32_t> {
  int scale = numeric_scale(a);
  return scale < 0 ? std::nullopt : std::optional<int32_t>(scale);
};
constexpr auto kMinScale = [](const Datum& a) -> std::optional<int32_t> {
  int scale = numeric_min_scale(a);
  return scale < 0 ? std::nullopt : std::optional<int32_t>(scale);
};
constexpr auto kFactorial = [](RowCall& call, int64_t n) -> Datum {
  return numeric_factorial(n, call.arena);
};
constexpr auto kWidthBucket = [](const Datum& operand, const Datum& low, const Datum& high,
                                 int32_t count) -> int32_t {
  return numeric_width_bucket(operand, low, high, count);
};

constexpr auto kFromInt2 = [](int16_t a) -> Datum { return numeric_from_int64(a); };
constexpr auto kFromInt4 = [](int32_t a) -> Datum { return numeric_from_int64(a); };
constexpr auto kFromInt8 = [](int64_t a) -> Datum { return numeric_from_int64(a); };
constexpr auto kFromFloat4 = [](RowCall& call, float a) -> Datum {
  return numeric_from_float4(a, call.arena);
};
constexpr auto kFromFloat8 = [](RowCall& call, double a) -> Datum {
  return numeric_from_float8(a, call.arena);
};
constexpr auto kToInt2 = [](const Datum& a) -> int16_t { return numeric_to_int16(a); };
constexpr auto kToInt4 = [](const Datum& a) -> int32_t { return numeric_to_int32(a); };
constexpr auto kToInt8 = [](const Datum& a) -> int64_t { return numeric_to_int64(a); };
constexpr auto kToFloat4 = [](const Datum& a) -> float { return numeric_to_float4(a); };
constexpr auto kToFloat8 = [](const Datum& a) -> double { return numeric_to_float8(a); };

// --- money: int8 counts of cents ---
constexpr int64_t kCents = 100;
[[noreturn]] void money_out_of_range() {
  throw sql_error(SqlState::kNumericValueOutOfRange, "money out of range");
}
[[noreturn]] void division_by_zero() {
  throw sql_error(SqlState::kDivisionByZero, "division by zero");
}

[[noreturn]] void bigint_out_of_range() {
  throw sql_error(SqlState::kNumericValueOutOfRange, "bigint out of range");
}
int64_t money_of(double cents) {
  double whole = std::rint(cents);
  // -2^63 has a double of its own, 2^63 is the first that is too large.
  if (!(whole >= -0x1p63 && whole < 0x1p63)) money_out_of_range();
  return static_cast<int64_t>(whole);
}

constexpr auto kMoneyAdd = [](int64_t a, int64_t b, int64_t& out) {
  return __builtin_add_overflow(a, b, &out);
};
constexpr auto kMoneySubtract = [](int64_t a, int64_t b, int64_t& out) {
  return __builtin_sub_overflow(a, b, &out);
};
template <typename T>
constexpr auto kMoneyTimes = [](int64_t a, T b, int64_t& out) {
  return __builtin_mul_overflow(a, static_cast<int64_t>(b), &out);
};
template <typename T>
constexpr auto kTimesMoney = [](T a, int64_t b, int64_t& out) {
  return __builtin_mul_overflow(static_cast<int64_t>(a), b, &out);
};
template <typename T>
constexpr auto kMoneyDivide = [](int64_t a, T b) -> int64_t {
  if (b == 0) division_by_zero();
  if (b == -1 && a == INT64_MIN) money_out_of_range();
  return a / b;
};
template <typename T>
constexpr auto kMoneyTimesFloat =
    [](int64_t a, T b) -> int64_t { return money_of(static_cast<double>(a) * b); };
template <typename T>
constexpr auto kFloatTimesMoney =
    [](T a, int64_t b) -> int64_t { return money_of(static_cast<double>(b) * a); };
template <typename T>
constexpr auto kMoneyDivideFloat = [](int64_t a, T b) -> int64_t {
  if (b == 0) division_by_zero();
  return money_of(static_cast<double>(a) / b);
};
constexpr auto kMoneyRatio = [](int64_t a, int64_t b) -> double {
  if (b == 0) division_by_zero();
  return static_cast<double>(a) / static_cast<double>(b);
};
constexpr auto kMoneyOfInt4 = [](int32_t a) -> int64_t { return int64_t{a} * kCents; };
constexpr auto kMoneyOfInt8 = [](int64_t a, int64_t& out) {
  return __builtin_mul_overflow(a, kCents, &out);
};
constexpr auto kMoneyOfNumeric = [](RowCall& call, const Datum& a) -> int64_t {
  Datum cents =
      numeric_mul(numeric_round(a, 2, call.arena), numeric_from_int64(kCents), call.arena);
  return numeric_to_int64(cents);
};
constexpr auto kNumericOfMoney = [](RowCall& call, int64_t a) -> Datum {
  return numeric_make(a, 2, call.arena);
};
constexpr auto kMoneyLarger = [](int64_t a, int64_t b) -> int64_t { return a > b ? a : b; };
constexpr auto kMoneySmaller = [](int64_t a, int64_t b) -> int64_t { return a < b ? a : b; };

template <auto fn, DecimalCompare compare>
FunctionImplementation numeric_comparison(bool is_equality = false) {
  FunctionImplementation implementation = strict_comparison<fn>(is_equality);
  implementation.select = decimal_select<compare, adapter::select_kernel<fn>>;
  return implementation;
}

#define LUMA_NUMERIC2(name, op, doc) \
  scalar_row(name "(numeric,numeric)", strict_kernel<kBinary<op>>, doc)
#define LUMA_NUMERIC1(name, op, doc) scalar_row(name "(numeric)", strict_kernel<kUnary<op>>, doc)

const KernelRow kRows[] = {
    scalar_row("numeric_add(numeric,numeric)", decimal_add, ""),
    scalar_row("numeric_sub(numeric,numeric)", decimal_subtract, ""),
    scalar_row("numeric_mul(numeric,numeric)", decimal_multiply, ""),
    LUMA_NUMERIC2("numeric_div", numeric_div, ""),
    LUMA_NUMERIC2("numeric_mod", numeric_mod, ""),
    LUMA_NUMERIC2("mod", numeric_mod, "remainder"),
    LUMA_NUMERIC2("div", numeric_div_trunc, "integer quotient"),
    LUMA_NUMERIC2("numeric_div_trunc", numeric_div_trunc, ""),
    LUMA_NUMERIC2("gcd", numeric_gcd, "greatest common divisor"),
    LUMA_NUMERIC2("lcm", numeric_lcm, "least common multiple"),
    LUMA_NUMERIC2("log", numeric_log, "logarithm of the second to the base of the first"),
    LUMA_NUMERIC2("numeric_log", numeric_log, ""),
    LUMA_NUMERIC2("pow", numeric_power, "power"),
    LUMA_NUMERIC2("power", numeric_power, "power"),
    LUMA_NUMERIC2("numeric_power", numeric_power, ""),
    LUMA_NUMERIC1("numeric_uminus", numeric_neg, ""),
    scalar_row("numeric_uplus(numeric)", strict_kernel<kSame>),
    LUMA_NUMERIC1("numeric_abs", numeric_abs, ""),
    LUMA_NUMERIC1("abs", numeric_abs, "absolute value"),
    scalar_row("sign(numeric)", strict_kernel<kSign>, "-1, 0 or 1"),
    LUMA_NUMERIC1("numeric_inc", numeric_inc, ""),
    scalar_row("round(numeric,int4)", strict_kernel<kRound>, "rounds half away from zero"),
    scalar_row("round(numeric)", strict_kernel<kRound0>, "rounds half away from zero"),
    scalar_row("trunc(numeric,int4)", strict_kernel<kTrunc>, "towards zero"),
    scalar_row("trunc(numeric)", strict_kernel<kTrunc0>, "towards zero"),
    LUMA_NUMERIC1("ceil", numeric_ceil, "nearest integer not below"),
    LUMA_NUMERIC1("ceiling", numeric_ceil, "nearest integer not below"),
    LUMA_NUMERIC1("floor", numeric_floor, "nearest integer not above"),
    LUMA_NUMERIC1("sqrt", numeric_sqrt, "square root"),
    LUMA_NUMERIC1("numeric_sqrt", numeric_sqrt, ""),
    LUMA_NUMERIC1("exp", numeric_exp, "exponential"),
    LUMA_NUMERIC1("numeric_exp", numeric_exp, ""),
    LUMA_NUMERIC1("ln", numeric_ln, "natural logarithm"),
    LUMA_NUMERIC1("numeric_ln", numeric_ln, ""),
    LUMA_NUMERIC1("log", numeric_log10, "base 10 logarithm"),
    LUMA_NUMERIC1("log10", numeric_log10, "base 10 logarithm"),
    LUMA_NUMERIC1("trim_scale", numeric_trim_scale, "without trailing zeros"),
    scalar_row("scale(numeric)", strict_kernel<kScale>, "fractional digits"),
    scalar_row("min_scale(numeric)", strict_kernel<kMinScale>, "fractional digits needed"),
    scalar_row("factorial(int8)", strict_kernel<kFactorial>, "factorial"),
    scalar_row("width_bucket(numeric,numeric,numeric,int4)", strict_kernel<kWidthBucket>,
               "number of the equal-width bucket"),
    comparison_row("numeric_eq(numeric,numeric)",
                   numeric_comparison<kEq, DecimalCompare::kEqual>(true)),
    comparison_row("numeric_ne(numeric,numeric)",
                   numeric_comparison<kNe, DecimalCompare::kNotEqual>()),
    comparison_row("numeric_lt(numeric,numeric)", numeric_comparison<kLt, DecimalCompare::kLess>()),
    comparison_row("numeric_le(numeric,numeric)",
                   numeric_comparison<kLe, DecimalCompare::kLessEqual>()),
    comparison_row("numeric_gt(numeric,numeric)",
                   numeric_comparison<kGt, DecimalCompare::kGreater>()),
    comparison_row("numeric_ge(numeric,numeric)",
                   numeric_comparison<kGe, DecimalCompare::kGreaterEqual>()),
    scalar_row("numeric_cmp(numeric,numeric)", strict_kernel<kCmp>),
    scalar_row("numeric_larger(numeric,numeric)", strict_kernel<kLarger>),
    scalar_row("numeric_smaller(numeric,numeric)", strict_kernel<kSmaller>),
    scalar_row("numeric(numeric,int4)", strict_kernel<kTypmod>),
    scalar_row("numeric(int2)", strict_kernel<kFromInt2>),
    scalar_row("numeric(int4)", strict_kernel<kFromInt4>),
    scalar_row("numeric(int8)", strict_kernel<kFromInt8>),
    scalar_row("numeric(float4)", strict_kernel<kFromFloat4>),
    scalar_row("numeric(float8)", strict_kernel<kFromFloat8>),
    scalar_row("int2(numeric)", strict_kernel<kToInt2>),
    scalar_row("int4(numeric)", strict_kernel<kToInt4>),
    scalar_row("int8(numeric)", strict_kernel<kToInt8>),
    scalar_row("float4(numeric)", strict_kernel<kToFloat4>),
    scalar_row("float8(numeric)", strict_kernel<kToFloat8>),
    LUMA_COMPARISONS("cash_", "money", "money", int64_t, int64_t),
    scalar_row("cash_cmp(money,money)", total_kernel<kThreeWay<int64_t, int64_t>>),
    scalar_row("cash_pl(money,money)", checked_kernel<kMoneyAdd, money_out_of_range>),
    scalar_row("cash_mi(money,money)", checked_kernel<kMoneySubtract, money_out_of_range>),
    scalar_row("cash_mul_int2(money,int2)",
               checked_kernel<kMoneyTimes<int16_t>, money_out_of_range>),
    scalar_row("cash_mul_int4(money,int4)",
               checked_kernel<kMoneyTimes<int32_t>, money_out_of_range>),
    scalar_row("cash_mul_int8(money,int8)",
               checked_kernel<kMoneyTimes<int64_t>, money_out_of_range>),
    scalar_row("int2_mul_cash(int2,money)",
               checked_kernel<kTimesMoney<int16_t>, money_out_of_range>),
    scalar_row("int4_mul_cash(int4,money)",
               checked_kernel<kTimesMoney<int32_t>, money_out_of_range>),
    scalar_row("int8_mul_cash(int8,money)",
               checked_kernel<kTimesMoney<int64_t>, money_out_of_range>),
    scalar_row("cash_div_int2(money,int2)", strict_kernel<kMoneyDivide<int16_t>>),
    scalar_row("cash_div_int4(money,int4)", strict_kernel<kMoneyDivide<int32_t>>),
    scalar_row("cash_div_int8(money,int8)", strict_kernel<kMoneyDivide<int64_t>>),
    scalar_row("cash_mul_flt4(money,float4)", strict_kernel<kMoneyTimesFloat<float>>),
    scalar_row("cash_mul_flt8(money,float8)", strict_kernel<kMoneyTimesFloat<double>>),
    scalar_row("flt4_mul_cash(float4,money)", strict_kernel<kFloatTimesMoney<float>>),
    scalar_row("flt8_mul_cash(float8,money)", strict_kernel<kFloatTimesMoney<double>>),
    scalar_row("cash_div_flt4(money,float4)", strict_kernel<kMoneyDivideFloat<float>>),
    scalar_row("cash_div_flt8(money,float8)", strict_kernel<kMoneyDivideFloat<double>>),
    scalar_row("cash_div_cash(money,money)", strict_kernel<kMoneyRatio>),
    scalar_row("cashlarger(money,money)", total_kernel<kMoneyLarger>),
    scalar_row("cashsmaller(money,money)", total_kernel<kMoneySmaller>),
    scalar_row("money(int4)", total_kernel<kMoneyOfInt4>),
    scalar_row("money(int8)", checked_kernel<kMoneyOfInt8, bigint_out_of_range>),
    scalar_row("money(numeric)", strict_kernel<kMoneyOfNumeric>),
    scalar_row("numeric(money)", strict_kernel<kNumericOfMoney>),
};

}  // namespace

std::span<const KernelRow> numeric_kernels() { return kRows; }

}  // namespace luma
