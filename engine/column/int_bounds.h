#pragma once
// Comparisons with a bound as ranges of the integers that a column stores.
#include "engine/column/int_codec.h"
#include "engine/column/zone_map.h"
#include "engine/type/datum.h"

namespace luma {

// Integers v with `v compare bound`.
IntRange int_range(ZoneCompare compare, int64_t bound);
// Integers v with `v compare numerator / denominator`; the denominator is positive.
IntRange int_range(ZoneCompare compare, int64_t numerator, int64_t denominator);
// Integers v with `v / 10^scale compare bound`, a numeric.
IntRange decimal_range(ZoneCompare compare, const Datum& bound, int scale);

}  // namespace luma
