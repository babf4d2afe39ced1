#include "engine/type/overlap_classes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include "engine/type/geometry.h"
#include "engine/type/grid_keys.h"
#include "engine/type/interval_keys.h"
#include "engine/type/multirange.h"
#include "engine/type/network.h"
#include "engine/type/range.h"

namespace luma {

namespace {

using Kind = InvertedQuery::Kind;
using Keys = std::vector<std::string>;
using Make = InvertedQuery (*)(const Datum& query, const TypeInfo& type);

InvertedQuery of_kind(Kind kind) {
  InvertedQuery out;
  out.kind = kind;
  return out;
}
InvertedQuery or_empty(InvertedQuery query) {
  InvertedQuery out = of_kind(Kind::kOr);
  out.parts.push_back(of_kind(Kind::kEmpty));
  out.parts.push_back(std::move(query));
  return out;
}

// --- ranges and multiranges: from the lowest to the highest bound ---

// What a value spans; nothing when it is empty.
std::optional<PlaceSpan> span_of_value(const Datum& value, const TypeInfo& type) {
  RangeOps ops(type.oid);
  Range range = type.oid == ops.kind().multirange
                    ? luma::span_of(read_multirange(ops, value.str.view()))
                    : ops.read(value.str.view());
  if (range.empty) return std::nullopt;
  auto place = [&](const RangeBound& bound, uint64_t unbounded) {
    if (bound.infinite) return unbounded;
    std::string key;
    ops.subtype().key_encode(bound.value, ops.subtype(), key);
    return place_of_key(key);
  };
  return PlaceSpan{place(range.lower, 0), place(range.upper, kMaxPlace)};
}

void range_extract(const Datum& value, const TypeInfo& type, Keys& keys) {
  if (std::optional<PlaceSpan> span = span_of_value(value, type)) append_interval_keys(*span, keys);
}

// Empty ranges neither overlap, precede nor touch anything.
template <InvertedQuery (*kFind)(const PlaceSpan&)>
InvertedQuery range_meets(const Datum& query, const TypeInfo& type) {
  std::optional<PlaceSpan> span = span_of_value(query, type);
  return span ? kFind(*span) : of_kind(Kind::kNone);
}
InvertedQuery range_contains(const Datum& query, const TypeInfo& type) {
  std::optional<PlaceSpan> span = span_of_value(query, type);
  return span ? intervals_that_meet(*span) : of_kind(Kind::kAll);
}
InvertedQuery range_within(const Datum& query, const TypeInfo& type) {
  std::optional<PlaceSpan> span = span_of_value(query, type);
  return span ? or_empty(intervals_within(*span)) : of_kind(Kind::kEmpty);
}
InvertedQuery range_equals(const Datum& query, const TypeInfo& type) {
  std::optional<PlaceSpan> span = span_of_value(query, type);
  return span ? intervals_that_equal(*span) : of_kind(Kind::kEmpty);
}
InvertedQuery range_has_element(const Datum& query, const TypeInfo& type) {
  std::string key;
  type.key_encode(query, type, key);
  const uint64_t place = place_of_key(key);
  return intervals_that_meet({place, place});
}
InvertedQuery before(const PlaceSpan& span) { return intervals_up_to(span.lower); }
InvertedQuery not_right_of(const PlaceSpan& span) { return intervals_up_to(span.upper); }
InvertedQuery not_left_of(const PlaceSpan& span) { return intervals_from(span.lower); }
InvertedQuery after(const PlaceSpan& span) { return intervals_from(span.upper); }

std::vector<InvertedKeys::Search> range_searches() {
  return {{1, range_meets<before>},
          {2, range_meets<not_right_of>},
          {3, range_meets<intervals_that_meet>},
          {4, range_meets<not_left_of>},
          {5, range_meets<after>},
          {6, range_meets<intervals_that_meet>},
          {7, range_contains},
          {8, range_within},
          {16, range_has_element},
          {18, range_equals}};
}

// --- networks: the addresses in them ---

// Addresses of version 4 come first; of long ones the beginning counts.
uint64_t place_of_address(const NetworkAddress& address) {
  uint64_t out = 0;
  constexpr int kAddressBytes = 8;
  for (int i = 0; i < kAddressBytes; ++i) {
    out = out << 8 | (i < address.size() ? address.bytes[i] : 0);
  }
  constexpr uint64_t kVersion6 = uint64_t{1} << 62;
  return (out >> 2) | (address.is_v6 ? kVersion6 : 0);
}

PlaceSpan addresses_of(const Datum& value) {
  const NetworkAddress address(value.str.view());
  NetworkAddress first = address, last = address;
  for (int i = 0; i < address.size(); ++i) {
    first.bytes[i] = static_cast<uint8_t>(first.bytes[i] & address.mask(i));
    last.bytes[i] = static_cast<uint8_t>(last.bytes[i] | ~address.mask(i));
  }
  return {place_of_address(first), place_of_address(last)};
}

void network_extract(const Datum& value, const TypeInfo&, Keys& keys) {
  append_interval_keys(addresses_of(value), keys);
}
template <InvertedQuery (*kFind)(const PlaceSpan&)>
InvertedQuery network_query(const Datum& query, const TypeInfo&) {
  return kFind(addresses_of(query));
}
// Networks sort by where they begin, so those that are less begin no later than this one ends.
InvertedQuery begins_by(const PlaceSpan& span) { return intervals_that_meet({0, span.upper}); }
InvertedQuery ends_from(const PlaceSpan& span) {
  return intervals_that_meet({span.lower, kMaxPlace});
}
InvertedQuery anywhere(const Datum&, const TypeInfo&) { return of_kind(Kind::kAll); }

// --- shapes: the boxes around them ---

constexpr Oid kPointOid = 600, kBoxOid = 603, kPolygonOid = 604;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

GridBox around(std::span<const Point> points) {
  GridBox out{kInfinity, -kInfinity, kInfinity, -kInfinity};
  for (const Point& point : points) {
    if (std::isnan(point.x) || std::isnan(point.y)) return {NAN, NAN, NAN, NAN};
    out.low_x = std::min(out.low_x, point.x);
    out.high_x = std::max(out.high_x, point.x);
    out.low_y = std::min(out.low_y, point.y);
    out.high_y = std::max(out.high_y, point.y);
  }
  return out;
}

GridBox box_around(const Datum& value, const TypeInfo& type) {
  std::string_view bytes = value.str.view();
  switch (type.oid) {
    case kPointOid: {
      const auto point = read_shape<Point>(bytes);
      return around({&point, 1});
    }
    case kBoxOid: {
      const auto box = read_shape<Box>(bytes);
      return around(std::vector{box.high, box.low});
    }
    case kPolygonOid:
      return around(read_shape<Polygon>(bytes).points);
    default: {
      const auto circle = read_shape<Circle>(bytes);
      const Point& center = circle.center;
      return around(std::vector<Point>{{center.x - circle.radius, center.y - circle.radius},
                                       {center.x + circle.radius, center.y + circle.radius}});
    }
  }
}

void shape_extract(const Datum& value, const TypeInfo& type, Keys& keys) {
  append_grid_keys(box_around(value, type), keys);
}

enum class Side : uint8_t { kAnywhere, kOn, kBefore, kUpTo, kFrom, kBehind };

// The box to look in. Comparisons forgive a difference of kGeometryEpsilon, and a little more gets
// lost in sums.
InvertedQuery shape_query(const Datum& query, const TypeInfo& type, Side x, Side y) {
  GridBox box = box_around(query, type);
  if (std::isnan(box.low_x)) return of_kind(Kind::kAll);
  auto extend = [](Side side, double& low, double& high) {
    auto slack = [](double v) {
      return std::isinf(v) ? 0 : 4 * kGeometryEpsilon + std::abs(v) * 1e-12;
    };
    const double first = low, last = high;
    low = side == Side::kFrom || side == Side::kOn ? first - slack(first)
          : side == Side::kBehind                  ? last - slack(last)
                                                   : -kInfinity;
    high = side == Side::kUpTo || side == Side::kOn ? last + slack(last)
           : side == Side::kBefore                  ? first + slack(first)
                                                    : kInfinity;
  };
  extend(x, box.low_x, box.high_x);
  extend(y, box.low_y, box.high_y);
  return boxes_that_meet(box);
}
template <Side kX, Side kY>
InvertedQuery shapes(const Datum& query, const TypeInfo& type) {
  return shape_query(query, type, kX, kY);
}

std::vector<InvertedKeys::Search> box_searches() {
  constexpr Make kMeet = shapes<Side::kOn, Side::kOn>;
  return {{1, shapes<Side::kBefore, Side::kAnywhere>},
          {2, shapes<Side::kUpTo, Side::kAnywhere>},
          {3, kMeet},
          {4, shapes<Side::kFrom, Side::kAnywhere>},
          {5, shapes<Side::kBehind, Side::kAnywhere>},
          {6, kMeet},
          {7, kMeet},
          {8, kMeet},
          {9, shapes<Side::kAnywhere, Side::kUpTo>},
          {10, shapes<Side::kAnywhere, Side::kBefore>},
          {11, shapes<Side::kAnywhere, Side::kBehind>},
          {12, shapes<Side::kAnywhere, Side::kFrom>}};
}

std::vector<InvertedKeys::Search> point_searches() {
  constexpr Make kMeet = shapes<Side::kOn, Side::kOn>;
  return {{1, shapes<Side::kBefore, Side::kAnywhere>},
          {5, shapes<Side::kBehind, Side::kAnywhere>},
          {6, kMeet},
          {8, kMeet},
          {10, shapes<Side::kAnywhere, Side::kBefore>},
          {11, shapes<Side::kAnywhere, Side::kBehind>},
          {28, kMeet},
          {29, shapes<Side::kAnywhere, Side::kBefore>},
          {30, shapes<Side::kAnywhere, Side::kBehind>},
          {48, kMeet},
          {68, kMeet}};
}

std::vector<InvertedKeys::Search> network_searches() {
  constexpr Make kMeet = network_query<intervals_that_meet>;
  constexpr Make kWithin = network_query<intervals_within>;
  return {{3, kMeet},
          {18, network_query<intervals_that_equal>},
          {19, anywhere},
          {20, network_query<begins_by>},
          {21, network_query<begins_by>},
          {22, network_query<ends_from>},
          {23, network_query<ends_from>},
          {24, kWithin},
          {25, kWithin},
          {26, kMeet},
          {27, kMeet}};
}

constexpr Oid kGistNetwork = 10017, kSpgistNetwork = 10018, kGistBox = 10060, kGistPoint = 10061,
              kGistPolygon = 10062, kGistCircle = 10063, kGistRange = 10078, kSpgistRange = 10079,
              kGistMultirange = 10082, kSpgistBox = 10083, kSpgistQuadPoint = 10084,
              kSpgistKdPoint = 10085, kSpgistPolygon = 10087;
// brin numbers some operators differently.
constexpr Oid kBrinNetwork = 10130, kBrinRange = 10159, kBrinBox = 10163;

}  // namespace

std::vector<InvertedKeys> overlap_classes() {
  std::vector<InvertedKeys> out;
  for (Oid oid : {kGistRange, kSpgistRange, kGistMultirange}) {
    out.push_back({oid, range_extract, range_searches()});
  }
  for (Oid oid : {kGistNetwork, kSpgistNetwork}) {
    out.push_back({oid, network_extract, network_searches()});
  }
  for (Oid oid : {kGistBox, kGistPolygon, kGistCircle, kSpgistBox, kSpgistPolygon, kBrinBox}) {
    out.push_back({oid, shape_extract, box_searches()});
  }
  for (Oid oid : {kGistPoint, kSpgistQuadPoint, kSpgistKdPoint}) {
    out.push_back({oid, shape_extract, point_searches()});
  }
  std::vector<InvertedKeys::Search> ranges = range_searches();
  std::erase_if(ranges, [](const auto& search) { return search.strategy == 6; });
  ranges.push_back({17, range_meets<intervals_that_meet>});
  out.push_back({kBrinRange, range_extract, std::move(ranges)});
  out.push_back({kBrinNetwork,
                 network_extract,
                 {{3, network_query<intervals_that_meet>},
                  {7, network_query<intervals_that_meet>},
                  {8, network_query<intervals_within>},
                  {18, network_query<intervals_that_equal>},
                  {24, network_query<intervals_that_meet>},
                  {26, network_query<intervals_within>}}});
  return out;
}

}  // namespace luma
