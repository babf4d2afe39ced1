#pragma once
// Rows of the six comparison operators and the btree comparison of a pair of fixed-size types.
#include <cstdint>

#include "engine/exec/kernel_adapter.h"
#include "sql/function/kernel_row.h"

namespace luma {

// Compare as the wider of both types: integers of different widths have the same sign-ness here.
template <typename A, typename B>
constexpr auto kEqual = [](A a, B b) -> bool { return a == b; };
template <typename A, typename B>
constexpr auto kNotEqual = [](A a, B b) -> bool { return a != b; };
template <typename A, typename B>
constexpr auto kLess = [](A a, B b) -> bool { return a < b; };
template <typename A, typename B>
constexpr auto kLessEqual = [](A a, B b) -> bool { return a <= b; };
template <typename A, typename B>
constexpr auto kGreater = [](A a, B b) -> bool { return a > b; };
template <typename A, typename B>
constexpr auto kGreaterEqual = [](A a, B b) -> bool { return a >= b; };
template <typename A, typename B>
constexpr auto kThreeWay = [](A a, B b) -> int32_t { return a < b ? -1 : a > b; };

#define LUMA_COMPARISONS(prefix, sql_a, sql_b, A, B)                                    \
  comparison_row(prefix "eq(" sql_a "," sql_b ")", comparison<kEqual<A, B>>(true)),     \
      comparison_row(prefix "ne(" sql_a "," sql_b ")", comparison<kNotEqual<A, B>>()),  \
      comparison_row(prefix "lt(" sql_a "," sql_b ")", comparison<kLess<A, B>>()),      \
      comparison_row(prefix "le(" sql_a "," sql_b ")", comparison<kLessEqual<A, B>>()), \
      comparison_row(prefix "gt(" sql_a "," sql_b ")", comparison<kGreater<A, B>>()),   \
      comparison_row(prefix "ge(" sql_a "," sql_b ")", comparison<kGreaterEqual<A, B>>())

#define LUMA_COMPARE_ROW(name, sql_a, sql_b, A, B) \
  scalar_row(name "(" sql_a "," sql_b ")", total_kernel<kThreeWay<A, B>>)

}  // namespace luma
