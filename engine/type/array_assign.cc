#include "engine/type/array_assign.h"

#include <algorithm>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

SqlError subscript_error(const char* text) {
  return SqlError(SqlState::kArraySubscriptError, text);
}

// The one dimension after it took in [lower, upper], checked against the limits.
ArrayDimension extended(ArrayDimension dimension, int32_t lower, int32_t upper) {
  int64_t first = std::min(dimension.lower_bound, lower);
  int64_t last = std::max<int64_t>(int64_t{dimension.lower_bound} + dimension.length - 1, upper);
  int64_t length = last - first + 1;
  if (length > kMaxArraySize) {
    throw sql_error(SqlState::kProgramLimitExceeded, "array size exceeds the maximum allowed ({})",
                    kMaxArraySize);
  }
  return {static_cast<int32_t>(length), static_cast<int32_t>(first)};
}

// Where row-major position `position` lies.
void locate(std::span<const ArrayDimension> dimensions, uint32_t position, int32_t* at) {
  for (size_t d = dimensions.size(); d-- > 0;) {
    auto length = static_cast<uint32_t>(dimensions[d].length);
    at[d] = dimensions[d].lower_bound + static_cast<int32_t>(position % length);
    position /= length;
  }
}

// One-dimensional: positions [lower, upper] come from `replacement(i)`, others from the array.
template <typename Replacement>
Datum assign_line(const ArrayView& view, int32_t lower, int32_t upper, Replacement&& replacement,
                  Arena& arena) {
  ArrayDimension old = view.dimension(0);
  ArrayDimension fresh = extended(old, lower, upper);
  ArrayBuilder builder(view.element_oid());
  for (int32_t i = 0; i < fresh.length; ++i) {
    int32_t at = fresh.lower_bound + i;
    if (at >= lower && at <= upper) {
      builder.add(replacement(static_cast<uint32_t>(at - lower)));
    } else if (at >= old.lower_bound && at - old.lower_bound < old.length) {
      builder.add(view.element(static_cast<uint32_t>(at - old.lower_bound)));
    } else {
      builder.add(Value::null());
    }
  }
  return builder.finish(std::span(&fresh, 1), arena);
}

bool contains(ArrayDimension dimension, int32_t subscript) {
  return subscript >= dimension.lower_bound &&
         int64_t{subscript} - dimension.lower_bound < dimension.length;
}

Datum slice_of_nothing(const ArrayView& view, std::span<const SliceBounds> bounds,
                       const ArrayView& source, Arena& arena) {
  std::vector<ArrayDimension> dimensions;
  for (const SliceBounds& bound : bounds) {
    if (!bound.lower || !bound.upper) {
      throw subscript_error("array slice subscript must provide both boundaries")
          .detail(
              "When assigning to a slice of an empty array value, slice boundaries must be fully "
              "specified.");
    }
    if (*bound.lower > *bound.upper) {
      throw subscript_error("upper bound cannot be less than lower bound");
    }
    dimensions.push_back(extended({0, *bound.lower}, *bound.lower, *bound.upper));
  }
  uint32_t count = array_element_count(dimensions);
  if (source.size() < count) throw subscript_error("source array too small");
  ArrayBuilder builder(view.element_oid());
  for (uint32_t i = 0; i < count; ++i) builder.add(source.element(i));
  return builder.finish(dimensions, arena);
}

}  // namespace

Datum assign_array_element(const Datum& array, std::span<const int32_t> subscripts,
                           const Value& value, Arena& arena) {
  ArrayView view(array);
  if (view.dimension_count() == 0) {
    std::vector<ArrayDimension> dimensions;
    for (int32_t subscript : subscripts) dimensions.push_back({1, subscript});
    ArrayBuilder builder(view.element_oid());
    builder.add(value);
    return builder.finish(dimensions, arena);
  }
  if (subscripts.size() != static_cast<size_t>(view.dimension_count())) {
    throw subscript_error("wrong number of array subscripts");
  }
  if (subscripts.size() == 1) {
    return assign_line(
        view, subscripts[0], subscripts[0], [&](uint32_t) { return value; }, arena);
  }
  uint32_t position = 0;
  for (size_t d = 0; d < subscripts.size(); ++d) {
    ArrayDimension dimension = view.dimension(static_cast<int>(d));
    if (!contains(dimension, subscripts[d])) throw subscript_error("array subscript out of range");
    position = position * static_cast<uint32_t>(dimension.length) +
               static_cast<uint32_t>(subscripts[d] - dimension.lower_bound);
  }
  ArrayBuilder builder(view.element_oid());
  for (uint32_t i = 0; i < view.size(); ++i) builder.add(i == position ? value : view.element(i));
  return builder.finish(view.dimensions(), arena);
}

Datum assign_array_slice(const Datum& array, std::span<const SliceBounds> bounds,
                         const Datum& source_array, Arena& arena) {
  ArrayView view(array);
  ArrayView source(source_array);
  auto dimensions = static_cast<size_t>(view.dimension_count());
  if (dimensions == 0) return slice_of_nothing(view, bounds, source, arena);
  if (dimensions < bounds.size()) throw subscript_error("wrong number of array subscripts");
  int32_t lower[kMaxArrayDimensions], upper[kMaxArrayDimensions];
  std::vector<ArrayDimension> span;
  for (size_t d = 0; d < dimensions; ++d) {
    ArrayDimension dimension = view.dimension(static_cast<int>(d));
    SliceBounds bound = d < bounds.size() ? bounds[d] : SliceBounds{};
    lower[d] = bound.lower.value_or(dimension.lower_bound);
    upper[d] = bound.upper.value_or(dimension.lower_bound + dimension.length - 1);
    if (lower[d] > upper[d]) throw subscript_error("upper bound cannot be less than lower bound");
    if (dimensions > 1 && (!contains(dimension, lower[d]) || !contains(dimension, upper[d]))) {
      throw subscript_error("array subscript out of range");
    }
    span.push_back(extended({0, lower[d]}, lower[d], upper[d]));
  }
  if (source.size() < array_element_count(span)) throw subscript_error("source array too small");
  if (dimensions == 1) {
    return assign_line(
        view, lower[0], upper[0], [&](uint32_t i) { return source.element(i); }, arena);
  }
  ArrayBuilder builder(view.element_oid());
  int32_t at[kMaxArrayDimensions];
  uint32_t taken = 0;
  for (uint32_t i = 0; i < view.size(); ++i) {
    locate(view.dimensions(), i, at);
    bool inside = true;
    for (size_t d = 0; d < dimensions; ++d) inside &= at[d] >= lower[d] && at[d] <= upper[d];
    builder.add(inside ? source.element(taken++) : view.element(i));
  }
  return builder.finish(view.dimensions(), arena);
}

}  // namespace luma
