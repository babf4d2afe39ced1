#include "engine/type/multirange.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"

namespace luma {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Finds the ranges of "{[1,3),[5,7)}".
class MultirangeLiteral {
 public:
  explicit MultirangeLiteral(std::string_view text) : text_(text) {}

  std::vector<std::string_view> parse() {
    std::vector<std::string_view> ranges;
    skip_blanks();
    if (peek() != '{') fail("Missing left brace.");
    ++at_;
    next_token();
    if (peek() != '}') {
      for (;;) {
        parse_range(ranges);
        next_token();
        if (peek() == '}') break;
        if (peek() != ',') fail("Expected comma or end of multirange.");
        ++at_;
        next_token();
      }
    }
    ++at_;
    skip_blanks();
    if (at_ < text_.size()) fail("Junk after closing right brace.");
    return ranges;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() {
    while (is_blank(peek())) ++at_;
  }
  void require_more() const {
    if (at_ >= text_.size()) fail("Unexpected end of input.");
  }
  void next_token() {
    skip_blanks();
    require_more();
  }
  void parse_range(std::vector<std::string_view>& ranges) {
    constexpr size_t kEmptyLength = 5;
    std::string word(text_.substr(at_, kEmptyLength));
    for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (word == "empty") {
      at_ += kEmptyLength;
      return;
    }
    if (peek() != '[' && peek() != '(') fail("Expected range start.");
    size_t start = at_++;
    bool quoted = false;
    for (;; ++at_) {
      require_more();
      char c = peek();
      if (c == '\\') {
        ++at_;
        require_more();
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && (c == ']' || c == ')')) {
        break;
      }
    }
    ranges.push_back(text_.substr(start, ++at_ - start));
  }
  [[noreturn]] void fail(const char* detail) const {
    throw sql_error(SqlState::kInvalidTextRepresentation, "malformed multirange literal: \"{}\"",
                    text_)
        .detail(detail);
  }

  std::string_view text_;
  size_t at_ = 0;
};

Datum multirange_in(std::string_view text, const TypeInfo& type, int32_t, const IoContext& io,
                    Arena& arena) {
  RangeOps ops(type.oid);
  RangeList ranges;
  for (std::string_view range : MultirangeLiteral(text).parse()) {
    ranges.push_back(range_from_text(ops, range, io, arena));
  }
  return store_multirange(ops, normalize_ranges(ops, std::move(ranges)), arena);
}

void multirange_out(const Datum& value, const TypeInfo& type, const IoContext& io,
                    std::string& out) {
  RangeOps ops(type.oid);
  out.push_back('{');
  bool first = true;
  for (const Range& range : read_multirange(ops, value.str.view())) {
    if (!first) out.push_back(',');
    first = false;
    append_range_text(ops, range, io, out);
  }
  out.push_back('}');
}

Datum multirange_recv(std::string_view bytes, const TypeInfo& type, int32_t, const IoContext& io,
                      Arena& arena) {
  RangeOps ops(type.oid);
  RangeList ranges;
  WireReader reader(bytes);
  for (uint32_t left = reader.u32(); left > 0; --left) {
    uint32_t size = reader.u32();
    ranges.push_back(range_from_wire(ops, reader.take(size), io, arena));
  }
  reader.expect_end();
  return store_multirange(ops, normalize_ranges(ops, std::move(ranges)), arena);
}

void multirange_send(const Datum& value, const TypeInfo& type, const IoContext& io,
                     std::string& out) {
  RangeOps ops(type.oid);
  RangeList ranges = read_multirange(ops, value.str.view());
  put_u32(out, static_cast<uint32_t>(ranges.size()));
  for (const Range& range : ranges) {
    std::string bytes;
    append_range_wire(ops, range, io, bytes);
    put_u32(out, static_cast<uint32_t>(bytes.size()));
    out += bytes;
  }
}

int multirange_compare(const Datum& a, const Datum& b, const TypeInfo& type) {
  RangeOps ops(type.oid);
  return compare_multiranges(ops, read_multirange(ops, a.str.view()),
                             read_multirange(ops, b.str.view()));
}

uint64_t multirange_hash(const Datum& value, const TypeInfo& type) {
  RangeOps ops(type.oid);
  uint64_t hash = 1;
  for (const Range& range : read_multirange(ops, value.str.view())) {
    hash = hash_mix(hash, ops.hash(range));
  }
  return hash;
}

// A range's key begins with 1; the end of the list is below it.
void multirange_key(const Datum& value, const TypeInfo& type, std::string& out) {
  RangeOps ops(type.oid);
  for (const Range& range : read_multirange(ops, value.str.view())) {
    append_range_key(ops, range, out);
  }
  put_u8(out, 0);
}

Datum multirange_decode(std::string_view& key, const TypeInfo& type, Arena& arena) {
  RangeOps ops(type.oid);
  RangeList ranges;
  for (;;) {
    Range range = range_from_key(ops, key, arena);
    if (range.empty) break;
    ranges.push_back(range);
  }
  return store_multirange(ops, ranges, arena);
}

constexpr TypeCodec multirange_codec(std::string_view name, KeyDecode decode = multirange_decode) {
  return {name,
          PhysicalType::kVarlen,
          multirange_in,
          multirange_out,
          multirange_recv,
          multirange_send,
          multirange_compare,
          multirange_hash,
          multirange_key,
          decode};
}
constexpr TypeCodec kCodecs[] = {
    multirange_codec("int4multirange"),         multirange_codec("int8multirange"),
    multirange_codec("nummultirange", nullptr), multirange_codec("tsmultirange"),
    multirange_codec("tstzmultirange"),         multirange_codec("datemultirange"),
};

}  // namespace

RangeList read_multirange(const RangeOps& ops, std::string_view value) {
  auto number = [&] {
    uint32_t n;
    std::memcpy(&n, value.data(), sizeof n);
    value.remove_prefix(sizeof n);
    return n;
  };
  RangeList ranges(number());
  for (Range& range : ranges) {
    uint32_t size = number();
    range = ops.read(value.substr(0, size));
    value.remove_prefix(size);
  }
  return ranges;
}

Datum store_multirange(const RangeOps& ops, const RangeList& ranges, Arena& arena) {
  std::string out;
  auto put_number = [&](uint32_t n) { out.append(reinterpret_cast<const char*>(&n), sizeof n); };
  put_number(static_cast<uint32_t>(ranges.size()));
  std::string bytes;
  for (const Range& range : ranges) {
    bytes.clear();
    ops.append(range, bytes);
    put_number(static_cast<uint32_t>(bytes.size()));
    out += bytes;
  }
  return Datum::of_string(out.size() > StringRef::kInlineBytes ? arena.copy(out)
                                                               : std::string_view(out));
}

RangeList normalize_ranges(const RangeOps& ops, RangeList ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [&](const Range& a, const Range& b) { return ops.compare(a, b) < 0; });
  RangeList out;
  for (const Range& range : ranges) {
    if (range.empty) continue;
    if (!out.empty() && (ops.overlaps(out.back(), range) || ops.adjacent(out.back(), range))) {
      out.back() = ops.merge(out.back(), range);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

Range span_of(const RangeList& ranges) {
  if (ranges.empty()) return {};
  Range out = ranges.front();
  out.upper = ranges.back().upper;
  return out;
}

int compare_multiranges(const RangeOps& ops, const RangeList& a, const RangeList& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    int order = ops.compare(a[i], b[i]);
    if (order != 0) return order;
  }
  return a.size() < b.size() ? -1 : a.size() > b.size();
}

RangeList intersect_multiranges(const RangeOps& ops, const RangeList& a, const RangeList& b) {
  RangeList out;
  size_t j = 0;
  for (const Range& range : a) {
    while (j < b.size() && ops.before(b[j], range)) ++j;
    for (size_t k = j; k < b.size() && !ops.before(range, b[k]); ++k) {
      Range part = ops.intersect(range, b[k]);
      if (!part.empty) out.push_back(part);
    }
  }
  return out;
}

RangeList subtract_multiranges(const RangeOps& ops, const RangeList& a, const RangeList& b) {
  RangeList out;
  size_t j = 0;
  for (Range rest : a) {
    while (j < b.size() && ops.before(b[j], rest)) ++j;
    for (size_t k = j; k < b.size() && !rest.empty && !ops.before(rest, b[k]); ++k) {
      Range below, above;
      if (!ops.overlaps(rest, b[k])) continue;
      ops.subtract(rest, b[k], below, above);
      if (!below.empty) out.push_back(below);
      rest = above;
    }
    if (!rest.empty) out.push_back(rest);
  }
  return out;
}

bool multirange_contains(const RangeOps& ops, const RangeList& ranges, const Range& part) {
  return part.empty || std::any_of(ranges.begin(), ranges.end(),
                                   [&](const Range& range) { return ops.contains(range, part); });
}

bool multirange_overlaps(const RangeOps& ops, const RangeList& ranges, const Range& other) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return ops.overlaps(range, other); });
}

std::span<const TypeCodec> multirange_codecs() { return kCodecs; }

}  // namespace luma
