#include "engine/column/zone_map.h"

#include <algorithm>
#include <cmath>

#include "engine/type/numeric.h"

namespace luma {

namespace {

// PostgreSQL's order: NaN equals NaN and is above everything.
bool float_less(double a, double b) {
  if (std::isnan(a)) return false;
  return std::isnan(b) || a < b;
}

// `least` and `greatest` compared with the bound: negative, zero or positive.
bool decide(ZoneCompare compare, int least, int greatest) {
  switch (compare) {
    case ZoneCompare::kEqual:
      return least <= 0 && greatest >= 0;
    case ZoneCompare::kLess:
      return least < 0;
    case ZoneCompare::kLessEqual:
      return least <= 0;
    case ZoneCompare::kGreater:
      return greatest > 0;
    case ZoneCompare::kGreaterEqual:
      return greatest >= 0;
  }
  return true;
}

template <typename T, typename Less>
int order(const T& a, const T& b, Less less) {
  return less(a, b) ? -1 : less(b, a) ? 1 : 0;
}

void write_text(SectionWriter& writer, const std::string& text) { writer.part(text); }

}  // namespace

void ZoneMap::add_bytes(std::string_view value) {
  std::string_view prefix = value.substr(0, kPrefixBytes);
  std::string upper(prefix);
  bool open = false;
  if (prefix.size() < value.size()) {
    // The next prefix is above all that begin with this one.
    while (!upper.empty() && static_cast<uint8_t>(upper.back()) == 0xFF) upper.pop_back();
    open = upper.empty();
    if (!open) upper.back() = static_cast<char>(upper.back() + 1);
  }
  if (kind != ZoneKind::kBytes) {
    kind = ZoneKind::kBytes;
    least_bytes.assign(prefix);
    greatest_bytes = std::move(upper);
    greatest_open = open;
    return;
  }
  if (prefix < least_bytes) least_bytes.assign(prefix);
  if (upper > greatest_bytes) greatest_bytes = std::move(upper);
  greatest_open = greatest_open || open;
}

void ZoneMap::merge(const ZoneMap& other) {
  if (other.all_null() || row_count == 0 || all_null()) {
    ZoneMap known = other.all_null() ? *this : other;
    known.null_count = null_count + other.null_count;
    known.row_count = row_count + other.row_count;
    *this = std::move(known);
    return;
  }
  null_count += other.null_count;
  row_count += other.row_count;
  if (kind != other.kind || scale != other.scale) {
    kind = ZoneKind::kNone;
    return;
  }
  least_int = std::min(least_int, other.least_int);
  greatest_int = std::max(greatest_int, other.greatest_int);
  if (float_less(other.least_float, least_float)) least_float = other.least_float;
  if (float_less(greatest_float, other.greatest_float)) greatest_float = other.greatest_float;
  if (other.least_bytes < least_bytes) least_bytes = other.least_bytes;
  if (other.greatest_bytes > greatest_bytes) greatest_bytes = other.greatest_bytes;
  greatest_open = greatest_open || other.greatest_open;
}

void ZoneMap::write(SectionWriter& writer) const {
  writer.align();
  writer.value(static_cast<uint32_t>(kind));
  writer.value(null_count);
  writer.value(row_count);
  writer.value(scale);
  writer.value(least_int);
  writer.value(greatest_int);
  writer.value(least_float);
  writer.value(greatest_float);
  writer.value(static_cast<uint64_t>(greatest_open));
  write_text(writer, least_bytes);
  write_text(writer, greatest_bytes);
}

ZoneMap ZoneMap::read(SectionReader& reader) {
  reader.align();
  ZoneMap zone;
  zone.kind = static_cast<ZoneKind>(reader.value<uint32_t>());
  zone.null_count = reader.value<uint32_t>();
  zone.row_count = reader.value<uint32_t>();
  zone.scale = reader.value<uint32_t>();
  zone.least_int = reader.value<int64_t>();
  zone.greatest_int = reader.value<int64_t>();
  zone.least_float = reader.value<double>();
  zone.greatest_float = reader.value<double>();
  zone.greatest_open = reader.value<uint64_t>() != 0;
  zone.least_bytes = reader.part();
  zone.greatest_bytes = reader.part();
  return zone;
}

bool zone_may_contain(const ZoneMap& zone, ZoneCompare compare, int64_t bound) {
  if (zone.all_null()) return false;
  if (zone.kind != ZoneKind::kInt) return true;
  return decide(compare, order(zone.least_int, bound, std::less<>()),
                order(zone.greatest_int, bound, std::less<>()));
}

bool zone_may_contain(const ZoneMap& zone, ZoneCompare compare, double bound) {
  if (zone.all_null()) return false;
  if (zone.kind != ZoneKind::kFloat) return true;
  return decide(compare, order(zone.least_float, bound, float_less),
                order(zone.greatest_float, bound, float_less));
}

bool zone_may_contain(const ZoneMap& zone, ZoneCompare compare, std::string_view bound) {
  if (zone.all_null()) return false;
  if (zone.kind != ZoneKind::kBytes) return true;
  std::string_view least = zone.least_bytes, greatest = zone.greatest_bytes;
  return decide(compare, order(least, bound, std::less<>()),
                zone.greatest_open ? 1 : order(greatest, bound, std::less<>()));
}

bool zone_may_contain_decimal(const ZoneMap& zone, ZoneCompare compare, const Datum& bound) {
  if (zone.all_null()) return false;
  if (zone.kind != ZoneKind::kDecimal) return true;
  Datum least = numeric_make_small(zone.least_int, static_cast<int>(zone.scale));
  Datum greatest = numeric_make_small(zone.greatest_int, static_cast<int>(zone.scale));
  return decide(compare, numeric_compare(least, bound), numeric_compare(greatest, bound));
}

}  // namespace luma
