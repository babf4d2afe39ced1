// Comparisons of date, time, timetz, timestamp, timestamptz and interval, also across types.
#include "engine/exec/kernel_adapter.h"
#include "engine/type/datetime.h"
#include "engine/type/interval.h"
#include "sql/function/comparison_rows.h"
#include "sql/function/families.h"

namespace luma {

namespace {

const TimeZone* zone_of(const RowCall& call) {
  return call.context.io == nullptr ? nullptr : call.context.io->time_zone;
}

// Three-way comparisons of two different types; the kernels below derive the six operators.
int compare(RowCall&, int32_t a, int64_t b, std::integral_constant<int, 0>) {
  return date_compare_timestamp(a, b);
}
int compare(RowCall& call, int32_t a, int64_t b, std::integral_constant<int, 1>) {
  return date_compare_timestamptz(a, b, zone_of(call));
}
int compare(RowCall& call, int64_t a, int64_t b, std::integral_constant<int, 2>) {
  return timestamp_compare_timestamptz(a, b, zone_of(call));
}

template <int pair, typename A, typename B, bool swapped, auto test>
constexpr auto kMixed = [](RowCall& call, A a, B b) {
  using Tag = std::integral_constant<int, pair>;
  if constexpr (swapped) {
    return test(-compare(call, b, a, Tag()));
  } else {
    return test(compare(call, a, b, Tag()));
  }
};
constexpr auto kIsEq = [](int order) -> bool { return order == 0; };
constexpr auto kIsNe = [](int order) -> bool { return order != 0; };
constexpr auto kIsLt = [](int order) -> bool { return order < 0; };
constexpr auto kIsLe = [](int order) -> bool { return order <= 0; };
constexpr auto kIsGt = [](int order) -> bool { return order > 0; };
constexpr auto kIsGe = [](int order) -> bool { return order >= 0; };
constexpr auto kOrder = [](int order) -> int32_t { return order; };

template <auto compare_values, typename T, auto test>
constexpr auto kSame = [](const T& a, const T& b) { return test(compare_values(a, b)); };
template <typename T>
constexpr auto kLargerValue = [](T a, T b) -> T { return a > b ? a : b; };
template <typename T>
constexpr auto kSmallerValue = [](T a, T b) -> T { return a < b ? a : b; };
template <auto compare_values, typename T>
constexpr auto kLarger =
    [](const T& a, const T& b) -> T { return compare_values(a, b) > 0 ? a : b; };
template <auto compare_values, typename T>
constexpr auto kSmaller =
    [](const T& a, const T& b) -> T { return compare_values(a, b) < 0 ? a : b; };

#define LUMA_PLAIN(sql, T)                                                                 \
  LUMA_COMPARISONS(sql "_", sql, sql, T, T), LUMA_COMPARE_ROW(sql "_cmp", sql, sql, T, T), \
      scalar_row(sql "_larger(" sql "," sql ")", total_kernel<kLargerValue<T>>),           \
      scalar_row(sql "_smaller(" sql "," sql ")", total_kernel<kSmallerValue<T>>)

#define LUMA_BY(sql, T, fn)                                                                 \
  comparison_row(sql "_eq(" sql "," sql ")", strict_comparison<kSame<fn, T, kIsEq>>(true)), \
      comparison_row(sql "_ne(" sql "," sql ")", strict_comparison<kSame<fn, T, kIsNe>>()), \
      comparison_row(sql "_lt(" sql "," sql ")", strict_comparison<kSame<fn, T, kIsLt>>()), \
      comparison_row(sql "_le(" sql "," sql ")", strict_comparison<kSame<fn, T, kIsLe>>()), \
      comparison_row(sql "_gt(" sql "," sql ")", strict_comparison<kSame<fn, T, kIsGt>>()), \
      comparison_row(sql "_ge(" sql "," sql ")", strict_comparison<kSame<fn, T, kIsGe>>()), \
      scalar_row(sql "_cmp(" sql "," sql ")", strict_kernel<kSame<fn, T, kOrder>>),         \
      scalar_row(sql "_larger(" sql "," sql ")", strict_kernel<kLarger<fn, T>>),            \
      scalar_row(sql "_smaller(" sql "," sql ")", strict_kernel<kSmaller<fn, T>>)

#define LUMA_MIXED(a, b, pair, A, B, swapped)                                                    \
  scalar_row(a "_eq_" b "(" a "," b ")", strict_kernel<kMixed<pair, A, B, swapped, kIsEq>>),     \
      scalar_row(a "_ne_" b "(" a "," b ")", strict_kernel<kMixed<pair, A, B, swapped, kIsNe>>), \
      scalar_row(a "_lt_" b "(" a "," b ")", strict_kernel<kMixed<pair, A, B, swapped, kIsLt>>), \
      scalar_row(a "_le_" b "(" a "," b ")", strict_kernel<kMixed<pair, A, B, swapped, kIsLe>>), \
      scalar_row(a "_gt_" b "(" a "," b ")", strict_kernel<kMixed<pair, A, B, swapped, kIsGt>>), \
      scalar_row(a "_ge_" b "(" a "," b ")", strict_kernel<kMixed<pair, A, B, swapped, kIsGe>>), \
      scalar_row(a "_cmp_" b "(" a "," b ")", strict_kernel<kMixed<pair, A, B, swapped, kOrder>>)

const KernelRow kRows[] = {
    LUMA_PLAIN("date", int32_t),
    LUMA_PLAIN("time", int64_t),
    LUMA_PLAIN("timestamp", int64_t),
    LUMA_PLAIN("timestamptz", int64_t),
    LUMA_BY("timetz", TimeTz, timetz_compare),
    LUMA_BY("interval", Interval, interval_compare),
    LUMA_MIXED("date", "timestamp", 0, int32_t, int64_t, false),
    LUMA_MIXED("timestamp", "date", 0, int64_t, int32_t, true),
    LUMA_MIXED("date", "timestamptz", 1, int32_t, int64_t, false),
    LUMA_MIXED("timestamptz", "date", 1, int64_t, int32_t, true),
    LUMA_MIXED("timestamp", "timestamptz", 2, int64_t, int64_t, false),
    LUMA_MIXED("timestamptz", "timestamp", 2, int64_t, int64_t, true),
};

}  // namespace

std::span<const KernelRow> datetime_compare_kernels() { return kRows; }

}  // namespace luma
