// Digits are merged into a template from left to right (to_char), or collected out of the input
// along it (to_number).
#include "engine/type/number_format.h"

#include <fmt/format.h>
#include <fmt/printf.h>

#include <cmath>
#include <cstdlib>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/type/number_template.h"
#include "engine/type/numeric.h"

namespace luma {
namespace {

SqlError unsupported_input(const char* pattern) {
  return sql_error(SqlState::kFeatureNotSupported, "\"{}\" not supported for input", pattern);
}

std::string roman(int64_t value) {
  if (value > 3999 || value < 1) return std::string(15, '#');
  static constexpr std::pair<int, const char*> kSteps[] = {
      {1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"},
      {40, "XL"},  {10, "X"},   {9, "IX"},  {5, "V"},    {4, "IV"},  {1, "I"}};
  std::string out;
  for (auto [amount, text] : kSteps) {
    for (; value >= amount; value -= amount) out += text;
  }
  return out;
}

std::string_view ordinal(std::string_view number, bool upper) {
  char last = number.back();
  if (last < '0' || last > '9') {
    throw sql_error(SqlState::kInvalidTextRepresentation, "\"{}\" is not a number", number);
  }
  if (number.size() > 1 && number[number.size() - 2] == '1') last = '0';
  switch (last) {
    case '1':
      return upper ? "ST" : "st";
    case '2':
      return upper ? "ND" : "nd";
    case '3':
      return upper ? "RD" : "rd";
    default:
      return upper ? "TH" : "th";
  }
}

// Merges the digits of one number into a template.
class Writer {
 public:
  // `number` has no sign; `pad` counts the template's digit positions that it leaves empty at the
  // front.
  Writer(NumberTemplate& t, std::string number, char sign, int pad)
      : t_(t), number_(std::move(number)), sign_(sign), pad_(pad) {}

  std::string run() {
    prepare();
    for (const NumberNode& node : t_.nodes) write(node);
    if (cut_ != kNone) out_.resize(cut_);
    return std::move(out_);
  }

 private:
  static constexpr size_t kNone = std::string::npos;

  void prepare() {
    if (t_.zero_start > 0) --t_.zero_start;
    if (t_.roman) {
      bool fill = t_.fill;
      std::vector<NumberNode> nodes = std::move(t_.nodes);
      t_ = NumberTemplate{};
      t_.nodes = std::move(nodes);
      t_.fill = fill;
      t_.roman = true;
      pad_ = 0;
      sign_ = '\0';
    }
    if (t_.plus || t_.minus) {
      sign_written_ = !(t_.plus && !t_.minus);
    } else {
      if (sign_ != '-' && t_.bracket && t_.fill) t_.bracket = false;
      sign_written_ = sign_ == '+' && t_.fill && !t_.sign_s;
      if (t_.locale_sign == SignPlace::kBefore && t_.before == t_.before_at_sign) {
        t_.locale_sign = SignPlace::kAfter;
      }
    }
    positions_ = t_.after + t_.before - 1;
    if (t_.fill && t_.decimal) find_last_relevant();
    if (!sign_written_ && pad_ == 0) ++positions_;
  }

  // FM drops zeros at the end of the fraction, but none that a 0 asks for.
  void find_last_relevant() {
    size_t dot = number_.find('.');
    if (dot == kNone) return;
    last_relevant_ = dot;
    for (size_t i = dot + 1; i < number_.size(); ++i) {
      if (number_[i] != '0') last_relevant_ = i;
    }
    if (t_.zero_end > pad_) {
      auto last_zero = std::min(number_.size() - 1, static_cast<size_t>(t_.zero_end - pad_));
      last_relevant_ = std::max(last_relevant_, last_zero);
    }
  }

  bool ends_at_point() const { return last_relevant_ != kNone && number_[last_relevant_] == '.'; }
  // "0.1" in "9.9": the zero is not written.
  bool hides_leading_zero() const {
    return !t_.zero && next_ == 0 && !number_.empty() && number_[0] == '0' && t_.after != 0;
  }

  void write(const NumberNode& node) {
    switch (node.pattern) {
      case NumberPattern::kNine:
      case NumberPattern::kZero:
      case NumberPattern::kPoint:
      case NumberPattern::kLocalePoint:
        position(node.pattern == NumberPattern::kZero);
        break;
      case NumberPattern::kComma:
      case NumberPattern::kGroup:
        if (digits_begun_) {
          out_.push_back(',');
        } else if (!t_.fill) {
          out_.push_back(' ');
        }
        break;
      case NumberPattern::kCurrency:
        out_.push_back(' ');
        break;
      case NumberPattern::kRoman:
      case NumberPattern::kLowerRoman:
        write_roman(node.pattern == NumberPattern::kLowerRoman);
        break;
      case NumberPattern::kOrdinal:
      case NumberPattern::kLowerOrdinal:
        if (!t_.roman && number_[0] != '#' && sign_ != '-' && !t_.decimal) {
          out_ += ordinal(number_, node.pattern == NumberPattern::kOrdinal);
        }
        break;
      case NumberPattern::kMinus:
        if (sign_ == '-') {
          out_.push_back('-');
        } else if (!t_.fill) {
          out_.push_back(' ');
        }
        break;
      case NumberPattern::kPlus:
        if (sign_ == '+') {
          out_.push_back('+');
        } else if (!t_.fill) {
          out_.push_back(' ');
        }
        break;
      case NumberPattern::kSign:
        // A Roman number has no sign: the output ends here.
        if (sign_ == '\0' && cut_ == kNone) cut_ = out_.size();
        out_.push_back(sign_);
        break;
      case NumberPattern::kLiteral:
        out_ += node.text;
        break;
      default:
        break;
    }
  }

  void write_roman(bool lower) {
    std::string text = number_;
    if (lower) {
      for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    out_ += t_.fill ? text : fmt::format("{:>15}", text);
  }

  void leading_sign() {
    bool here = current_ >= pad_ || (t_.zero && t_.zero_start == current_);
    if (sign_written_ || !here || (hides_leading_zero() && !ends_at_point())) return;
    if (t_.sign_s) {
      if (t_.locale_sign != SignPlace::kBefore) return;
      out_.push_back(sign_ == '-' ? '-' : '+');
    } else if (t_.bracket) {
      out_.push_back(sign_ == '+' ? ' ' : '<');
    } else if (sign_ == '+') {
      if (!t_.fill) out_.push_back(' ');
    } else if (sign_ == '-') {
      out_.push_back('-');
    }
    sign_written_ = true;
  }

  // One digit position or the decimal point.
  void position(bool is_zero_pattern) {
    if (t_.roman) return;
    digits_begun_ = false;
    leading_sign();
    bool in_zeros = t_.zero && t_.zero_start <= current_;
    if (current_ < pad_ && !in_zeros) {
      if (!t_.fill) out_.push_back(' ');
    } else if (current_ < pad_) {
      out_.push_back('0');
      digits_begun_ = true;
    } else {
      digit(is_zero_pattern);
      if (next_ < number_.size()) ++next_;
    }
    int end = positions_ + (pad_ != 0 ? 1 : 0) + (t_.decimal ? 1 : 0);
    if (last_relevant_ != kNone && last_relevant_ == next_) end = current_;
    if (current_ + 1 == end) trailing_sign();
    ++current_;
  }

  void digit(bool is_zero_pattern) {
    char c = next_ < number_.size() ? number_[next_] : '\0';
    if (c == '.') {
      if (last_relevant_ == kNone || !ends_at_point() || t_.fill) out_.push_back('.');
      return;
    }
    if (last_relevant_ != kNone && next_ > last_relevant_ && !is_zero_pattern) return;
    if (hides_leading_zero()) {
      if (!t_.fill) {
        out_.push_back(' ');
      } else if (ends_at_point()) {
        out_.push_back('0');
      }
      return;
    }
    if (c == '\0') {
      // A number shorter than its template (a float's digits are limited) ends the output.
      if (cut_ == kNone) cut_ = out_.size();
      return;
    }
    out_.push_back(c);
    digits_begun_ = true;
  }

  void trailing_sign() {
    if (sign_written_ && t_.bracket) {
      out_.push_back(sign_ == '+' ? ' ' : '>');
    } else if (t_.sign_s && t_.locale_sign == SignPlace::kAfter) {
      out_.push_back(sign_ == '-' ? '-' : '+');
    }
  }

  NumberTemplate& t_;
  std::string number_;
  char sign_;
  int pad_;
  std::string out_;
  size_t next_ = 0;  // in number_
  size_t last_relevant_ = kNone;
  size_t cut_ = kNone;
  int current_ = 0;  // position in the template
  int positions_ = 0;
  bool sign_written_ = false;
  bool digits_begun_ = false;
};

// `text` is a decimal number with or without sign, of the template's scale.
std::string write_decimal(NumberTemplate& t, std::string text) {
  char sign = '+';
  if (text[0] == '-') {
    sign = '-';
    text.erase(0, 1);
  }
  size_t before = std::min(text.find('.'), text.size());
  int pad = 0;
  if (before < static_cast<size_t>(t.before)) {
    pad = t.before - static_cast<int>(before);
  } else if (before > static_cast<size_t>(t.before)) {
    text = std::string(static_cast<size_t>(t.before), '#') + '.' +
           std::string(static_cast<size_t>(t.after), '#');
  }
  return Writer(t, std::move(text), sign, pad).run();
}

std::string write_roman(NumberTemplate& t, int64_t value) {
  return Writer(t, roman(value), '+', 0).run();
}

std::string scientific_overflow(const NumberTemplate& t) {
  std::string out(static_cast<size_t>(t.before + t.after + 6), '#');
  out[0] = ' ';
  if (static_cast<size_t>(t.before + 1) < out.size()) out[static_cast<size_t>(t.before + 1)] = '.';
  return out;
}

std::string scientific(const NumberTemplate& t, double value) {
  if (!std::isfinite(value)) return scientific_overflow(t);
  std::string text = fmt::sprintf("%+.*e", t.after, value);
  if (text[0] == '+') text[0] = ' ';
  return text;
}

std::string append_zeros(std::string digits, int count) {
  if (count > 0) digits += '.' + std::string(static_cast<size_t>(count), '0');
  return digits;
}

std::string to_char_float(double value, int significant, std::string_view format) {
  NumberTemplate t = parse_number_template(format);
  if (t.roman)
    return write_roman(t, std::fabs(value) < 1e9 ? static_cast<int64_t>(std::rint(value)) : 0);
  if (t.scientific) return scientific(t, value);
  if (t.multiply) {
    value *= std::pow(10.0, t.shift);
    t.before += t.shift;
  }
  int before = static_cast<int>(fmt::sprintf("%.0f", std::fabs(value)).size());
  if (before >= significant) {
    t.after = 0;
  } else if (before + t.after > significant) {
    t.after = significant - before;
  }
  if (std::isnan(value)) return write_decimal(t, "NaN");
  if (std::isinf(value)) return write_decimal(t, value < 0 ? "-Infinity" : "Infinity");
  return write_decimal(t, fmt::sprintf("%.*f", t.after, value));
}

Datum power_of_ten(int exponent, Arena& arena) {
  return numeric_from_text("1" + std::string(static_cast<size_t>(exponent), '0'), arena);
}

// d.ddde+xx of a numeric text, rounded half away from zero.
std::string numeric_scientific(const NumberTemplate& t, const Datum& value, Arena& arena) {
  std::string text;
  numeric_append_text(numeric_abs(value, arena), text);
  bool negative = numeric_compare(value, numeric_from_int64(0)) < 0;
  size_t dot = std::min(text.find('.'), text.size());
  std::string digits = text;
  if (dot < digits.size()) digits.erase(dot, 1);
  size_t first = digits.find_first_not_of('0');
  int exponent =
      first == std::string::npos ? 0 : static_cast<int>(dot) - static_cast<int>(first) - 1;
  std::string mantissa;
  if (first == std::string::npos) {
    mantissa = append_zeros("0", t.after);
  } else {
    // Moves the point behind the first digit, then rounds.
    std::string shifted = digits.substr(first, 1) + "." + digits.substr(first + 1) + "0";
    Datum rounded = numeric_round(numeric_from_text(shifted, arena), t.after, arena);
    // A mantissa that rounds up to 10 stays so, as in PostgreSQL.
    numeric_append_text(rounded, mantissa);
  }
  return fmt::format("{}{}e{}{:02}", negative ? "-" : " ", mantissa, exponent < 0 ? '-' : '+',
                     std::abs(exponent));
}

// Collects the digits that a template finds in an input text.
class Reader {
 public:
  Reader(const NumberTemplate& t, std::string_view input) : t_(t), input_(input) {}

  std::string run() {
    for (const NumberNode& node : t_.nodes) {
      if (at_end()) break;
      read(node);
    }
    if (!digits_.empty() && digits_.back() == '.') digits_.pop_back();
    return sign_ + digits_;
  }
  int digits_after() const { return read_after_; }

 private:
  bool at_end() const { return pos_ >= input_.size(); }
  char peek(size_t ahead = 0) const {
    return pos_ + ahead < input_.size() ? input_[pos_ + ahead] : '\0';
  }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  void skip_char() {
    auto c = static_cast<unsigned char>(peek());
    pos_ += c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
  }
  // Text that cannot belong to a number.
  void skip_text(int count) {
    while (count-- > 0 && !at_end() &&
           std::string_view("0123456789.,+-").find(peek()) == std::string_view::npos) {
      skip_char();
    }
  }

  void read(const NumberNode& node) {
    switch (node.pattern) {
      case NumberPattern::kNine:
      case NumberPattern::kZero:
      case NumberPattern::kPoint:
      case NumberPattern::kLocalePoint:
        position(node.pattern == NumberPattern::kNine || node.pattern == NumberPattern::kZero);
        ++pos_;
        break;
      case NumberPattern::kComma:
      case NumberPattern::kGroup:
        if ((!digits_seen_ && t_.fill) || peek() != ',') return;
        ++pos_;
        break;
      case NumberPattern::kCurrency:
        skip_text(1);
        break;
      case NumberPattern::kOrdinal:
      case NumberPattern::kLowerOrdinal:
        if (!t_.roman && sign_ != '-' && !t_.decimal) skip_text(2);
        break;
      case NumberPattern::kMinus:
        if (peek() == '-') {
          sign_ = '-';
          ++pos_;
        } else {
          skip_text(1);
        }
        break;
      case NumberPattern::kPlus:
        if (peek() == '+') {
          sign_ = '+';
          ++pos_;
        } else {
          skip_text(1);
        }
        break;
      case NumberPattern::kSign:
        if (peek() == '-' || peek() == '+') {
          sign_ = peek();
          ++pos_;
        } else {
          skip_text(1);
        }
        break;
      case NumberPattern::kLiteral:
        skip_char();
        break;
      default:
        break;
    }
  }

  void leading_sign() {
    char c = peek();
    if (t_.sign_s && t_.locale_sign == SignPlace::kBefore) {
      if (c == '-' || c == '+') sign_ = c, ++pos_;
    } else if (c == '-' || (t_.bracket && c == '<')) {
      sign_ = '-';
      ++pos_;
    } else if (c == '+') {
      sign_ = '+';
      ++pos_;
    }
  }

  // Leaves pos_ at the last character that belongs to the position.
  void position(bool is_digit_pattern) {
    if (peek() == ' ') ++pos_;
    if (at_end()) return;
    bool any = read_before_ + read_after_ > 0;
    if (sign_ == ' ' && is_digit_pattern && !any) leading_sign();
    if (at_end()) return;
    bool taken = false;
    if (is_digit(peek())) {
      if (point_seen_ && read_after_ == t_.after) return;
      digits_.push_back(peek());
      ++(point_seen_ ? read_after_ : read_before_);
      taken = true;
    } else if (t_.decimal && !point_seen_ && peek() == '.') {
      digits_.push_back('.');
      point_seen_ = true;
      taken = true;
    }
    if (sign_ != ' ' || read_before_ + read_after_ == 0) return;
    if (t_.sign_s && taken && pos_ + 1 < input_.size() && !is_digit(peek(1))) {
      if (peek(1) == '-' || peek(1) == '+') sign_ = input_[++pos_];
    } else if (!taken && !t_.sign_s && (t_.plus || t_.minus)) {
      if (peek() == '-' || peek() == '+') sign_ = peek();
    }
  }

  const NumberTemplate& t_;
  std::string_view input_;
  size_t pos_ = 0;
  char sign_ = ' ';
  std::string digits_;
  int read_before_ = 0, read_after_ = 0;
  bool point_seen_ = false;
  bool digits_seen_ = false;
};

}  // namespace

namespace {

// V multiplies the number, within the range of its type.
void check_shift(const NumberTemplate& t, int64_t value, int64_t limit, const char* type_name) {
  if (!t.multiply || t.roman || t.scientific) return;
  for (int i = 0; i < t.shift && value != 0; ++i) {
    if (__builtin_mul_overflow(value, int64_t{10}, &value) || value > limit || value < -limit - 1) {
      throw sql_error(SqlState::kNumericValueOutOfRange, "{} out of range", type_name);
    }
  }
}

}  // namespace

std::string to_char_int64(int64_t value, std::string_view format) {
  Arena arena(nullptr, 512);
  NumberTemplate t = parse_number_template(format);
  check_shift(t, value, INT64_MAX, "bigint");
  if (t.roman) return write_roman(t, value);
  if (t.scientific) return numeric_scientific(t, numeric_from_int64(value), arena);
  std::string digits = std::to_string(value);
  if (t.multiply) {
    if (value != 0) digits += std::string(static_cast<size_t>(t.shift), '0');
    t.before += t.shift;
  }
  return write_decimal(t, append_zeros(std::move(digits), t.after));
}

std::string to_char_int32(int32_t value, std::string_view format) {
  NumberTemplate t = parse_number_template(format);
  check_shift(t, value, INT32_MAX, "integer");
  return t.scientific ? scientific(t, value) : to_char_int64(value, format);
}

std::string to_char_float4(float value, std::string_view format) {
  return to_char_float(value, 6, format);
}

std::string to_char_float8(double value, std::string_view format) {
  return to_char_float(value, 15, format);
}

std::string to_char_numeric(const Datum& value, std::string_view format) {
  Arena arena(nullptr, 1024);
  NumberTemplate t = parse_number_template(format);
  bool special = numeric_is_nan(value) || numeric_is_infinite(value);
  if (t.roman) {
    return write_roman(t, numeric_to_int32(numeric_round(value, 0, arena)));
  }
  if (t.scientific) return special ? scientific_overflow(t) : numeric_scientific(t, value, arena);
  Datum scaled = value;
  if (t.multiply) {
    scaled = numeric_mul(value, power_of_ten(t.shift, arena), arena);
    t.before += t.shift;
  }
  std::string text;
  numeric_append_text(numeric_round(scaled, t.after, arena), text);
  return write_decimal(t, std::move(text));
}

std::optional<Datum> to_number(std::string_view text, std::string_view format, Arena& arena) {
  if (format.empty()) return std::nullopt;
  NumberTemplate t = parse_number_template(format);
  if (t.scientific) throw unsupported_input("EEEE");
  if (t.roman) throw unsupported_input("RN");
  Reader reader(t, text);
  std::string digits = reader.run();
  int scale = reader.digits_after();
  int precision = std::max(0, t.before) + t.shift + scale;
  Datum value = numeric_from_text(digits, arena);
  value = numeric_apply_typmod(value, numeric_typmod(precision, scale), arena);
  if (t.multiply) {
    Datum power = numeric_power(numeric_from_int64(10), numeric_from_int64(-t.shift), arena);
    value = numeric_mul(value, power, arena);
  }
  return value;
}

}  // namespace luma
