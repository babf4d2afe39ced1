// Circles, paths and polygons.
#include <cmath>
#include <numbers>

#include "engine/base/sql_error.h"
#include "engine/type/float.h"
#include "sql/function/geometry_call.h"
#include "sql/function/geometry_shapes.h"
#include "sql/function/type_families.h"

namespace luma {

namespace {

// --- circles ---
double area(const Circle& c) {
  return checked_mul(checked_mul(c.radius, c.radius), std::numbers::pi);
}
double gap(const Circle& a, const Circle& b) {
  return std::max(checked_sub(distance(a.center, b.center), checked_add(a.radius, b.radius)), 0.0);
}
double gap(const Circle& c, const Point& p) {
  return std::max(checked_sub(distance(p, c.center), c.radius), 0.0);
}
double gap(const Circle& c, const Polygon& p) {
  return std::max(checked_sub(distance(p, c.center), c.radius), 0.0);
}
bool same_circle(const Circle& a, const Circle& b) {
  bool same_radius = (std::isnan(a.radius) && std::isnan(b.radius)) || fuzzy_eq(a.radius, b.radius);
  return same_radius && same_point(a.center, b.center);
}
double high_x(const Circle& c) { return checked_add(c.center.x, c.radius); }
double high_y(const Circle& c) { return checked_add(c.center.y, c.radius); }
double low_x(const Circle& c) { return checked_sub(c.center.x, c.radius); }
double low_y(const Circle& c) { return checked_sub(c.center.y, c.radius); }
double stretch(const Point& by) { return distance(by, Point{}); }
Box box_in_circle(const Circle& c) {
  double half = checked_div(c.radius, std::numbers::sqrt2);
  return {{checked_add(c.center.x, half), checked_add(c.center.y, half)},
          {checked_sub(c.center.x, half), checked_sub(c.center.y, half)}};
}
Polygon polygon_of(int32_t count, const Circle& c) {
  if (fuzzy_zero(c.radius)) {
    throw sql_error(SqlState::kFeatureNotSupported,
                    "cannot convert circle with radius zero to polygon");
  }
  if (count < 2)
    throw sql_error(SqlState::kInvalidParameterValue, "must request at least 2 points");
  Polygon polygon;
  double step = 2.0 * std::numbers::pi / count;
  for (int32_t i = 0; i < count; ++i) {
    double angle = step * i;
    polygon.points.push_back({checked_sub(c.center.x, checked_mul(c.radius, std::cos(angle))),
                              checked_add(c.center.y, checked_mul(c.radius, std::sin(angle)))});
  }
  return polygon;
}

// --- paths ---
int32_t count_of(const std::vector<Point>& points) { return static_cast<int32_t>(points.size()); }
double length_of(const Path& path) {
  double length = 0;
  for (const Segment& s : segments_of(path.points, path.closed)) {
    length = checked_add(length, luma::length_of(s));
  }
  return length;
}
std::optional<double> area(const Path& path) {
  if (!path.closed) return std::nullopt;
  double sum = 0;
  const std::vector<Point>& p = path.points;
  for (size_t i = 0; i < p.size(); ++i) {
    const Point& next = p[(i + 1) % p.size()];
    sum = checked_add(sum, checked_mul(p[i].x, next.y));
    sum = checked_sub(sum, checked_mul(p[i].y, next.x));
  }
  return checked_div(std::fabs(sum), 2.0);
}
Path with_ends(Path path, bool closed) {
  path.closed = closed;
  return path;
}
template <typename Change>
Path each_point(Path path, Change change) {
  for (Point& p : path.points) p = change(p);
  return path;
}
std::optional<Path> joined(Path a, const Path& b) {
  if (a.closed || b.closed) return std::nullopt;
  a.points.insert(a.points.end(), b.points.begin(), b.points.end());
  return a;
}
bool paths_meet(const Path& a, const Path& b) {
  if (!overlap(bounding_box(a.points), bounding_box(b.points))) return false;
  for (const Segment& s : segments_of(a.points, a.closed)) {
    for (const Segment& t : segments_of(b.points, b.closed)) {
      if (intersection(s, t)) return true;
    }
  }
  return false;
}
std::optional<double> gap(const std::vector<Segment>& a, const std::vector<Segment>& b) {
  std::optional<double> best;
  for (const Segment& s : a) {
    for (const Segment& t : b) {
      double away = nearest(s, t).distance;
      if (!best || compare_float8(away, *best) < 0) best = away;
    }
  }
  return best;
}
std::optional<double> gap(const Path& a, const Path& b) {
  return gap(segments_of(a.points, a.closed), segments_of(b.points, b.closed));
}
double gap(const Path& path, const Point& p) {
  std::optional<double> best;
  for (const Segment& s : segments_of(path.points, path.closed)) {
    double away = nearest(s, p).distance;
    if (!best || compare_float8(away, *best) < 0) best = away;
  }
  return best.value_or(0);
}
bool on_path(const Point& p, const Path& path) {
  if (path.closed) return locate(p, path.points) != Inside::kOutside;
  for (const Segment& s : segments_of(path.points, false)) {
    if (has_point(s, p)) return true;
  }
  return false;
}
Polygon polygon_of(const Path& path) {
  if (!path.closed) {
    throw sql_error(SqlState::kInvalidParameterValue, "open path cannot be converted to polygon");
  }
  return {path.points};
}

// --- polygons ---
Box bounds(const Polygon& p) { return bounding_box(p.points); }
// The same points in the same or the opposite order, from wherever they begin.
bool same_polygon(const Polygon& a, const Polygon& b) {
  size_t count = a.points.size();
  if (count != b.points.size()) return false;
  for (size_t start = 0; start < count; ++start) {
    size_t forward = 0;
    size_t backward = 0;
    while (forward < count && same_point(a.points[forward], b.points[(start + forward) % count])) {
      ++forward;
    }
    while (backward < count &&
           same_point(a.points[backward], b.points[(start + count - backward) % count])) {
      ++backward;
    }
    if (forward == count || backward == count) return true;
  }
  return false;
}
std::optional<double> gap(const Polygon& a, const Polygon& b) {
  if (overlap(a, b)) return 0.0;
  return gap(segments_of(a.points, true), segments_of(b.points, true));
}
bool has_point(const Polygon& polygon, const Point& p) {
  return locate(p, polygon.points) != Inside::kOutside;
}

#define LUMA_SHAPE(signature, params, result) \
  scalar_row(signature, shape_kernel<[] params { return (result); }>)
#define LUMA_CIRCLES(name, result) \
  LUMA_SHAPE(name "(circle,circle)", (const Circle& a, const Circle& b), result)
#define LUMA_CIRCLE_POINT(name, result) \
  LUMA_SHAPE(name "(circle,point)", (const Circle& a, const Point& b), result)
#define LUMA_PATHS(name, result) \
  LUMA_SHAPE(name "(path,path)", (const Path& a, const Path& b), result)
#define LUMA_PATH_POINT(name, operation)                           \
  LUMA_SHAPE(name "(path,point)", (const Path& a, const Point& b), \
             each_point(a, [&](const Point& p) { return p operation b; }))
#define LUMA_POLYGONS(name, result) \
  LUMA_SHAPE(name "(polygon,polygon)", (const Polygon& a, const Polygon& b), result)

const KernelRow kCircleRows[] = {
    LUMA_SHAPE("circle(point,float8)", (const Point& p, double radius), (Circle{p, radius})),
    LUMA_SHAPE("circle(box)", (const Box& b),
               (Circle{center_of(b), distance(center_of(b), b.high)})),
    LUMA_SHAPE("circle(polygon)", (const Polygon& p), circle_of(p)),
    LUMA_SHAPE("box(circle)", (const Circle& c), box_in_circle(c)),
    LUMA_SHAPE("polygon(int4,circle)", (int32_t count, const Circle& c), polygon_of(count, c)),
    LUMA_SHAPE("polygon(circle)", (const Circle& c), polygon_of(12, c)),
    LUMA_SHAPE("center(circle)", (const Circle& c), c.center),
    LUMA_SHAPE("radius(circle)", (const Circle& c), c.radius),
    LUMA_SHAPE("diameter(circle)", (const Circle& c), checked_mul(c.radius, 2.0)),
    LUMA_SHAPE("area(circle)", (const Circle& c), area(c)),
    LUMA_CIRCLES("circle_same", same_circle(a, b)),
    LUMA_CIRCLES("circle_eq", fuzzy_eq(area(a), area(b))),
    LUMA_CIRCLES("circle_ne", !fuzzy_eq(area(a), area(b))),
    LUMA_CIRCLES("circle_lt", fuzzy_lt(area(a), area(b))),
    LUMA_CIRCLES("circle_le", fuzzy_le(area(a), area(b))),
    LUMA_CIRCLES("circle_gt", fuzzy_gt(area(a), area(b))),
    LUMA_CIRCLES("circle_ge", fuzzy_ge(area(a), area(b))),
    LUMA_CIRCLES("circle_overlap",
                 fuzzy_le(distance(a.center, b.center), checked_add(a.radius, b.radius))),
    LUMA_CIRCLES("circle_contain",
                 fuzzy_le(distance(a.center, b.center), checked_sub(a.radius, b.radius))),
    LUMA_CIRCLES("circle_contained",
                 fuzzy_le(distance(a.center, b.center), checked_sub(b.radius, a.radius))),
    LUMA_CIRCLES("circle_left", fuzzy_lt(high_x(a), low_x(b))),
    LUMA_CIRCLES("circle_overleft", fuzzy_le(high_x(a), high_x(b))),
    LUMA_CIRCLES("circle_right", fuzzy_gt(low_x(a), high_x(b))),
    LUMA_CIRCLES("circle_overright", fuzzy_ge(low_x(a), low_x(b))),
    LUMA_CIRCLES("circle_below", fuzzy_lt(high_y(a), low_y(b))),
    LUMA_CIRCLES("circle_overbelow", fuzzy_le(high_y(a), high_y(b))),
    LUMA_CIRCLES("circle_above", fuzzy_gt(low_y(a), high_y(b))),
    LUMA_CIRCLES("circle_overabove", fuzzy_ge(low_y(a), low_y(b))),
    LUMA_CIRCLES("circle_distance", gap(a, b)),
    LUMA_CIRCLE_POINT("circle_add_pt", (Circle{a.center + b, a.radius})),
    LUMA_CIRCLE_POINT("circle_sub_pt", (Circle{a.center - b, a.radius})),
    LUMA_CIRCLE_POINT("circle_mul_pt", (Circle{a.center * b, checked_mul(a.radius, stretch(b))})),
    LUMA_CIRCLE_POINT("circle_div_pt", (Circle{a.center / b, checked_div(a.radius, stretch(b))})),
    LUMA_CIRCLE_POINT("circle_contain_pt", distance(a.center, b) <= a.radius),
    LUMA_CIRCLE_POINT("dist_cpoint", gap(a, b)),
    LUMA_SHAPE("pt_contained_circle(point,circle)", (const Point& p, const Circle& c),
               distance(c.center, p) <= c.radius),
    LUMA_SHAPE("dist_pc(point,circle)", (const Point& p, const Circle& c), gap(c, p)),
    LUMA_SHAPE("dist_cpoly(circle,polygon)", (const Circle& c, const Polygon& p), gap(c, p)),
    LUMA_SHAPE("dist_polyc(polygon,circle)", (const Polygon& p, const Circle& c), gap(c, p)),
};

const KernelRow kPathRows[] = {
    LUMA_SHAPE("area(path)", (const Path& p), area(p)),
    LUMA_SHAPE("path_length(path)", (const Path& p), length_of(p)),
    LUMA_SHAPE("npoints(path)", (const Path& p), count_of(p.points)),
    LUMA_SHAPE("isclosed(path)", (const Path& p), p.closed),
    LUMA_SHAPE("isopen(path)", (const Path& p), !p.closed),
    LUMA_SHAPE("pclose(path)", (const Path& p), with_ends(p, true)),
    LUMA_SHAPE("popen(path)", (const Path& p), with_ends(p, false)),
    LUMA_SHAPE("path(polygon)", (const Polygon& p), (Path{true, p.points})),
    LUMA_SHAPE("polygon(path)", (const Path& p), polygon_of(p)),
    LUMA_PATHS("path_n_eq", a.points.size() == b.points.size()),
    LUMA_PATHS("path_n_lt", a.points.size() < b.points.size()),
    LUMA_PATHS("path_n_le", a.points.size() <= b.points.size()),
    LUMA_PATHS("path_n_gt", a.points.size() > b.points.size()),
    LUMA_PATHS("path_n_ge", a.points.size() >= b.points.size()),
    LUMA_PATHS("path_inter", paths_meet(a, b)),
    LUMA_PATHS("path_distance", gap(a, b)),
    LUMA_PATHS("path_add", joined(a, b)),
    LUMA_PATH_POINT("path_add_pt", +),
    LUMA_PATH_POINT("path_sub_pt", -),
    LUMA_PATH_POINT("path_mul_pt", *),
    LUMA_PATH_POINT("path_div_pt", /),
    LUMA_SHAPE("path_contain_pt(path,point)", (const Path& a, const Point& b), on_path(b, a)),
    LUMA_SHAPE("on_ppath(point,path)", (const Point& a, const Path& b), on_path(a, b)),
    LUMA_SHAPE("dist_ppath(point,path)", (const Point& a, const Path& b), gap(b, a)),
    LUMA_SHAPE("dist_pathp(path,point)", (const Path& a, const Point& b), gap(a, b)),
};

const KernelRow kPolygonRows[] = {
    LUMA_SHAPE("polygon(box)", (const Box& b),
               (Polygon{{b.low, {b.low.x, b.high.y}, b.high, {b.high.x, b.low.y}}})),
    LUMA_SHAPE("box(polygon)", (const Polygon& p), bounds(p)),
    LUMA_SHAPE("point(polygon)", (const Polygon& p), circle_of(p).center),
    LUMA_SHAPE("npoints(polygon)", (const Polygon& p), count_of(p.points)),
    LUMA_POLYGONS("poly_same", same_polygon(a, b)),
    LUMA_POLYGONS("poly_overlap", overlap(a, b)),
    LUMA_POLYGONS("poly_contain", contains(a, b)),
    LUMA_POLYGONS("poly_contained", contains(b, a)),
    LUMA_POLYGONS("poly_left", bounds(a).high.x < bounds(b).low.x),
    LUMA_POLYGONS("poly_overleft", bounds(a).high.x <= bounds(b).high.x),
    LUMA_POLYGONS("poly_right", bounds(a).low.x > bounds(b).high.x),
    LUMA_POLYGONS("poly_overright", bounds(a).low.x >= bounds(b).low.x),
    LUMA_POLYGONS("poly_below", bounds(a).high.y < bounds(b).low.y),
    LUMA_POLYGONS("poly_overbelow", bounds(a).high.y <= bounds(b).high.y),
    LUMA_POLYGONS("poly_above", bounds(a).low.y > bounds(b).high.y),
    LUMA_POLYGONS("poly_overabove", bounds(a).low.y >= bounds(b).low.y),
    LUMA_POLYGONS("poly_distance", gap(a, b)),
    LUMA_SHAPE("poly_contain_pt(polygon,point)", (const Polygon& a, const Point& b),
               has_point(a, b)),
    LUMA_SHAPE("pt_contained_poly(point,polygon)", (const Point& a, const Polygon& b),
               has_point(b, a)),
    LUMA_SHAPE("dist_ppoly(point,polygon)", (const Point& a, const Polygon& b), distance(b, a)),
    LUMA_SHAPE("dist_polyp(polygon,point)", (const Polygon& a, const Point& b), distance(a, b)),
};

}  // namespace

std::span<const KernelRow> circle_kernels() { return kCircleRows; }
std::span<const KernelRow> path_kernels() { return kPathRows; }
std::span<const KernelRow> polygon_kernels() { return kPolygonRows; }

}  // namespace luma
