#pragma once
// Templates of to_char() and to_number() for numbers ("FM9,990.00"), compiled into nodes and a
// summary.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace luma {

enum class NumberPattern : uint8_t {
  kNine,
  kZero,
  kPoint,
  kLocalePoint,
  kComma,
  kGroup,
  kCurrency,
  kRoman,
  kLowerRoman,
  kLowerOrdinal,
  kOrdinal,
  kMinus,
  kPlus,
  kSign,
  kBlank,
  kFill,
  kLocaleSign,
  kScientific,
  kBracket,
  kShift,
  kIgnored,
  kLiteral
};

struct NumberNode {
  NumberPattern pattern;
  std::string text;  // literals only
};

enum class SignPlace : uint8_t { kNone, kBefore, kAfter };

struct NumberTemplate {
  std::vector<NumberNode> nodes;
  int before = 0;      // digits before the point
  int after = 0;       // digits after it
  int shift = 0;       // digits behind V
  int zero_start = 0;  // position of the first 0, from 1
  int zero_end = 0;
  int before_at_sign = 0;
  SignPlace locale_sign = SignPlace::kNone;
  bool decimal = false, fill = false, zero = false, blank = false, sign_s = false, bracket = false;
  bool minus = false, plus = false, roman = false, multiply = false, scientific = false;
};

// Throws 42601 for patterns that cannot stand together.
NumberTemplate parse_number_template(std::string_view text);

}  // namespace luma
