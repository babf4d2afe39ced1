#include "engine/type/range.h"

#include <algorithm>
#include <limits>

#include "engine/base/sql_error.h"
#include "engine/type/datetime_arithmetic.h"
#include "engine/type/user_type.h"
#include "engine/type/value_hash.h"

namespace luma {
namespace {

constexpr RangeKind kBuiltinKinds[] = {
    {3904, 4451, type_oid::kInt4, true},       {3926, 4536, type_oid::kInt8, true},
    {3906, 4532, type_oid::kNumeric, false},   {3912, 4535, type_oid::kDate, true},
    {3908, 4533, type_oid::kTimestamp, false}, {3910, 4534, type_oid::kTimestamptz, false},
};

Datum read_value(std::string_view& rest, const TypeInfo& type) {
  Datum value;
  if (type.physical == PhysicalType::kVarlen) {
    uint32_t size;
    std::memcpy(&size, rest.data(), sizeof size);
    value = Datum::of_string(rest.substr(sizeof size, size));
    rest.remove_prefix(sizeof size + size);
  } else {
    uint32_t size = physical_size(type.physical);
    std::memcpy(static_cast<void*>(&value), rest.data(), size);
    rest.remove_prefix(size);
  }
  return value;
}

void append_value(const Datum& value, const TypeInfo& type, std::string& out) {
  if (type.physical == PhysicalType::kVarlen) {
    uint32_t size = value.str.size();
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out.append(value.str.view());
  } else {
    out.append(reinterpret_cast<const char*>(&value), physical_size(type.physical));
  }
}

// The next value of a discrete subtype.
Datum successor(const Datum& value, Oid subtype) {
  if (subtype == type_oid::kInt8) {
    if (value.i64 == std::numeric_limits<int64_t>::max())
      throw sql_error(SqlState::kNumericValueOutOfRange, "bigint out of range");
    return Datum::of_int64(value.i64 + 1);
  }
  if (subtype == type_oid::kDate) return Datum::of_int32(date_add_days(value.i32, 1));
  if (value.i32 == std::numeric_limits<int32_t>::max()) {
    throw sql_error(SqlState::kNumericValueOutOfRange, "integer out of range");
  }
  return Datum::of_int32(value.i32 + 1);
}

}  // namespace

const RangeKind* find_range_kind(Oid type) {
  if (type >= kFirstUserOid) return find_user_range_kind(type);
  for (const RangeKind& kind : kBuiltinKinds) {
    if (kind.range == type || kind.multirange == type) return &kind;
  }
  return nullptr;
}

const RangeKind& range_kind(Oid type) {
  const RangeKind* kind = find_range_kind(type);
  if (kind == nullptr)
    throw sql_error(SqlState::kInternalError, "type {} is not a range type", type);
  return *kind;
}

RangeOps::RangeOps(Oid range_or_multirange)
    : kind_(&range_kind(range_or_multirange)), subtype_(&type_info(kind_->subtype)) {}

Range RangeOps::read(std::string_view value) const {
  auto flags = static_cast<uint8_t>(value[0]);
  std::string_view rest = value.substr(1);
  Range range;
  range.lower.is_lower = true;
  range.empty = (flags & kRangeEmpty) != 0;
  if (range.empty) return range;
  range.lower.infinite = (flags & kRangeLowerInfinite) != 0;
  range.lower.inclusive = (flags & kRangeLowerInclusive) != 0;
  range.upper.infinite = (flags & kRangeUpperInfinite) != 0;
  range.upper.inclusive = (flags & kRangeUpperInclusive) != 0;
  if (!range.lower.infinite) range.lower.value = read_value(rest, *subtype_);
  if (!range.upper.infinite) range.upper.value = read_value(rest, *subtype_);
  return range;
}

void RangeOps::append(const Range& range, std::string& out) const {
  if (range.empty) {
    out.push_back(kRangeEmpty);
    return;
  }
  out.push_back(static_cast<char>((range.lower.inclusive ? kRangeLowerInclusive : 0) |
                                  (range.upper.inclusive ? kRangeUpperInclusive : 0) |
                                  (range.lower.infinite ? kRangeLowerInfinite : 0) |
                                  (range.upper.infinite ? kRangeUpperInfinite : 0)));
  if (!range.lower.infinite) append_value(range.lower.value, *subtype_, out);
  if (!range.upper.infinite) append_value(range.upper.value, *subtype_, out);
}

Datum RangeOps::store(const Range& range, Arena& arena) const {
  std::string bytes;
  append(range, bytes);
  return Datum::of_string(bytes.size() > StringRef::kInlineBytes ? arena.copy(bytes)
                                                                 : std::string_view(bytes));
}

Range RangeOps::make(RangeBound lower, RangeBound upper) const {
  lower.is_lower = true;
  upper.is_lower = false;
  if (lower.infinite) lower.inclusive = false;
  if (upper.infinite) upper.inclusive = false;
  int order = compare_bound_values(lower, upper);
  if (order > 0) {
    throw sql_error(SqlState::kDataException,
                    "range lower bound must be less than or equal to range upper bound");
  }
  Range range;
  range.lower = lower;
  range.upper = upper;
  range.empty = order == 0 && !(lower.inclusive && upper.inclusive);
  return canonical(range);
}

Range RangeOps::canonical(Range range) const {
  if (range.empty || !kind_->is_discrete) return range;
  auto is_special = [&](const RangeBound& bound) {
    return bound.infinite ||
           (kind_->subtype == type_oid::kDate && !date_is_finite(bound.value.i32));
  };
  if (!range.lower.inclusive && !is_special(range.lower)) {
    range.lower.value = successor(range.lower.value, kind_->subtype);
    range.lower.inclusive = true;
  }
  if (range.upper.inclusive && !is_special(range.upper)) {
    range.upper.value = successor(range.upper.value, kind_->subtype);
    range.upper.inclusive = false;
  }
  int order = compare_bound_values(range.lower, range.upper);
  // (1,2) has no integer: its canonical bounds meet.
  range.empty = order > 0 || (order == 0 && !(range.lower.inclusive && range.upper.inclusive));
  return range;
}

int RangeOps::compare_values(const Datum& a, const Datum& b) const {
  return subtype_->compare(a, b, *subtype_);
}

int RangeOps::compare_bound_values(const RangeBound& a, const RangeBound& b) const {
  if (a.infinite && b.infinite) return a.is_lower == b.is_lower ? 0 : a.is_lower ? -1 : 1;
  if (a.infinite) return a.is_lower ? -1 : 1;
  if (b.infinite) return b.is_lower ? 1 : -1;
  return compare_values(a.value, b.value);
}

int RangeOps::compare_bounds(const RangeBound& a, const RangeBound& b) const {
  int order = compare_bound_values(a, b);
  if (order != 0 || a.infinite || b.infinite) return order;
  // Where a bound is, seen from its value: an exclusive lower one is above, an exclusive upper
  // below.
  auto place = [](const RangeBound& bound) {
    return bound.inclusive ? 0 : bound.is_lower ? 1 : -1;
  };
  return place(a) - place(b);
}

int RangeOps::compare(const Range& a, const Range& b) const {
  if (a.empty || b.empty) return a.empty == b.empty ? 0 : a.empty ? -1 : 1;
  int order = compare_bounds(a.lower, b.lower);
  return order != 0 ? order : compare_bounds(a.upper, b.upper);
}

bool RangeOps::bounds_adjacent(RangeBound upper, RangeBound lower) const {
  int order = compare_bound_values(upper, lower);
  if (order > 0) return false;
  if (order == 0) return upper.inclusive != lower.inclusive;
  // Between values of a continuous type there is always another.
  if (!kind_->is_discrete) return false;
  upper.inclusive = !upper.inclusive;
  lower.inclusive = !lower.inclusive;
  return make(upper, lower).empty;
}

bool RangeOps::contains_value(const Range& range, const Datum& value) const {
  if (range.empty) return false;
  if (!range.lower.infinite) {
    int order = compare_values(range.lower.value, value);
    if (order > 0 || (order == 0 && !range.lower.inclusive)) return false;
  }
  if (!range.upper.infinite) {
    int order = compare_values(range.upper.value, value);
    if (order < 0 || (order == 0 && !range.upper.inclusive)) return false;
  }
  return true;
}

bool RangeOps::contains(const Range& a, const Range& b) const {
  if (b.empty) return true;
  return !a.empty && compare_bounds(a.lower, b.lower) <= 0 && compare_bounds(a.upper, b.upper) >= 0;
}

bool RangeOps::overlaps(const Range& a, const Range& b) const {
  return !a.empty && !b.empty && compare_bounds(a.lower, b.upper) <= 0 &&
         compare_bounds(b.lower, a.upper) <= 0;
}

bool RangeOps::before(const Range& a, const Range& b) const {
  return !a.empty && !b.empty && compare_bounds(a.upper, b.lower) < 0;
}

bool RangeOps::adjacent(const Range& a, const Range& b) const {
  return !a.empty && !b.empty &&
         (bounds_adjacent(a.upper, b.lower) || bounds_adjacent(b.upper, a.lower));
}

Range RangeOps::merge(const Range& a, const Range& b) const {
  if (a.empty) return b;
  if (b.empty) return a;
  return make(compare_bounds(a.lower, b.lower) <= 0 ? a.lower : b.lower,
              compare_bounds(a.upper, b.upper) >= 0 ? a.upper : b.upper);
}

Range RangeOps::intersect(const Range& a, const Range& b) const {
  if (!overlaps(a, b)) return {};
  return make(compare_bounds(a.lower, b.lower) >= 0 ? a.lower : b.lower,
              compare_bounds(a.upper, b.upper) <= 0 ? a.upper : b.upper);
}

void RangeOps::subtract(const Range& a, const Range& b, Range& below, Range& above) const {
  below = above = Range();
  if (!overlaps(a, b)) {
    below = a;
    return;
  }
  auto opposite = [](RangeBound bound) {
    bound.inclusive = !bound.inclusive;
    return bound;
  };
  if (compare_bounds(a.lower, b.lower) < 0) below = make(a.lower, opposite(b.lower));
  if (compare_bounds(a.upper, b.upper) > 0) above = make(opposite(b.upper), a.upper);
}

uint64_t RangeOps::hash(const Range& range) const {
  if (range.empty) return hash_int64(kRangeEmpty);
  auto of_bound = [&](const RangeBound& bound) {
    uint64_t value = bound.infinite ? 0 : subtype_->hash(bound.value, *subtype_);
    return hash_mix(value, bound.infinite ? 2 : bound.inclusive ? 1 : 0);
  };
  return hash_mix(of_bound(range.lower), of_bound(range.upper) + 1);
}

}  // namespace luma
