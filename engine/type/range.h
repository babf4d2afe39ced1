#pragma once
// Range values. The bytes of one: the flags of the wire format (RangeFlag), then the lower and the
// upper bound that exist, fixed-size subtypes in physical_size() bytes, others as u32 size and
// bytes. Discrete ranges are kept canonical: [lower, upper).
#include <cstdint>
#include <span>
#include <string>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> range_codecs();

// What stands behind a range type and its multirange type.
struct RangeKind {
  Oid range = kInvalidOid;
  Oid multirange = kInvalidOid;
  Oid subtype = kInvalidOid;
  bool is_discrete = false;  // integers and dates
};
// By the oid of the range or of the multirange type; nullptr for other types.
const RangeKind* find_range_kind(Oid type);
// The same; throws XX000 for other types.
const RangeKind& range_kind(Oid type);

enum RangeFlag : uint8_t {
  kRangeEmpty = 1,
  kRangeLowerInclusive = 2,
  kRangeUpperInclusive = 4,
  kRangeLowerInfinite = 8,
  kRangeUpperInfinite = 16,
};

struct RangeBound {
  Datum value;
  bool infinite = false;
  bool inclusive = false;
  bool is_lower = false;
};

// A range taken apart. Long bound values point into what it was read from.
struct Range {
  bool empty = true;
  RangeBound lower;
  RangeBound upper;
};

// The order and arithmetic of the ranges of one type. Cheap to make; a pure value.
class RangeOps {
 public:
  explicit RangeOps(Oid range_or_multirange);

  const RangeKind& kind() const { return *kind_; }
  const TypeInfo& subtype() const { return *subtype_; }

  Range read(std::string_view value) const;
  void append(const Range& range, std::string& out) const;
  Datum store(const Range& range, Arena& arena) const;

  // A valid range of two bounds, canonical. Throws 22000 when they are in the wrong order, and what
  // the subtype's arithmetic throws.
  Range make(RangeBound lower, RangeBound upper) const;

  int compare_values(const Datum& a, const Datum& b) const;
  // As places on the line of values, telling lower from upper bounds.
  int compare_bounds(const RangeBound& a, const RangeBound& b) const;
  // Only the values (and infinities).
  int compare_bound_values(const RangeBound& a, const RangeBound& b) const;
  int compare(const Range& a, const Range& b) const;
  // Whether no value lies between an upper and a lower bound, nor in both.
  bool bounds_adjacent(RangeBound upper, RangeBound lower) const;

  bool contains_value(const Range& range, const Datum& value) const;
  bool contains(const Range& a, const Range& b) const;
  bool overlaps(const Range& a, const Range& b) const;
  bool before(const Range& a, const Range& b) const;
  bool adjacent(const Range& a, const Range& b) const;
  // From the lowest to the highest bound of both.
  Range merge(const Range& a, const Range& b) const;
  Range intersect(const Range& a, const Range& b) const;
  // What of `a` is below and above `b`; the parts may be empty.
  void subtract(const Range& a, const Range& b, Range& below, Range& above) const;

  uint64_t hash(const Range& range) const;

 private:
  Range canonical(Range range) const;

  const RangeKind* kind_;
  const TypeInfo* subtype_;
};

// Text and wire forms, which the forms of multiranges consist of.
Range range_from_text(const RangeOps& ops, std::string_view text, const IoContext& io,
                      Arena& arena);
void append_range_text(const RangeOps& ops, const Range& range, const IoContext& io,
                       std::string& out);
Range range_from_wire(const RangeOps& ops, std::string_view bytes, const IoContext& io,
                      Arena& arena);
void append_range_wire(const RangeOps& ops, const Range& range, const IoContext& io,
                       std::string& out);
void append_range_key(const RangeOps& ops, const Range& range, std::string& out);
Range range_from_key(const RangeOps& ops, std::string_view& key, Arena& arena);

}  // namespace luma
