#include "sql/function/regexp_syntax.h"

#include <cctype>

#include "engine/base/sql_error.h"
#include "engine/type/utf8_text.h"

namespace luma {

namespace {

bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Translator {
 public:
  Translator(std::string_view pattern, RegexpFlags flags) : in_(pattern) { out_.flags = flags; }

  RegexpSyntax run() {
    if (!out_.flags.literal) read_director();
    if (out_.flags.literal) {
      quote_rest();
      return std::move(out_);
    }
    read_options();
    while (at_ < in_.size()) step();
    return std::move(out_);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0'; }
  void put(std::string_view text) { out_.pattern += text; }

  // ***= makes the rest literal, ***: says that it is an ARE, which it is anyway.
  void read_director() {
    if (in_.starts_with("***=")) {
      out_.flags.literal = true;
      in_.remove_prefix(4);
    } else if (in_.starts_with("***:")) {
      in_.remove_prefix(4);
    }
  }

  void quote_rest() {
    for (char c : in_) {
      if (std::ispunct(static_cast<unsigned char>(c))) out_.pattern += '\\';
      out_.pattern += c;
    }
  }

  // (?xyz) at the start: options for the whole expression.
  void read_options() {
    if (!in_.starts_with("(?") || in_.size() < 3 ||
        !std::isalpha(static_cast<unsigned char>(in_[2])))
      return;
    size_t end = in_.find(')');
    if (end == std::string_view::npos) invalid_regexp("invalid embedded option");
    for (char c : in_.substr(2, end - 2)) {
      switch (c) {
        case 'c':
          out_.flags.ignore_case = false;
          break;
        case 'i':
          out_.flags.ignore_case = true;
          break;
        case 'm':
        case 'n':
          set_newlines(false, true);
          break;
        case 'p':
          set_newlines(false, false);
          break;
        case 's':
          set_newlines(true, false);
          break;
        case 'w':
          set_newlines(true, true);
          break;
        case 'x':
          out_.flags.expanded = true;
          break;
        case 't':
          out_.flags.expanded = false;
          break;
        case 'e':
          break;
        case 'b':
          throw unsupported("basic regular expression syntax");
        case 'q':
          in_.remove_prefix(end + 1);
          quote_rest();
          in_ = {};
          return;
        default:
          invalid_regexp("invalid embedded option");
      }
    }
    in_.remove_prefix(end + 1);
  }
  void set_newlines(bool dot, bool lines) {
    out_.flags.dot_matches_newline = dot;
    out_.flags.multi_line = lines;
  }

  void step() {
    char c = in_[at_];
    switch (c) {
      case '\\':
        return escape(false);
      case '[':
        return bracket();
      case '(':
        return open_group();
      case ')':
        ++at_;
        put(")");
        atom_ = true;
        return;
      case '|':
        out_.has_alternation = true;
        ++at_;
        put("|");
        atom_ = false;
        return;
      case '*':
      case '+':
      case '?':
        return quantifier();
      case '{':
        if (is_digit(peek(1))) return quantifier();
        break;
      case '^':
      case '$':
        ++at_;
        out_.pattern += c;
        atom_ = false;
        return;
      case '#':
        if (!out_.flags.expanded) break;
        [[fallthrough]];
      default:
        break;
    }
    if (out_.flags.expanded && std::isspace(static_cast<unsigned char>(c))) {
      ++at_;
      return;
    }
    if (out_.flags.expanded && c == '#') {
      while (at_ < in_.size() && in_[at_] != '\n') ++at_;
      return;
    }
    size_t bytes = std::min<size_t>(utf8_bytes(c), in_.size() - at_);
    if (c == '{' || c == '}' || c == ']') out_.pattern += '\\';
    put(in_.substr(at_, bytes));
    at_ += bytes;
    atom_ = true;
  }

  void open_group() {
    atom_ = false;
    if (peek(1) == '*') invalid_regexp("quantifier operand invalid");
    if (peek(1) != '?') {
      ++at_;
      put("(");
      return;
    }
    for (std::string_view kind : {"(?:", "(?=", "(?!", "(?<=", "(?<!"}) {
      if (in_.substr(at_).starts_with(kind)) {
        put(kind);
        at_ += kind.size();
        return;
      }
    }
    if (peek(2) == '#') {
      while (at_ < in_.size() && in_[at_] != ')') ++at_;
      ++at_;
      return;
    }
    invalid_regexp("quantifier operand invalid");
  }

  void quantifier() {
    if (!atom_) invalid_regexp("quantifier operand invalid");
    if (in_[at_] == '{') {
      size_t end = in_.find('}', at_);
      if (end == std::string_view::npos) invalid_regexp("braces {} not balanced");
      check_bounds(in_.substr(at_ + 1, end - at_ - 1));
      put(in_.substr(at_, end + 1 - at_));
      at_ = end + 1;
    } else {
      out_.pattern += in_[at_++];
    }
    bool lazy = peek() == '?';
    if (lazy) {
      ++at_;
      put("?");
      out_.has_lazy = true;
    }
    if (out_.quantifiers++ == 0) out_.prefers_shortest = lazy;
    atom_ = false;  // "a**" is an error
  }

  static void check_bounds(std::string_view text) {
    int low = 0, high = -1;
    size_t i = 0;
    auto number = [&](int& value) {
      value = 0;
      while (i < text.size() && is_digit(text[i])) {
        value = value * 10 + (text[i++] - '0');
        if (value > 255) invalid_regexp("invalid repetition count(s)");
      }
    };
    number(low);
    if (i < text.size() && text[i] == ',') {
      ++i;
      if (i < text.size()) number(high);
    } else {
      high = low;
    }
    if (i != text.size() || (high >= 0 && high < low))
      invalid_regexp("invalid repetition count(s)");
  }

  void code_point(uint32_t code) { put(fmt::format("\\x{{{:x}}}", code)); }

  // A backslash escape, in or outside of brackets.
  void escape(bool in_bracket) {
    if (at_ + 1 >= in_.size()) invalid_regexp("invalid escape \\ sequence");
    char c = in_[at_ + 1];
    at_ += 2;
    if (!in_bracket) atom_ = true;
    if (!std::isalnum(static_cast<unsigned char>(c))) {
      size_t bytes = std::min<size_t>(utf8_bytes(c), in_.size() - at_ + 1);
      if (bytes == 1) out_.pattern += '\\';
      put(in_.substr(at_ - 1, bytes));
      at_ += bytes - 1;
      return;
    }
    switch (c) {
      case 'a':
        return code_point(7);
      case 'b':
        return code_point(8);
      case 'B':
        return put("\\\\");
      case 'e':
        return code_point(27);
      case 'f':
        return code_point(12);
      case 'n':
        return code_point(10);
      case 'r':
        return code_point(13);
      case 't':
        return code_point(9);
      case 'v':
        return code_point(11);
      case 'c':
        if (at_ >= in_.size()) invalid_regexp("invalid escape \\ sequence");
        return code_point(static_cast<uint32_t>(in_[at_++]) & 31);
      case 'u':
        return hex_escape(4);
      case 'U':
        return hex_escape(8);
      case 'x':
        return hex_escape(0);
      case 'd':
      case 's':
      case 'w':
      case 'D':
      case 'S':
      case 'W':
        put(std::string("\\") + c);
        return;
      default:
        break;
    }
    if (is_digit(c)) return digit_escape(c, in_bracket);
    if (in_bracket) invalid_regexp("invalid escape \\ sequence");
    atom_ = false;  // constraints cannot be quantified
    switch (c) {
      case 'A':
        return put("\\A");
      case 'Z':
        return put("\\z");
      case 'm':
        return put("\\b(?=\\w)");
      case 'M':
        return put("\\b(?<=\\w)");
      case 'y':
        return put("\\b");
      case 'Y':
        return put("\\B");
      default:
        invalid_regexp("invalid escape \\ sequence");
    }
  }

  void hex_escape(size_t digits) {
    size_t end = at_;
    while (end < in_.size() && is_hex(in_[end]) && (digits == 0 || end - at_ < digits)) ++end;
    if (end == at_ || (digits != 0 && end - at_ != digits))
      invalid_regexp("invalid escape \\ sequence");
    uint32_t code = 0;
    for (; at_ < end; ++at_) {
      char c = static_cast<char>(std::tolower(static_cast<unsigned char>(in_[at_])));
      code = code * 16 + static_cast<uint32_t>(is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    if (code > 0x10FFFF) invalid_regexp("invalid escape \\ sequence");
    code_point(code);
  }

  // \0 and octal codes, or a back reference.
  void digit_escape(char first, bool in_bracket) {
    size_t begin = at_ - 1;
    if (first != '0' && !in_bracket && !is_digit(peek())) {
      out_.has_back_reference = true;
      put(std::string("\\") + first);
      return;
    }
    uint32_t code = 0;
    at_ = begin;
    while (at_ < in_.size() && at_ - begin < 3 && in_[at_] >= '0' && in_[at_] <= '7') {
      code = code * 8 + static_cast<uint32_t>(in_[at_++] - '0');
    }
    if (at_ == begin) invalid_regexp("invalid backreference number");
    code_point(code);
  }

  void bracket() {
    std::string_view rest = in_.substr(at_);
    if (rest.starts_with("[[:<:]]") || rest.starts_with("[[:>:]]")) {
      put(rest[3] == '<' ? "\\b(?=\\w)" : "\\b(?<=\\w)");
      at_ += 7;
      atom_ = false;
      return;
    }
    ++at_;
    put("[");
    if (peek() == '^') {
      ++at_;
      put("^");
      if (!out_.flags.dot_matches_newline) put("\\n");
    }
    bool first = true;
    while (true) {
      if (at_ >= in_.size()) invalid_regexp("brackets [] not balanced");
      char c = in_[at_];
      if (c == ']' && !first) break;
      first = false;
      if (c == '\\') {
        escape(true);
      } else if (c == '[' && (peek(1) == ':' || peek(1) == '.' || peek(1) == '=')) {
        named_element();
      } else {
        if (c == ']' || c == '[') out_.pattern += '\\';
        out_.pattern += c;
        ++at_;
      }
    }
    ++at_;
    put("]");
    atom_ = true;
  }

  void named_element() {
    char kind = peek(1);
    size_t end = in_.find(std::string{kind, ']'}, at_ + 2);
    if (end == std::string_view::npos) invalid_regexp("brackets [] not balanced");
    std::string_view name = in_.substr(at_ + 2, end - at_ - 2);
    if (kind == ':') {
      put(in_.substr(at_, end + 2 - at_));
    } else {
      if (utf8_bytes(name.empty() ? '\0' : name[0]) != name.size())
        invalid_regexp("invalid collating element");
      if (name.size() == 1) out_.pattern += '\\';
      put(name);
    }
    at_ = end + 2;
  }

  std::string_view in_;
  size_t at_ = 0;
  bool atom_ = false;  // something that a quantifier may follow was just written
  RegexpSyntax out_;
};

}  // namespace

void invalid_regexp(std::string_view reason) {
  throw sql_error(SqlState::kInvalidRegularExpression, "invalid regular expression: {}", reason);
}

RegexpSyntax translate_regexp(std::string_view pattern, RegexpFlags flags) {
  return Translator(pattern, flags).run();
}

}  // namespace luma
