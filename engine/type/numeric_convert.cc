// numeric to and from text and the other number types.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/float.h"
#include "engine/type/numeric.h"
#include "engine/type/numeric_big.h"

namespace luma {
namespace {

using Kind = BigNumeric::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

SqlError invalid_syntax(std::string_view text) {
  return sql_error(SqlState::kInvalidTextRepresentation,
                   "invalid input syntax for type numeric: \"{}\"", text);
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         });
}

bool parse_special(std::string_view text, Datum& result) {
  if (equals_ignoring_case(text, "nan")) {
    result = numeric_nan();
    return true;
  }
  bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (!equals_ignoring_case(text, "infinity") && !equals_ignoring_case(text, "inf")) return false;
  result = numeric_infinity(negative);
  return true;
}

// The parts of "[-]whole.fraction[e[-]exponent]".
struct DecimalText {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  int64_t exponent = 0;
};

DecimalText split_decimal(std::string_view trimmed, std::string_view text) {
  DecimalText parts;
  std::string_view rest = trimmed;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    parts.negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  auto take_digits = [&rest] {
    size_t count = 0;
    while (count < rest.size() && is_digit(rest[count])) ++count;
    std::string_view digits = rest.substr(0, count);
    rest.remove_prefix(count);
    return digits;
  };
  parts.whole = take_digits();
  if (!rest.empty() && rest[0] == '.') {
    rest.remove_prefix(1);
    parts.fraction = take_digits();
  }
  if (parts.whole.empty() && parts.fraction.empty()) throw invalid_syntax(text);
  if (!rest.empty() && (rest[0] == 'e' || rest[0] == 'E')) {
    rest.remove_prefix(1);
    bool negative = !rest.empty() && rest[0] == '-';
    if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) rest.remove_prefix(1);
    std::string_view digits = take_digits();
    if (digits.empty()) throw invalid_syntax(text);
    auto result = std::from_chars(digits.data(), digits.data() + digits.size(), parts.exponent);
    if (result.ec != std::errc() || parts.exponent >= INT32_MAX / 2) throw_numeric_overflow();
    if (negative) parts.exponent = -parts.exponent;
  }
  if (!rest.empty()) throw invalid_syntax(text);
  return parts;
}

Datum big_from_text(const DecimalText& parts, Arena& arena) {
  int64_t scale =
      std::max<int64_t>(static_cast<int64_t>(parts.fraction.size()) - parts.exponent, 0);
  BigNumeric result;
  result.negative = parts.negative;
  // Decimal position of the first digit of the text, then aligned to base-10000 digits.
  int64_t first = static_cast<int64_t>(parts.whole.size()) - 1 + parts.exponent;
  int64_t weight = first >= 0 ? first / 4 : -((-first + 3) / 4);
  auto padding = static_cast<int>(weight * 4 + 3 - first);
  int digit = 0;
  int filled = padding;
  auto feed = [&](std::string_view text) {
    for (char c : text) {
      digit = digit * 10 + (c - '0');
      if (++filled == 4) {
        result.digits.push_back(static_cast<uint16_t>(digit));
        digit = filled = 0;
      }
    }
  };
  feed(parts.whole);
  feed(parts.fraction);
  while (filled != 0) feed("0");
  result.weight = static_cast<int>(std::clamp<int64_t>(weight, INT32_MIN / 2, INT32_MAX / 2));
  result.scale = static_cast<int>(std::min<int64_t>(scale, INT32_MAX / 2));
  result.normalize();
  return result.to_datum(arena);
}

// Rounded to an integer; throws for NaN, infinities and values outside low..high.
int64_t to_integer(const Datum& value, int64_t low, int64_t high, const char* type_name) {
  if (numeric_is_nan(value) || numeric_is_infinite(value)) {
    throw sql_error(SqlState::kFeatureNotSupported, "cannot convert {} to {}",
                    numeric_is_nan(value) ? "NaN" : "infinity", type_name);
  }
  Arena scratch(nullptr, 256);
  Datum rounded = numeric_round(value, 0, scratch);
  if (numeric_is_small(rounded)) {
    int64_t result = numeric_small(rounded).scaled;
    if (result >= low && result <= high) return result;
  }
  throw sql_error(SqlState::kNumericValueOutOfRange, "{} out of range", type_name);
}

Datum from_printed_float(double value, int digits, Arena& arena) {
  if (std::isnan(value)) return numeric_nan();
  if (std::isinf(value)) return numeric_infinity(value < 0);
  char buffer[40];
  int length = std::snprintf(buffer, sizeof buffer, "%.*g", digits, value);
  return numeric_from_text({buffer, static_cast<size_t>(length)}, arena);
}

}  // namespace

Datum numeric_from_text(std::string_view text, Arena& arena) {
  std::string_view trimmed = trim_spaces(text);
  // At most 18 digits and no exponent: nearly every number.
  size_t at = 0;
  bool negative = !trimmed.empty() && trimmed[0] == '-';
  if (!trimmed.empty() && (trimmed[0] == '-' || trimmed[0] == '+')) ++at;
  uint64_t scaled = 0;  // 19 digits fit
  int digits = 0;
  int scale = -1;
  for (; at < trimmed.size() && digits < 19; ++at) {
    char c = trimmed[at];
    if (is_digit(c)) {
      scaled = scaled * 10 + static_cast<uint64_t>(c - '0');
      ++digits;
      if (scale >= 0) ++scale;
    } else if (c == '.' && scale < 0) {
      scale = 0;
    } else {
      break;
    }
  }
  if (at == trimmed.size() && digits > 0 && digits <= 18) {
    auto value = static_cast<int64_t>(scaled);
    return numeric_make_small(negative ? -value : value, std::max(scale, 0));
  }
  Datum special;
  if (parse_special(trimmed, special)) return special;
  return big_from_text(split_decimal(trimmed, text), arena);
}

void numeric_append_text(const Datum& value, std::string& out) {
  if (!numeric_is_small(value)) {
    BigNumeric::of_datum(value).append_text(out);
    return;
  }
  SmallNumeric small = numeric_small(value);
  uint64_t magnitude = small.scaled < 0 ? 0 - static_cast<uint64_t>(small.scaled)
                                        : static_cast<uint64_t>(small.scaled);
  char buffer[48];
  char* end = buffer + sizeof buffer;
  char* at = end;
  for (int written = 0; magnitude != 0 || written <= small.scale; ++written) {
    if (written == small.scale && small.scale != 0) *--at = '.';
    *--at = static_cast<char>('0' + magnitude % 10);
    magnitude /= 10;
  }
  if (small.scaled < 0) *--at = '-';
  out.append(at, end);
}

Datum numeric_from_int64(int64_t value) { return numeric_make_small(value, 0); }
Datum numeric_from_int128(Int128 value, Arena& arena) { return numeric_make(value, 0, arena); }

Datum numeric_from_float8(double value, Arena& arena) {
  return from_printed_float(value, 15, arena);
}
Datum numeric_from_float4(float value, Arena& arena) {
  return from_printed_float(static_cast<double>(value), 6, arena);
}

int16_t numeric_to_int16(const Datum& value) {
  return static_cast<int16_t>(to_integer(value, INT16_MIN, INT16_MAX, "smallint"));
}
int32_t numeric_to_int32(const Datum& value) {
  return static_cast<int32_t>(to_integer(value, INT32_MIN, INT32_MAX, "integer"));
}
int64_t numeric_to_int64(const Datum& value) {
  return to_integer(value, INT64_MIN, INT64_MAX, "bigint");
}

double numeric_to_float8(const Datum& value) {
  if (numeric_is_nan(value)) return std::numeric_limits<double>::quiet_NaN();
  if (numeric_is_infinite(value)) return numeric_compare(value, numeric_from_int64(0)) * HUGE_VAL;
  if (numeric_is_small(value)) {
    // Both parts exact and one rounding: the nearest double.
    SmallNumeric small = numeric_small(value);
    constexpr int64_t kExact = int64_t{1} << 53;
    if (small.scaled >= -kExact && small.scaled <= kExact) {
      static constexpr double kTens[19] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                           1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
      return static_cast<double>(small.scaled) / kTens[small.scale];
    }
  }
  std::string text;
  numeric_append_text(value, text);
  return parse_float8(text);
}

float numeric_to_float4(const Datum& value) {
  if (numeric_is_nan(value)) return std::numeric_limits<float>::quiet_NaN();
  if (numeric_is_infinite(value)) return static_cast<float>(numeric_to_float8(value));
  std::string text;
  numeric_append_text(value, text);
  return parse_float4(text);
}

}  // namespace luma
