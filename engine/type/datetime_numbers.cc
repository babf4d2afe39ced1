// Dates, clocks and bare numbers in the input of a date, time or timestamp.
#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "engine/type/datetime_decoder.h"

namespace luma::datetime_input {

namespace {

bool is_alpha(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

int digits_value(std::string_view text) {
  int64_t value = 0;
  for (char c : text) {
    if (!is_digit(c)) break;
    value = std::min<int64_t>(value * 10 + (c - '0'), INT32_MAX);
  }
  return static_cast<int>(value);
}

}  // namespace

// A number that must fit an int; what follows it stays in `rest`.
int read_int(const std::string& text, std::string_view* rest) {
  size_t pos = 0;
  int64_t value = 0;
  if (!read_int64(text, pos, &value) || value > INT32_MAX || value < INT32_MIN) overflow();
  *rest = std::string_view(text).substr(pos);
  return static_cast<int>(value);
}

// A date whose parts are joined by punctuation.
uint32_t Decoder::decode_date(const std::string& text) {
  std::vector<std::string> pieces;
  size_t pos = 0;
  auto alnum = [](char c) { return is_digit(c) || is_alpha(c); };
  while (pos < text.size()) {
    while (pos < text.size() && !alnum(text[pos])) ++pos;
    if (pos == text.size()) bad_format();
    size_t begin = pos;
    bool digits = is_digit(text[pos]);
    while (pos < text.size() && (digits ? is_digit(text[pos]) : is_alpha(text[pos]))) ++pos;
    pieces.push_back(text.substr(begin, pos - begin));
    if (pos < text.size()) ++pos;
  }
  uint32_t seen = seen_, parts = 0;
  bool saved_month_name = has_month_name_;
  has_month_name_ = false;
  auto add = [&](uint32_t part) {
    if ((seen & part) != 0) bad_format();
    seen |= part;
    parts |= part;
  };
  for (std::string& piece : pieces) {
    if (!is_alpha(piece[0])) continue;
    const Keyword* keyword = find_datetime_keyword(piece);
    if (keyword != nullptr && keyword->kind == KeywordKind::kIgnored) continue;
    if (keyword == nullptr || keyword->kind != KeywordKind::kMonth) bad_format();
    t_.month = keyword->value;
    has_month_name_ = true;
    add(kMonth);
    piece.clear();
  }
  for (const std::string& piece : pieces) {
    if (piece.empty()) continue;
    add(decode_single_number(piece, seen));
  }
  has_month_name_ = saved_month_name;
  if ((seen & ~uint32_t{kDayOfYear | kZone}) != kDateParts) bad_format();
  return parts;
}

uint32_t Decoder::decode_single_number(const std::string& text, uint32_t seen) {
  std::string_view rest;
  int value = read_int(text, &rest);
  if (rest.size() == text.size()) bad_format();
  if (!rest.empty()) {
    if (rest[0] != '.') bad_format();
    if (text.size() - rest.size() > 2) return decode_run_together(text, seen | kDateParts);
    t_.micros = read_fraction_micros(rest);
  }
  if (text.size() == 3 && (seen & kDateParts) == kYear && value >= 1 && value <= 366) {
    day_of_year_ = value;
    return kDayOfYear | kMonth | kDay;
  }
  if ((seen & kDateParts) == kDateParts) return decode_run_together(text, seen);
  uint32_t part = choose_date_part(value, text.size(), seen);
  if (part == kYear) two_digit_year_ = text.size() <= 2;
  return part;
}

uint32_t Decoder::choose_date_part(int value, size_t digits, uint32_t seen) {
  auto year = [&] {
    t_.year = value;
    return uint32_t{kYear};
  };
  auto month = [&] {
    t_.month = value;
    return uint32_t{kMonth};
  };
  auto day = [&] {
    t_.day = value;
    return uint32_t{kDay};
  };
  bool year_first = digits >= 3 || io_.date_order == DateOrder::kYmd;
  switch (seen & kDateParts) {
    case 0:
      if (year_first) return year();
      return io_.date_order == DateOrder::kDmy ? day() : month();
    case kYear:
    case kDay:
      return month();
    case kMonth:
      return has_month_name_ && year_first ? year() : day();
    case kYear | kMonth:
      if (has_month_name_ && digits >= 3 && two_digit_year_) {
        // What was taken for the year is the day: 05-Jan-2024 in YMD order.
        t_.day = t_.year;
        t_.year = value;
        two_digit_year_ = false;
        return kDay;
      }
      return day();
    case kMonth | kDay:
      return year();
    default:
      bad_format();
  }
}

// yyyymmdd, yymmdd, hhmmss, hhmm; a fraction belongs to seconds.
uint32_t Decoder::decode_run_together(std::string text, uint32_t seen) {
  size_t dot = text.find('.');
  if (dot != std::string::npos) {
    t_.micros = static_cast<int>(std::rint(std::strtod(text.c_str() + dot, nullptr) * 1000000));
    text.resize(dot);
  } else if ((seen & kDateParts) != kDateParts && text.size() >= 6) {
    size_t n = text.size();
    t_.day = digits_value(std::string_view(text).substr(n - 2));
    t_.month = digits_value(std::string_view(text).substr(n - 4, 2));
    t_.year = digits_value(std::string_view(text).substr(0, n - 4));
    if (n - 4 == 2) two_digit_year_ = true;
    return kDateParts;
  }
  if ((seen & kTimeParts) == kTimeParts || (text.size() != 6 && text.size() != 4)) bad_format();
  t_.hour = digits_value(std::string_view(text).substr(0, 2));
  t_.minute = digits_value(std::string_view(text).substr(2, 2));
  t_.second = text.size() == 6 ? digits_value(std::string_view(text).substr(4, 2)) : 0;
  return kTimeParts;
}

void Decoder::decode_clock(const std::string& text) {
  size_t pos = 0;
  int64_t numbers[3] = {0, 0, 0};
  auto number = [&](int index) {
    if (!read_int64(text, pos, &numbers[index])) overflow();
    if (index > 0 && (numbers[index] > INT32_MAX || numbers[index] < INT32_MIN)) overflow();
  };
  number(0);
  if (pos >= text.size() || text[pos] != ':') bad_format();
  ++pos;
  number(1);
  t_.micros = 0;
  if (pos < text.size() && text[pos] == '.') {
    t_.micros = read_fraction_micros(std::string_view(text).substr(pos));
    numbers[2] = numbers[1], numbers[1] = numbers[0], numbers[0] = 0;
  } else if (pos < text.size() && text[pos] == ':') {
    ++pos;
    number(2);
    if (pos < text.size()) {
      if (text[pos] != '.') bad_format();
      t_.micros = read_fraction_micros(std::string_view(text).substr(pos));
    }
  } else if (pos < text.size()) {
    bad_format();
  }
  if (numbers[0] < 0 || numbers[1] < 0 || numbers[1] > 59 || numbers[2] < 0 || numbers[2] > 60 ||
      t_.micros < 0 || t_.micros > kMicrosPerSec || numbers[0] > INT32_MAX) {
    overflow();
  }
  t_.hour = static_cast<int>(numbers[0]);
  t_.minute = static_cast<int>(numbers[1]);
  t_.second = static_cast<int>(numbers[2]);
}

}  // namespace luma::datetime_input
