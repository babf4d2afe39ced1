#pragma once
// Templates of to_char(), to_date() and to_timestamp(): keywords, their modifiers, and text
// between.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace luma {

enum class DateField : uint8_t {
  kMeridiemDots,
  kMeridiem,
  kEraDots,
  kEra,
  kCentury,
  kDayName,
  kDayAbbreviation,
  kDayOfYear,
  kDayOfMonth,
  kDayOfWeek,
  kFraction,
  kFixed,
  kHour24,
  kHour12,
  kIsoDayOfYear,
  kIsoDay,
  kIsoWeek,
  kIsoYear,
  kJulian,
  kMinute,
  kMonthNumber,
  kMonthName,
  kMonthAbbreviation,
  kMillis,
  kOffset,
  kQuarter,
  kRomanMonth,
  kSecondsOfDay,
  kSecond,
  kZoneHours,
  kZoneMinutes,
  kZone,
  kMicros,
  kWeekOfYear,
  kWeekOfMonth,
  kYearComma,
  kYear
};

enum class LetterCase : uint8_t { kUpper, kMixed, kLower };

struct DateKeyword {
  std::string_view name;
  DateField field;
  LetterCase letters;
  bool is_digit;  // its input begins with a digit
  uint8_t width;  // digits of years and fractions
};

struct DateNode {
  enum Kind : uint8_t { kField, kSeparator, kSpace, kText } kind;
  const DateKeyword* keyword = nullptr;
  bool fill = false;       // FM
  bool localized = false;  // TM
  bool ordinal = false;    // TH or th
  bool ordinal_lower = false;
  std::string text;  // one character, unless kField
};

std::vector<DateNode> parse_date_template(std::string_view text);
// ASCII punctuation.
bool is_separator_char(char c);

inline constexpr const char* kFullMonthNames[] = {"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};
inline constexpr const char* kFullDayNames[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                "Thursday", "Friday", "Saturday"};
inline constexpr const char* kRomanMonths[] = {"I",   "II",   "III", "IV", "V",  "VI",
                                               "VII", "VIII", "IX",  "X",  "XI", "XII"};

}  // namespace luma
