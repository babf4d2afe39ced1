#pragma once
// The geometric types. Values are packed doubles: point x y; lseg two points; box the upper right
// and the lower left corner; line A B C of Ax + By + C = 0; circle centre and radius; path a byte
// that says whether it is closed, then its points; polygon its points.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> geometry_codecs();

struct Point {
  double x = 0;
  double y = 0;
};
struct Segment {
  Point a;
  Point b;
};
struct Box {
  Point high;
  Point low;
};
struct Line {
  double a = 0;
  double b = 0;
  double c = 0;
};
struct Circle {
  Point center;
  double radius = 0;
};
struct Path {
  bool closed = false;
  std::vector<Point> points;
};
struct Polygon {
  std::vector<Point> points;
};

template <typename Shape>
Shape read_shape(std::string_view value) {
  Shape shape;
  std::memcpy(static_cast<void*>(&shape), value.data(), sizeof shape);
  return shape;
}
template <>
Path read_shape<Path>(std::string_view value);
template <>
Polygon read_shape<Polygon>(std::string_view value);

template <typename Shape>
Datum store_shape(const Shape& shape, Arena& arena) {
  return Datum::of_string(
      arena.copy(std::string_view(reinterpret_cast<const char*>(&shape), sizeof shape)));
}
template <>
Datum store_shape<Path>(const Path& path, Arena& arena);
template <>
Datum store_shape<Polygon>(const Polygon& polygon, Arena& arena);

// The box with two opposite corners.
Box box_of(const Point& a, const Point& b);

// Comparison as PostgreSQL has it for coordinates: differences up to 1e-6 do not count.
inline constexpr double kGeometryEpsilon = 1.0e-06;
inline bool fuzzy_zero(double a) { return a <= kGeometryEpsilon && a >= -kGeometryEpsilon; }
inline bool fuzzy_eq(double a, double b) { return a == b || fuzzy_zero(a - b); }
inline bool fuzzy_lt(double a, double b) { return a + kGeometryEpsilon < b; }
inline bool fuzzy_le(double a, double b) { return a <= b + kGeometryEpsilon; }
inline bool fuzzy_gt(double a, double b) { return a > b + kGeometryEpsilon; }
inline bool fuzzy_ge(double a, double b) { return a + kGeometryEpsilon >= b; }
bool same_point(const Point& a, const Point& b);

// The line through `point` with a slope, which may be infinite.
Line line_through(const Point& point, double slope);
double slope_of(const Point& a, const Point& b);

}  // namespace luma
