#include "engine/type/numeric_big.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/base/sql_error.h"
#include "engine/type/powers_of_ten.h"

namespace luma {
namespace {

using Digits = std::vector<uint16_t>;

// Sum or difference of magnitudes; for the difference |a| >= |b|.
BigNumeric combine(const BigNumeric& a, const BigNumeric& b, bool subtract) {
  BigNumeric result;
  result.scale = std::max(a.scale, b.scale);
  int top = std::max(a.weight, b.weight);
  int bottom = std::min(a.weight - static_cast<int>(a.digits.size()),
                        b.weight - static_cast<int>(b.digits.size())) +
               1;
  result.weight = top + 1;
  result.digits.assign(static_cast<size_t>(top - bottom + 2), 0);
  int carry = 0;
  for (int position = bottom; position <= top; ++position) {
    auto digit_of = [position](const BigNumeric& v) -> int {
      int index = v.weight - position;
      return index >= 0 && index < static_cast<int>(v.digits.size())
                 ? v.digits[static_cast<size_t>(index)]
                 : 0;
    };
    int digit = digit_of(a) + carry + (subtract ? -digit_of(b) : digit_of(b));
    carry = 0;
    if (digit >= kNumericBase) {
      digit -= kNumericBase;
      carry = 1;
    } else if (digit < 0) {
      digit += kNumericBase;
      carry = -1;
    }
    result.digits[static_cast<size_t>(top + 1 - position)] = static_cast<uint16_t>(digit);
  }
  result.digits[0] = static_cast<uint16_t>(carry);
  return result;
}

BigNumeric add_signed(const BigNumeric& a, const BigNumeric& b, bool b_negative) {
  BigNumeric result;
  if (a.negative == b_negative) {
    result = combine(a, b, false);
    result.negative = a.negative;
  } else if (big_compare_magnitude(a, b) >= 0) {
    result = combine(a, b, true);
    result.negative = a.negative;
  } else {
    result = combine(b, a, true);
    result.negative = b_negative;
  }
  result.normalize();
  return result;
}

// Integer arithmetic on digit vectors, most significant digit first.

void strip_leading_zeros(Digits& digits) {
  size_t zeros = 0;
  while (zeros < digits.size() && digits[zeros] == 0) ++zeros;
  digits.erase(digits.begin(), digits.begin() + static_cast<std::ptrdiff_t>(zeros));
}

Digits multiply(const Digits& a, const Digits& b) {
  if (a.empty() || b.empty()) return {};
  std::vector<uint64_t> columns(a.size() + b.size(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    uint64_t digit = a[i];
    if (digit == 0) continue;
    uint64_t* row = columns.data() + i + 1;
    for (size_t j = 0; j < b.size(); ++j) row[j] += digit * b[j];
  }
  Digits result(columns.size());
  uint64_t carry = 0;
  for (size_t i = columns.size(); i-- > 0;) {
    uint64_t total = columns[i] + carry;
    carry = total / kNumericBase;
    result[i] = static_cast<uint16_t>(total % kNumericBase);
  }
  return result;
}

Digits divide_by_digit(const Digits& a, uint32_t divisor) {
  Digits quotient(a.size());
  uint32_t remainder = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    uint32_t current = remainder * kNumericBase + a[i];
    quotient[i] = static_cast<uint16_t>(current / divisor);
    remainder = current % divisor;
  }
  strip_leading_zeros(quotient);
  return quotient;
}

// floor(a / b); `b` has no leading zeros and is not empty. Schoolbook long division with estimated
// digits.
Digits divide(const Digits& a, const Digits& b) {
  if (b.size() == 1) return divide_by_digit(a, b[0]);
  if (a.size() < b.size()) return {};
  int64_t factor = kNumericBase / (b[0] + 1);
  auto scaled = [factor](const Digits& from) {
    std::vector<int64_t> to(from.size() + 1, 0);
    int64_t carry = 0;
    for (size_t i = from.size(); i-- > 0;) {
      int64_t total = from[i] * factor + carry;
      carry = total / kNumericBase;
      to[i + 1] = total % kNumericBase;
    }
    to[0] = carry;
    return to;
  };
  std::vector<int64_t> rest = scaled(a);
  std::vector<int64_t> divisor = scaled(b);
  divisor.erase(divisor.begin());
  size_t n = divisor.size();
  Digits quotient(a.size() - b.size() + 1);
  for (size_t j = 0; j < quotient.size(); ++j) {
    int64_t top = rest[j] * kNumericBase + rest[j + 1];
    int64_t guess = top / divisor[0];
    int64_t left = top % divisor[0];
    while (guess >= kNumericBase || guess * divisor[1] > left * kNumericBase + rest[j + 2]) {
      --guess;
      left += divisor[0];
      if (left >= kNumericBase) break;
    }
    int64_t borrow = 0;
    for (size_t i = n; i-- > 0;) {
      int64_t current = rest[j + i + 1] - guess * divisor[i] + borrow;
      borrow = current >= 0 ? 0 : -((-current + kNumericBase - 1) / kNumericBase);
      rest[j + i + 1] = current - borrow * kNumericBase;
    }
    rest[j] += borrow;
    if (rest[j] < 0) {
      --guess;
      int64_t carry = 0;
      for (size_t i = n; i-- > 0;) {
        int64_t current = rest[j + i + 1] + divisor[i] + carry;
        carry = current >= kNumericBase ? 1 : 0;
        rest[j + i + 1] = current - carry * kNumericBase;
      }
      rest[j] += carry;
    }
    quotient[j] = static_cast<uint16_t>(guess);
  }
  strip_leading_zeros(quotient);
  return quotient;
}

int compare_integers(const Digits& a, const Digits& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin());
  return x == a.end() ? 0 : *x < *y ? -1 : 1;
}

Digits add_integers(const Digits& a, const Digits& b) {
  BigNumeric x;
  BigNumeric y;
  x.digits = a;
  x.weight = static_cast<int>(a.size()) - 1;
  y.digits = b;
  y.weight = static_cast<int>(b.size()) - 1;
  Digits sum = combine(x, y, false).digits;
  strip_leading_zeros(sum);
  return sum;
}

// floor(sqrt(n)) by Newton's method from above.
Digits integer_sqrt(const Digits& n) {
  if (n.empty()) return {};
  // Leading digits as a double; an even number of digits follows them.
  size_t used = std::min<size_t>(n.size(), 4);
  if ((n.size() - used) % 2 != 0) --used;
  if (used == 0) used = 2;
  double lead = 0;
  for (size_t i = 0; i < used; ++i) lead = lead * kNumericBase + n[i];
  double root = std::floor(std::sqrt(lead)) + 2;
  Digits guess;
  for (uint64_t left = static_cast<uint64_t>(root); left != 0; left /= kNumericBase) {
    guess.insert(guess.begin(), static_cast<uint16_t>(left % kNumericBase));
  }
  guess.insert(guess.end(), (n.size() - used) / 2, 0);
  for (;;) {
    Digits next = divide_by_digit(add_integers(guess, divide(n, guess)), 2);
    if (compare_integers(next, guess) >= 0) return guess;
    guess = std::move(next);
  }
}

// floor(|a| * 10000^places) as an integer.
Digits scaled_integer(const BigNumeric& a, int places) {
  int count = a.weight + 1 + places;
  Digits result;
  if (count <= 0) return result;
  result.assign(a.digits.begin(),
                a.digits.begin() +
                    std::min<std::ptrdiff_t>(count, static_cast<std::ptrdiff_t>(a.digits.size())));
  result.resize(static_cast<size_t>(count), 0);
  strip_leading_zeros(result);
  return result;
}

// integer / 10000^places
BigNumeric unscaled(Digits integer, int places) {
  BigNumeric result;
  result.weight = static_cast<int>(integer.size()) - 1 - places;
  result.digits = std::move(integer);
  result.normalize();
  return result;
}

int base_digits_for(int decimals) { return decimals <= 0 ? -(-decimals / 4) : (decimals + 3) / 4; }

// Drops what lies beyond `scale` decimals; true when the first dropped decimal is 5 or more.
bool cut_decimals(BigNumeric& a, int scale) {
  // Decimal digits kept, counted from the start of digits[0].
  int64_t keep = (static_cast<int64_t>(a.weight) + 1) * 4 + scale;
  a.scale = std::max(scale, 0);
  auto total = static_cast<int64_t>(a.digits.size()) * 4;
  if (keep >= total) return false;
  if (keep < 0) {
    a.digits.clear();
    return false;
  }
  auto whole = static_cast<size_t>(keep / 4);
  auto part = static_cast<size_t>(keep % 4);
  int digit = a.digits[whole];
  int unit = kPowersOfTen[3 - part];
  bool up = digit / unit % 10 >= 5;
  a.digits.resize(whole);
  if (part != 0) a.digits.push_back(static_cast<uint16_t>(digit / (unit * 10) * (unit * 10)));
  return up;
}

}  // namespace

void throw_numeric_overflow() {
  throw sql_error(SqlState::kNumericValueOutOfRange, "value overflows numeric format");
}

BigNumeric BigNumeric::of_int(Int128 value, int scale) {
  BigNumeric result;
  result.scale = scale;
  result.negative = value < 0;
  auto magnitude = static_cast<unsigned __int128>(value);
  if (value < 0) magnitude = 0 - magnitude;
  if (magnitude == 0) {
    result.negative = false;
    return result;
  }
  // Align the decimal point to a digit border.
  int fraction_digits = (scale + 3) / 4;
  int padding = fraction_digits * 4 - scale;
  uint16_t reversed[12];
  size_t count = 0;
  // The lowest digit is incomplete when padding is needed.
  if (padding != 0) {
    int take = kPowersOfTen[4 - padding];
    reversed[count++] =
        static_cast<uint16_t>(static_cast<int>(magnitude % take) * kPowersOfTen[padding]);
    magnitude /= take;
  }
  while (magnitude > UINT64_MAX) {
    reversed[count++] = static_cast<uint16_t>(magnitude % kNumericBase);
    magnitude /= kNumericBase;
  }
  for (auto low = static_cast<uint64_t>(magnitude); low != 0; low /= kNumericBase) {
    reversed[count++] = static_cast<uint16_t>(low % kNumericBase);
  }
  result.digits.assign(std::make_reverse_iterator(reversed + count),
                       std::make_reverse_iterator(reversed));
  result.weight = static_cast<int>(count) - 1 - fraction_digits;
  result.normalize();
  return result;
}

BigNumeric BigNumeric::of_datum(const Datum& value) {
  if (numeric_is_small(value)) {
    SmallNumeric small = numeric_small(value);
    return of_int(small.scaled, small.scale);
  }
  const char* bytes = value.str.data();
  BigNumeric result;
  if (bytes[0] == 2) {
    result.kind = static_cast<Kind>(bytes[1] + 1);
    return result;
  }
  uint16_t scale;
  uint32_t count;
  std::memcpy(&scale, bytes + 2, sizeof scale);
  std::memcpy(&result.weight, bytes + 4, sizeof result.weight);
  std::memcpy(&count, bytes + 8, sizeof count);
  result.negative = bytes[1] != 0;
  result.scale = scale;
  result.digits.resize(count);
  if (count != 0) std::memcpy(result.digits.data(), bytes + 14, count * sizeof(uint16_t));
  return result;
}

Datum BigNumeric::to_datum(Arena& arena) const {
  if (!is_finite()) {
    const char bytes[4] = {2, static_cast<char>(static_cast<int>(kind) - 1), 0, 0};
    return Datum::of_string(StringRef(bytes, sizeof bytes));
  }
  if (scale > kNumericMaxScale || weight > kNumericMaxWeight) throw_numeric_overflow();
  // 19 decimals touch at most 7 digits; more than 8 would not fit 128 bits here.
  int fraction_digits = (scale + 3) / 4;
  if (scale <= kNumericSmallMaxScale && weight + 1 + fraction_digits <= 8) {
    Int128 scaled = 0;
    for (int i = 0; i < weight + 1 + fraction_digits; ++i) {
      scaled = scaled * kNumericBase +
               (i < static_cast<int>(digits.size()) ? digits[static_cast<size_t>(i)] : 0);
    }
    if (weight + 1 + fraction_digits > 0) scaled /= kPowersOfTen[fraction_digits * 4 - scale];
    if (negative) scaled = -scaled;
    if (scaled >= INT64_MIN && scaled <= INT64_MAX)
      return numeric_make_small(static_cast<int64_t>(scaled), scale);
  }
  auto count = static_cast<uint32_t>(digits.size());
  size_t size = 14 + count * sizeof(uint16_t);
  char* bytes = arena.allocate_bytes(size);
  auto narrow_scale = static_cast<uint16_t>(scale);
  int32_t stored_weight = weight;
  bytes[0] = 1;
  bytes[1] = negative ? 1 : 0;
  std::memcpy(bytes + 2, &narrow_scale, sizeof narrow_scale);
  std::memcpy(bytes + 4, &stored_weight, sizeof stored_weight);
  std::memcpy(bytes + 8, &count, sizeof count);
  std::memset(bytes + 12, 0, 2);
  if (count != 0) std::memcpy(bytes + 14, digits.data(), count * sizeof(uint16_t));
  return Datum::of_string(StringRef(bytes, static_cast<uint32_t>(size)));
}

int BigNumeric::sign() const {
  if (kind == Kind::kPositiveInfinity) return 1;
  if (kind == Kind::kNegativeInfinity) return -1;
  return digits.empty() ? 0 : negative ? -1 : 1;
}

void BigNumeric::normalize() {
  while (!digits.empty() && digits.back() == 0) digits.pop_back();
  size_t zeros = 0;
  while (zeros < digits.size() && digits[zeros] == 0) ++zeros;
  if (zeros != 0) {
    digits.erase(digits.begin(), digits.begin() + static_cast<std::ptrdiff_t>(zeros));
    weight -= static_cast<int>(zeros);
  }
  if (digits.empty()) {
    weight = 0;
    negative = false;
  }
}

int BigNumeric::decimal_weight() const {
  if (digits.empty()) return 0;
  int lead = digits[0];
  return weight * 4 + (lead >= 1000 ? 3 : lead >= 100 ? 2 : lead >= 10 ? 1 : 0);
}

void BigNumeric::append_text(std::string& out) const {
  if (!is_finite()) {
    out += kind == Kind::kNan ? "NaN" : kind == Kind::kPositiveInfinity ? "Infinity" : "-Infinity";
    return;
  }
  auto digit_at = [this](int position) -> int {  // of 10000^position
    int index = weight - position;
    return index >= 0 && index < static_cast<int>(digits.size())
               ? digits[static_cast<size_t>(index)]
               : 0;
  };
  if (negative) out.push_back('-');
  if (weight < 0 || digits.empty()) {
    out.push_back('0');
  } else {
    out += std::to_string(digit_at(weight));
    for (int position = weight - 1; position >= 0; --position) {
      fmt::format_to(std::back_inserter(out), "{:04}", digit_at(position));
    }
  }
  if (scale > 0) {
    out.push_back('.');
    size_t start = out.size();
    for (int position = -1; static_cast<int>(out.size() - start) < scale; --position) {
      fmt::format_to(std::back_inserter(out), "{:04}", digit_at(position));
    }
    out.resize(start + static_cast<size_t>(scale));
  }
}

int big_compare_magnitude(const BigNumeric& a, const BigNumeric& b) {
  if (a.digits.empty() || b.digits.empty())
    return static_cast<int>(!a.digits.empty()) - static_cast<int>(!b.digits.empty());
  if (a.weight != b.weight) return a.weight < b.weight ? -1 : 1;
  size_t common = std::min(a.digits.size(), b.digits.size());
  for (size_t i = 0; i < common; ++i) {
    if (a.digits[i] != b.digits[i]) return a.digits[i] < b.digits[i] ? -1 : 1;
  }
  return a.digits.size() < b.digits.size() ? -1 : a.digits.size() > b.digits.size();
}

int big_compare(const BigNumeric& a, const BigNumeric& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  int order = big_compare_magnitude(a, b);
  return a.negative ? -order : order;
}

BigNumeric big_add(const BigNumeric& a, const BigNumeric& b) {
  return add_signed(a, b, b.negative);
}

BigNumeric big_sub(const BigNumeric& a, const BigNumeric& b) {
  return add_signed(a, b, !b.negative);
}

BigNumeric big_mul(const BigNumeric& a, const BigNumeric& b) {
  BigNumeric result;
  result.scale = a.scale + b.scale;
  result.negative = a.negative != b.negative;
  result.weight = a.weight + b.weight + 1;
  result.digits = multiply(a.digits, b.digits);
  result.normalize();
  return result;
}

BigNumeric big_neg(BigNumeric a) {
  if (!a.digits.empty()) a.negative = !a.negative;
  return a;
}

BigNumeric big_trunc(BigNumeric a, int scale) {
  cut_decimals(a, scale);
  a.normalize();
  return a;
}

BigNumeric big_round(BigNumeric a, int scale) {
  bool negative = a.negative;
  bool up = cut_decimals(a, scale);
  a.normalize();
  if (!up) return a;
  // One unit at decimal position -scale.
  int position = -scale;
  BigNumeric unit;
  unit.weight = position >= 0 ? position / 4 : -((-position + 3) / 4);
  unit.digits = {static_cast<uint16_t>(kPowersOfTen[position - unit.weight * 4])};
  unit.scale = a.scale;
  unit.negative = negative;
  return big_add(a, unit);
}

BigNumeric big_div(const BigNumeric& a, const BigNumeric& b, int scale, bool round) {
  LUMA_CHECK(!b.digits.empty());
  BigNumeric result;
  if (!a.digits.empty()) {
    int places = base_digits_for(scale + 1);
    auto b_count = static_cast<int>(b.digits.size());
    // a / b * 10000^places = floor(a * 10000^shift) / integer(b.digits)
    int shift = places - (b.weight + 1 - b_count);
    result = unscaled(divide(scaled_integer(a, shift), b.digits), places);
    if (!result.digits.empty()) result.negative = a.negative != b.negative;
  }
  return round ? big_round(std::move(result), scale) : big_trunc(std::move(result), scale);
}

BigNumeric big_mod(const BigNumeric& a, const BigNumeric& b) {
  BigNumeric whole = big_div(a, b, 0, false);
  BigNumeric result = big_sub(a, big_mul(whole, b));
  result.scale = std::max(a.scale, b.scale);
  return result;
}

BigNumeric big_sqrt(const BigNumeric& a, int scale) {
  int places = base_digits_for(scale + 1);
  if (places < 0) places = 0;
  BigNumeric result = unscaled(integer_sqrt(scaled_integer(a, 2 * places)), places);
  result.scale = places * 4;
  return big_round(std::move(result), scale);
}

int big_div_scale(const BigNumeric& a, const BigNumeric& b) {
  int weight_a = a.digits.empty() ? 0 : a.weight;
  int first_a = a.digits.empty() ? 0 : a.digits[0];
  int weight_b = b.digits.empty() ? 0 : b.weight;
  int first_b = b.digits.empty() ? 0 : b.digits[0];
  int weight = weight_a - weight_b;
  if (first_a <= first_b) --weight;
  int scale = std::max({kNumericMinSignificantDigits - weight * 4, a.scale, b.scale, 0});
  return std::min(scale, kNumericMaxDisplayScale);
}

double big_to_double(const BigNumeric& a) {
  if (a.is_nan()) return std::nan("");
  if (a.is_infinite()) return a.sign() * HUGE_VAL;
  std::string text;
  a.append_text(text);
  return std::strtod(text.c_str(), nullptr);
}

}  // namespace luma
