#include "engine/type/jsonpath_lexer.h"

#include "engine/base/sql_error.h"

namespace luma {
namespace {

using Token = JsonPathToken;
using TokenKind = JsonPathTokenKind;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_special(char c) {
  return std::string_view("?%$.[]{}()|&!=<>@#,*:-+/").find(c) != std::string_view::npos;
}
// What a word without quotes is made of, escapes aside.
bool is_word(char c) {
  return c != '\0' && c != '\\' && c != '"' && !is_blank(c) && !is_special(c);
}
int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_code_point(uint32_t c, std::string& out) {
  auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      put(0xE0 | c >> 12);
    } else {
      put(0xF0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3F));
    }
    put(0x80 | (c >> 6 & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

}  // namespace

void JsonPathLexer::fail(std::string_view message, size_t begin) const {
  if (at_ >= text_.size() && begin >= text_.size()) {
    throw sql_error(SqlState::kSyntaxError, "{} at end of jsonpath input", message);
  }
  throw sql_error(SqlState::kSyntaxError, "{} at or near \"{}\" of jsonpath input", message,
                  text_.substr(begin, at_ - begin));
}

void JsonPathLexer::skip_blanks() {
  while (at_ < text_.size()) {
    if (is_blank(text_[at_])) {
      ++at_;
    } else if (peek() == '/' && peek(1) == '*') {
      size_t end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) {
        at_ = text_.size();
        fail("unexpected end of comment", at_);
      }
      at_ = end + 2;
    } else {
      return;
    }
  }
}

Token JsonPathLexer::read_number() {
  size_t begin = at_;
  Token token{TokenKind::kNumber, true, {}, {}, false};
  auto digits = [&] {
    while (is_digit(peek())) ++at_;
  };
  if (peek() == '0') {
    ++at_;
  } else {
    digits();
  }
  if (peek() == '.') {
    token.is_integer = false;
    ++at_;
    digits();
  }
  if (peek() == 'e' || peek() == 'E') {
    size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if (!is_digit(peek(1 + sign))) {
      at_ += 1 + sign;
      fail("trailing junk after numeric literal", begin);
    }
    token.is_integer = false;
    at_ += 1 + sign;
    digits();
  }
  if (is_word(peek())) {
    ++at_;
    fail("trailing junk after numeric literal", begin);
  }
  token.written = text_.substr(begin, at_ - begin);
  token.text = std::string(token.written);
  return token;
}

uint32_t JsonPathLexer::read_hex(size_t digits) {
  uint32_t value = 0;
  for (size_t i = 0; i < digits; ++i) {
    int digit = hex_digit(peek());
    if (digit < 0) fail("invalid Unicode escape sequence", at_);
    value = value << 4 | static_cast<uint32_t>(digit);
    ++at_;
  }
  return value;
}

// Behind "\u": XXXX or {X...}.
uint32_t JsonPathLexer::read_code_unit() {
  if (peek() != '{') return read_hex(4);
  size_t end = text_.find('}', at_);
  if (end == std::string_view::npos || end - at_ < 2 || end - at_ > 7) {
    fail("invalid Unicode escape sequence", at_);
  }
  ++at_;
  uint32_t value = read_hex(end - at_);
  ++at_;
  return value;
}

void JsonPathLexer::read_unicode_escape(std::string& out) {
  auto wrong_surrogate = [](std::string_view detail) {
    throw sql_error(SqlState::kInvalidTextRepresentation, "invalid input syntax for type jsonpath")
        .detail(std::string(detail));
  };
  uint32_t c = read_code_unit();
  if (c >= 0xD800 && c <= 0xDBFF) {
    if (peek() != '\\' || peek(1) != 'u') {
      wrong_surrogate("Unicode low surrogate must follow a high surrogate.");
    }
    at_ += 2;
    uint32_t low = read_code_unit();
    if (low < 0xDC00 || low > 0xDFFF) {
      wrong_surrogate("Unicode low surrogate must follow a high surrogate.");
    }
    c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
  } else if (c >= 0xDC00 && c <= 0xDFFF) {
    wrong_surrogate("Unicode low surrogate must follow a high surrogate.");
  }
  if (c == 0) {
    throw sql_error(SqlState::kUntranslatableCharacter, "unsupported Unicode escape sequence")
        .detail("\\u0000 cannot be converted to text.");
  }
  if (c > 0x10FFFF) fail("invalid Unicode escape sequence", at_);
  append_code_point(c, out);
}

// At the backslash.
void JsonPathLexer::read_escape(std::string& out) {
  size_t begin = at_++;
  if (at_ >= text_.size()) fail("unexpected end after backslash", at_);
  char c = text_[at_++];
  static constexpr std::string_view kLetters = "bfnrtv";
  static constexpr std::string_view kMeanings = "\b\f\n\r\t\v";
  if (size_t i = kLetters.find(c); i != std::string_view::npos) {
    out.push_back(kMeanings[i]);
  } else if (c == 'u') {
    read_unicode_escape(out);
  } else if (c == 'x') {
    if (hex_digit(peek()) < 0 || hex_digit(peek(1)) < 0) {
      fail("invalid hexadecimal character sequence", begin);
    }
    uint32_t value = read_hex(2);
    if (value == 0) {
      throw sql_error(SqlState::kUntranslatableCharacter, "unsupported Unicode escape sequence")
          .detail("\\u0000 cannot be converted to text.");
    }
    append_code_point(value, out);
  } else {
    out.push_back(c);
  }
}

void JsonPathLexer::read_word(std::string& out) {
  while (at_ < text_.size()) {
    if (text_[at_] == '\\') {
      read_escape(out);
    } else if (is_word(text_[at_])) {
      out.push_back(text_[at_++]);
    } else {
      return;
    }
  }
}

void JsonPathLexer::read_quoted(std::string& out) {
  ++at_;
  while (peek() != '"') {
    if (at_ >= text_.size()) fail("unexpected end of quoted string", at_);
    if (text_[at_] == '\\') {
      read_escape(out);
    } else {
      out.push_back(text_[at_++]);
    }
  }
  ++at_;
}

Token JsonPathLexer::next() {
  skip_blanks();
  Token token;
  if (at_ >= text_.size()) return token;
  size_t begin = at_;
  char c = text_[at_];
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return read_number();
  if (c == '"') {
    token.kind = TokenKind::kString;
    read_quoted(token.text);
  } else if (c == '$' && (is_word(peek(1)) || peek(1) == '\\' || peek(1) == '"')) {
    token.kind = TokenKind::kVariable;
    ++at_;
    if (peek() == '"') {
      read_quoted(token.text);
    } else {
      read_word(token.text);
    }
  } else if (is_special(c)) {
    static constexpr std::string_view kPairs[] = {"&&", "||", "**", "<=", "==", "<>", "!=", ">="};
    token.kind = TokenKind::kSymbol;
    size_t length = 1;
    for (std::string_view pair : kPairs) {
      if (text_.substr(at_, 2) == pair) length = 2;
    }
    token.text = std::string(text_.substr(at_, length));
    at_ += length;
  } else {
    token.kind = TokenKind::kIdentifier;
    read_word(token.text);
    // What PostgreSQL's scanner read last is what follows the word.
    size_t end = at_;
    while (is_blank(peek())) ++at_;
    token.is_hidden = at_ == end;
    token.written = text_.substr(end, at_ - end);
    return token;
  }
  token.written = text_.substr(begin, at_ - begin);
  return token;
}

}  // namespace luma
