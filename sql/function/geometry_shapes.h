#pragma once
// Distances, intersections and nearest points of geometric shapes, with PostgreSQL's tolerance of
// 1e-6 (engine/type/geometry.h). Pure functions. Arithmetic throws 22003 and 22012 like that of
// double precision.
#include <optional>

#include "engine/type/geometry.h"

namespace luma {

// Arithmetic with the checks of float8: overflow, underflow, division by zero.
double checked_add(double a, double b);
double checked_sub(double a, double b);
double checked_mul(double a, double b);
double checked_div(double a, double b);

Point operator+(const Point& a, const Point& b);
Point operator-(const Point& a, const Point& b);
// Points as complex numbers: turned and stretched.
Point operator*(const Point& a, const Point& b);
Point operator/(const Point& a, const Point& b);
double distance(const Point& a, const Point& b);
double length_of(const Segment& s);
Point middle_of(const Point& a, const Point& b);

double slope_of(const Line& line);
// Of the lines at right angles.
double inverse_slope_of(const Line& line);
double inverse_slope_of(const Segment& s);
std::optional<Point> intersection(const Line& a, const Line& b);
std::optional<Point> intersection(const Segment& s, const Line& line);
std::optional<Point> intersection(const Segment& a, const Segment& b);
bool has_point(const Line& line, const Point& p);
bool has_point(const Segment& s, const Point& p);
bool has_point(const Box& box, const Point& p);
bool overlap(const Box& a, const Box& b);
bool contains(const Box& a, const Box& b);
bool intersects(const Box& box, const Segment& s);
bool intersects(const Box& box, const Line& line);

// The point of the first shape that is closest to the second, and how far away that is.
struct Nearest {
  Point point;
  double distance = 0;
};
Nearest nearest(const Line& line, const Point& p);
Nearest nearest(const Segment& s, const Point& p);
Nearest nearest(const Segment& s, const Line& line);
Nearest nearest(const Segment& s, const Segment& to);
Nearest nearest(const Box& box, const Point& p);
Nearest nearest(const Box& box, const Segment& s);

Point center_of(const Box& box);
double area_of(const Box& box);

// The segments of a path (or of a polygon, closed).
std::vector<Segment> segments_of(std::span<const Point> points, bool closed);
Box bounding_box(std::span<const Point> points);
enum class Inside { kOutside, kInside, kOnEdge };
Inside locate(const Point& p, std::span<const Point> polygon);
bool overlap(const Polygon& a, const Polygon& b);
bool contains(const Polygon& whole, const Polygon& part);
double distance(const Polygon& polygon, const Point& p);
Circle circle_of(const Polygon& polygon);

}  // namespace luma
