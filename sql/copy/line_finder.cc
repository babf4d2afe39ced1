#include "sql/copy/line_finder.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "engine/base/sql_error.h"

namespace luma {

namespace {

SqlError bad_format(std::string_view text) {
  return SqlError(SqlState::kBadCopyFileFormat, std::string(text));
}

SqlError literal_return(bool csv) {
  return csv ? bad_format("unquoted carriage return found in data")
                   .hint("Use quoted CSV field to represent carriage return.")
             : bad_format("literal carriage return found in data")
                   .hint("Use \"\\r\" to represent carriage return.");
}

SqlError literal_newline(bool csv) {
  return csv ? bad_format("unquoted newline found in data")
                   .hint("Use quoted CSV field to represent newline.")
             : bad_format("literal newline found in data")
                   .hint("Use \"\\n\" to represent newline.");
}

}  // namespace

const char* find_any(const char* at, const char* end, char a, char b, char c, char d) {
#ifdef __SSE2__
  const __m128i va = _mm_set1_epi8(a), vb = _mm_set1_epi8(b), vc = _mm_set1_epi8(c),
                vd = _mm_set1_epi8(d);
  for (; end - at >= 16; at += 16) {
    __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    __m128i hits = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, va), _mm_cmpeq_epi8(block, vb)),
                                _mm_or_si128(_mm_cmpeq_epi8(block, vc), _mm_cmpeq_epi8(block, vd)));
    int mask = _mm_movemask_epi8(hits);
    if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  while (at < end && *at != a && *at != b && *at != c && *at != d) ++at;
  return at;
}

const char* find_any(const char* at, const char* end, char a, char b, char c) {
  return find_any(at, end, a, b, c, c);
}

LineFinder::LineFinder(const CopyOptions& options)
    : csv_(options.csv()),
      quote_(options.quote),
      escape_(options.escape),
      escape_is_quote_(options.quote == options.escape) {}

FoundLine LineFinder::find(std::string_view rest, bool at_end, uint64_t& line_number) {
  FoundLine found = csv_ ? find_csv(rest, at_end, line_number) : find_text(rest, at_end);
  if (found.kind == FoundLine::kIncomplete && at_end) {
    found = {FoundLine::kLine, rest.size(), rest.size()};
  }
  if (found.kind != FoundLine::kIncomplete) {
    looked_at_ = 0;
    in_quote_ = after_escape_ = false;
  }
  return found;
}

FoundLine LineFinder::line_end(std::string_view rest, size_t at, bool at_end) {
  if (rest[at] == '\n') {
    if (line_end_ == LineEnd::kReturn || line_end_ == LineEnd::kReturnNewline) {
      throw literal_newline(csv_);
    }
    line_end_ = LineEnd::kNewline;
    return {FoundLine::kLine, at, at + 1};
  }
  if (line_end_ == LineEnd::kNewline) throw literal_return(csv_);
  if (line_end_ != LineEnd::kReturn) {
    if (at + 1 == rest.size() && !at_end) return incomplete(at);
    if (at + 1 < rest.size() && rest[at + 1] == '\n') {
      line_end_ = LineEnd::kReturnNewline;
      return {FoundLine::kLine, at, at + 2};
    }
    if (line_end_ == LineEnd::kReturnNewline) throw literal_return(csv_);
    line_end_ = LineEnd::kReturn;
  }
  return {FoundLine::kLine, at, at + 1};
}

FoundLine LineFinder::end_marker(std::string_view rest, size_t at, bool at_end, bool& is_data) {
  is_data = false;
  size_t next = at + 2;
  // The marker's line end decides; wait until all of it is here.
  size_t needed = line_end_ == LineEnd::kReturnNewline ? 2 : 1;
  if (next + needed > rest.size() && !at_end) return incomplete(at);
  auto byte = [&](size_t position) { return position < rest.size() ? rest[position] : '\0'; };
  if (line_end_ == LineEnd::kReturnNewline) {
    if (byte(next) != '\r') {
      is_data = csv_;
      if (is_data) return {};
      throw bad_format(byte(next) == '\n'
                           ? "end-of-copy marker does not match previous newline style"
                           : "end-of-copy marker corrupt");
    }
    ++next;
  }
  char end = byte(next);
  if (end != '\r' && end != '\n') {
    is_data = csv_;
    if (is_data) return {};
    throw bad_format("end-of-copy marker corrupt");
  }
  bool fits =
      line_end_ == LineEnd::kUnknown || end == (line_end_ == LineEnd::kReturn ? '\r' : '\n');
  if (!fits) throw bad_format("end-of-copy marker does not match previous newline style");
  return {FoundLine::kEndMarker, at, rest.size()};
}

FoundLine LineFinder::find_text(std::string_view rest, bool at_end) {
  const char* end = rest.data() + rest.size();
  size_t position = looked_at_;
  while (true) {
    const char* hit = find_any(rest.data() + position, end, '\n', '\r', '\\');
    position = static_cast<size_t>(hit - rest.data());
    if (hit == end) return incomplete(position);
    if (*hit != '\\') return line_end(rest, position, at_end);
    if (position + 1 == rest.size()) return incomplete(position);
    if (hit[1] == '.') {
      bool is_data;
      return end_marker(rest, position, at_end, is_data);
    }
    // What follows a backslash is data, a newline too.
    position += 2;
  }
}

FoundLine LineFinder::find_csv(std::string_view rest, bool at_end, uint64_t& line_number) {
  if (looked_at_ == 0 && !rest.empty() && rest[0] == '\\') {
    if (rest.size() == 1 && !at_end) return incomplete(0);
    if (rest.size() > 1 && rest[1] == '.') {
      bool is_data;
      FoundLine found = end_marker(rest, 0, at_end, is_data);
      if (!is_data) return found;
    }
  }
  const char* end = rest.data() + rest.size();
  size_t position = looked_at_;
  while (true) {
    const char* hit = find_any(rest.data() + position, end, '\n', '\r', quote_, escape_);
    position = static_cast<size_t>(hit - rest.data());
    if (hit == end) return incomplete(position);
    char c = *hit;
    bool escaped = after_escape_ && escape_at_ + 1 == position;
    bool is_escape = !escape_is_quote_ && c == escape_;
    if (in_quote_ && is_escape) escaped = !escaped;
    if (c == quote_ && !escaped) in_quote_ = !in_quote_;
    if ((c == '\n' || c == '\r') && !in_quote_) return line_end(rest, position, at_end);
    after_escape_ = escaped && is_escape;
    escape_at_ = position;
    if (in_quote_ && c == (line_end_ == LineEnd::kNewline ? '\n' : '\r')) ++line_number;
    ++position;
  }
}

}  // namespace luma
