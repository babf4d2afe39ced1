// Text and wire forms of the geometric types.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/float.h"
#include "engine/type/geometry.h"

namespace luma {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Reads the pieces that the texts of all shapes consist of.
class ShapeReader {
 public:
  ShapeReader(std::string_view text, std::string_view type) : text_(text), type_(type) {}

  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : 0; }
  bool accept(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  void skip_blanks() {
    while (is_blank(peek())) ++at_;
  }
  void expect_end() const {
    if (at_ < text_.size()) fail();
  }
  [[noreturn]] void fail() const {
    throw sql_error(SqlState::kInvalidTextRepresentation,
                    "invalid input syntax for type {}: \"{}\"", type_, text_);
  }
  // Whether the '(' here is the last one, blanks apart whether another one follows it.
  bool last_parenthesis() const { return text_.rfind('(') == at_; }
  bool second_parenthesis_follows(size_t& where) const {
    where = at_ + 1;
    while (where < text_.size() && is_blank(text_[where])) ++where;
    return where < text_.size() && text_[where] == '(';
  }
  void move_to(size_t at) { at_ = at; }

  double number() {
    skip_blanks();
    size_t end = at_;
    while (end < text_.size() && !is_blank(text_[end]) &&
           std::string_view(",()[]<>{}").find(text_[end]) == std::string_view::npos) {
      ++end;
    }
    double value = 0;
    try {
      value = parse_float8(text_.substr(at_, end - at_));
    } catch (const SqlError& error) {
      if (error.state == SqlState::kInvalidTextRepresentation) fail();
      throw;
    }
    at_ = end;
    skip_blanks();
    return value;
  }
  Point pair() {
    skip_blanks();
    bool parenthesis = accept('(');
    Point point;
    point.x = number();
    expect(',');
    point.y = number();
    if (parenthesis) {
      expect(')');
      skip_blanks();
    }
    return point;
  }
  // Points in any of the usual parentheses; an open list stands in brackets.
  std::vector<Point> points(size_t count, bool may_be_open, bool& open) {
    int depth = 0;
    skip_blanks();
    open = peek() == '[';
    size_t second = 0;
    if (open) {
      if (!may_be_open) fail();
      ++depth;
      ++at_;
    } else if (peek() == '(') {
      if (second_parenthesis_follows(second)) {
        ++depth;
        at_ = second;
      } else if (last_parenthesis()) {
        ++depth;
        ++at_;
      }
    }
    std::vector<Point> out;
    for (size_t i = 0; i < count; ++i) {
      out.push_back(pair());
      accept(',');
    }
    while (depth > 0) {
      if (!(peek() == ')' || (peek() == ']' && open && depth == 1))) fail();
      --depth;
      ++at_;
      skip_blanks();
    }
    return out;
  }
  // How many points the commas are for.
  size_t point_count() const {
    auto commas = static_cast<size_t>(std::count(text_.begin(), text_.end(), ','));
    if (commas % 2 == 0) fail();
    return (commas + 1) / 2;
  }

 private:
  std::string_view text_;
  std::string_view type_;
  size_t at_ = 0;
};

class ShapeWriter {
 public:
  ShapeWriter(const IoContext& io, std::string& out) : digits_(io.extra_float_digits), out_(out) {}
  ShapeWriter& number(double value) {
    append_float8(value, digits_, out_);
    return *this;
  }
  ShapeWriter& text(std::string_view text) {
    out_ += text;
    return *this;
  }
  ShapeWriter& point(const Point& p) {
    return text("(").number(p.x).text(",").number(p.y).text(")");
  }
  ShapeWriter& points(std::span<const Point> points) {
    for (size_t i = 0; i < points.size(); ++i) text(i == 0 ? "" : ",").point(points[i]);
    return *this;
  }

 private:
  int digits_;
  std::string& out_;
};

void put_double(std::string& out, double value) { put_u64(out, std::bit_cast<uint64_t>(value)); }
double get_double(WireReader& reader) { return std::bit_cast<double>(reader.u64()); }
void put_point(std::string& out, const Point& p) {
  put_double(out, p.x);
  put_double(out, p.y);
}
Point get_point(WireReader& reader) {
  Point p;
  p.x = get_double(reader);
  p.y = get_double(reader);
  return p;
}

// --- text in ---
Datum point_in(std::string_view text, const TypeInfo& t, int32_t, const IoContext&, Arena& arena) {
  ShapeReader in(text, t.name);
  Point point = in.pair();
  in.expect_end();
  return store_shape(point, arena);
}
Segment two_points(ShapeReader& in, bool may_be_open) {
  bool open = false;
  std::vector<Point> points = in.points(2, may_be_open, open);
  in.expect_end();
  return {points[0], points[1]};
}
Datum lseg_in(std::string_view text, const TypeInfo& t, int32_t, const IoContext&, Arena& arena) {
  ShapeReader in(text, t.name);
  return store_shape(two_points(in, true), arena);
}
Datum box_in(std::string_view text, const TypeInfo& t, int32_t, const IoContext&, Arena& arena) {
  ShapeReader in(text, t.name);
  Segment corners = two_points(in, false);
  return store_shape(box_of(corners.a, corners.b), arena);
}
Datum line_in(std::string_view text, const TypeInfo& t, int32_t, const IoContext&, Arena& arena) {
  ShapeReader in(text, t.name);
  in.skip_blanks();
  if (!in.accept('{')) {
    Segment points = two_points(in, true);
    if (same_point(points.a, points.b)) {
      throw sql_error(SqlState::kInvalidTextRepresentation,
                      "invalid line specification: must be two distinct points");
    }
    return store_shape(line_through(points.a, slope_of(points.a, points.b)), arena);
  }
  Line line;
  line.a = in.number();
  in.expect(',');
  line.b = in.number();
  in.expect(',');
  line.c = in.number();
  in.expect('}');
  in.skip_blanks();
  in.expect_end();
  if (fuzzy_zero(line.a) && fuzzy_zero(line.b)) {
    throw sql_error(SqlState::kInvalidTextRepresentation,
                    "invalid line specification: A and B cannot both be zero");
  }
  return store_shape(line, arena);
}
Datum path_in(std::string_view text, const TypeInfo& t, int32_t, const IoContext&, Arena& arena) {
  ShapeReader in(text, t.name);
  size_t count = in.point_count();
  in.skip_blanks();
  bool outer = in.peek() == '(' && in.last_parenthesis();
  if (outer) in.accept('(');
  Path path;
  bool open = false;
  path.points = in.points(count, true, open);
  path.closed = !open;
  if (outer) {
    in.expect(')');
    in.skip_blanks();
  }
  in.expect_end();
  return store_shape(path, arena);
}
Datum polygon_in(std::string_view text, const TypeInfo& t, int32_t, const IoContext&,
                 Arena& arena) {
  ShapeReader in(text, t.name);
  bool open = false;
  Polygon polygon{in.points(in.point_count(), false, open)};
  in.expect_end();
  return store_shape(polygon, arena);
}
Datum circle_in(std::string_view text, const TypeInfo& t, int32_t, const IoContext&, Arena& arena) {
  ShapeReader in(text, t.name);
  int depth = 0;
  in.skip_blanks();
  size_t second = 0;
  if (in.accept('<')) {
    ++depth;
  } else if (in.peek() == '(' && in.second_parenthesis_follows(second)) {
    ++depth;
    in.move_to(second);
  }
  Circle circle;
  circle.center = in.pair();
  in.accept(',');
  circle.radius = in.number();
  if (circle.radius < 0) in.fail();
  while (depth > 0) {
    if (!in.accept(')') && !(depth == 1 && in.accept('>'))) in.fail();
    --depth;
    in.skip_blanks();
  }
  in.expect_end();
  return store_shape(circle, arena);
}

// --- text out ---
void point_out(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  ShapeWriter(io, out).point(read_shape<Point>(value.str.view()));
}
void lseg_out(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  auto s = read_shape<Segment>(value.str.view());
  ShapeWriter(io, out).text("[").point(s.a).text(",").point(s.b).text("]");
}
void box_out(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  auto box = read_shape<Box>(value.str.view());
  ShapeWriter(io, out).point(box.high).text(",").point(box.low);
}
void line_out(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  auto line = read_shape<Line>(value.str.view());
  ShapeWriter to(io, out);
  to.text("{").number(line.a).text(",").number(line.b).text(",").number(line.c).text("}");
}
void path_out(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  auto path = read_shape<Path>(value.str.view());
  ShapeWriter to(io, out);
  to.text(path.closed ? "(" : "[").points(path.points).text(path.closed ? ")" : "]");
}
void polygon_out(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  ShapeWriter to(io, out);
  to.text("(").points(read_shape<Polygon>(value.str.view()).points).text(")");
}
void circle_out(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  auto circle = read_shape<Circle>(value.str.view());
  ShapeWriter(io, out).text("<").point(circle.center).text(",").number(circle.radius).text(">");
}

// --- wire ---
[[noreturn]] void invalid_external(std::string_view what, std::string_view type) {
  throw sql_error(SqlState::kInvalidBinaryRepresentation, "invalid {} in external \"{}\" value",
                  what, type);
}
std::vector<Point> get_points(WireReader& reader, std::string_view type) {
  auto count = static_cast<int32_t>(reader.u32());
  if (count <= 0 || static_cast<size_t>(count) > reader.rest().size() / sizeof(Point)) {
    invalid_external("number of points", type);
  }
  std::vector<Point> points(static_cast<size_t>(count));
  for (Point& p : points) p = get_point(reader);
  return points;
}
void put_points(std::string& out, std::span<const Point> points) {
  put_u32(out, static_cast<uint32_t>(points.size()));
  for (const Point& p : points) put_point(out, p);
}

// Shapes that are a fixed number of doubles.
template <typename Shape>
Datum doubles_recv(std::string_view bytes, const TypeInfo& type, int32_t, const IoContext&,
                   Arena& arena) {
  constexpr size_t kCount = sizeof(Shape) / sizeof(double);
  WireReader reader(bytes);
  double values[kCount];
  for (double& value : values) value = get_double(reader);
  reader.expect_end();
  Shape shape;
  std::memcpy(static_cast<void*>(&shape), values, sizeof shape);
  if constexpr (std::is_same_v<Shape, Box>) shape = box_of(shape.high, shape.low);
  if constexpr (std::is_same_v<Shape, Circle>) {
    if (shape.radius < 0) invalid_external("radius", type.name);
  }
  if constexpr (std::is_same_v<Shape, Line>) {
    if (fuzzy_zero(shape.a) && fuzzy_zero(shape.b)) {
      throw sql_error(SqlState::kInvalidBinaryRepresentation,
                      "invalid line specification: A and B cannot both be zero");
    }
  }
  return store_shape(shape, arena);
}
void doubles_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  std::string_view bytes = value.str.view();
  for (size_t i = 0; i < bytes.size(); i += sizeof(double)) {
    double number;
    std::memcpy(&number, bytes.data() + i, sizeof number);
    put_double(out, number);
  }
}
Datum path_recv(std::string_view bytes, const TypeInfo& type, int32_t, const IoContext&,
                Arena& arena) {
  WireReader reader(bytes);
  Path path;
  path.closed = reader.u8() != 0;
  path.points = get_points(reader, type.name);
  reader.expect_end();
  return store_shape(path, arena);
}
void path_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  auto path = read_shape<Path>(value.str.view());
  put_u8(out, path.closed ? 1 : 0);
  put_points(out, path.points);
}
Datum polygon_recv(std::string_view bytes, const TypeInfo& type, int32_t, const IoContext&,
                   Arena& arena) {
  WireReader reader(bytes);
  Polygon polygon{get_points(reader, type.name)};
  reader.expect_end();
  return store_shape(polygon, arena);
}
void polygon_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  put_points(out, read_shape<Polygon>(value.str.view()).points);
}

// None of them has an order.
constexpr TypeCodec kCodecs[] = {
    {"point", PhysicalType::kVarlen, point_in, point_out, doubles_recv<Point>, doubles_send},
    {"lseg", PhysicalType::kVarlen, lseg_in, lseg_out, doubles_recv<Segment>, doubles_send},
    {"box", PhysicalType::kVarlen, box_in, box_out, doubles_recv<Box>, doubles_send},
    {"line", PhysicalType::kVarlen, line_in, line_out, doubles_recv<Line>, doubles_send},
    {"circle", PhysicalType::kVarlen, circle_in, circle_out, doubles_recv<Circle>, doubles_send},
    {"path", PhysicalType::kVarlen, path_in, path_out, path_recv, path_send},
    {"polygon", PhysicalType::kVarlen, polygon_in, polygon_out, polygon_recv, polygon_send},
};

std::vector<Point> read_points(std::string_view bytes) {
  std::vector<Point> points(bytes.size() / sizeof(Point));
  std::memcpy(static_cast<void*>(points.data()), bytes.data(), points.size() * sizeof(Point));
  return points;
}
std::string_view bytes_of(const std::vector<Point>& points) {
  return {reinterpret_cast<const char*>(points.data()), points.size() * sizeof(Point)};
}

}  // namespace

template <>
Path read_shape<Path>(std::string_view value) {
  return {value[0] != 0, read_points(value.substr(1))};
}
template <>
Polygon read_shape<Polygon>(std::string_view value) {
  return {read_points(value)};
}
template <>
Datum store_shape<Path>(const Path& path, Arena& arena) {
  std::string bytes(1, path.closed ? 1 : 0);
  bytes += bytes_of(path.points);
  return Datum::of_string(arena.copy(bytes));
}
template <>
Datum store_shape<Polygon>(const Polygon& polygon, Arena& arena) {
  return Datum::of_string(arena.copy(bytes_of(polygon.points)));
}

Box box_of(const Point& a, const Point& b) {
  auto larger = [](double x, double y) { return compare_float8(x, y) > 0 ? x : y; };
  auto smaller = [](double x, double y) { return compare_float8(x, y) > 0 ? y : x; };
  return {{larger(a.x, b.x), larger(a.y, b.y)}, {smaller(a.x, b.x), smaller(a.y, b.y)}};
}

bool same_point(const Point& a, const Point& b) {
  if (std::isnan(a.x) || std::isnan(a.y) || std::isnan(b.x) || std::isnan(b.y)) {
    return compare_float8(a.x, b.x) == 0 && compare_float8(a.y, b.y) == 0;
  }
  return fuzzy_eq(a.x, b.x) && fuzzy_eq(a.y, b.y);
}

Line line_through(const Point& point, double slope) {
  if (std::isinf(slope)) return {-1, 0, point.x};
  if (slope == 0) return {0, -1, point.y};
  double c = point.y - slope * point.x;
  return {slope, -1, c == 0 ? 0 : c};  // not -0
}

double slope_of(const Point& a, const Point& b) {
  if (fuzzy_eq(a.x, b.x)) return std::numeric_limits<double>::infinity();
  if (fuzzy_eq(a.y, b.y)) return 0;
  return (a.y - b.y) / (a.x - b.x);
}

std::span<const TypeCodec> geometry_codecs() { return kCodecs; }

}  // namespace luma
