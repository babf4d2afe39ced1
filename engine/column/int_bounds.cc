#include "engine/column/int_bounds.h"

#include <algorithm>

#include "engine/type/numeric.h"
#include "engine/type/powers_of_ten.h"

namespace luma {

namespace {

constexpr IntRange kNothing{1, 0};

// `floor` and `ceiling` of the bound, which may lie outside of what an int64 holds.
IntRange range_of(ZoneCompare compare, Int128 floor, Int128 ceiling) {
  Int128 least = INT64_MIN, greatest = INT64_MAX;
  switch (compare) {
    case ZoneCompare::kEqual:
      if (floor != ceiling) return kNothing;
      least = greatest = floor;
      break;
    case ZoneCompare::kLess:
      greatest = ceiling - 1;
      break;
    case ZoneCompare::kLessEqual:
      greatest = floor;
      break;
    case ZoneCompare::kGreater:
      least = floor + 1;
      break;
    case ZoneCompare::kGreaterEqual:
      least = ceiling;
      break;
  }
  if (least > INT64_MAX || greatest < INT64_MIN || least > greatest) return kNothing;
  return {static_cast<int64_t>(std::max<Int128>(least, INT64_MIN)),
          static_cast<int64_t>(std::min<Int128>(greatest, INT64_MAX))};
}

// An integral numeric; beyond the integers all are the same.
Int128 clamped(const Datum& value) {
  constexpr Int128 kBeyond = Int128{1} << 64;
  if (numeric_compare(value, numeric_from_int64(INT64_MAX)) > 0) return kBeyond;
  if (numeric_compare(value, numeric_from_int64(INT64_MIN)) < 0) return -kBeyond;
  return numeric_to_int64(value);
}

}  // namespace

IntRange int_range(ZoneCompare compare, int64_t bound) { return range_of(compare, bound, bound); }

IntRange int_range(ZoneCompare compare, int64_t numerator, int64_t denominator) {
  Int128 floor = numerator / denominator;
  const int64_t rest = numerator % denominator;
  if (rest < 0) --floor;
  return range_of(compare, floor, rest == 0 ? floor : floor + 1);
}

IntRange decimal_range(ZoneCompare compare, const Datum& bound, int scale) {
  if (numeric_is_nan(bound) || numeric_is_infinite(bound)) {
    // NaN is above everything, and columns of decimals hold neither.
    const Int128 beyond = clamped(bound);
    return range_of(compare, beyond, beyond);
  }
  Arena arena;
  Datum scaled = numeric_mul(bound, numeric_make_small(kPowersOfTen[scale], 0), arena);
  return range_of(compare, clamped(numeric_floor(scaled, arena)),
                  clamped(numeric_ceil(scaled, arena)));
}

}  // namespace luma
