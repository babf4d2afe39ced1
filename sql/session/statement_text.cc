#include "sql/session/statement_text.h"

#include <algorithm>
#include <cctype>

namespace luma {
namespace {

enum class TokenKind : uint8_t { kSpace, kConstant, kParameter, kWord, kQuotedName, kOther };
struct Token {
  TokenKind kind;
  std::string_view text;
};

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || c < 0; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// Bytes of a quoted thing that begins at `at`; `escapes`: a backslash guards the next byte.
size_t quoted_end(std::string_view sql, size_t at, char quote, bool escapes) {
  for (size_t i = at + 1; i < sql.size(); ++i) {
    if (escapes && sql[i] == '\\') {
      ++i;
    } else if (sql[i] == quote) {
      if (i + 1 >= sql.size() || sql[i + 1] != quote) return i + 1;
      ++i;
    }
  }
  return sql.size();
}

size_t block_comment_end(std::string_view sql, size_t at) {
  int depth = 0;
  for (size_t i = at; i + 1 < sql.size(); ++i) {
    if (sql[i] == '/' && sql[i + 1] == '*') {
      ++depth;
      ++i;
    } else if (sql[i] == '*' && sql[i + 1] == '/') {
      ++i;
      if (--depth == 0) return i + 1;
    }
  }
  return sql.size();
}

size_t word_end(std::string_view sql, size_t at) {
  while (at < sql.size() && (is_letter(sql[at]) || is_digit(sql[at]) || sql[at] == '$')) ++at;
  return at;
}

size_t number_end(std::string_view sql, size_t at) {
  auto digits = [&] {
    while (at < sql.size() && is_digit(sql[at])) ++at;
  };
  digits();
  if (at < sql.size() && sql[at] == '.' && !sql.substr(at).starts_with("..")) {
    ++at;
    digits();
  }
  size_t exponent = at;
  if (at < sql.size() && (sql[at] == 'e' || sql[at] == 'E')) {
    ++exponent;
    if (exponent < sql.size() && (sql[exponent] == '+' || sql[exponent] == '-')) ++exponent;
    if (exponent < sql.size() && is_digit(sql[exponent])) {
      at = exponent;
      digits();
    }
  }
  return at;
}

// The end of $tag$ ... $tag$; `at` when none begins there.
size_t dollar_quoted_end(std::string_view sql, size_t at) {
  size_t i = at + 1;
  while (i < sql.size() && (is_letter(sql[i]) || is_digit(sql[i]))) ++i;
  if (i >= sql.size() || sql[i] != '$') return at;
  std::string_view tag = sql.substr(at, i + 1 - at);
  size_t end = sql.find(tag, i + 1);
  return end == sql.npos ? sql.size() : end + tag.size();
}

Token next_token(std::string_view sql, size_t at) {
  auto token = [&](TokenKind kind, size_t end) { return Token{kind, sql.substr(at, end - at)}; };
  const char c = sql[at];
  std::string_view rest = sql.substr(at);
  if (is_space(c)) {
    size_t end = at;
    while (end < sql.size() && is_space(sql[end])) ++end;
    return token(TokenKind::kSpace, end);
  }
  if (rest.starts_with("--")) {
    return token(TokenKind::kSpace, std::min(sql.find('\n', at), sql.size()));
  }
  if (rest.starts_with("/*")) return token(TokenKind::kSpace, block_comment_end(sql, at));
  if (c == '\'') return token(TokenKind::kConstant, quoted_end(sql, at, '\'', false));
  if (c == '"') return token(TokenKind::kQuotedName, quoted_end(sql, at, '"', false));
  if (c == '$' && rest.size() > 1) {
    if (is_digit(rest[1])) return token(TokenKind::kParameter, number_end(sql, at + 1));
    if (size_t end = dollar_quoted_end(sql, at); end > at) return token(TokenKind::kConstant, end);
  }
  if (is_digit(c) || (c == '.' && rest.size() > 1 && is_digit(rest[1]))) {
    return token(TokenKind::kConstant, number_end(sql, at));
  }
  if (is_letter(c)) {
    size_t end = word_end(sql, at);
    // E'..', B'..', X'..', N'..'
    if (end == at + 1 && end < sql.size() && sql[end] == '\'' &&
        std::string_view("eEbBxXnN").find(c) != std::string_view::npos) {
      return token(TokenKind::kConstant, quoted_end(sql, end, '\'', c == 'e' || c == 'E'));
    }
    return token(TokenKind::kWord, end);
  }
  return token(TokenKind::kOther, at + 1);
}

int highest_parameter(std::string_view sql) {
  int highest = 0;
  for (size_t at = 0; at < sql.size();) {
    Token token = next_token(sql, at);
    at += token.text.size();
    if (token.kind != TokenKind::kParameter || token.text.size() > 6) continue;
    highest = std::max(highest, std::atoi(std::string(token.text.substr(1)).c_str()));
  }
  return highest;
}

class Fingerprint {
 public:
  void add(std::string_view text, bool fold) {
    for (char c : text) {
      if (fold) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
    }
    value_ = (value_ ^ 0xff) * 0x100000001b3ull;
  }
  int64_t value() const { return static_cast<int64_t>(value_); }

 private:
  uint64_t value_ = 0xcbf29ce484222325ull;
};

}  // namespace

StatementText text_of_statement(std::string_view sql, bool keep_constants) {
  while (!sql.empty() && (is_space(sql.back()) || sql.back() == ';')) sql.remove_suffix(1);
  StatementText out;
  Fingerprint fingerprint;
  int number = keep_constants ? 0 : highest_parameter(sql);
  for (size_t at = 0; at < sql.size();) {
    Token token = next_token(sql, at);
    at += token.text.size();
    if (token.kind == TokenKind::kConstant && !keep_constants) {
      out.shown += '$';
      out.shown += std::to_string(++number);
      fingerprint.add("?", false);
      continue;
    }
    out.shown += token.text;
    if (token.kind == TokenKind::kSpace) continue;
    fingerprint.add(token.text, token.kind == TokenKind::kWord);
  }
  out.fingerprint = fingerprint.value();
  return out;
}

}  // namespace luma
