// to_char() of timestamps and intervals.
#include "engine/type/datetime_format.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>

#include "engine/base/sql_error.h"
#include "engine/type/datetime_fields.h"
#include "engine/type/datetime_template.h"

namespace luma {
namespace {

constexpr int kDaysPerMonth = 30;

// A moment, or the parts of an interval.
struct Fields {
  bool is_interval = false;
  bool has_zone = false;
  int year = 0, month = 0, day = 0;
  int64_t hour = 0;
  int minute = 0, second = 0, micros = 0;
  int weekday = 0;      // 0 = Sunday
  int day_of_year = 0;  // from 1
  ZoneOffset zone;
};

Fields fields_of(const CivilTime& t, bool has_zone) {
  Fields f;
  f.has_zone = has_zone;
  f.year = t.year, f.month = t.month, f.day = t.day;
  f.hour = t.hour, f.minute = t.minute, f.second = t.second, f.micros = t.micros;
  int32_t julian = julian_day(t.year, t.month, t.day);
  f.weekday = weekday_of_julian(julian);
  f.day_of_year = julian - julian_day(t.year, 1, 1) + 1;
  f.zone = t.zone;
  return f;
}

std::string in_case(std::string_view text, LetterCase letters) {
  std::string out(text);
  if (letters == LetterCase::kUpper) {
    for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  } else if (letters == LetterCase::kLower) {
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

class Formatter {
 public:
  explicit Formatter(const Fields& f) : f_(f) {}

  std::string run(const std::vector<DateNode>& nodes) {
    for (const DateNode& node : nodes) {
      if (node.kind != DateNode::kField) {
        out_ += node.text;
        continue;
      }
      size_t begin = out_.size();
      bool is_number = field(node);
      if (is_number && node.ordinal) put_ordinal(begin, node.ordinal_lower);
    }
    return std::move(out_);
  }

 private:
  void reject_interval() const {
    if (!f_.is_interval) return;
    throw sql_error(SqlState::kInvalidDatetimeFormat,
                    "invalid format specification for an interval value")
        .hint("Intervals are not tied to specific calendar dates.");
  }

  void put_ordinal(size_t begin, bool lower) {
    std::string_view number = std::string_view(out_).substr(begin);
    char last = number.empty() ? '\0' : number.back();
    if (last < '0' || last > '9') {
      throw sql_error(SqlState::kInvalidTextRepresentation, "\"{}\" is not a number", number);
    }
    if (number.size() > 1 && number[number.size() - 2] == '1') last = '0';
    const char* suffix = last == '1' ? "ST" : last == '2' ? "ND" : last == '3' ? "RD" : "TH";
    out_ += in_case(suffix, lower ? LetterCase::kLower : LetterCase::kUpper);
  }

  // Zero-padded; a sign takes one more place.
  bool number(const DateNode& node, int64_t value, int width) {
    return signed_number(node, value, value < 0, width);
  }
  // The same where a part of a negative number is shown.
  bool signed_number(const DateNode& node, int64_t value, bool negative, int width) {
    if (node.fill) width = 0;
    if (negative && width > 0) ++width;
    fmt::format_to(std::back_inserter(out_), "{:0{}}", value, width);
    return true;
  }

  // The sign of a negative number counts as one of its places.
  bool day_number(const DateNode& node, int value, int width) {
    return number(node, value, value < 0 ? width - 1 : width);
  }

  bool name(const DateNode& node, std::string_view text, int width) {
    std::string shown = in_case(text, node.keyword->letters);
    if (node.fill || node.localized) width = 0;
    fmt::format_to(std::back_inserter(out_), "{:<{}}", shown, width);
    return false;
  }

  bool plain(std::string_view text) {
    out_ += text;
    return false;
  }

  int shown_year(int year) const { return f_.is_interval || year > 0 ? year : 1 - year; }

  bool year(const DateNode& node, int value) {
    static constexpr int kModulus[] = {0, 10, 100, 1000, 0};
    int digits = node.keyword->width;
    int64_t shown = shown_year(value);
    bool negative = shown < 0;
    if (digits < 4) shown %= kModulus[digits];
    return digits == 1 ? number(node, shown, 0) : signed_number(node, shown, negative, digits);
  }

  bool field(const DateNode& node);
  bool clock_field(const DateNode& node);
  bool zone_field(const DateNode& node);
  bool day_field(const DateNode& node);
  bool century(const DateNode& node);
  bool roman_month(const DateNode& node);

  const Fields& f_;
  std::string out_;
};

bool Formatter::clock_field(const DateNode& node) {
  int64_t hour12 = f_.hour % 12 == 0 ? 12 : f_.hour % 12;
  switch (node.keyword->field) {
    case DateField::kMeridiemDots:
      return plain(in_case(f_.hour % 24 >= 12 ? "P.M." : "A.M.", node.keyword->letters));
    case DateField::kMeridiem:
      return plain(in_case(f_.hour % 24 >= 12 ? "PM" : "AM", node.keyword->letters));
    case DateField::kHour12:
      return signed_number(node, hour12, f_.hour < 0, 2);
    case DateField::kHour24:
      return number(node, f_.hour, 2);
    case DateField::kMinute:
      return number(node, f_.minute, 2);
    case DateField::kSecond:
      return number(node, f_.second, 2);
    case DateField::kMillis:
      fmt::format_to(std::back_inserter(out_), "{:03}", f_.micros / 1000);
      return true;
    case DateField::kMicros:
      fmt::format_to(std::back_inserter(out_), "{:06}", f_.micros);
      return true;
    case DateField::kFraction: {
      int value = f_.micros;
      for (int i = 6; i > node.keyword->width; --i) value /= 10;
      fmt::format_to(std::back_inserter(out_), "{:0{}}", value, node.keyword->width);
      return true;
    }
    default:  // kSecondsOfDay
      fmt::format_to(std::back_inserter(out_), "{}", f_.hour * 3600 + f_.minute * 60 + f_.second);
      return true;
  }
}

bool Formatter::zone_field(const DateNode& node) {
  reject_interval();
  int32_t east = f_.zone.east_secs, absolute = std::abs(east);
  auto to = std::back_inserter(out_);
  switch (node.keyword->field) {
    case DateField::kZone:
      if (!f_.has_zone) return false;
      return plain(node.keyword->letters == LetterCase::kLower
                       ? in_case(f_.zone.abbreviation, LetterCase::kLower)
                       : std::string(f_.zone.abbreviation));
    case DateField::kZoneHours:
      fmt::format_to(to, "{}{:02}", east >= 0 ? '+' : '-', absolute / 3600);
      return false;
    case DateField::kZoneMinutes:
      fmt::format_to(to, "{:02}", absolute % 3600 / 60);
      return false;
    default:  // kOffset
      fmt::format_to(to, "{}{:0{}}", east >= 0 ? '+' : '-', absolute / 3600, node.fill ? 0 : 2);
      if (absolute % 3600 != 0) fmt::format_to(to, ":{:02}", absolute % 3600 / 60);
      return false;
  }
}

bool Formatter::century(const DateNode& node) {
  int value;
  if (f_.is_interval) {
    value = f_.year / 100;
  } else {
    value = f_.year > 0 ? (f_.year - 1) / 100 + 1 : f_.year / 100 - 1;
  }
  return number(node, value, value <= 99 && value >= -99 ? 2 : 0);
}

bool Formatter::roman_month(const DateNode& node) {
  // An interval's month may be zero or negative: it counts from the end of the year then.
  if (f_.month == 0 && f_.year == 0) return false;
  int index;
  if (f_.month == 0) {
    index = f_.year >= 0 ? 11 : 0;
  } else {
    index = f_.month < 0 ? 12 + f_.month : f_.month - 1;
  }
  fmt::format_to(std::back_inserter(out_), "{:<{}}",
                 in_case(kRomanMonths[index], node.keyword->letters), node.fill ? 0 : 4);
  return false;
}

bool Formatter::day_field(const DateNode& node) {
  switch (node.keyword->field) {
    case DateField::kDayName:
      reject_interval();
      return name(node, kFullDayNames[f_.weekday], 9);
    case DateField::kDayAbbreviation:
      reject_interval();
      return name(node, std::string_view(kFullDayNames[f_.weekday]).substr(0, 3), 3);
    case DateField::kDayOfYear:
      return day_number(node, f_.day_of_year, 3);
    case DateField::kIsoDayOfYear:
      return number(node,
                    julian_day(f_.year, f_.month, f_.day) -
                        julian_of_iso_week(iso_year(f_.year, f_.month, f_.day), 1) + 1,
                    3);
    case DateField::kDayOfMonth:
      return day_number(node, f_.day, 2);
    case DateField::kDayOfWeek:
      reject_interval();
      return number(node, f_.weekday + 1, 1);
    default:  // kIsoDay
      reject_interval();
      return number(node, f_.weekday == 0 ? 7 : f_.weekday, 1);
  }
}

bool Formatter::field(const DateNode& node) {
  switch (node.keyword->field) {
    case DateField::kFixed:
      return false;
    case DateField::kMeridiemDots:
    case DateField::kMeridiem:
    case DateField::kHour12:
    case DateField::kHour24:
    case DateField::kMinute:
    case DateField::kSecond:
    case DateField::kMillis:
    case DateField::kMicros:
    case DateField::kFraction:
    case DateField::kSecondsOfDay:
      return clock_field(node);
    case DateField::kZone:
    case DateField::kZoneHours:
    case DateField::kZoneMinutes:
    case DateField::kOffset:
      return zone_field(node);
    case DateField::kEraDots:
      reject_interval();
      return plain(in_case(f_.year <= 0 ? "B.C." : "A.D.", node.keyword->letters));
    case DateField::kEra:
      reject_interval();
      return plain(in_case(f_.year <= 0 ? "BC" : "AD", node.keyword->letters));
    case DateField::kMonthName:
    case DateField::kMonthAbbreviation: {
      reject_interval();
      if (f_.month == 0) return false;
      std::string_view text = kFullMonthNames[f_.month - 1];
      bool full = node.keyword->field == DateField::kMonthName;
      return name(node, full ? text : text.substr(0, 3), full ? 9 : 3);
    }
    case DateField::kMonthNumber:
      return number(node, f_.month, 2);
    case DateField::kDayName:
    case DateField::kDayAbbreviation:
    case DateField::kDayOfYear:
    case DateField::kIsoDayOfYear:
    case DateField::kDayOfMonth:
    case DateField::kDayOfWeek:
    case DateField::kIsoDay:
      return day_field(node);
    case DateField::kWeekOfYear:
      return day_number(node, (f_.day_of_year - 1) / 7 + 1, 2);
    case DateField::kIsoWeek:
      return number(node, iso_week(f_.year, f_.month, f_.day), 2);
    case DateField::kQuarter:
      return f_.month == 0 ? false : number(node, (f_.month - 1) / 3 + 1, 1);
    case DateField::kCentury:
      return century(node);
    case DateField::kYearComma: {
      int value = shown_year(f_.year);
      fmt::format_to(std::back_inserter(out_), "{},{:03}", value / 1000, value % 1000);
      return true;
    }
    case DateField::kYear:
      return year(node, f_.year);
    case DateField::kIsoYear:
      return year(node, iso_year(f_.year, f_.month, f_.day));
    case DateField::kRomanMonth:
      return roman_month(node);
    case DateField::kWeekOfMonth:
      return number(node, (f_.day - 1) / 7 + 1, 1);
    case DateField::kJulian:
      return number(node, julian_day(f_.year, f_.month, f_.day), 1);
  }
  return false;
}

}  // namespace

std::optional<std::string> to_char_timestamp(int64_t timestamp, std::string_view format) {
  if (format.empty() || !timestamp_is_finite(timestamp)) return std::nullopt;
  Fields fields = fields_of(civil_of_timestamp(timestamp), false);
  return Formatter(fields).run(parse_date_template(format));
}

std::optional<std::string> to_char_timestamptz(int64_t timestamptz, std::string_view format,
                                               const TimeZone* zone) {
  if (format.empty() || !timestamp_is_finite(timestamptz)) return std::nullopt;
  Fields fields = fields_of(civil_of_timestamptz(timestamptz, zone), true);
  return Formatter(fields).run(parse_date_template(format));
}

std::optional<std::string> to_char_interval(const Interval& v, std::string_view format) {
  if (format.empty()) return std::nullopt;
  Fields f;
  f.is_interval = true;
  f.year = v.months / 12;
  f.month = v.months % 12;
  f.day = v.days;
  f.hour = v.micros / kMicrosPerHour;
  f.minute = static_cast<int>(v.micros / kMicrosPerMinute % 60);
  f.second = static_cast<int>(v.micros / kMicrosPerSec % 60);
  f.micros = static_cast<int>(v.micros % kMicrosPerSec);
  f.day_of_year = v.months * kDaysPerMonth + v.days;
  return Formatter(f).run(parse_date_template(format));
}

}  // namespace luma
