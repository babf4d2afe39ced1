#include "sql/optimize/scalar_selectivity.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/type/array.h"
#include "engine/type/numeric.h"
#include "engine/type/user_type.h"

namespace luma {
namespace {

constexpr double kMicrosPerDay = 86400e6;
// No estimate within a histogram is more certain than this part of a slice.
constexpr double kSliceCutoff = 0.01;

Datum array_datum(const std::string& bytes) { return Datum::of_string(std::string_view(bytes)); }

const TypeInfo& base_of(Oid type) { return type_info(base_type_of(type)); }

// Where a string lies between two others, by the first bytes in which they differ.
double string_fraction(std::string_view low, std::string_view high, std::string_view value) {
  size_t common = 0;
  while (common < low.size() && common < high.size() && common < value.size() &&
         low[common] == high[common] && low[common] == value[common]) {
    ++common;
  }
  auto position = [common](std::string_view text) {
    double out = 0, weight = 1;
    for (size_t i = common; i < text.size() && i < common + 10; ++i) {
      weight /= 256;
      out += weight * static_cast<unsigned char>(text[i]);
    }
    return out;
  };
  double from = position(low), to = position(high);
  return to > from ? (position(value) - from) / (to - from) : 0.5;
}

// Where the value lies between two bounds, 0 to 1.
double fraction_between(const Datum& low, const Datum& high, Oid type, const Datum& value,
                        Oid value_type) {
  double fraction = 0.5;
  std::optional<double> from = scalar_position(low, type), to = scalar_position(high, type);
  std::optional<double> at = scalar_position(value, value_type);
  if (from && to && at) {
    if (*to > *from && std::isfinite(*to - *from)) fraction = (*at - *from) / (*to - *from);
  } else if (base_of(type).category == 'S' && base_of(value_type).category == 'S') {
    fraction = string_fraction(low.str.view(), high.str.view(), value.str.view());
  }
  return std::isnan(fraction) ? 0.5 : std::clamp(fraction, 0.0, 1.0);
}

bool holds(Comparison comparison, int order) {
  switch (comparison) {
    case Comparison::kLess:
      return order < 0;
    case Comparison::kLessEqual:
      return order <= 0;
    case Comparison::kEqual:
      return order == 0;
    case Comparison::kGreaterEqual:
      return order >= 0;
    case Comparison::kGreater:
      return order > 0;
  }
  return false;
}

double common_sum(const ColumnStatistics& statistics) {
  double sum = 0;
  for (float frequency : statistics.common_frequencies) sum += frequency;
  return sum;
}

// Part of the histogram's values for which the comparison holds; nullopt: no histogram.
std::optional<double> histogram_part(const ScalarColumn& column, Comparison comparison,
                                     const ScalarConstant& constant) {
  if (column.statistics.histogram.empty()) return std::nullopt;
  Datum array = array_datum(column.statistics.histogram);
  ArrayView bounds(array);
  uint32_t count = bounds.size();
  if (count < 2) return std::nullopt;
  bool greater = comparison == Comparison::kGreater || comparison == Comparison::kGreaterEqual;
  bool or_equal = comparison == Comparison::kLessEqual || comparison == Comparison::kGreaterEqual;
  // The first bound that is not below the constant (or not at most the constant).
  uint32_t low = 0, high = count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    auto order =
        compare_values(bounds.datum(middle), column.statistics.type, constant.value, constant.type);
    if (!order) return std::nullopt;
    bool below = greater == or_equal ? *order < 0 : *order <= 0;
    below ? low = middle + 1 : high = middle;
  }
  double part;
  double slices = count - 1;
  if (low == 0) {
    part = 0;
  } else if (low >= count) {
    part = 1;
  } else {
    double equal_part = 0;
    if (low == 1 || greater == or_equal) {
      double others =
          column.distinct - static_cast<double>(column.statistics.common_frequencies.size());
      if (others > 1) equal_part = 1 / others;
    }
    double within = fraction_between(bounds.datum(low - 1), bounds.datum(low),
                                     column.statistics.type, constant.value, constant.type);
    part = (low - 1 + within) / slices;
    // So far: the part that is at most the constant, but for the first bound, which the slices
    // leave out.
    if (low == 1) part += equal_part * (1 - within);
    if (greater == or_equal) part -= equal_part;
  }
  if (greater) part = 1 - part;
  double cutoff = kSliceCutoff / slices;
  return std::clamp(part, cutoff, 1 - cutoff);
}

struct Matches {
  double product = 0;          // of the frequencies of pairs
  double left = 0, right = 0;  // frequencies of those with a partner
  double left_rest = 0, right_rest = 0;
  size_t count = 0;
};

std::optional<Matches> match_common_values(const ScalarColumn& left, const ScalarColumn& right,
                                           size_t right_count) {
  if (left.statistics.common_values.empty() || right.statistics.common_values.empty()) {
    return std::nullopt;
  }
  Datum left_array = array_datum(left.statistics.common_values);
  Datum right_array = array_datum(right.statistics.common_values);
  ArrayView a(left_array), b(right_array);
  const auto& a_part = left.statistics.common_frequencies;
  const auto& b_part = right.statistics.common_frequencies;
  auto count = static_cast<uint32_t>(std::min<size_t>(b.size(), right_count));
  std::vector<bool> taken(b.size());
  Matches out;
  for (uint32_t i = 0; i < a.size(); ++i) {
    bool matched = false;
    for (uint32_t j = 0; j < count && !matched; ++j) {
      if (taken[j]) continue;
      auto order =
          compare_values(a.datum(i), left.statistics.type, b.datum(j), right.statistics.type);
      if (!order) return std::nullopt;
      if (*order != 0) continue;
      matched = taken[j] = true;
      out.product += static_cast<double>(a_part[i]) * b_part[j];
      out.right += b_part[j];
      ++out.count;
    }
    (matched ? out.left : out.left_rest) += a_part[i];
  }
  for (uint32_t j = 0; j < b.size(); ++j) {
    if (!taken[j]) out.right_rest += b_part[j];
  }
  return out;
}

}  // namespace

std::optional<double> scalar_position(const Datum& value, Oid type_oid_of_value) {
  const TypeInfo& type = base_of(type_oid_of_value);
  switch (type.oid) {
    case type_oid::kBool:
      return value.b ? 1 : 0;
    case type_oid::kInt2:
      return value.i16;
    case type_oid::kInt4:
      return value.i32;
    case type_oid::kInt8:
      return static_cast<double>(value.i64);
    case type_oid::kOid:
      return value.oid();
    case type_oid::kFloat4:
      return value.f32;
    case type_oid::kFloat8:
      return value.f64;
    case type_oid::kNumeric:
      return numeric_to_float8(value);
    case type_oid::kDate:
      return value.i32 * kMicrosPerDay;
    case type_oid::kTimestamp:
    case type_oid::kTimestamptz:
    case type_oid::kTime:
      return static_cast<double>(value.i64);
    case type_oid::kInterval:
      return static_cast<double>(value.interval.micros) +
             (value.interval.days + value.interval.months * 30.4375) * kMicrosPerDay;
    default:
      return std::nullopt;
  }
}

std::optional<int> compare_values(const Datum& a, Oid a_type, const Datum& b, Oid b_type) {
  const TypeInfo& left = base_of(a_type);
  const TypeInfo& right = base_of(b_type);
  bool same =
      left.oid == right.oid || (left.compare == right.compare && left.physical == right.physical);
  if (same) {
    if (left.compare == nullptr) return std::nullopt;
    int order = left.compare(a, b, left);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  bool both_strings = left.category == 'S' && right.category == 'S' &&
                      left.physical == PhysicalType::kVarlen &&
                      right.physical == PhysicalType::kVarlen;
  if (both_strings) {
    int order = a.str.view().compare(b.str.view());
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  std::optional<double> x = scalar_position(a, a_type), y = scalar_position(b, b_type);
  if (!x || !y) return std::nullopt;
  return *x < *y ? -1 : *x > *y ? 1 : 0;
}

std::optional<double> equal_selectivity(const ScalarColumn& column,
                                        const ScalarConstant& constant) {
  const ColumnStatistics& statistics = column.statistics;
  size_t count = statistics.common_frequencies.size();
  if (count != 0) {
    Datum array = array_datum(statistics.common_values);
    ArrayView values(array);
    for (uint32_t i = 0; i < values.size(); ++i) {
      auto order = compare_values(values.datum(i), statistics.type, constant.value, constant.type);
      if (!order) return std::nullopt;
      if (*order == 0) return statistics.common_frequencies[i];
    }
  }
  // Not a common one: an even part of the rest, and less than any common one.
  double part = std::clamp(1 - common_sum(statistics) - statistics.null_fraction, 0.0, 1.0);
  double others = column.distinct - static_cast<double>(count);
  if (others > 1) part /= others;
  if (count != 0) part = std::min<double>(part, statistics.common_frequencies.back());
  return part;
}

std::optional<double> inequality_selectivity(const ScalarColumn& column, Comparison comparison,
                                             const ScalarConstant& constant) {
  const ColumnStatistics& statistics = column.statistics;
  double common = 0;
  if (!statistics.common_frequencies.empty()) {
    Datum array = array_datum(statistics.common_values);
    ArrayView values(array);
    for (uint32_t i = 0; i < values.size(); ++i) {
      auto order = compare_values(values.datum(i), statistics.type, constant.value, constant.type);
      if (!order) return std::nullopt;
      if (holds(comparison, *order)) common += statistics.common_frequencies[i];
    }
  } else if (statistics.histogram.empty()) {
    return std::nullopt;
  }
  double rest = std::max(0.0, 1 - statistics.null_fraction - common_sum(statistics));
  rest *= histogram_part(column, comparison, constant).value_or(0.5);
  return std::clamp(rest + common, 0.0, 1.0);
}

std::optional<double> common_value_join_selectivity(const ScalarColumn& left,
                                                    const ScalarColumn& right) {
  auto found = match_common_values(left, right, SIZE_MAX);
  if (!found) return std::nullopt;
  auto part = [](double value) { return std::clamp(value, 0.0, 1.0); };
  double left_other = part(1 - left.statistics.null_fraction - found->left - found->left_rest);
  double right_other = part(1 - right.statistics.null_fraction - found->right - found->right_rest);
  auto one_side = [&](double rest, double other, double partner_other, double partner_rest,
                      double partner_distinct, size_t partner_count) {
    double sum = found->product;
    auto common = static_cast<double>(partner_count), matches = static_cast<double>(found->count);
    if (partner_distinct > common) sum += rest * partner_other / (partner_distinct - common);
    if (partner_distinct > matches) {
      sum += other * (partner_other + partner_rest) / (partner_distinct - matches);
    }
    return sum;
  };
  double by_left = one_side(found->left_rest, left_other, right_other, found->right_rest,
                            right.distinct, right.statistics.common_frequencies.size());
  double by_right = one_side(found->right_rest, right_other, left_other, found->left_rest,
                             left.distinct, left.statistics.common_frequencies.size());
  return part(std::min(by_left, by_right));
}

std::optional<double> common_value_semi_selectivity(const ScalarColumn& left,
                                                    const ScalarColumn& right,
                                                    double right_distinct, size_t* matches) {
  auto found = match_common_values(left, right, static_cast<size_t>(std::max(0.0, right_distinct)));
  if (!found) return std::nullopt;
  *matches = found->count;
  return std::clamp(found->left, 0.0, 1.0);
}

}  // namespace luma
