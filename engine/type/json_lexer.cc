#include "engine/type/json_lexer.h"

#include <cctype>

#include "engine/base/sql_error.h"
#include "engine/type/utf8_text.h"

namespace luma {
namespace {

enum class Token : uint8_t {
  kString,
  kNumber,
  kTrue,
  kFalse,
  kNull,
  kObjectStart,
  kObjectEnd,
  kArrayStart,
  kArrayEnd,
  kComma,
  kColon,
  kEnd
};

constexpr size_t kContextBytes = 50;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (c & 0x80) != 0;
}
size_t char_bytes(std::string_view text, size_t pos) {
  auto c = static_cast<unsigned char>(text[pos]);
  size_t bytes = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
  return std::min(bytes, text.size() - pos);
}
int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Lexer {
 public:
  Lexer(std::string_view text, bool decode) : text_(text), decode_(decode) {}

  Token token() const { return token_; }
  std::string_view token_text() const { return text_.substr(begin_, end_ - begin_); }
  const std::string& decoded() const { return decoded_; }

  void advance() {
    while (pos_ < text_.size()) {
      char c = text_[pos_];
      if (c != ' ' && c != '\t' && c != '\n' && c != '\r') break;
      ++pos_;
      if (c == '\n') {
        ++line_;
        line_start_ = pos_;
      }
    }
    begin_ = pos_;
    if (pos_ == text_.size()) {
      end_ = pos_;
      token_ = Token::kEnd;
      return;
    }
    switch (text_[pos_]) {
      case '{':
        return single(Token::kObjectStart);
      case '}':
        return single(Token::kObjectEnd);
      case '[':
        return single(Token::kArrayStart);
      case ']':
        return single(Token::kArrayEnd);
      case ',':
        return single(Token::kComma);
      case ':':
        return single(Token::kColon);
      case '"':
        return string();
      default:
        break;
    }
    if (text_[pos_] == '-' || is_digit(text_[pos_])) return number();
    word();
  }

  // The parser expected something else than the current token.
  [[noreturn]] void fail_expected(const char* what) {
    if (token_ == Token::kEnd) fail("The input string ended unexpectedly.");
    fail(fmt::format("Expected {}, but found \"{}\".", what, token_text()));
  }
  [[noreturn]] void fail_at_end() {
    fail(fmt::format("Expected end of input, but found \"{}\".", token_text()));
  }

 private:
  void single(Token token) {
    token_ = token;
    end_ = ++pos_;
  }

  void word() {
    size_t end = pos_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    if (end == pos_) {
      end_ = pos_ + 1;
      fail_token();
    }
    end_ = end;
    std::string_view word = token_text();
    if (word == "true") {
      token_ = Token::kTrue;
    } else if (word == "false") {
      token_ = Token::kFalse;
    } else if (word == "null") {
      token_ = Token::kNull;
    } else {
      fail_token();
    }
    pos_ = end;
  }

  void number() {
    size_t p = pos_;
    auto at = [&](size_t i) { return i < text_.size() ? text_[i] : '\0'; };
    auto digits = [&] {
      size_t from = p;
      while (is_digit(at(p))) ++p;
      return p != from;
    };
    bool ok = true;
    if (at(p) == '-') ++p;
    if (at(p) == '0') {
      ++p;
    } else {
      ok = digits();
    }
    if (ok && at(p) == '.') {
      ++p;
      ok = digits();
    }
    if (ok && (at(p) == 'e' || at(p) == 'E')) {
      ++p;
      if (at(p) == '+' || at(p) == '-') ++p;
      ok = digits();
    }
    for (; p < text_.size() && is_word(text_[p]); ++p) ok = false;
    pos_ = end_ = p;
    if (!ok) fail_token();
    token_ = Token::kNumber;
  }

  void string() {
    decoded_.clear();
    high_surrogate_ = 0;
    size_t p = pos_ + 1;
    for (;;) {
      size_t run = p;
      while (p < text_.size() && text_[p] != '"' && text_[p] != '\\' &&
             static_cast<unsigned char>(text_[p]) >= 32) {
        ++p;
      }
      if (p > run) {
        if (decode_) {
          require_no_high_surrogate(p);
          decoded_.append(text_.substr(run, p - run));
        }
        continue;
      }
      if (p >= text_.size()) {
        end_ = text_.size();
        fail_token();
      }
      char c = text_[p];
      if (c == '"') break;
      if (c != '\\') {
        end_ = p;
        fail(fmt::format("Character with value 0x{:02x} must be escaped.",
                         static_cast<unsigned char>(c)));
      }
      p = escape(p + 1);
    }
    require_no_high_surrogate(p + 1);
    token_ = Token::kString;
    pos_ = end_ = p + 1;
  }

  // Reads what follows a backslash; returns the position behind it.
  size_t escape(size_t p) {
    if (p >= text_.size()) {
      end_ = p;
      fail_token();
    }
    char c = text_[p];
    if (c == 'u') return unicode_escape(p + 1);
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr std::string_view kBytes = "\"\\/\b\f\n\r\t";
    size_t index = kNames.find(c);
    if (index == std::string_view::npos) {
      size_t bytes = char_bytes(text_, p);
      end_ = p + bytes;
      fail(fmt::format("Escape sequence \"\\{}\" is invalid.", text_.substr(p, bytes)));
    }
    if (decode_) {
      require_no_high_surrogate(p);
      decoded_.push_back(kBytes[index]);
    }
    return p + 1;
  }

  size_t unicode_escape(size_t p) {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++p) {
      if (p >= text_.size()) {
        end_ = p;
        fail_token();
      }
      int value = hex_value(text_[p]);
      if (value < 0) {
        end_ = p + char_bytes(text_, p);
        fail("\"\\u\" must be followed by four hexadecimal digits.");
      }
      code = code * 16 + static_cast<uint32_t>(value);
    }
    if (!decode_) return p;
    if (code == 0) {
      end_ = p;
      fail("\\u0000 cannot be converted to text.", SqlState::kUntranslatableCharacter,
           "unsupported Unicode escape sequence");
    }
    if (code >= 0xD800 && code < 0xDC00) {
      if (high_surrogate_ != 0) {
        end_ = p;
        fail("Unicode high surrogate must not follow a high surrogate.");
      }
      high_surrogate_ = code;
      return p;
    }
    if (code >= 0xDC00 && code < 0xE000) {
      if (high_surrogate_ == 0) {
        end_ = p;
        fail("Unicode low surrogate must follow a high surrogate.");
      }
      code = 0x10000 + ((high_surrogate_ & 0x3FF) << 10) + (code & 0x3FF);
      high_surrogate_ = 0;
    }
    require_no_high_surrogate(p);
    utf8_append(code, decoded_);
    return p;
  }

  void require_no_high_surrogate(size_t p) {
    if (high_surrogate_ == 0) return;
    end_ = std::min(p, text_.size());
    fail("Unicode low surrogate must follow a high surrogate.");
  }

  [[noreturn]] void fail_token() { fail(fmt::format("Token \"{}\" is invalid.", token_text())); }

  [[noreturn]] void fail(std::string detail, SqlState state = SqlState::kInvalidTextRepresentation,
                         const char* message = "invalid input syntax for type json") {
    // An excerpt of the line up to the error.
    size_t start = line_start_;
    while (end_ - start >= kContextBytes) start += char_bytes(text_, start);
    if (start - line_start_ <= 3) start = line_start_;
    bool more =
        token_ != Token::kEnd && end_ < text_.size() && text_[end_] != '\n' && text_[end_] != '\r';
    if (begin_ == text_.size()) more = false;
    throw sql_error(state, "{}", message)
        .detail(std::move(detail))
        .context(fmt::format("JSON data, line {}: {}{}{}", line_, start > line_start_ ? "..." : "",
                             text_.substr(start, end_ - start), more ? "..." : ""));
  }

  std::string_view text_;
  bool decode_;
  size_t pos_ = 0, begin_ = 0, end_ = 0;
  Token token_ = Token::kComma;
  int line_ = 1;
  size_t line_start_ = 0;
  std::string decoded_;
  uint32_t high_surrogate_ = 0;
};

class Parser {
 public:
  Parser(std::string_view text, JsonHandler* handler)
      : lexer_(text, handler != nullptr), handler_(handler) {}

  void run() {
    lexer_.advance();
    bool value_done = value();
    while (!open_.empty())
      value_done = open_.back() ? object_step(value_done) : array_step(value_done);
    if (lexer_.token() != Token::kEnd) lexer_.fail_at_end();
  }

 private:
  // Reads a scalar (true) or opens a container (false).
  bool value() {
    switch (lexer_.token()) {
      case Token::kObjectStart:
        open(true);
        return false;
      case Token::kArrayStart:
        open(false);
        return false;
      case Token::kString:
        if (handler_) handler_->string(lexer_.decoded());
        break;
      case Token::kNumber:
        if (handler_) handler_->number(lexer_.token_text());
        break;
      case Token::kTrue:
        if (handler_) handler_->boolean(true);
        break;
      case Token::kFalse:
        if (handler_) handler_->boolean(false);
        break;
      case Token::kNull:
        if (handler_) handler_->null();
        break;
      default:
        lexer_.fail_expected("JSON value");
    }
    lexer_.advance();
    return true;
  }

  void open(bool is_object) {
    if (open_.size() >= static_cast<size_t>(kMaxJsonDepth)) {
      throw sql_error(SqlState::kStatementTooComplex, "stack depth limit exceeded")
          .hint("The JSON value is nested too deeply.");
    }
    open_.push_back(is_object);
    if (handler_) is_object ? handler_->begin_object() : handler_->begin_array();
    lexer_.advance();
  }

  bool close() {
    if (handler_) open_.back() ? handler_->end_object() : handler_->end_array();
    open_.pop_back();
    lexer_.advance();
    return true;
  }

  bool object_step(bool after_value) {
    if (lexer_.token() == Token::kObjectEnd) return close();
    if (after_value) {
      if (lexer_.token() != Token::kComma) lexer_.fail_expected("\",\" or \"}\"");
      lexer_.advance();
      if (lexer_.token() != Token::kString) lexer_.fail_expected("string");
    } else if (lexer_.token() != Token::kString) {
      lexer_.fail_expected("string or \"}\"");
    }
    if (handler_) handler_->key(lexer_.decoded());
    lexer_.advance();
    if (lexer_.token() != Token::kColon) lexer_.fail_expected("\":\"");
    lexer_.advance();
    return value();
  }

  bool array_step(bool after_value) {
    if (lexer_.token() == Token::kArrayEnd) return close();
    if (after_value) {
      if (lexer_.token() != Token::kComma) lexer_.fail_expected("\",\" or \"]\"");
      lexer_.advance();
    }
    return value();
  }

  Lexer lexer_;
  JsonHandler* handler_;
  std::vector<bool> open_;  // true: object
};

class StringDecoder : public JsonHandler {
 public:
  explicit StringDecoder(std::string& out) : out_(out) {}
  void string(std::string_view decoded) override { out_.append(decoded); }
  void begin_object() override {}
  void key(std::string_view) override {}
  void end_object() override {}
  void begin_array() override {}
  void end_array() override {}
  void number(std::string_view) override {}
  void boolean(bool) override {}
  void null() override {}

 private:
  std::string& out_;
};

}  // namespace

void parse_json_text(std::string_view text, JsonHandler& handler) { Parser(text, &handler).run(); }

void validate_json_text(std::string_view text) { Parser(text, nullptr).run(); }

void decode_json_string(std::string_view body, std::string& out) {
  if (body.find('\\') == std::string_view::npos) {
    out.append(body);
    return;
  }
  StringDecoder decoder(out);
  std::string quoted;
  quoted.reserve(body.size() + 2);
  quoted.push_back('"');
  quoted.append(body);
  quoted.push_back('"');
  parse_json_text(quoted, decoder);
}

void append_json_string(std::string_view text, std::string& out) {
  out.push_back('"');
  size_t run = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c >= 32 && c != '"' && c != '\\') continue;
    out.append(text.substr(run, i - run));
    run = i + 1;
    switch (c) {
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
        break;
    }
  }
  out.append(text.substr(run));
  out.push_back('"');
}

bool is_json_number(std::string_view text) {
  size_t p = 0;
  auto digits = [&] {
    size_t from = p;
    while (p < text.size() && is_digit(text[p])) ++p;
    return p != from;
  };
  if (p < text.size() && text[p] == '-') ++p;
  if (p < text.size() && text[p] == '0') {
    ++p;
  } else if (!digits()) {
    return false;
  }
  if (p < text.size() && text[p] == '.') {
    ++p;
    if (!digits()) return false;
  }
  if (p < text.size() && (text[p] == 'e' || text[p] == 'E')) {
    ++p;
    if (p < text.size() && (text[p] == '+' || text[p] == '-')) ++p;
    if (!digits()) return false;
  }
  return p == text.size();
}

}  // namespace luma
