#include "sql/copy/field_splitter.h"

#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "engine/base/sql_error.h"
#include "engine/type/string.h"
#include "sql/copy/line_finder.h"

namespace luma {

namespace {

int octal_digit(const char* at, const char* end) {
  return at < end && *at >= '0' && *at <= '7' ? *at - '0' : -1;
}

int hex_digit(const char* at, const char* end) {
  if (at >= end) return -1;
  char c = *at;
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The character that `\` and what follows at `at` stand for; `numeric` when written as a number.
char escaped_char(const char*& at, const char* end, bool& numeric) {
  char c = *at++;
  numeric = false;
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case 'x': {
      int value = hex_digit(at, end);
      if (value < 0) return c;
      ++at;
      if (int digit = hex_digit(at, end); digit >= 0) {
        value = value * 16 + digit;
        ++at;
      }
      numeric = true;
      return static_cast<char>(value);
    }
    default:
      break;
  }
  if (c < '0' || c > '7') return c;
  int value = c - '0';
  for (int i = 0; i < 2; ++i) {
    int digit = octal_digit(at, end);
    if (digit < 0) break;
    value = value * 8 + digit;
    ++at;
  }
  numeric = true;
  return static_cast<char>(value & 0xFF);
}

// Where two characters occur in a line, found for 64 bytes at once: fields are short.
class Occurrences {
 public:
  Occurrences(const char* begin, const char* end, char a, char b)
      : base_(begin), end_(end), a_(a), b_(b), bits_(bits_at(begin)) {}
  // The first one at or after `from`, which does not go back; the end when there is none.
  const char* next(const char* from) {
    while (from - base_ >= 64) advance();
    // Shifting out what lies before.
    uint64_t left = bits_ >> (from - base_) << (from - base_);
    while (left == 0) {
      if (end_ - base_ <= 64) return end_;
      advance();
      left = bits_;
    }
    return base_ + __builtin_ctzll(left);
  }

 private:
  void advance() {
    base_ += 64;
    bits_ = base_ < end_ ? bits_at(base_) : 0;
  }
  uint64_t bits_at(const char* at) const {
    const auto left = static_cast<size_t>(end_ - at);
    if (left >= 64) return bits_of(at);
    if (left == 0) return 0;
    char tail[64];
    std::memcpy(tail, at, left);
    return bits_of(tail) & ~uint64_t{0} >> (64 - left);
  }
  uint64_t bits_of(const char* bytes) const {
    uint64_t bits = 0;
#ifdef __SSE2__
    const __m128i a = _mm_set1_epi8(a_), b = _mm_set1_epi8(b_);
    for (int i = 0; i < 4; ++i) {
      __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes) + i);
      int mask =
          _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(block, a), _mm_cmpeq_epi8(block, b)));
      bits |= uint64_t{static_cast<uint16_t>(mask)} << (16 * i);
    }
#else
    for (int i = 0; i < 64; ++i) bits |= uint64_t{bytes[i] == a_ || bytes[i] == b_} << i;
#endif
    return bits;
  }

  const char* base_;
  const char* end_;
  char a_, b_;
  uint64_t bits_;
};

}  // namespace

const std::vector<std::string_view>& FieldSplitter::split(std::string_view line, Arena& arena) {
  fields_.clear();
  if (options_.csv()) {
    split_csv(line, arena);
  } else {
    split_text(line, arena);
  }
  return fields_;
}

void FieldSplitter::add(std::string_view raw, std::string_view value, bool quoted) {
  bool is_null = !quoted && raw == options_.null_text;
  // An empty field must not look like NULL.
  fields_.push_back(is_null ? std::string_view{} : value.data() == nullptr ? "" : value);
}

// From the first backslash of a field to the field's end.
std::string_view FieldSplitter::unescape(const char*& at, const char* end, const char* start,
                                         Arena& arena) {
  char* out = arena.allocate_bytes(static_cast<size_t>(end - start));
  auto length = static_cast<size_t>(at - start);
  std::memcpy(out, start, length);
  bool verify = false;
  while (at < end && *at != options_.delimiter) {
    char c = *at++;
    if (c == '\\') {
      if (at == end) break;
      bool numeric;
      c = escaped_char(at, end, numeric);
      verify |= numeric && (c == '\0' || static_cast<unsigned char>(c) >= 0x80);
    }
    out[length++] = c;
  }
  std::string_view value(out, length);
  if (verify) verify_utf8(value);
  return value;
}

void FieldSplitter::split_text(std::string_view line, Arena& arena) {
  const char* at = line.data();
  const char* end = at + line.size();
  Occurrences occurrences(at, end, options_.delimiter, '\\');
  while (true) {
    const char* start = at;
    at = occurrences.next(at);
    std::string_view value;
    bool escaped = at < end && *at == '\\';
    if (escaped) value = unescape(at, end, start, arena);
    std::string_view raw(start, static_cast<size_t>(at - start));
    add(raw, escaped ? value : raw, false);
    if (at == end) return;
    ++at;
  }
}

// From the first quote of a field to the field's end; quoted and plain parts may alternate.
std::string_view FieldSplitter::unquote(const char*& at, const char* end, const char* start,
                                        Arena& arena) {
  char quote = options_.quote, escape = options_.escape;
  // One quoted part without escapes, which is nearly always the case, needs no copy.
  if (at == start) {
    const char* close = find_any(at + 1, end, quote, escape, quote);
    if (close < end && *close == quote && (close + 1 == end || close[1] == options_.delimiter)) {
      std::string_view value(at + 1, static_cast<size_t>(close - at - 1));
      at = close + 1;
      return value;
    }
  }
  char* out = arena.allocate_bytes(static_cast<size_t>(end - start));
  auto length = static_cast<size_t>(at - start);
  std::memcpy(out, start, length);
  bool in_quote = false;
  while (true) {
    if (at == end) {
      if (in_quote) {
        throw SqlError(SqlState::kBadCopyFileFormat, "unterminated CSV quoted field");
      }
      break;
    }
    char c = *at;
    if (!in_quote && c == options_.delimiter) break;
    ++at;
    if (in_quote && c == escape && at < end && (*at == escape || *at == quote)) {
      out[length++] = *at++;
    } else if (c == quote) {
      in_quote = !in_quote;
    } else {
      out[length++] = c;
    }
  }
  return {out, length};
}

void FieldSplitter::split_csv(std::string_view line, Arena& arena) {
  const char* at = line.data();
  const char* end = at + line.size();
  const char quote = options_.quote;
  Occurrences occurrences(at, end, options_.delimiter, quote);
  while (true) {
    const char* start = at;
    at = occurrences.next(at);
    std::string_view value;
    bool quoted = at < end && *at == quote;
    if (quoted) value = unquote(at, end, start, arena);
    std::string_view raw(start, static_cast<size_t>(at - start));
    add(raw, quoted ? value : raw, quoted);
    if (at == end) return;
    ++at;
  }
}

}  // namespace luma
