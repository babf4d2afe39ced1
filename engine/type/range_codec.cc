// Text, wire and key forms of ranges.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/range.h"

namespace luma {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The parts of "[lower,upper)".
class RangeLiteral {
 public:
  explicit RangeLiteral(std::string_view text) : text_(text) {}

  struct Bound {
    std::string text;
    bool present = false;
  };

  void parse() {
    skip_blanks();
    if (starts_with_empty()) {
      at_ += 5;
      skip_blanks();
      if (peek() != 0 || at_ < text_.size()) fail("Junk after \"empty\" key word.");
      empty = true;
      return;
    }
    if (peek() != '[' && peek() != '(') fail("Missing left parenthesis or bracket.");
    lower_inclusive = text_[at_++] == '[';
    parse_bound(lower);
    if (peek() != ',') fail("Missing comma after lower bound.");
    ++at_;
    parse_bound(upper);
    if (peek() != ']' && peek() != ')') fail("Too many commas.");
    upper_inclusive = text_[at_++] == ']';
    skip_blanks();
    if (at_ < text_.size()) fail("Junk after right parenthesis or bracket.");
  }

  bool empty = false;
  bool lower_inclusive = false;
  bool upper_inclusive = false;
  Bound lower;
  Bound upper;

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool at_bound_end() const { return peek() == ',' || peek() == ')' || peek() == ']'; }
  void skip_blanks() {
    while (is_blank(peek())) ++at_;
  }
  bool starts_with_empty() const {
    constexpr std::string_view kEmpty = "empty";
    std::string_view word = text_.substr(at_, kEmpty.size());
    return std::equal(word.begin(), word.end(), kEmpty.begin(), kEmpty.end(), [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
    });
  }
  char next() {
    if (at_ >= text_.size()) fail("Unexpected end of input.");
    return text_[at_++];
  }
  void parse_bound(Bound& bound) {
    if (at_bound_end()) return;
    bound.present = true;
    bool quoted = false;
    while (quoted || !at_bound_end()) {
      char c = next();
      if (c == '\\') {
        bound.text.push_back(next());
      } else if (c != '"') {
        bound.text.push_back(c);
      } else if (quoted && peek() == '"') {
        bound.text.push_back(next());
      } else {
        quoted = !quoted;
      }
    }
  }
  [[noreturn]] void fail(const char* detail) const {
    throw sql_error(SqlState::kInvalidTextRepresentation, "malformed range literal: \"{}\"", text_)
        .detail(detail);
  }

  std::string_view text_;
  size_t at_ = 0;
};

void append_bound_text(std::string_view text, std::string& out) {
  bool quote = text.empty() || std::any_of(text.begin(), text.end(), [](char c) {
                 return is_blank(c) || std::string_view("\"\\()[],").find(c) != std::string::npos;
               });
  if (!quote) {
    out += text;
    return;
  }
  out.push_back('"');
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  out.push_back('"');
}

Datum range_in(std::string_view text, const TypeInfo& type, int32_t, const IoContext& io,
               Arena& arena) {
  RangeOps ops(type.oid);
  return ops.store(range_from_text(ops, text, io, arena), arena);
}
void range_out(const Datum& value, const TypeInfo& type, const IoContext& io, std::string& out) {
  RangeOps ops(type.oid);
  append_range_text(ops, ops.read(value.str.view()), io, out);
}
Datum range_recv(std::string_view bytes, const TypeInfo& type, int32_t, const IoContext& io,
                 Arena& arena) {
  RangeOps ops(type.oid);
  return ops.store(range_from_wire(ops, bytes, io, arena), arena);
}
void range_send(const Datum& value, const TypeInfo& type, const IoContext& io, std::string& out) {
  RangeOps ops(type.oid);
  append_range_wire(ops, ops.read(value.str.view()), io, out);
}
int range_compare(const Datum& a, const Datum& b, const TypeInfo& type) {
  RangeOps ops(type.oid);
  return ops.compare(ops.read(a.str.view()), ops.read(b.str.view()));
}
uint64_t range_hash(const Datum& value, const TypeInfo& type) {
  RangeOps ops(type.oid);
  return ops.hash(ops.read(value.str.view()));
}
void range_key(const Datum& value, const TypeInfo& type, std::string& out) {
  RangeOps ops(type.oid);
  append_range_key(ops, ops.read(value.str.view()), out);
}
Datum range_decode(std::string_view& key, const TypeInfo& type, Arena& arena) {
  RangeOps ops(type.oid);
  return ops.store(range_from_key(ops, key, arena), arena);
}

constexpr TypeCodec range_codec(std::string_view name, KeyDecode decode = range_decode) {
  return {name,       PhysicalType::kVarlen, range_in,   range_out, range_recv,
          range_send, range_compare,         range_hash, range_key, decode};
}
// Keys of numeric bounds do not hold their display scale.
constexpr TypeCodec kCodecs[] = {
    range_codec("int4range"), range_codec("int8range"), range_codec("numrange", nullptr),
    range_codec("tsrange"),   range_codec("tstzrange"), range_codec("daterange"),
};

}  // namespace

Range range_from_text(const RangeOps& ops, std::string_view text, const IoContext& io,
                      Arena& arena) {
  RangeLiteral literal(text);
  literal.parse();
  if (literal.empty) return {};
  const TypeInfo& subtype = ops.subtype();
  RangeBound lower, upper;
  auto read = [&](const RangeLiteral::Bound& from, bool inclusive, RangeBound& to) {
    to.infinite = !from.present;
    to.inclusive = inclusive;
    if (!from.present) return;
    Datum value = subtype.input(from.text, subtype, -1, io, arena);
    to.value = copy_datum(value, subtype.physical, arena);
  };
  read(literal.lower, literal.lower_inclusive, lower);
  read(literal.upper, literal.upper_inclusive, upper);
  return ops.make(lower, upper);
}

void append_range_text(const RangeOps& ops, const Range& range, const IoContext& io,
                       std::string& out) {
  if (range.empty) {
    out += "empty";
    return;
  }
  std::string text;
  auto append_bound = [&](const RangeBound& bound) {
    if (bound.infinite) return;
    text.clear();
    ops.subtype().output(bound.value, ops.subtype(), io, text);
    append_bound_text(text, out);
  };
  out.push_back(range.lower.inclusive ? '[' : '(');
  append_bound(range.lower);
  out.push_back(',');
  append_bound(range.upper);
  out.push_back(range.upper.inclusive ? ']' : ')');
}

Range range_from_wire(const RangeOps& ops, std::string_view bytes, const IoContext& io,
                      Arena& arena) {
  WireReader reader(bytes);
  uint8_t flags = reader.u8();
  RangeBound lower, upper;
  bool empty = (flags & kRangeEmpty) != 0;
  auto read = [&](RangeBound& bound, uint8_t infinite, uint8_t inclusive) {
    bound.infinite = (flags & infinite) != 0;
    bound.inclusive = (flags & inclusive) != 0;
    if (bound.infinite || empty) return;
    uint32_t size = reader.u32();
    bound.value = ops.subtype().receive(reader.take(size), ops.subtype(), -1, io, arena);
  };
  read(lower, kRangeLowerInfinite, kRangeLowerInclusive);
  read(upper, kRangeUpperInfinite, kRangeUpperInclusive);
  reader.expect_end();
  return empty ? Range() : ops.make(lower, upper);
}

void append_range_wire(const RangeOps& ops, const Range& range, const IoContext& io,
                       std::string& out) {
  std::string stored;
  ops.append(range, stored);
  out.push_back(stored[0]);
  if (range.empty) return;
  for (const RangeBound* bound : {&range.lower, &range.upper}) {
    if (bound->infinite) continue;
    std::string value;
    ops.subtype().send(bound->value, ops.subtype(), io, value);
    put_u32(out, static_cast<uint32_t>(value.size()));
    out += value;
  }
}

// Empty ranges first, then by the lower bound (inclusive ones first), then by the upper (inclusive
// ones last).
void append_range_key(const RangeOps& ops, const Range& range, std::string& out) {
  put_u8(out, range.empty ? 0 : 1);
  if (range.empty) return;
  const TypeInfo& subtype = ops.subtype();
  put_u8(out, range.lower.infinite ? 0 : 1);
  if (!range.lower.infinite) {
    subtype.key_encode(range.lower.value, subtype, out);
    put_u8(out, range.lower.inclusive ? 0 : 1);
  }
  put_u8(out, range.upper.infinite ? 1 : 0);
  if (!range.upper.infinite) {
    subtype.key_encode(range.upper.value, subtype, out);
    put_u8(out, range.upper.inclusive ? 1 : 0);
  }
}

Range range_from_key(const RangeOps& ops, std::string_view& key, Arena& arena) {
  auto flag = [&] { return take_key_bytes(key, 1)[0] != 0; };
  const TypeInfo& subtype = ops.subtype();
  if (!flag()) return {};
  RangeBound lower, upper;
  lower.infinite = !flag();
  if (!lower.infinite) {
    lower.value = subtype.key_decode(key, subtype, arena);
    lower.inclusive = !flag();
  }
  upper.infinite = flag();
  if (!upper.infinite) {
    upper.value = subtype.key_decode(key, subtype, arena);
    upper.inclusive = flag();
  }
  return ops.make(lower, upper);
}

std::span<const TypeCodec> range_codecs() { return kCodecs; }

}  // namespace luma
