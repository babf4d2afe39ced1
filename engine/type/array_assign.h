#pragma once
// Assignment to elements and slices of arrays, which grow as far as PostgreSQL's do.
#include <optional>
#include <span>

#include "engine/type/array.h"

namespace luma {

// array[subscripts] = value. An empty array becomes one of this element; one dimension extends to
// both sides, filled up with NULLs. 2202E for subscripts out of range or their wrong number.
Datum assign_array_element(const Datum& array, std::span<const int32_t> subscripts,
                           const Value& value, Arena& arena);

struct SliceBounds {
  std::optional<int32_t> lower, upper;  // left out: the array's own
};
// array[lower:upper]... = source, whose elements are taken in order and must be enough (2202E).
Datum assign_array_slice(const Datum& array, std::span<const SliceBounds> bounds,
                         const Datum& source, Arena& arena);

}  // namespace luma
