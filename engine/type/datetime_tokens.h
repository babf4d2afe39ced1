#pragma once
// Lexical level of date/time and interval input: fields, keywords and the ways to fail.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/type/type_info.h"

namespace luma {

enum class FieldKind : uint8_t { kNumber, kString, kDate, kTime, kZone, kSpecial };

struct TextField {
  FieldKind kind;
  std::string text;  // lower case
};

// Why an input is refused; turned into an SqlError by throw_datetime_error.
enum class DateTimeFault : uint8_t {
  kBadFormat,
  kFieldOverflow,
  kMonthDayOverflow,
  kIntervalOverflow,
  kZoneOverflow
};
[[noreturn]] void throw_datetime_error(DateTimeFault fault, std::string_view text,
                                       std::string_view type_name);

// Units of time: of intervals, of extract() and of date_trunc().
enum class TimeUnit : uint8_t {
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kDecade,
  kCentury,
  kMillennium,
  kEpoch,
  kDow,
  kIsoDow,
  kDoy,
  kIsoYear,
  kJulian,
  kTimezone,
  kTimezoneHour,
  kTimezoneMinute
};

enum class KeywordKind : uint8_t {
  kUnknown,
  kNow,
  kYesterday,
  kToday,
  kTomorrow,
  kAllBalls,
  kEpoch,
  kInfinity,
  kNegInfinity,
  kMonth,
  kWeekday,
  kMeridiem,
  kEra,
  kDstModifier,
  kUnit,
  kIsoTime,
  kIgnored
};
struct Keyword {
  std::string_view name;
  KeywordKind kind;
  int value;  // month, weekday, 1 = PM, 1 = BC, TimeUnit
};
// Words are compared by their first ten letters; nullptr when unknown.
const Keyword* find_datetime_keyword(std::string_view lower_case_word);

enum class IntervalWord : uint8_t { kUnknown, kUnit, kAgo, kIgnored };
IntervalWord find_interval_word(std::string_view lower_case_word, TimeUnit* unit);

// The unit that extract() and date_trunc() mean by `name` (any case); false when there is none.
bool find_time_unit(std::string_view name, TimeUnit* unit);

// Splits the text; throws a DateTimeFault (not an SqlError) when it cannot be read at all.
std::vector<TextField> split_datetime_text(std::string_view text, size_t max_bytes);

// strtol-like: reads [+-]digits from `pos`, advances; false when the number does not fit.
bool read_int64(const std::string& text, size_t& pos, int64_t* value);
// The part of a number from its '.' on: ".25"; "." alone counts as zero.
double read_fraction(std::string_view text);
int read_fraction_micros(std::string_view text);

}  // namespace luma
