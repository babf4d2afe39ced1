#include "sql/routine/pl_lexer.h"

#include <algorithm>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

class Lexer {
 public:
  explicit Lexer(std::string_view body) : body_(body) {}

  std::vector<PlToken> run() {
    while (skip_space()) read();
    add(PlTokenKind::kEnd, at_, "");
    return std::move(tokens_);
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < body_.size() ? body_[at_ + ahead] : '\0';
  }
  std::string_view rest() const { return body_.substr(at_); }

  [[noreturn]] void unterminated(std::string_view what, size_t start) {
    throw sql_error(SqlState::kSyntaxError, "unterminated {} at or near \"{}\"", what,
                    body_.substr(start))
        .at_byte(static_cast<int>(start));
  }

  // False at the end.
  bool skip_space() {
    while (at_ < body_.size()) {
      if (is_space(peek())) {
        ++at_;
      } else if (rest().starts_with("--")) {
        while (at_ < body_.size() && peek() != '\n') ++at_;
      } else if (rest().starts_with("/*")) {
        skip_comment();
      } else {
        return true;
      }
    }
    return false;
  }

  void skip_comment() {
    size_t start = at_;
    int depth = 0;
    do {
      if (at_ >= body_.size()) unterminated("/* comment", start);
      if (rest().starts_with("/*")) {
        ++depth;
        at_ += 2;
      } else if (rest().starts_with("*/")) {
        --depth;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (depth > 0);
  }

  void add(PlTokenKind kind, size_t start, std::string text) {
    tokens_.push_back({kind, std::move(text), static_cast<int>(start), static_cast<int>(at_)});
  }

  void read() {
    size_t start = at_;
    char c = peek();
    bool prefixed = (c == 'e' || c == 'E' || c == 'b' || c == 'B' || c == 'x' || c == 'X' ||
                     c == 'n' || c == 'N') &&
                    peek(1) == '\'';
    if (prefixed || c == '\'') {
      if (prefixed) ++at_;
      return read_string(start, prefixed && (c == 'e' || c == 'E'));
    }
    if (is_letter(c)) {
      while (is_letter(peek()) || is_digit(peek()) || peek() == '$') ++at_;
      std::string word(body_.substr(start, at_ - start));
      std::ranges::transform(word, word.begin(), [](char ch) {
        return ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch + 32) : ch;
      });
      return add(PlTokenKind::kWord, start, std::move(word));
    }
    if (c == '"') return read_quoted(start);
    if (c == '$' && is_digit(peek(1))) {
      ++at_;
      while (is_digit(peek())) ++at_;
      return add(PlTokenKind::kParameter, start,
                 std::string(body_.substr(start + 1, at_ - start - 1)));
    }
    if (c == '$' && read_dollar_string(start)) return;
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return read_number(start);
    read_symbol(start);
  }

  void read_string(size_t start, bool escapes) {
    ++at_;
    std::string text;
    while (true) {
      if (at_ >= body_.size()) unterminated("quoted string", start);
      char c = body_[at_++];
      if (c == '\'' && peek() != '\'') break;
      if (c == '\'') ++at_;
      if (c == '\\' && escapes && at_ < body_.size()) {
        c = body_[at_++];
        c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      }
      text += c;
    }
    add(PlTokenKind::kString, start, std::move(text));
  }

  void read_quoted(size_t start) {
    ++at_;
    std::string text;
    while (true) {
      if (at_ >= body_.size()) unterminated("quoted identifier", start);
      char c = body_[at_++];
      if (c == '"' && peek() != '"') break;
      if (c == '"') ++at_;
      text += c;
    }
    add(PlTokenKind::kQuoted, start, std::move(text));
  }

  bool read_dollar_string(size_t start) {
    size_t end = at_ + 1;
    while (end < body_.size() && (is_letter(body_[end]) || is_digit(body_[end]))) ++end;
    if (end >= body_.size() || body_[end] != '$') return false;
    std::string_view tag = body_.substr(at_, end + 1 - at_);
    size_t close = body_.find(tag, end + 1);
    if (close == body_.npos) unterminated("dollar-quoted string", start);
    std::string text(body_.substr(end + 1, close - end - 1));
    at_ = close + tag.size();
    add(PlTokenKind::kString, start, std::move(text));
    return true;
  }

  void read_number(size_t start) {
    while (is_digit(peek())) ++at_;
    // "1..10" is two numbers and a range.
    if (peek() == '.' && peek(1) != '.') {
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    if ((peek() == 'e' || peek() == 'E') &&
        (is_digit(peek(1)) || ((peek(1) == '-' || peek(1) == '+') && is_digit(peek(2))))) {
      at_ += 2;
      while (is_digit(peek())) ++at_;
    }
    add(PlTokenKind::kNumber, start, std::string(body_.substr(start, at_ - start)));
  }

  void read_symbol(size_t start) {
    for (std::string_view two : {":=", "..", "<<", ">>", "=>", "::", "<=", ">=", "<>", "!="}) {
      if (!rest().starts_with(two)) continue;
      at_ += 2;
      return add(PlTokenKind::kSymbol, start, std::string(two));
    }
    ++at_;
    add(PlTokenKind::kSymbol, start, std::string(body_.substr(start, 1)));
  }

  std::string_view body_;
  size_t at_ = 0;
  std::vector<PlToken> tokens_;
};

}  // namespace

std::vector<PlToken> pl_tokens(std::string_view body) { return Lexer(body).run(); }

int pl_line(std::string_view body, int offset) {
  std::string_view before = body.substr(0, static_cast<size_t>(std::max(offset, 0)));
  return 1 + static_cast<int>(std::ranges::count(before, '\n'));
}

}  // namespace luma
