#include "engine/type/timezone_posix.h"

namespace luma {
namespace {

constexpr int kMonthDays[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

bool is_leap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

// Day of the week (0 Sunday) of the first of a month.
int first_weekday(int64_t year, int month) {
  static constexpr int kShift[12] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
  int64_t y = year - (month < 3 ? 1 : 0);
  return static_cast<int>((y + y / 4 - y / 100 + y / 400 + kShift[month - 1] + 1) % 7);
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool at_end() const { return pos_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[pos_]; }
  bool accept(char c) {
    if (peek() != c) return false;
    ++pos_;
    return true;
  }

  bool name(std::string& out) {
    size_t begin = pos_;
    if (accept('<')) {
      begin = pos_;
      while (!at_end() && peek() != '>') ++pos_;
      out = text_.substr(begin, pos_ - begin);
      return accept('>');
    }
    while (!at_end()) {
      char c = peek();
      if ((c >= '0' && c <= '9') || c == ',' || c == '-' || c == '+') break;
      ++pos_;
    }
    out = text_.substr(begin, pos_ - begin);
    return true;
  }

  bool number(int low, int high, int& out) {
    if (peek() < '0' || peek() > '9') return false;
    int value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = value * 10 + (peek() - '0');
      if (value > high) return false;
      ++pos_;
    }
    out = value;
    return value >= low;
  }

  // [+-]hh[:mm[:ss]]
  bool offset(int32_t& out) {
    bool negative = false;
    if (accept('-')) {
      negative = true;
    } else {
      accept('+');
    }
    int part = 0;
    if (!number(0, 167, part)) return false;
    int32_t secs = part * 3600;
    if (accept(':')) {
      if (!number(0, 59, part)) return false;
      secs += part * 60;
      if (accept(':')) {
        if (!number(0, 60, part)) return false;
        secs += part;
      }
    }
    out = negative ? -secs : secs;
    return true;
  }

  bool rule(PosixRule& out) {
    if (accept('J')) {
      out.kind = PosixRule::kJulianNoLeap;
      if (!number(1, 365, out.day)) return false;
    } else if (accept('M')) {
      out.kind = PosixRule::kMonthWeekDay;
      if (!number(1, 12, out.month) || !accept('.')) return false;
      if (!number(1, 5, out.week) || !accept('.')) return false;
      if (!number(0, 6, out.day)) return false;
    } else {
      out.kind = PosixRule::kDayOfYear;
      if (!number(0, 365, out.day)) return false;
    }
    return !accept('/') || offset(out.time_secs);
  }

 private:
  std::string_view text_;
  size_t pos_ = 0;
};

}  // namespace

int64_t PosixRule::secs_into_year(int64_t year) const {
  int64_t days = 0;
  switch (kind) {
    case kJulianNoLeap:
      days = day - 1 + (is_leap(year) && day >= 60 ? 1 : 0);
      break;
    case kDayOfYear:
      days = day;
      break;
    case kMonthWeekDay: {
      int in_month = day - first_weekday(year, month);
      if (in_month < 0) in_month += 7;
      int length = kMonthDays[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
      for (int i = 1; i < week && in_month + 7 < length; ++i) in_month += 7;
      for (int m = 1; m < month; ++m) days += kMonthDays[m - 1] + (m == 2 && is_leap(year) ? 1 : 0);
      days += in_month;
      break;
    }
  }
  return days * 86400 + time_secs;
}

std::optional<PosixZone> parse_posix_zone(std::string_view text) {
  Reader reader(text);
  PosixZone zone;
  int32_t west = 0;
  if (!reader.name(zone.standard_name) || reader.at_end() || !reader.offset(west))
    return std::nullopt;
  zone.standard_east_secs = -west;
  if (reader.at_end()) return zone;
  if (!reader.name(zone.dst_name) || zone.dst_name.empty()) return std::nullopt;
  zone.has_dst = true;
  zone.dst_east_secs = zone.standard_east_secs + 3600;
  if (!reader.at_end() && reader.peek() != ',' && reader.peek() != ';') {
    if (!reader.offset(west)) return std::nullopt;
    zone.dst_east_secs = -west;
  }
  if (reader.at_end()) {
    // No rule given: the United States' present one.
    zone.dst_start = {PosixRule::kMonthWeekDay, 3, 2, 0, 7200};
    zone.dst_end = {PosixRule::kMonthWeekDay, 11, 1, 0, 7200};
    return zone;
  }
  if (!reader.accept(',') && !reader.accept(';')) return std::nullopt;
  if (!reader.rule(zone.dst_start) || !reader.accept(',') || !reader.rule(zone.dst_end)) {
    return std::nullopt;
  }
  if (!reader.at_end()) return std::nullopt;
  return zone;
}

}  // namespace luma
