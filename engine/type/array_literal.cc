#include "engine/type/array_literal.h"

#include <algorithm>
#include <charconv>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

SqlError too_many_dimensions(int count) {
  return sql_error(SqlState::kProgramLimitExceeded,
                   "number of array dimensions ({}) exceeds the maximum allowed ({})", count,
                   kMaxArrayDimensions);
}

class LiteralParser {
 public:
  LiteralParser(std::string_view text, char delimiter) : text_(text), delimiter_(delimiter) {}

  ArrayLiteral parse() {
    parse_dimensions();
    parse_contents();
    skip_blanks();
    if (at_ != text_.size()) throw malformed("Junk after closing right brace.");
    if (literal_.elements.empty()) {
      dimensions_.clear();
    }
    if (!explicit_.empty()) {
      bool matches =
          explicit_.size() == dimensions_.size() &&
          std::equal(explicit_.begin(), explicit_.end(), dimensions_.begin(),
                     [](const ArrayDimension& a, int32_t length) { return a.length == length; });
      if (!matches) throw malformed("Specified array dimensions do not match array contents.");
      literal_.dimensions = explicit_;
    } else {
      for (int32_t length : dimensions_) literal_.dimensions.push_back({length, 1});
    }
    return std::move(literal_);
  }

 private:
  enum class State {
    kLevelStarted,
    kElementStarted,
    kQuotedStarted,
    kQuotedCompleted,
    kElementDelimited,
    kLevelCompleted,
    kLevelDelimited
  };

  SqlError malformed(std::string detail) const {
    return sql_error(SqlState::kInvalidTextRepresentation, "malformed array literal: \"{}\"", text_)
        .detail(std::move(detail));
  }
  SqlError unexpected(char c) const {
    return malformed(fmt::format("Unexpected \"{}\" character.", c));
  }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  // Digits and signs at the current place, as a number; false when there are none.
  bool read_bound(int32_t& bound) {
    size_t start = at_;
    while ((peek() >= '0' && peek() <= '9') || peek() == '-' || peek() == '+') ++at_;
    if (at_ == start) return false;
    if (text_[start] == '+') ++start;
    bound = 0;
    std::from_chars(text_.data() + start, text_.data() + at_, bound);
    return true;
  }

  void parse_dimensions() {
    for (;;) {
      skip_blanks();
      if (peek() != '[') break;
      ++at_;
      if (explicit_.size() >= kMaxArrayDimensions)
        throw too_many_dimensions(static_cast<int>(explicit_.size()) + 1);
      int32_t lower = 1;
      int32_t upper;
      if (!read_bound(upper))
        throw malformed("\"[\" must introduce explicitly-specified array dimensions.");
      if (peek() == ':') {
        ++at_;
        lower = upper;
        if (!read_bound(upper)) throw malformed("Missing array dimension value.");
      }
      if (peek() != ']') throw malformed("Missing \"]\" after array dimensions.");
      ++at_;
      if (upper < lower) {
        throw sql_error(SqlState::kArraySubscriptError,
                        "upper bound cannot be less than lower bound");
      }
      int64_t length = int64_t{upper} - lower + 1;
      explicit_.push_back({static_cast<int32_t>(std::min<int64_t>(length, INT32_MAX)), lower});
    }
    if (explicit_.empty()) {
      if (peek() != '{')
        throw malformed("Array value must start with \"{\" or dimension information.");
      return;
    }
    if (peek() != '=') throw malformed("Missing \"=\" after array dimensions.");
    ++at_;
    skip_blanks();
    if (peek() != '{') throw malformed("Array contents must start with \"{\".");
  }

  void open_level() {
    if (at_ != 0 && level_ > 0 && state_ != State::kLevelStarted &&
        state_ != State::kLevelDelimited) {
      throw unexpected('{');
    }
    if (level_ >= kMaxArrayDimensions) throw too_many_dimensions(level_ + 1);
    if (element_level_ != 0 && level_ + 1 > element_level_) throw_ragged();
    counts_[level_] = 0;
    ++level_;
    state_ = State::kLevelStarted;
  }

  [[noreturn]] void throw_ragged() const {
    throw malformed("Multidimensional arrays must have sub-arrays with matching dimensions.");
  }

  void finish_item() {
    if (state_ == State::kLevelCompleted) return;
    if (state_ == State::kElementStarted) {
      element_.resize(std::max(kept_, element_.find_last_not_of(" \t\n\r\v\f") + 1));
    }
    bool is_null = state_ == State::kElementStarted && !escaped_ && element_.size() == 4 &&
                   std::equal(element_.begin(), element_.end(), "NULL",
                              [](char a, char b) { return (a >= 'a' ? a - 32 : a) == b; });
    if (element_level_ == 0) element_level_ = level_;
    if (level_ != element_level_) throw_ragged();
    literal_.elements.push_back({std::move(element_), is_null});
    start_element();
    ++counts_[level_ - 1];
  }

  void start_element() {
    element_.clear();
    escaped_ = false;
    kept_ = 0;
  }

  void close_level() {
    bool allowed = state_ == State::kElementStarted || state_ == State::kQuotedCompleted ||
                   state_ == State::kLevelCompleted ||
                   (level_ == 1 && state_ == State::kLevelStarted);
    if (!allowed) throw unexpected('}');
    if (state_ != State::kLevelStarted) finish_item();
    --level_;
    auto index = static_cast<size_t>(level_);
    if (dimensions_.size() <= index) dimensions_.resize(index + 1, -1);
    if (dimensions_[index] >= 0 && dimensions_[index] != counts_[level_]) throw_ragged();
    dimensions_[index] = counts_[level_];
    if (level_ > 0) ++counts_[level_ - 1];
    state_ = State::kLevelCompleted;
  }

  void take_delimiter() {
    bool allowed = state_ == State::kElementStarted || state_ == State::kQuotedCompleted ||
                   state_ == State::kLevelCompleted;
    if (!allowed) throw unexpected(delimiter_);
    finish_item();
    state_ = state_ == State::kLevelCompleted ? State::kLevelDelimited : State::kElementDelimited;
  }

  bool may_start_element() const {
    return state_ == State::kLevelStarted || state_ == State::kElementDelimited;
  }

  void take_quoted() {
    if (!may_start_element()) throw malformed("Unexpected array element.");
    for (++at_;; ++at_) {
      if (at_ < text_.size() && text_[at_] == '\\') {
        ++at_;
      } else if (peek() == '"' && at_ < text_.size()) {
        break;
      }
      if (at_ >= text_.size()) throw malformed("Unexpected end of input.");
      element_.push_back(text_[at_]);
    }
    state_ = State::kQuotedCompleted;
  }

  void take_plain(char c) {
    if (is_blank(c)) {
      if (state_ == State::kElementStarted) element_.push_back(c);
      return;
    }
    if (c == '\\') {
      if (!may_start_element() && state_ != State::kElementStarted) throw unexpected('\\');
      if (++at_ >= text_.size()) throw malformed("Unexpected end of input.");
      element_.push_back(text_[at_]);
      escaped_ = true;
      kept_ = element_.size();
    } else {
      if (!may_start_element() && state_ != State::kElementStarted)
        throw malformed("Unexpected array element.");
      element_.push_back(c);
    }
    state_ = State::kElementStarted;
  }

  void parse_contents() {
    do {
      if (at_ >= text_.size()) throw malformed("Unexpected end of input.");
      char c = text_[at_];
      if (c == '{') {
        open_level();
      } else if (c == '}') {
        close_level();
      } else if (c == delimiter_) {
        take_delimiter();
      } else if (c == '"') {
        take_quoted();
      } else {
        take_plain(c);
      }
      ++at_;
    } while (level_ > 0);
  }

  std::string_view text_;
  char delimiter_;
  size_t at_ = 0;
  ArrayLiteral literal_;
  std::vector<ArrayDimension> explicit_;
  std::vector<int32_t> dimensions_;  // by level, -1 while unknown
  int32_t counts_[kMaxArrayDimensions] = {};
  int level_ = 0;
  int element_level_ = 0;  // level that holds elements, 0 while unknown
  State state_ = State::kLevelStarted;
  std::string element_;
  bool escaped_ = false;
  size_t kept_ = 0;  // bytes of element_ up to its last escaped character
};

}  // namespace

ArrayLiteral parse_array_literal(std::string_view text, char delimiter) {
  return LiteralParser(text, delimiter).parse();
}

}  // namespace luma
