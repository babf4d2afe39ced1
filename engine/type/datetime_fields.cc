#include "engine/type/datetime_fields.h"

#include <cmath>
#include <utility>

#include "engine/base/ascii_case.h"
#include "engine/base/sql_error.h"
#include "engine/type/datetime_arithmetic.h"
#include "engine/type/datetime_parse.h"
#include "engine/type/datetime_tokens.h"
#include "engine/type/numeric.h"

namespace luma {
namespace {

TimeUnit unit_of(std::string_view name, const char* type_name) {
  TimeUnit unit;
  // The usual spellings, asked for row by row.
  static constexpr std::pair<std::string_view, TimeUnit> kUsual[] = {
      {"minute", TimeUnit::kMinute}, {"hour", TimeUnit::kHour}, {"year", TimeUnit::kYear},
      {"month", TimeUnit::kMonth},   {"day", TimeUnit::kDay},
  };
  for (const auto& [usual, found] : kUsual) {
    if (name == usual) return found;
  }
  if (!find_time_unit(name, &unit)) {
    throw sql_error(SqlState::kInvalidParameterValue, "unit \"{}\" not recognized for type {}",
                    ascii_lower(name), type_name);
  }
  return unit;
}

[[noreturn]] void not_supported(std::string_view name, const char* type_name) {
  throw sql_error(SqlState::kFeatureNotSupported, "unit \"{}\" not supported for type {}",
                  ascii_lower(name), type_name);
}

FieldValue decimal(__int128 scaled, int scale, double number) {
  return {.number = number, .scaled = scaled, .scale = scale, .text = {}};
}

FieldValue integer(int64_t value) { return decimal(value, 0, static_cast<double>(value)); }

FieldValue null_field() { return {.is_null = true, .text = {}}; }

FieldValue infinite(bool negative) {
  return {.number = negative ? -HUGE_VAL : HUGE_VAL, .text = negative ? "-Infinity" : "Infinity"};
}

FieldValue seconds_field(int second, int micros) {
  return decimal(second * kMicrosPerSec + micros, 6, second + micros / 1000000.0);
}

FieldValue milliseconds_field(int second, int micros) {
  return decimal(second * kMicrosPerSec + micros, 3, second * 1000.0 + micros / 1000.0);
}

// Fields that grow without bound are infinite for infinity, the others NULL.
FieldValue field_of_infinity(TimeUnit unit, bool negative) {
  switch (unit) {
    case TimeUnit::kYear:
    case TimeUnit::kDecade:
    case TimeUnit::kCentury:
    case TimeUnit::kMillennium:
    case TimeUnit::kJulian:
    case TimeUnit::kIsoYear:
    case TimeUnit::kEpoch:
      return infinite(negative);
    default:
      return null_field();
  }
}

// Fields of the calendar day; false when the unit is none.
bool calendar_field(const CivilTime& t, TimeUnit unit, FieldValue* out) {
  int y = t.year;
  auto julian_of = [&] { return julian_day(t.year, t.month, t.day); };
  switch (unit) {
    case TimeUnit::kDay:
      *out = integer(t.day);
      return true;
    case TimeUnit::kMonth:
      *out = integer(t.month);
      return true;
    case TimeUnit::kQuarter:
      *out = integer((t.month - 1) / 3 + 1);
      return true;
    case TimeUnit::kWeek:
      *out = integer(iso_week(t.year, t.month, t.day));
      return true;
    case TimeUnit::kYear:
      *out = integer(y > 0 ? y : y - 1);
      return true;
    case TimeUnit::kDecade:
      *out = integer(y >= 0 ? y / 10 : -((8 - (y - 1)) / 10));
      return true;
    case TimeUnit::kCentury:
      *out = integer(y > 0 ? (y + 99) / 100 : -((99 - (y - 1)) / 100));
      return true;
    case TimeUnit::kMillennium:
      *out = integer(y > 0 ? (y + 999) / 1000 : -((999 - (y - 1)) / 1000));
      return true;
    case TimeUnit::kIsoYear: {
      int year = iso_year(t.year, t.month, t.day);
      *out = integer(year <= 0 ? year - 1 : year);
      return true;
    }
    case TimeUnit::kDow:
      *out = integer(weekday_of_julian(julian_of()));
      return true;
    case TimeUnit::kIsoDow: {
      int day = weekday_of_julian(julian_of());
      *out = integer(day == 0 ? 7 : day);
      return true;
    }
    case TimeUnit::kDoy:
      *out = integer(julian_of() - julian_day(t.year, 1, 1) + 1);
      return true;
    default:
      return false;
  }
}

bool clock_field(int hour, int minute, int second, int micros, TimeUnit unit, FieldValue* out) {
  switch (unit) {
    case TimeUnit::kMicrosecond:
      *out = integer(second * kMicrosPerSec + micros);
      return true;
    case TimeUnit::kMillisecond:
      *out = milliseconds_field(second, micros);
      return true;
    case TimeUnit::kSecond:
      *out = seconds_field(second, micros);
      return true;
    case TimeUnit::kMinute:
      *out = integer(minute);
      return true;
    case TimeUnit::kHour:
      *out = integer(hour);
      return true;
    default:
      return false;
  }
}

bool zone_field(int32_t east_secs, TimeUnit unit, FieldValue* out) {
  switch (unit) {
    case TimeUnit::kTimezone:
      *out = integer(east_secs);
      return true;
    case TimeUnit::kTimezoneHour:
      *out = integer(east_secs / 3600);
      return true;
    case TimeUnit::kTimezoneMinute:
      *out = integer(east_secs / 60 % 60);
      return true;
    default:
      return false;
  }
}

FieldValue julian_field(const CivilTime& t) {
  int32_t day = julian_day(t.year, t.month, t.day);
  int64_t micros =
      t.hour * kMicrosPerHour + t.minute * kMicrosPerMinute + t.second * kMicrosPerSec + t.micros;
  double fraction = (t.hour * 3600 + t.minute * 60 + t.second + t.micros / 1000000.0) / kSecsPerDay;
  // The scale is that of numeric division.
  Arena arena(nullptr, 512);
  Datum sum = numeric_add(
      numeric_from_int64(day),
      numeric_div(numeric_from_int64(micros), numeric_from_int64(kMicrosPerDay), arena), arena);
  FieldValue result{.number = day + fraction, .text = {}};
  numeric_append_text(sum, result.text);
  return result;
}

FieldValue epoch_field(int64_t timestamp) {
  int64_t since;
  if (!__builtin_sub_overflow(timestamp, kUnixEpochTimestamp, &since)) {
    return decimal(since, 6, static_cast<double>(since) / 1000000.0);
  }
  return decimal(static_cast<__int128>(timestamp) - kUnixEpochTimestamp, 6,
                 (static_cast<double>(timestamp) - static_cast<double>(kUnixEpochTimestamp)) / 1e6);
}

bool day_micros_field(int64_t micros, TimeUnit unit, FieldValue* out) {
  return clock_field(static_cast<int>(micros / kMicrosPerHour),
                     static_cast<int>(micros / kMicrosPerMinute % 60),
                     static_cast<int>(micros / kMicrosPerSec % 60),
                     static_cast<int>(micros % kMicrosPerSec), unit, out);
}

FieldValue extract_fields(std::string_view name, int64_t timestamp, const TimeZone* zone,
                          bool has_zone) {
  const char* type_name = has_zone ? "timestamp with time zone" : "timestamp without time zone";
  TimeUnit unit = unit_of(name, type_name);
  if (!timestamp_is_finite(timestamp)) {
    return field_of_infinity(unit, timestamp == kTimestampNegInfinity);
  }
  if (unit == TimeUnit::kEpoch) return epoch_field(timestamp);
  FieldValue result;
  if (!has_zone) {
    // Times of day do not need the date.
    const int64_t micros = timestamp % kMicrosPerDay;
    if (day_micros_field(micros < 0 ? micros + kMicrosPerDay : micros, unit, &result)) {
      return result;
    }
  }
  CivilTime t = has_zone ? civil_of_timestamptz(timestamp, zone) : civil_of_timestamp(timestamp);
  if (unit == TimeUnit::kJulian) return julian_field(t);
  if (calendar_field(t, unit, &result)) return result;
  if (clock_field(t.hour, t.minute, t.second, t.micros, unit, &result)) return result;
  if (has_zone && zone_field(t.zone.east_secs, unit, &result)) return result;
  not_supported(name, type_name);
}

FieldValue interval_epoch(const Interval& v) {
  // A year counts 365.25 days, a month 30: exact in quarters of a day.
  int64_t quarter_days =
      int64_t{1461} * (v.months / 12) + int64_t{120} * (v.months % 12) + int64_t{4} * v.days;
  __int128 micros = static_cast<__int128>(quarter_days) * (kMicrosPerDay / 4) + v.micros;
  double number = static_cast<double>(v.micros) / 1000000.0;
  number += 365.25 * kSecsPerDay * (v.months / 12);
  number += 30.0 * kSecsPerDay * (v.months % 12);
  number += static_cast<double>(kSecsPerDay) * v.days;
  return decimal(micros, 6, number);
}

// Civil fields checked as make_* does; negative years are BC.
bool valid_date(int32_t* year, int32_t month, int32_t day) {
  if (*year == 0) return false;
  if (*year < 0) {
    if (*year == INT32_MIN) return false;
    *year = *year + 1;
  }
  return month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(*year, month);
}

bool valid_time(int32_t hour, int32_t minute, double second, int64_t* micros) {
  if (!(second >= 0) || second > 60 || hour < 0 || hour > 24 || minute < 0 || minute > 59)
    return false;
  double fraction = std::rint(second * kMicrosPerSec);
  *micros = hour * kMicrosPerHour + minute * kMicrosPerMinute + static_cast<int64_t>(fraction);
  return *micros <= kMicrosPerDay;
}

int64_t make_local(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute,
                   double second) {
  int32_t given_year = year;
  if (!valid_date(&year, month, day)) {
    throw sql_error(SqlState::kDatetimeFieldOverflow,
                    "date field value out of range: {}-{:02}-{:02}", given_year, month, day);
  }
  auto out_of_range = [&] {
    return sql_error(SqlState::kDatetimeFieldOverflow,
                     "timestamp out of range: {}-{:02}-{:02} {}:{:02}:{:02g}", given_year, month,
                     day, hour, minute, second);
  };
  if (!julian_in_range(year, month)) {
    throw sql_error(SqlState::kDatetimeFieldOverflow, "date out of range: {}-{:02}-{:02}",
                    given_year, month, day);
  }
  int64_t time = 0, result = 0;
  if (!valid_time(hour, minute, second, &time)) {
    throw sql_error(SqlState::kDatetimeFieldOverflow,
                    "time field value out of range: {}:{:02}:{:02g}", hour, minute, second);
  }
  if (__builtin_mul_overflow(int64_t{date_of(year, month, day)}, kMicrosPerDay, &result) ||
      __builtin_add_overflow(result, time, &result) || !timestamp_in_range(result)) {
    throw out_of_range();
  }
  return result;
}

}  // namespace

Datum FieldValue::to_numeric(Arena& arena) const {
  return text.empty() ? numeric_make(scaled, scale, arena) : numeric_from_text(text, arena);
}

FieldValue extract_date(std::string_view field, int32_t date) {
  constexpr const char* kType = "date";
  TimeUnit unit = unit_of(field, kType);
  FieldValue result;
  bool finite = date_is_finite(date);
  CivilTime t = civil_of_date(finite ? date : 0);
  bool known = calendar_field(t, unit, &result);
  if (unit == TimeUnit::kJulian) {
    result = integer(int64_t{date} + kEpochJulian);
    known = true;
  } else if (unit == TimeUnit::kEpoch) {
    result = integer((int64_t{date} - kUnixEpochDate) * kSecsPerDay);
    known = true;
  }
  if (!known) not_supported(field, kType);
  return finite ? result : field_of_infinity(unit, date == kDateNegInfinity);
}

FieldValue extract_time(std::string_view field, int64_t time) {
  constexpr const char* kType = "time without time zone";
  TimeUnit unit = unit_of(field, kType);
  FieldValue result;
  if (day_micros_field(time, unit, &result)) return result;
  if (unit == TimeUnit::kEpoch) return decimal(time, 6, static_cast<double>(time) / 1000000.0);
  not_supported(field, kType);
}

FieldValue extract_timetz(std::string_view field, const TimeTz& time) {
  constexpr const char* kType = "time with time zone";
  TimeUnit unit = unit_of(field, kType);
  FieldValue result;
  if (day_micros_field(time.micros, unit, &result)) return result;
  if (zone_field(-time.zone_secs, unit, &result)) return result;
  if (unit == TimeUnit::kEpoch) {
    return decimal(time.micros + time.zone_secs * kMicrosPerSec, 6,
                   static_cast<double>(time.micros) / 1000000.0 + time.zone_secs);
  }
  not_supported(field, kType);
}

FieldValue extract_timestamp(std::string_view field, int64_t timestamp) {
  return extract_fields(field, timestamp, nullptr, false);
}

FieldValue extract_timestamptz(std::string_view field, int64_t timestamptz, const TimeZone* zone) {
  return extract_fields(field, timestamptz, zone, true);
}

FieldValue extract_interval(std::string_view field, const Interval& v) {
  constexpr const char* kType = "interval";
  TimeUnit unit = unit_of(field, kType);
  int year = v.months / 12;
  switch (unit) {
    case TimeUnit::kDay:
      return integer(v.days);
    case TimeUnit::kMonth:
      return integer(v.months % 12);
    case TimeUnit::kQuarter:
      return integer(v.months % 12 / 3 + 1);
    case TimeUnit::kYear:
      return integer(year);
    case TimeUnit::kDecade:
      return integer(year / 10);
    case TimeUnit::kCentury:
      return integer(year / 100);
    case TimeUnit::kMillennium:
      return integer(year / 1000);
    case TimeUnit::kHour:
      return integer(v.micros / kMicrosPerHour);
    case TimeUnit::kEpoch:
      return interval_epoch(v);
    default:
      break;
  }
  FieldValue result;
  if (day_micros_field(v.micros % kMicrosPerHour, unit, &result)) return result;
  not_supported(field, kType);
}

int32_t make_date(int32_t year, int32_t month, int32_t day) {
  int32_t given_year = year;
  if (!valid_date(&year, month, day)) {
    throw sql_error(SqlState::kDatetimeFieldOverflow,
                    "date field value out of range: {}-{:02}-{:02}", given_year, month, day);
  }
  if (!julian_in_range(year, month) || !date_in_range(date_of(year, month, day))) {
    throw sql_error(SqlState::kDatetimeFieldOverflow, "date out of range: {}-{:02}-{:02}",
                    given_year, month, day);
  }
  return date_of(year, month, day);
}

int64_t make_time(int32_t hour, int32_t minute, double second) {
  int64_t micros = 0;
  if (!valid_time(hour, minute, second, &micros)) {
    throw sql_error(SqlState::kDatetimeFieldOverflow,
                    "time field value out of range: {}:{:02}:{:02g}", hour, minute, second);
  }
  return micros;
}

int64_t make_timestamp(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute,
                       double second) {
  return make_local(year, month, day, hour, minute, second);
}

int64_t make_timestamptz(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute,
                         double second, const TimeZone* zone) {
  return timestamp_to_timestamptz(make_local(year, month, day, hour, minute, second), zone);
}

int64_t make_timestamptz_at(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute,
                            double second, std::string_view zone) {
  int64_t local = make_local(year, month, day, hour, minute, second);
  if (zone.empty() || (zone[0] != '+' && zone[0] != '-')) {
    if (!zone.empty() && zone[0] >= '0' && zone[0] <= '9') {
      throw sql_error(SqlState::kInvalidParameterValue,
                      "invalid input syntax for type numeric time zone: \"{}\"", zone)
          .hint("Numeric time zones must have \"-\" or \"+\" as first character.");
    }
    return timestamp_at_zone(zone, local);
  }
  try {
    int64_t result = local - parse_zone_displacement(zone) * kMicrosPerSec;
    if (timestamp_in_range(result)) return result;
  } catch (DateTimeFault fault) {
    if (fault == DateTimeFault::kZoneOverflow) {
      throw sql_error(SqlState::kInvalidParameterValue, "numeric time zone \"{}\" out of range",
                      zone);
    }
    throw sql_error(SqlState::kInvalidParameterValue, "time zone \"{}\" not recognized", zone);
  }
  throw sql_error(SqlState::kDatetimeFieldOverflow, "timestamp out of range");
}

int64_t timestamptz_of_epoch(double seconds) {
  if (std::isnan(seconds))
    throw sql_error(SqlState::kDatetimeFieldOverflow, "timestamp cannot be NaN");
  if (std::isinf(seconds)) return seconds > 0 ? kTimestampInfinity : kTimestampNegInfinity;
  auto out_of_range = [&] {
    return sql_error(SqlState::kDatetimeFieldOverflow, "timestamp out of range: \"{:g}\"", seconds);
  };
  constexpr double kUnixSecsOf2000 = 946684800;
  constexpr double kMinSecs = -210866803200.0, kEndSecs = 9224318016000.0;
  if (seconds < kMinSecs || seconds >= kEndSecs) throw out_of_range();
  auto result = static_cast<int64_t>(std::rint((seconds - kUnixSecsOf2000) * kMicrosPerSec));
  if (!timestamp_in_range(result)) throw out_of_range();
  return result;
}

int32_t julian_of_iso_week(int year, int week) {
  int32_t fourth = julian_day(year, 1, 4);  // always in week 1
  int monday_distance = (weekday_of_julian(fourth) + 6) % 7;
  return fourth - monday_distance + (week - 1) * 7;
}

int iso_year(int year, int month, int day) {
  int32_t julian = julian_day(year, month, day);
  if (julian < julian_of_iso_week(year, 1)) return year - 1;
  return julian >= julian_of_iso_week(year + 1, 1) ? year + 1 : year;
}

int iso_week(int year, int month, int day) {
  return (julian_day(year, month, day) - julian_of_iso_week(iso_year(year, month, day), 1)) / 7 + 1;
}

}  // namespace luma
