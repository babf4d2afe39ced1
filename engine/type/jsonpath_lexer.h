#pragma once
// Tokens of a jsonpath text. One lexer serves one thread; its errors are 42601.
#include <cstdint>
#include <string>
#include <string_view>

namespace luma {

enum class JsonPathTokenKind : uint8_t { kEnd, kSymbol, kIdentifier, kString, kVariable, kNumber };

struct JsonPathToken {
  JsonPathTokenKind kind = JsonPathTokenKind::kEnd;
  bool is_integer = false;   // of a number
  std::string text;          // decoded; a symbol's characters
  std::string_view written;  // as in the input, for errors
  bool is_hidden = false;    // an unquoted word before no blank: errors show the end instead
};

class JsonPathLexer {
 public:
  explicit JsonPathLexer(std::string_view text) : text_(text) {}
  JsonPathToken next();

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void skip_blanks();
  JsonPathToken read_number();
  void read_word(std::string& out);
  void read_quoted(std::string& out);
  void read_escape(std::string& out);
  void read_unicode_escape(std::string& out);
  uint32_t read_hex(size_t digits);
  uint32_t read_code_unit();
  [[noreturn]] void fail(std::string_view message, size_t begin) const;

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace luma
