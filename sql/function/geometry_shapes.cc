#include "sql/function/geometry_shapes.h"

#include <cmath>
#include <limits>

#include "engine/base/sql_error.h"
#include "engine/type/float.h"

namespace luma {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

[[noreturn]] void out_of_range(const char* how) {
  throw sql_error(SqlState::kNumericValueOutOfRange, "value out of range: {}", how);
}

// The edges in the order in which PostgreSQL looks at them.
struct Edges {
  explicit Edges(const Box& box)
      : edge{{box.low, {box.low.x, box.high.y}},
             {box.high, {box.low.x, box.high.y}},
             {box.low, {box.high.x, box.low.y}},
             {box.high, {box.high.x, box.low.y}}} {}
  Segment edge[4];
};

bool before(double a, double b) { return compare_float8(a, b) < 0; }

// By how much the way from `from` to `to` turns around the origin, in halves.
constexpr int kOnPolygon = INT32_MAX;
int crossing(const Point& to, const Point& from) {
  if (fuzzy_zero(to.y)) {
    if (fuzzy_zero(to.x)) return kOnPolygon;
    if (fuzzy_gt(to.x, 0)) {
      if (fuzzy_zero(from.y)) return fuzzy_gt(from.x, 0) ? 0 : kOnPolygon;
      return fuzzy_lt(from.y, 0) ? 1 : -1;
    }
    if (fuzzy_zero(from.y)) return fuzzy_lt(from.x, 0) ? 0 : kOnPolygon;
    return 0;
  }
  int direction = fuzzy_gt(to.y, 0) ? 1 : -1;
  if (fuzzy_zero(from.y)) return fuzzy_lt(from.x, 0) ? 0 : direction;
  if ((direction < 0 && fuzzy_lt(from.y, 0)) || (direction > 0 && fuzzy_gt(from.y, 0))) return 0;
  if (fuzzy_ge(to.x, 0) && fuzzy_gt(from.x, 0)) return 2 * direction;
  if (fuzzy_lt(to.x, 0) && fuzzy_le(from.x, 0)) return 0;
  double side = checked_sub(checked_mul(checked_sub(to.x, from.x), to.y),
                            checked_mul(checked_sub(to.y, from.y), to.x));
  if (fuzzy_zero(side)) return kOnPolygon;
  if ((direction < 0 && fuzzy_lt(side, 0)) || (direction > 0 && fuzzy_gt(side, 0))) return 0;
  return 2 * direction;
}

bool segment_inside(const Point& a, const Point& b, std::span<const Point> polygon, size_t start);

// `a` lies on the edge `s`, `b` does not: the rest of the way is what to look at.
bool touching_segment_inside(const Point& a, const Point& b, const Segment& s,
                             std::span<const Point> polygon, size_t start) {
  Segment t{a, b};
  if (same_point(a, s.a)) {
    if (has_point(t, s.b)) return segment_inside(b, s.b, polygon, start);
  } else if (same_point(a, s.b)) {
    if (has_point(t, s.a)) return segment_inside(b, s.a, polygon, start);
  } else if (has_point(t, s.a)) {
    return segment_inside(b, s.a, polygon, start);
  } else if (has_point(t, s.b)) {
    return segment_inside(b, s.b, polygon, start);
  }
  return true;
}

bool segment_inside(const Point& a, const Point& b, std::span<const Point> polygon, size_t start) {
  Segment t{a, b};
  Segment s;
  s.a = polygon[start == 0 ? polygon.size() - 1 : start - 1];
  bool inside = true;
  bool crossed = false;
  for (size_t i = start; i < polygon.size() && inside; ++i) {
    s.b = polygon[i];
    if (has_point(s, t.a)) {
      if (has_point(s, t.b)) return true;
      inside = touching_segment_inside(t.a, t.b, s, polygon, i + 1);
    } else if (has_point(s, t.b)) {
      inside = touching_segment_inside(t.b, t.a, s, polygon, i + 1);
    } else if (std::optional<Point> cut = intersection(t, s)) {
      crossed = true;
      inside =
          segment_inside(t.a, *cut, polygon, i + 1) && segment_inside(t.b, *cut, polygon, i + 1);
    }
    s.a = s.b;
  }
  if (inside && !crossed) inside = locate(middle_of(t.a, t.b), polygon) != Inside::kOutside;
  return inside;
}

// Whether any of `a` meets any of `b`.
bool any_meet(const std::vector<Segment>& a, const std::vector<Segment>& b) {
  for (const Segment& x : a) {
    for (const Segment& y : b) {
      if (intersection(x, y)) return true;
    }
  }
  return false;
}

template <typename To>
Nearest nearest_of_edges(const Box& box, const To& to) {
  Edges edges(box);
  Nearest best = nearest(edges.edge[0], to);
  for (int i = 1; i < 4; ++i) {
    Nearest next = nearest(edges.edge[i], to);
    if (before(next.distance, best.distance)) best = next;
  }
  return best;
}

}  // namespace

double checked_add(double a, double b) {
  double sum = a + b;
  if (std::isinf(sum) && !std::isinf(a) && !std::isinf(b)) out_of_range("overflow");
  return sum;
}
double checked_sub(double a, double b) { return checked_add(a, -b); }
double checked_mul(double a, double b) {
  double product = a * b;
  if (std::isinf(product) && !std::isinf(a) && !std::isinf(b)) out_of_range("overflow");
  if (product == 0 && a != 0 && b != 0) out_of_range("underflow");
  return product;
}
double checked_div(double a, double b) {
  if (b == 0 && !std::isnan(a)) throw sql_error(SqlState::kDivisionByZero, "division by zero");
  double quotient = a / b;
  if (std::isinf(quotient) && !std::isinf(a)) out_of_range("overflow");
  if (quotient == 0 && a != 0 && !std::isinf(b)) out_of_range("underflow");
  return quotient;
}

Point operator+(const Point& a, const Point& b) {
  return {checked_add(a.x, b.x), checked_add(a.y, b.y)};
}
Point operator-(const Point& a, const Point& b) {
  return {checked_sub(a.x, b.x), checked_sub(a.y, b.y)};
}
Point operator*(const Point& a, const Point& b) {
  return {checked_sub(checked_mul(a.x, b.x), checked_mul(a.y, b.y)),
          checked_add(checked_mul(a.x, b.y), checked_mul(a.y, b.x))};
}
Point operator/(const Point& a, const Point& b) {
  double square = checked_add(checked_mul(b.x, b.x), checked_mul(b.y, b.y));
  return {checked_div(checked_add(checked_mul(a.x, b.x), checked_mul(a.y, b.y)), square),
          checked_div(checked_sub(checked_mul(a.y, b.x), checked_mul(a.x, b.y)), square)};
}

// The longer side is divided out, which is how PostgreSQL rounds.
double distance(const Point& a, const Point& b) {
  double x = std::fabs(checked_sub(a.x, b.x)), y = std::fabs(checked_sub(a.y, b.y));
  if (std::isinf(x) || std::isinf(y)) return kInfinity;
  if (std::isnan(x) || std::isnan(y)) return std::numeric_limits<double>::quiet_NaN();
  if (x < y) std::swap(x, y);
  if (y == 0) return x;
  double ratio = y / x;
  double length = x * std::sqrt(1 + ratio * ratio);
  if (std::isinf(length)) out_of_range("overflow");
  return length;
}
double length_of(const Segment& s) { return distance(s.a, s.b); }
Point middle_of(const Point& a, const Point& b) {
  return {checked_div(checked_add(a.x, b.x), 2), checked_div(checked_add(a.y, b.y), 2)};
}

double slope_of(const Line& line) {
  if (fuzzy_zero(line.a)) return 0;
  if (fuzzy_zero(line.b)) return kInfinity;
  return checked_div(line.a, -line.b);
}
double inverse_slope_of(const Line& line) {
  if (fuzzy_zero(line.a)) return kInfinity;
  if (fuzzy_zero(line.b)) return 0;
  return checked_div(line.b, line.a);
}
double inverse_slope_of(const Segment& s) {
  if (fuzzy_eq(s.a.x, s.b.x)) return 0;
  if (fuzzy_eq(s.a.y, s.b.y)) return kInfinity;
  return checked_div(checked_sub(s.a.x, s.b.x), checked_sub(s.b.y, s.a.y));
}

std::optional<Point> intersection(const Line& a, const Line& b) {
  auto meet = [](const Line& p, const Line& q) -> std::optional<Point> {
    if (fuzzy_eq(q.a, checked_mul(p.a, checked_div(q.b, p.b)))) return std::nullopt;
    double x = checked_div(checked_sub(checked_mul(p.b, q.c), checked_mul(q.b, p.c)),
                           checked_sub(checked_mul(p.a, q.b), checked_mul(q.a, p.b)));
    double y = checked_div(-checked_add(checked_mul(p.a, x), p.c), p.b);
    return Point{x == 0 ? 0 : x, y == 0 ? 0 : y};  // not -0
  };
  if (!fuzzy_zero(a.b)) return meet(a, b);
  if (!fuzzy_zero(b.b)) return meet(b, a);
  return std::nullopt;
}
std::optional<Point> intersection(const Segment& s, const Line& line) {
  std::optional<Point> cut = intersection(line_through(s.a, slope_of(s.a, s.b)), line);
  if (!cut || !has_point(s, *cut)) return std::nullopt;
  if (same_point(s.a, *cut)) return s.a;
  if (same_point(s.b, *cut)) return s.b;
  return cut;
}
std::optional<Point> intersection(const Segment& a, const Segment& b) {
  std::optional<Point> cut = intersection(a, line_through(b.a, slope_of(b.a, b.b)));
  return cut && has_point(b, *cut) ? cut : std::nullopt;
}

bool has_point(const Line& line, const Point& p) {
  return fuzzy_zero(
      checked_add(checked_add(checked_mul(line.a, p.x), checked_mul(line.b, p.y)), line.c));
}
bool has_point(const Segment& s, const Point& p) {
  return fuzzy_eq(distance(p, s.a) + distance(p, s.b), length_of(s));
}
bool has_point(const Box& box, const Point& p) {
  return box.high.x >= p.x && box.low.x <= p.x && box.high.y >= p.y && box.low.y <= p.y;
}
bool overlap(const Box& a, const Box& b) {
  return fuzzy_le(a.low.x, b.high.x) && fuzzy_le(b.low.x, a.high.x) &&
         fuzzy_le(a.low.y, b.high.y) && fuzzy_le(b.low.y, a.high.y);
}
bool contains(const Box& a, const Box& b) {
  return fuzzy_ge(a.high.x, b.high.x) && fuzzy_le(a.low.x, b.low.x) &&
         fuzzy_ge(a.high.y, b.high.y) && fuzzy_le(a.low.y, b.low.y);
}
bool intersects(const Box& box, const Segment& s) {
  if (!overlap(box_of(s.a, s.b), box)) return false;
  if (has_point(box, s.a) || has_point(box, s.b)) return true;
  for (const Segment& edge : Edges(box).edge) {
    if (intersection(edge, s)) return true;
  }
  return false;
}
bool intersects(const Box& box, const Line& line) {
  for (const Segment& edge : Edges(box).edge) {
    if (intersection(edge, line)) return true;
  }
  return false;
}

Nearest nearest(const Line& line, const Point& p) {
  std::optional<Point> foot = intersection(line_through(p, inverse_slope_of(line)), line);
  // Values that are not numbers have no such point.
  if (!foot) return {p, std::numeric_limits<double>::quiet_NaN()};
  return {*foot, distance(*foot, p)};
}
Nearest nearest(const Segment& s, const Line& line) {
  if (std::optional<Point> cut = intersection(s, line)) return {*cut, 0};
  double a = nearest(line, s.a).distance, b = nearest(line, s.b).distance;
  return a < b ? Nearest{s.a, a} : Nearest{s.b, b};
}
Nearest nearest(const Segment& s, const Point& p) {
  Point point = nearest(s, line_through(p, inverse_slope_of(s))).point;
  return {point, distance(point, p)};
}
Nearest nearest(const Segment& s, const Segment& to) {
  if (std::optional<Point> cut = intersection(s, to)) return {*cut, 0};
  Nearest best = nearest(s, to.a);
  Nearest next = nearest(s, to.b);
  if (before(next.distance, best.distance)) best = next;
  for (const Point& end : {s.a, s.b}) {
    double away = nearest(to, end).distance;
    if (before(away, best.distance)) best = {end, away};
  }
  return best;
}
Nearest nearest(const Box& box, const Point& p) {
  return has_point(box, p) ? Nearest{p, 0} : nearest_of_edges(box, p);
}
Nearest nearest(const Box& box, const Segment& s) {
  if (intersects(box, s)) return {nearest(s, center_of(box)).point, 0};
  return nearest_of_edges(box, s);
}

Point center_of(const Box& box) { return middle_of(box.high, box.low); }
double area_of(const Box& box) {
  return checked_mul(checked_sub(box.high.x, box.low.x), checked_sub(box.high.y, box.low.y));
}

std::vector<Segment> segments_of(std::span<const Point> points, bool closed) {
  std::vector<Segment> out;
  if (closed && !points.empty()) out.push_back({points.back(), points.front()});
  for (size_t i = 1; i < points.size(); ++i) out.push_back({points[i - 1], points[i]});
  return out;
}
Box bounding_box(std::span<const Point> points) {
  Box box{points[0], points[0]};
  for (const Point& p : points) {
    if (before(box.high.x, p.x)) box.high.x = p.x;
    if (before(box.high.y, p.y)) box.high.y = p.y;
    if (before(p.x, box.low.x)) box.low.x = p.x;
    if (before(p.y, box.low.y)) box.low.y = p.y;
  }
  return box;
}

Inside locate(const Point& p, std::span<const Point> polygon) {
  Point previous = polygon[0] - p;
  int total = 0;
  for (size_t i = 1; i <= polygon.size(); ++i) {
    Point next = polygon[i % polygon.size()] - p;
    int cross = crossing(next, previous);
    if (cross == kOnPolygon) return Inside::kOnEdge;
    total += cross;
    previous = next;
  }
  return total != 0 ? Inside::kInside : Inside::kOutside;
}

bool overlap(const Polygon& a, const Polygon& b) {
  if (!overlap(bounding_box(a.points), bounding_box(b.points))) return false;
  return any_meet(segments_of(a.points, true), segments_of(b.points, true)) ||
         locate(a.points[0], b.points) != Inside::kOutside ||
         locate(b.points[0], a.points) != Inside::kOutside;
}

bool contains(const Polygon& whole, const Polygon& part) {
  if (!contains(bounding_box(whole.points), bounding_box(part.points))) return false;
  for (const Segment& s : segments_of(part.points, true)) {
    if (!segment_inside(s.a, s.b, whole.points, 0)) return false;
  }
  return true;
}

double distance(const Polygon& polygon, const Point& p) {
  if (locate(p, polygon.points) != Inside::kOutside) return 0;
  double best = kInfinity;
  for (const Segment& s : segments_of(polygon.points, true)) {
    double away = nearest(s, p).distance;
    if (before(away, best)) best = away;
  }
  return best;
}

Circle circle_of(const Polygon& polygon) {
  auto count = static_cast<double>(polygon.points.size());
  Circle circle;
  for (const Point& p : polygon.points) circle.center = circle.center + p;
  circle.center = {checked_div(circle.center.x, count), checked_div(circle.center.y, count)};
  for (const Point& p : polygon.points) {
    circle.radius = checked_add(circle.radius, distance(p, circle.center));
  }
  circle.radius = checked_div(circle.radius, count);
  return circle;
}

}  // namespace luma
