#pragma once
// The range of a column's values in a row group or segment, from which scans conclude that no row
// can pass a filter. Bounds are kept for types whose order storage knows: integers and dates,
// floats (NaN is greatest), decimals, and strings by bytes (a prefix of them).
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/column/section.h"
#include "engine/type/datum.h"

namespace luma {

enum class ZoneKind : uint8_t { kNone, kInt, kFloat, kDecimal, kBytes };

struct ZoneMap {
  static constexpr size_t kPrefixBytes = 16;

  ZoneKind kind = ZoneKind::kNone;  // kNone: nothing known (also when all values are NULL)
  uint32_t null_count = 0;
  uint32_t row_count = 0;
  int64_t least_int = 0, greatest_int = 0;     // kInt; kDecimal: scaled
  double least_float = 0, greatest_float = 0;  // kFloat
  uint32_t scale = 0;                          // kDecimal
  std::string least_bytes, greatest_bytes;     // kBytes; the greatest rounded up
  bool greatest_open = false;                  // kBytes: no upper bound

  bool all_null() const { return null_count == row_count; }
  void add_bytes(std::string_view value);
  // Widens to what both cover.
  void merge(const ZoneMap& other);
  void write(SectionWriter& writer) const;
  static ZoneMap read(SectionReader& reader);
};

enum class ZoneCompare : uint8_t { kEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

// False when no value v in the zone makes `v compare bound` true. `bound` is of the column's kind:
// an int64 for kInt, a double for kFloat, text for kBytes.
bool zone_may_contain(const ZoneMap& zone, ZoneCompare compare, int64_t bound);
bool zone_may_contain(const ZoneMap& zone, ZoneCompare compare, double bound);
bool zone_may_contain(const ZoneMap& zone, ZoneCompare compare, std::string_view bound);
// scaled / 10^scale, for kDecimal.
bool zone_may_contain_decimal(const ZoneMap& zone, ZoneCompare compare, const Datum& bound);

}  // namespace luma
