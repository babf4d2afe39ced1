#include "sql/parse/literal_rows.h"

#include <charconv>
#include <cstring>

#include "sql/parse/utf8.h"

namespace luma {

namespace {

// Fewer rows gain little, and keep what a statement of its own gives them.
constexpr size_t kMinRows = 8;
constexpr size_t kMinBytes = 64;
constexpr size_t kMaxWidth = 48;
constexpr char kTrue[] = "t", kFalse[] = "f";

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class RowScanner {
 public:
  RowScanner(std::string_view sql, LiteralRows& out)
      : at_(sql.data()), end_(at_ + sql.size()), out_(out) {}

  // Moves behind the word VALUES of INSERT INTO names VALUES.
  bool head();
  // Moves behind the last row.
  bool rows();
  const char* position() const { return at_; }
  bool at_end() const { return at_ == end_; }

 private:
  char peek() const { return at_ < end_ ? *at_ : '\0'; }
  void skip_space() {
    while (at_ < end_ && is_space(*at_)) ++at_;
  }
  std::string_view word();
  static bool same(std::string_view text, std::string_view lower_case);
  bool row();
  bool literal();
  bool number();
  bool string();
  bool keyword();
  void add(const char* from, const char* to, RowLiteralKind kind, bool doubled = false) {
    out_.literals.push_back({from, static_cast<uint32_t>(to - from), kind, doubled});
  }

  const char* at_;
  const char* end_;
  LiteralRows& out_;
};

std::string_view RowScanner::word() {
  const char* start = at_;
  while (at_ < end_ && is_word(*at_)) ++at_;
  return {start, static_cast<size_t>(at_ - start)};
}

bool RowScanner::same(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower_case[i]) return false;
  }
  return true;
}

bool RowScanner::head() {
  skip_space();
  if (!same(word(), "insert")) return false;
  int depth = 0;
  while (at_ < end_) {
    char c = *at_;
    if (is_word(c)) {
      if (is_digit(c)) return false;
      std::string_view name = word();
      if (depth == 0 && same(name, "values")) return true;
      // Rows of a query are unified with each other, not assigned one by one.
      if (same(name, "select") || same(name, "with")) return false;
    } else if (c == '"') {
      const char* close =
          static_cast<const char*>(std::memchr(at_ + 1, '"', static_cast<size_t>(end_ - at_ - 1)));
      if (close == nullptr) return false;
      at_ = close + 1;
      if (peek() == '"') return false;
    } else if (is_space(c) || c == '.' || c == ',') {
      ++at_;
    } else if (c == '(' || c == ')') {
      depth += c == '(' ? 1 : -1;
      ++at_;
    } else {
      return false;
    }
  }
  return false;
}

bool RowScanner::number() {
  const char* start = at_;
  if (*at_ == '-') ++at_;
  const char* digits = at_;
  while (is_digit(peek())) ++at_;
  bool integer = at_ > digits;
  if (peek() == '.') {
    const char* point = at_++;
    while (is_digit(peek())) ++at_;
    if (point == digits && at_ == point + 1) return false;
    integer = false;
  }
  if (at_ == digits) return false;
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (!is_digit(peek())) return false;
    while (is_digit(peek())) ++at_;
    integer = false;
  }
  if (is_word(peek()) || peek() == '.') return false;
  RowLiteralKind kind = RowLiteralKind::kNumeric;
  if (integer && at_ - digits <= 9) {
    kind = RowLiteralKind::kInteger;
  } else if (integer) {
    int64_t value;
    auto parsed = std::from_chars(digits, at_, value);
    if (parsed.ec == std::errc()) {
      kind = value <= INT32_MAX ? RowLiteralKind::kInteger : RowLiteralKind::kBigint;
    }
  }
  add(start, at_, kind);
  return true;
}

bool RowScanner::string() {
  const char* start = ++at_;
  bool doubled = false;
  while (true) {
    const char* quote =
        static_cast<const char*>(std::memchr(at_, '\'', static_cast<size_t>(end_ - at_)));
    if (quote == nullptr) return false;
    at_ = quote + 1;
    if (peek() != '\'') break;
    doubled = true;
    ++at_;
  }
  add(start, at_ - 1, RowLiteralKind::kString, doubled);
  return true;
}

bool RowScanner::keyword() {
  std::string_view text = word();
  if (same(text, "null")) {
    add(nullptr, nullptr, RowLiteralKind::kNull);
  } else if (same(text, "true")) {
    add(kTrue, kTrue + 1, RowLiteralKind::kBool);
  } else if (same(text, "false")) {
    add(kFalse, kFalse + 1, RowLiteralKind::kBool);
  } else {
    return false;
  }
  return true;
}

bool RowScanner::literal() {
  char c = peek();
  if (c == '\'') return string();
  if (is_digit(c) || c == '-' || c == '.') return number();
  return is_word(c) && keyword();
}

bool RowScanner::row() {
  if (peek() != '(') return false;
  ++at_;
  size_t first = out_.literals.size();
  while (true) {
    skip_space();
    if (!literal()) return false;
    skip_space();
    char c = peek();
    ++at_;
    if (c == ')') break;
    if (c != ',') return false;
  }
  size_t width = out_.literals.size() - first;
  if (out_.width == 0) out_.width = static_cast<uint32_t>(width);
  return width == out_.width && width <= kMaxWidth;
}

bool RowScanner::rows() {
  while (true) {
    skip_space();
    if (!row()) return false;
    skip_space();
    if (peek() != ',') return out_.size() >= kMinRows;
    ++at_;
  }
}

// What both kinds can be read as without a difference that an assignment could show.
bool merge(RowLiteralKind& kind, RowLiteralKind other) {
  if (kind == other || other == RowLiteralKind::kNull) return true;
  auto is_number = [](RowLiteralKind k) {
    return k >= RowLiteralKind::kInteger && k <= RowLiteralKind::kNumeric;
  };
  if (kind != RowLiteralKind::kNull && !(is_number(kind) && is_number(other))) return false;
  if (other > kind) kind = other;
  return true;
}

}  // namespace

bool find_literal_rows(std::string_view sql, LiteralRows& out) {
  out.width = 0;
  out.literals.clear();
  if (sql.size() < kMinBytes) return false;
  RowScanner scanner(sql, out);
  if (!scanner.head()) return false;
  const char* values = scanner.position();
  if (!scanner.rows() || !parse::is_utf8(sql)) return false;
  out.kinds.assign(out.width, RowLiteralKind::kNull);
  const RowLiteral* literal = out.literals.data();
  for (size_t row = 0; row < out.size(); ++row) {
    for (RowLiteralKind& kind : out.kinds) {
      if (!merge(kind, literal++->kind)) return false;
    }
  }
  out.one_row.assign(sql.data(), values);
  out.one_row += " (";
  out.row_offset = out.one_row.size();
  for (uint32_t i = 0; i < out.width; ++i) out.one_row += i == 0 ? "''" : ",''";
  out.one_row += ") ";
  out.one_row.append(scanner.position(), sql.data() + sql.size());
  return true;
}

}  // namespace luma
