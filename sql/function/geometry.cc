// Points, line segments, lines and boxes.
#include <cmath>

#include "engine/base/sql_error.h"
#include "sql/function/geometry_call.h"
#include "sql/function/geometry_shapes.h"
#include "sql/function/type_families.h"
#include "sql/function/value_parts.h"

namespace luma {

namespace {

using MaybePoint = std::optional<Point>;

// Without a number for a distance there is no nearest point.
MaybePoint point_of(const Nearest& nearest) {
  return std::isnan(nearest.distance) ? std::nullopt : MaybePoint(nearest.point);
}
double slope(const Segment& s) { return slope_of(s.a, s.b); }
bool same_segment(const Segment& a, const Segment& b) {
  return same_point(a.a, b.a) && same_point(a.b, b.b);
}

Line line_of_points(const Point& a, const Point& b) {
  if (same_point(a, b)) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "invalid line specification: must be two distinct points");
  }
  return line_through(a, slope_of(a, b));
}
bool perpendicular(const Line& l, const Line& m) {
  if (fuzzy_zero(l.a)) return fuzzy_zero(m.b);
  if (fuzzy_zero(m.a)) return fuzzy_zero(l.b);
  if (fuzzy_zero(l.b)) return fuzzy_zero(m.a);
  if (fuzzy_zero(m.b)) return fuzzy_zero(l.a);
  return fuzzy_eq(checked_div(checked_mul(l.a, m.a), checked_mul(l.b, m.b)), -1.0);
}
bool same_line(const Line& l, const Line& m) {
  auto is_nan = [](const Line& k) { return std::isnan(k.a) || std::isnan(k.b) || std::isnan(k.c); };
  auto equal = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  if (is_nan(l) || is_nan(m)) return equal(l.a, m.a) && equal(l.b, m.b) && equal(l.c, m.c);
  double ratio = !fuzzy_zero(m.a)   ? checked_div(l.a, m.a)
                 : !fuzzy_zero(m.b) ? checked_div(l.b, m.b)
                 : !fuzzy_zero(m.c) ? checked_div(l.c, m.c)
                                    : 1;
  return fuzzy_eq(l.a, checked_mul(ratio, m.a)) && fuzzy_eq(l.b, checked_mul(ratio, m.b)) &&
         fuzzy_eq(l.c, checked_mul(ratio, m.c));
}
double line_distance(const Line& l, const Line& m) {
  if (intersection(l, m)) return 0;
  auto usable = [](double x, double y) {
    return !fuzzy_zero(x) && !std::isnan(x) && !fuzzy_zero(y) && !std::isnan(y);
  };
  double ratio = usable(l.a, m.a)   ? checked_div(l.a, m.a)
                 : usable(l.b, m.b) ? checked_div(l.b, m.b)
                                    : 1;
  double gap = std::fabs(checked_sub(l.c, checked_mul(ratio, m.c)));
  return checked_div(gap, distance(Point{l.a, l.b}, Point{}));
}
std::optional<Box> box_intersection(const Box& a, const Box& b) {
  if (!overlap(a, b)) return std::nullopt;
  return Box{{std::min(a.high.x, b.high.x), std::min(a.high.y, b.high.y)},
             {std::max(a.low.x, b.low.x), std::max(a.low.y, b.low.y)}};
}

#define LUMA_SHAPE(signature, params, result) \
  scalar_row(signature, shape_kernel<[] params { return (result); }>)
#define LUMA_POINTS(name, result) \
  LUMA_SHAPE(name "(point,point)", (const Point& a, const Point& b), result)
#define LUMA_SEGMENTS(name, result) \
  LUMA_SHAPE(name "(lseg,lseg)", (const Segment& a, const Segment& b), result)
#define LUMA_LINES(name, result) \
  LUMA_SHAPE(name "(line,line)", (const Line& a, const Line& b), result)
#define LUMA_BOXES(name, result) LUMA_SHAPE(name "(box,box)", (const Box& a, const Box& b), result)
#define LUMA_BOX_POINT(name, result) \
  LUMA_SHAPE(name "(box,point)", (const Box& a, const Point& b), result)

const KernelRow kPointRows[] = {
    LUMA_SHAPE("point(float8,float8)", (double x, double y), (Point{x, y})),
    LUMA_SHAPE("point(lseg)", (const Segment& s), middle_of(s.a, s.b)),
    LUMA_SHAPE("point(box)", (const Box& b), center_of(b)),
    LUMA_POINTS("point_eq", same_point(a, b)),
    LUMA_POINTS("point_ne", !same_point(a, b)),
    LUMA_POINTS("point_left", fuzzy_lt(a.x, b.x)),
    LUMA_POINTS("point_right", fuzzy_gt(a.x, b.x)),
    LUMA_POINTS("point_above", fuzzy_gt(a.y, b.y)),
    LUMA_POINTS("point_below", fuzzy_lt(a.y, b.y)),
    LUMA_POINTS("point_vert", fuzzy_eq(a.x, b.x)),
    LUMA_POINTS("point_horiz", fuzzy_eq(a.y, b.y)),
    LUMA_POINTS("point_distance", distance(a, b)),
    LUMA_POINTS("slope", slope_of(a, b)),
    LUMA_POINTS("point_add", a + b),
    LUMA_POINTS("point_sub", a - b),
    LUMA_POINTS("point_mul", a* b),
    LUMA_POINTS("point_div", a / b),
    // segments
    LUMA_SHAPE("lseg(point,point)", (const Point& a, const Point& b), (Segment{a, b})),
    LUMA_SHAPE("lseg_length(lseg)", (const Segment& s), length_of(s)),
    LUMA_SHAPE("lseg_center(lseg)", (const Segment& s), middle_of(s.a, s.b)),
    LUMA_SHAPE("lseg_vertical(lseg)", (const Segment& s), fuzzy_eq(s.a.x, s.b.x)),
    LUMA_SHAPE("lseg_horizontal(lseg)", (const Segment& s), fuzzy_eq(s.a.y, s.b.y)),
    LUMA_SEGMENTS("lseg_eq", same_segment(a, b)),
    LUMA_SEGMENTS("lseg_ne", !same_segment(a, b)),
    LUMA_SEGMENTS("lseg_lt", fuzzy_lt(length_of(a), length_of(b))),
    LUMA_SEGMENTS("lseg_le", fuzzy_le(length_of(a), length_of(b))),
    LUMA_SEGMENTS("lseg_gt", fuzzy_gt(length_of(a), length_of(b))),
    LUMA_SEGMENTS("lseg_ge", fuzzy_ge(length_of(a), length_of(b))),
    LUMA_SEGMENTS("lseg_parallel", fuzzy_eq(slope(a), slope(b))),
    LUMA_SEGMENTS("lseg_perp", fuzzy_eq(slope(a), inverse_slope_of(b))),
    LUMA_SEGMENTS("lseg_intersect", intersection(a, b).has_value()),
    LUMA_SEGMENTS("lseg_interpt", intersection(a, b)),
    LUMA_SEGMENTS("lseg_distance", nearest(a, b).distance),
    LUMA_SEGMENTS("close_lseg", slope(a) == slope(b) ? MaybePoint() : point_of(nearest(b, a))),
    LUMA_SHAPE("close_ps(point,lseg)", (const Point& p, const Segment& s), point_of(nearest(s, p))),
    LUMA_SHAPE("dist_ps(point,lseg)", (const Point& p, const Segment& s), nearest(s, p).distance),
    LUMA_SHAPE("dist_sp(lseg,point)", (const Segment& s, const Point& p), nearest(s, p).distance),
    LUMA_SHAPE("on_ps(point,lseg)", (const Point& p, const Segment& s), has_point(s, p)),
};

const KernelRow kLineRows[] = {
    LUMA_SHAPE("line(point,point)", (const Point& a, const Point& b), line_of_points(a, b)),
    LUMA_SHAPE("line_vertical(line)", (const Line& l), fuzzy_zero(l.b)),
    LUMA_SHAPE("line_horizontal(line)", (const Line& l), fuzzy_zero(l.a)),
    LUMA_LINES("line_eq", same_line(a, b)),
    LUMA_LINES("line_parallel", !intersection(a, b).has_value()),
    LUMA_LINES("line_perp", perpendicular(a, b)),
    LUMA_LINES("line_intersect", intersection(a, b).has_value()),
    LUMA_LINES("line_interpt", intersection(a, b)),
    LUMA_LINES("line_distance", line_distance(a, b)),
    LUMA_SHAPE("close_pl(point,line)", (const Point& p, const Line& l), point_of(nearest(l, p))),
    LUMA_SHAPE("close_ls(line,lseg)", (const Line& l, const Segment& s),
               slope(s) == slope_of(l) ? MaybePoint() : point_of(nearest(s, l))),
    LUMA_SHAPE("dist_pl(point,line)", (const Point& p, const Line& l), nearest(l, p).distance),
    LUMA_SHAPE("dist_lp(line,point)", (const Line& l, const Point& p), nearest(l, p).distance),
    LUMA_SHAPE("dist_sl(lseg,line)", (const Segment& s, const Line& l), nearest(s, l).distance),
    LUMA_SHAPE("dist_ls(line,lseg)", (const Line& l, const Segment& s), nearest(s, l).distance),
    LUMA_SHAPE("inter_sl(lseg,line)", (const Segment& s, const Line& l),
               intersection(s, l).has_value()),
    LUMA_SHAPE("inter_lb(line,box)", (const Line& l, const Box& b), intersects(b, l)),
    LUMA_SHAPE("on_pl(point,line)", (const Point& p, const Line& l), has_point(l, p)),
    LUMA_SHAPE("on_sl(lseg,line)", (const Segment& s, const Line& l),
               has_point(l, s.a) && has_point(l, s.b)),
};

const KernelRow kBoxRows[] = {
    LUMA_SHAPE("box(point,point)", (const Point& a, const Point& b), box_of(a, b)),
    LUMA_SHAPE("box(point)", (const Point& p), (Box{p, p})),
    LUMA_SHAPE("area(box)", (const Box& b), area_of(b)),
    LUMA_SHAPE("width(box)", (const Box& b), checked_sub(b.high.x, b.low.x)),
    LUMA_SHAPE("height(box)", (const Box& b), checked_sub(b.high.y, b.low.y)),
    LUMA_SHAPE("center(box)", (const Box& b), center_of(b)),
    LUMA_SHAPE("diagonal(box)", (const Box& b), (Segment{b.high, b.low})),
    LUMA_BOXES("box_same", same_point(a.high, b.high) && same_point(a.low, b.low)),
    LUMA_BOXES("box_eq", fuzzy_eq(area_of(a), area_of(b))),
    LUMA_BOXES("box_lt", fuzzy_lt(area_of(a), area_of(b))),
    LUMA_BOXES("box_le", fuzzy_le(area_of(a), area_of(b))),
    LUMA_BOXES("box_gt", fuzzy_gt(area_of(a), area_of(b))),
    LUMA_BOXES("box_ge", fuzzy_ge(area_of(a), area_of(b))),
    LUMA_BOXES("box_overlap", overlap(a, b)),
    LUMA_BOXES("box_left", fuzzy_lt(a.high.x, b.low.x)),
    LUMA_BOXES("box_overleft", fuzzy_le(a.high.x, b.high.x)),
    LUMA_BOXES("box_right", fuzzy_gt(a.low.x, b.high.x)),
    LUMA_BOXES("box_overright", fuzzy_ge(a.low.x, b.low.x)),
    LUMA_BOXES("box_below", fuzzy_lt(a.high.y, b.low.y)),
    LUMA_BOXES("box_overbelow", fuzzy_le(a.high.y, b.high.y)),
    LUMA_BOXES("box_above", fuzzy_gt(a.low.y, b.high.y)),
    LUMA_BOXES("box_overabove", fuzzy_ge(a.low.y, b.low.y)),
    LUMA_BOXES("box_below_eq", fuzzy_le(a.high.y, b.low.y)),
    LUMA_BOXES("box_above_eq", fuzzy_ge(a.low.y, b.high.y)),
    LUMA_BOXES("box_contain", contains(a, b)),
    LUMA_BOXES("box_contained", contains(b, a)),
    LUMA_BOXES("box_distance", distance(center_of(a), center_of(b))),
    LUMA_BOXES("box_intersect", box_intersection(a, b)),
    LUMA_BOXES("bound_box", (Box{{std::max(a.high.x, b.high.x), std::max(a.high.y, b.high.y)},
                                 {std::min(a.low.x, b.low.x), std::min(a.low.y, b.low.y)}})),
    LUMA_BOX_POINT("box_add", (Box{a.high + b, a.low + b})),
    LUMA_BOX_POINT("box_sub", (Box{a.high - b, a.low - b})),
    LUMA_BOX_POINT("box_mul", box_of(a.high* b, a.low* b)),
    LUMA_BOX_POINT("box_div", box_of(a.high / b, a.low / b)),
    LUMA_BOX_POINT("box_contain_pt", has_point(a, b)),
    LUMA_BOX_POINT("dist_bp", nearest(a, b).distance),
    LUMA_SHAPE("dist_pb(point,box)", (const Point& p, const Box& b), nearest(b, p).distance),
    LUMA_SHAPE("dist_sb(lseg,box)", (const Segment& s, const Box& b), nearest(b, s).distance),
    LUMA_SHAPE("dist_bs(box,lseg)", (const Box& b, const Segment& s), nearest(b, s).distance),
    LUMA_SHAPE("close_pb(point,box)", (const Point& p, const Box& b), point_of(nearest(b, p))),
    LUMA_SHAPE("close_sb(lseg,box)", (const Segment& s, const Box& b), point_of(nearest(b, s))),
    LUMA_SHAPE("inter_sb(lseg,box)", (const Segment& s, const Box& b), intersects(b, s)),
    LUMA_SHAPE("on_pb(point,box)", (const Point& p, const Box& b), has_point(b, p)),
    LUMA_SHAPE("on_sb(lseg,box)", (const Segment& s, const Box& b),
               has_point(b, s.a) && has_point(b, s.b)),
};

// The shapes are arrays of the packed elements.
Value shape_element(RowCall& call, const Value* args) {
  const TypeInfo& type = type_info(call.expr.type.oid);
  std::string_view bytes = args[0].datum.str.view();
  size_t size = type.physical == PhysicalType::kDouble ? sizeof(double) : sizeof(Point);
  int64_t index = args[1].datum.i32;
  if (index < 0 || static_cast<size_t>(index + 1) * size > bytes.size()) return Value::null();
  std::string_view element = bytes.substr(static_cast<size_t>(index) * size, size);
  if (type.physical != PhysicalType::kDouble)
    return store_shape(read_shape<Point>(element), call.arena);
  double number;
  std::memcpy(&number, element.data(), sizeof number);
  return Datum::of_double(number);
}

}  // namespace

VectorKernel shape_element_kernel() { return row_kernel<shape_element>; }

std::span<const KernelRow> point_kernels() { return kPointRows; }
std::span<const KernelRow> line_kernels() { return kLineRows; }
std::span<const KernelRow> box_kernels() { return kBoxRows; }

}  // namespace luma
