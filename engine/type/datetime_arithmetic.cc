#include "engine/type/datetime_arithmetic.h"

#include <string>

#include "engine/base/ascii_case.h"
#include "engine/base/sql_error.h"
#include "engine/type/datetime_fields.h"
#include "engine/type/datetime_tokens.h"

namespace luma {
namespace {

SqlError out_of_range(const char* what) {
  return sql_error(SqlState::kDatetimeFieldOverflow, "{} out of range", what);
}

int64_t floor_mod(int64_t a, int64_t b) {
  int64_t rest = a % b;
  return rest < 0 ? rest + b : rest;
}

void add_months(CivilTime& t, int32_t months) {
  int64_t total = int64_t{t.year} * 12 + (t.month - 1) + months;
  int64_t month = floor_mod(total, 12);
  t.year = static_cast<int>((total - month) / 12);
  t.month = static_cast<int>(month) + 1;
  t.day = std::min(t.day, days_in_month(t.year, t.month));
}

void add_days(CivilTime& t, int32_t days) {
  int64_t julian = int64_t{julian_day(t.year, t.month, t.day)} + days;
  if (julian < 0 || julian > INT32_MAX) throw out_of_range("timestamp");
  civil_from_julian(static_cast<int32_t>(julian), &t.year, &t.month, &t.day);
}

int64_t add_micros(int64_t timestamp, int64_t micros) {
  int64_t result;
  if (__builtin_add_overflow(timestamp, micros, &result) || !timestamp_in_range(result)) {
    throw out_of_range("timestamp");
  }
  return result;
}

// Unlike extract(), date_trunc() knows units of length only.
TimeUnit unit_of(std::string_view name, const char* type_name) {
  TimeUnit unit;
  if (find_interval_word(ascii_lower(name), &unit) != IntervalWord::kUnit) {
    throw sql_error(SqlState::kInvalidParameterValue, "unit \"{}\" not recognized for type {}",
                    ascii_lower(name), type_name);
  }
  return unit;
}

SqlError unit_not_supported(std::string_view name, const char* type_name) {
  return sql_error(SqlState::kFeatureNotSupported, "unit \"{}\" not supported for type {}",
                   ascii_lower(name), type_name);
}

// First year of the period of `length` years; centuries and millennia begin in year 1.
int first_year(int year, int length, bool begins_at_one) {
  int shift = begins_at_one ? 1 : 0;
  int64_t index = int64_t{year} - shift;
  return static_cast<int>(index - floor_mod(index, length) + shift);
}

// Clears everything below `unit`. False when the unit does not apply.
bool trunc_fields(CivilTime& t, TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kWeek: {
      int32_t julian = julian_day(t.year, t.month, t.day);
      int weekday = weekday_of_julian(julian);
      civil_from_julian(julian - (weekday == 0 ? 6 : weekday - 1), &t.year, &t.month, &t.day);
      break;
    }
    case TimeUnit::kMillennium:
      t.year = first_year(t.year, 1000, true);
      t.month = t.day = 1;
      break;
    case TimeUnit::kCentury:
      t.year = first_year(t.year, 100, true);
      t.month = t.day = 1;
      break;
    case TimeUnit::kDecade:
      t.year = first_year(t.year, 10, false);
      t.month = t.day = 1;
      break;
    case TimeUnit::kYear:
      t.month = t.day = 1;
      break;
    case TimeUnit::kQuarter:
      t.month = (t.month - 1) / 3 * 3 + 1;
      t.day = 1;
      break;
    case TimeUnit::kMonth:
      t.day = 1;
      break;
    case TimeUnit::kDay:
      break;
    case TimeUnit::kHour:
      t.minute = t.second = t.micros = 0;
      return true;
    case TimeUnit::kMinute:
      t.second = t.micros = 0;
      return true;
    case TimeUnit::kSecond:
      t.micros = 0;
      return true;
    case TimeUnit::kMillisecond:
      t.micros = t.micros / 1000 * 1000;
      return true;
    case TimeUnit::kMicrosecond:
      return true;
    default:
      return false;
  }
  t.hour = t.minute = t.second = t.micros = 0;
  return true;
}

bool below_day(TimeUnit unit) {
  return unit == TimeUnit::kHour || unit == TimeUnit::kMinute || unit == TimeUnit::kSecond ||
         unit == TimeUnit::kMillisecond || unit == TimeUnit::kMicrosecond;
}

// The symbolic difference of two calendar times; `later` not before `earlier`.
Interval calendar_difference(CivilTime later, CivilTime earlier, bool negative) {
  int64_t micros = later.micros - earlier.micros;
  int second = later.second - earlier.second, minute = later.minute - earlier.minute;
  int hour = later.hour - earlier.hour, day = later.day - earlier.day;
  int month = later.month - earlier.month, year = later.year - earlier.year;
  if (micros < 0) micros += kMicrosPerSec, --second;
  if (second < 0) second += 60, --minute;
  if (minute < 0) minute += 60, --hour;
  if (hour < 0) hour += 24, --day;
  // A borrowed month has the length that the second argument's month has.
  while (day < 0) day += days_in_month(earlier.year, earlier.month), --month;
  while (month < 0) month += 12, --year;
  Interval result{
      hour * kMicrosPerHour + minute * kMicrosPerMinute + second * kMicrosPerSec + micros, day,
      year * 12 + month};
  return negative ? interval_negate(result) : result;
}

int32_t zone_secs_of_interval(const Interval& zone) {
  if (zone.months != 0 || zone.days != 0) {
    std::string text;
    interval_to_text(zone, IntervalStyle::kPostgres, text);
    throw sql_error(SqlState::kInvalidParameterValue,
                    "interval time zone \"{}\" must not include months or days", text);
  }
  return static_cast<int32_t>(zone.micros / kMicrosPerSec);
}

constexpr int64_t kUnixSecsOf2000 = 946684800;

int64_t floor_secs(int64_t micros) {
  return (micros - floor_mod(micros, kMicrosPerSec)) / kMicrosPerSec;
}

// Offset of a zone text for a local time or an instant. Abbreviations come first.
int32_t east_secs_of(std::string_view zone, int64_t micros, bool is_local) {
  int64_t secs = floor_secs(micros) + kUnixSecsOf2000;
  if (const ZoneAbbreviation* row = find_zone_abbreviation(zone)) {
    return (is_local ? abbreviation_offset_at_local(*row, secs)
                     : abbreviation_offset_at(*row, secs))
        .east_secs;
  }
  const TimeZone* found = zone_of_text(zone);
  return (is_local ? found->at_local_unix(secs) : found->at_unix(secs)).east_secs;
}

TimeTz shift_zone(const TimeTz& time, int32_t east_secs) {
  int64_t micros = time.micros + (int64_t{time.zone_secs} + east_secs) * kMicrosPerSec;
  return {floor_mod(micros, kMicrosPerDay), -east_secs, 0};
}

}  // namespace

int32_t date_add_days(int32_t date, int64_t days) {
  if (!date_is_finite(date)) return date;
  int64_t result = date + days;
  if (!date_in_range(result)) throw out_of_range("date");
  return static_cast<int32_t>(result);
}

int32_t date_subtract(int32_t a, int32_t b) {
  if (!date_is_finite(a) || !date_is_finite(b)) {
    throw sql_error(SqlState::kDatetimeFieldOverflow, "cannot subtract infinite dates");
  }
  return a - b;
}

int64_t date_add_time(int32_t date, int64_t time) {
  int64_t timestamp = date_to_timestamp(date);
  return timestamp_is_finite(timestamp) ? add_micros(timestamp, time) : timestamp;
}

int64_t date_add_timetz(int32_t date, const TimeTz& time) {
  int64_t timestamp = date_to_timestamp(date);
  if (!timestamp_is_finite(timestamp)) return timestamp;
  return add_micros(timestamp, time.micros + time.zone_secs * kMicrosPerSec);
}

int64_t timestamp_add(int64_t timestamp, const Interval& interval) {
  if (!timestamp_is_finite(timestamp)) return timestamp;
  if (interval.months != 0) {
    CivilTime t = civil_of_timestamp(timestamp);
    add_months(t, interval.months);
    timestamp = timestamp_of_civil(t);
  }
  if (interval.days != 0) {
    CivilTime t = civil_of_timestamp(timestamp);
    add_days(t, interval.days);
    timestamp = timestamp_of_civil(t);
  }
  return add_micros(timestamp, interval.micros);
}

int64_t timestamptz_add(int64_t timestamptz, const Interval& interval, const TimeZone* zone) {
  if (!timestamp_is_finite(timestamptz)) return timestamptz;
  if (interval.months != 0) {
    CivilTime t = civil_of_timestamptz(timestamptz, zone);
    add_months(t, interval.months);
    timestamptz = timestamptz_of_civil(t, zone);
  }
  if (interval.days != 0) {
    CivilTime t = civil_of_timestamptz(timestamptz, zone);
    add_days(t, interval.days);
    timestamptz = timestamptz_of_civil(t, zone);
  }
  return add_micros(timestamptz, interval.micros);
}

int64_t timestamp_subtract_interval(int64_t timestamp, const Interval& interval) {
  return timestamp_add(timestamp, interval_negate(interval));
}

int64_t timestamptz_subtract_interval(int64_t timestamptz, const Interval& interval,
                                      const TimeZone* zone) {
  return timestamptz_add(timestamptz, interval_negate(interval), zone);
}

int64_t time_add(int64_t time, const Interval& interval) {
  return floor_mod(time + interval.micros % kMicrosPerDay, kMicrosPerDay);
}

int64_t time_subtract_interval(int64_t time, const Interval& interval) {
  return floor_mod(time - interval.micros % kMicrosPerDay, kMicrosPerDay);
}

TimeTz timetz_add(TimeTz time, const Interval& interval) {
  return {time_add(time.micros, interval), time.zone_secs, 0};
}

TimeTz timetz_subtract_interval(TimeTz time, const Interval& interval) {
  return {time_subtract_interval(time.micros, interval), time.zone_secs, 0};
}

Interval timestamp_subtract(int64_t a, int64_t b) {
  if (!timestamp_is_finite(a) || !timestamp_is_finite(b)) {
    throw sql_error(SqlState::kDatetimeFieldOverflow, "cannot subtract infinite timestamps");
  }
  int64_t micros;
  if (__builtin_sub_overflow(a, b, &micros)) throw out_of_range("interval");
  return justify_hours({micros, 0, 0});
}

Interval time_subtract(int64_t a, int64_t b) { return {a - b, 0, 0}; }

Interval timestamp_age(int64_t a, int64_t b) {
  if (!timestamp_is_finite(a) || !timestamp_is_finite(b)) throw out_of_range("timestamp");
  CivilTime x = civil_of_timestamp(a), y = civil_of_timestamp(b);
  // Days are borrowed from the month of the earlier time.
  return a < b ? calendar_difference(y, x, true) : calendar_difference(x, y, false);
}

Interval timestamptz_age(int64_t a, int64_t b, const TimeZone* zone) {
  if (!timestamp_is_finite(a) || !timestamp_is_finite(b)) throw out_of_range("timestamp");
  CivilTime x = civil_of_timestamptz(a, zone), y = civil_of_timestamptz(b, zone);
  return a < b ? calendar_difference(y, x, true) : calendar_difference(x, y, false);
}

int64_t timestamp_trunc(std::string_view name, int64_t timestamp) {
  constexpr const char* kType = "timestamp without time zone";
  if (!timestamp_is_finite(timestamp)) return timestamp;
  TimeUnit unit = unit_of(name, kType);
  CivilTime t = civil_of_timestamp(timestamp);
  if (!trunc_fields(t, unit)) throw unit_not_supported(name, kType);
  return timestamp_of_civil(t);
}

int64_t timestamptz_trunc(std::string_view name, int64_t timestamptz, const TimeZone* zone) {
  constexpr const char* kType = "timestamp with time zone";
  if (!timestamp_is_finite(timestamptz)) return timestamptz;
  TimeUnit unit = unit_of(name, kType);
  CivilTime t = civil_of_timestamptz(timestamptz, zone);
  if (!trunc_fields(t, unit)) throw unit_not_supported(name, kType);
  // Small units keep the offset, so that both passes of a repeated hour stay apart.
  if (below_day(unit)) return timestamp_of_civil(t) - t.zone.east_secs * kMicrosPerSec;
  return timestamptz_of_civil(t, zone);
}

Interval interval_trunc(std::string_view name, const Interval& v) {
  constexpr const char* kType = "interval";
  TimeUnit unit = unit_of(name, kType);
  auto months_of = [&](int months) { return Interval{0, 0, v.months / months * months}; };
  auto micros_of = [&](int64_t micros) {
    return Interval{v.micros / micros * micros, v.days, v.months};
  };
  switch (unit) {
    case TimeUnit::kMillennium:
      return months_of(12000);
    case TimeUnit::kCentury:
      return months_of(1200);
    case TimeUnit::kDecade:
      return months_of(120);
    case TimeUnit::kYear:
      return months_of(12);
    case TimeUnit::kQuarter:
      return months_of(3);
    case TimeUnit::kMonth:
      return months_of(1);
    case TimeUnit::kDay:
      return {0, v.days, v.months};
    case TimeUnit::kHour:
      return micros_of(kMicrosPerHour);
    case TimeUnit::kMinute:
      return micros_of(kMicrosPerMinute);
    case TimeUnit::kSecond:
      return micros_of(kMicrosPerSec);
    case TimeUnit::kMillisecond:
      return micros_of(1000);
    case TimeUnit::kMicrosecond:
      return v;
    case TimeUnit::kWeek:
      throw unit_not_supported(name, kType).detail("Months usually have fractional weeks.");
    default:
      throw unit_not_supported(name, kType);
  }
}

int64_t timestamp_bin(const Interval& stride, int64_t timestamp, int64_t origin) {
  if (!timestamp_is_finite(timestamp)) return timestamp;
  if (!timestamp_is_finite(origin)) throw out_of_range("origin");
  if (stride.months != 0) {
    throw sql_error(SqlState::kFeatureNotSupported,
                    "timestamps cannot be binned into intervals containing months or years");
  }
  int64_t width, distance;
  if (__builtin_mul_overflow(int64_t{stride.days}, kMicrosPerDay, &width) ||
      __builtin_add_overflow(width, stride.micros, &width)) {
    throw out_of_range("interval");
  }
  if (width <= 0)
    throw sql_error(SqlState::kDatetimeFieldOverflow, "stride must be greater than zero");
  if (__builtin_sub_overflow(timestamp, origin, &distance)) throw out_of_range("interval");
  return add_micros(origin, distance - floor_mod(distance, width));
}

const TimeZone* zone_of_text(std::string_view name) {
  const TimeZone* zone = nullptr;
  if (const ZoneAbbreviation* row = find_zone_abbreviation(name)) {
    zone = row->zone.empty() ? TimeZone::fixed(row->east_secs) : TimeZone::find(row->zone);
  } else {
    zone = TimeZone::find(name);
  }
  if (zone == nullptr) {
    throw sql_error(SqlState::kInvalidParameterValue, "time zone \"{}\" not recognized", name);
  }
  return zone;
}

int64_t timestamp_at_zone(std::string_view zone, int64_t timestamp) {
  if (!timestamp_is_finite(timestamp)) return timestamp;
  return add_micros(timestamp, -east_secs_of(zone, timestamp, true) * kMicrosPerSec);
}

int64_t timestamptz_at_zone(std::string_view zone, int64_t timestamptz) {
  if (!timestamp_is_finite(timestamptz)) return timestamptz;
  return add_micros(timestamptz, east_secs_of(zone, timestamptz, false) * kMicrosPerSec);
}

TimeTz timetz_at_zone(std::string_view zone, const TimeTz& time, int64_t now_micros) {
  return shift_zone(time, east_secs_of(zone, now_micros, false));
}

int64_t timestamp_at_zone(const Interval& zone, int64_t timestamp) {
  if (!timestamp_is_finite(timestamp)) return timestamp;
  return add_micros(timestamp, -zone_secs_of_interval(zone) * kMicrosPerSec);
}

int64_t timestamptz_at_zone(const Interval& zone, int64_t timestamptz) {
  if (!timestamp_is_finite(timestamptz)) return timestamptz;
  return add_micros(timestamptz, zone_secs_of_interval(zone) * kMicrosPerSec);
}

TimeTz timetz_at_zone(const Interval& zone, const TimeTz& time) {
  return shift_zone(time, zone_secs_of_interval(zone));
}

}  // namespace luma
