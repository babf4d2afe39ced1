// Calendar arithmetic and conversions between the date/time types.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/datetime.h"

namespace luma {
namespace {

[[noreturn]] void timestamp_out_of_range() {
  throw sql_error(SqlState::kDatetimeFieldOverflow, "timestamp out of range");
}

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

const TimeZone& zone_or_utc(const TimeZone* zone) { return zone ? *zone : TimeZone::utc(); }

constexpr int64_t kUnixSecsOf2000 = 946684800;

// The instant of local micros without a range check.
int64_t local_to_utc(int64_t local, const TimeZone* zone) {
  int64_t secs = floor_div(local, kMicrosPerSec) + kUnixSecsOf2000;
  return local - zone_or_utc(zone).at_local_unix(secs).east_secs * kMicrosPerSec;
}

int64_t add_zone(int64_t timestamptz, const TimeZone* zone) {
  return timestamptz + zone_or_utc(zone).at(timestamptz).east_secs * kMicrosPerSec;
}

}  // namespace

bool is_leap_year(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in_month(int year, int month) {
  static constexpr int kDays[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && is_leap_year(year) ? 1 : 0);
}

bool julian_in_range(int year, int month) {
  bool after_start = year > -4713 || (year == -4713 && month >= 11);
  return after_start && (year < 5874898 || (year == 5874898 && month < 6));
}

// Days are counted in years that begin in March, so that the leap day comes last.
int32_t julian_day(int year, int month, int day) {
  int64_t y = int64_t{year} - (month <= 2 ? 1 : 0);
  int64_t era = floor_div(y, 400);
  int64_t year_of_era = y - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return static_cast<int32_t>(era * 146097 + day_of_era + 1721120);
}

void civil_from_julian(int32_t julian, int* year, int* month, int* day) {
  int64_t z = int64_t{julian} - 1721120;
  int64_t era = floor_div(z, 146097);
  int64_t day_of_era = z - era * 146097;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted_month = (5 * day_of_year + 2) / 153;
  *day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  *month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  *year = static_cast<int>(year_of_era + era * 400 + (*month <= 2 ? 1 : 0));
}

int weekday_of_julian(int32_t julian) {
  int64_t day = (int64_t{julian} + 1) % 7;
  return static_cast<int>(day < 0 ? day + 7 : day);
}

CivilTime civil_of_date(int32_t date) {
  CivilTime fields;
  civil_from_julian(date + kEpochJulian, &fields.year, &fields.month, &fields.day);
  return fields;
}

CivilTime civil_of_timestamp(int64_t timestamp) {
  int64_t date = floor_div(timestamp, kMicrosPerDay);
  int64_t time = timestamp - date * kMicrosPerDay;
  CivilTime fields = civil_of_date(static_cast<int32_t>(date));
  fields.hour = static_cast<int>(time / kMicrosPerHour);
  fields.minute = static_cast<int>(time / kMicrosPerMinute % 60);
  fields.second = static_cast<int>(time / kMicrosPerSec % 60);
  fields.micros = static_cast<int>(time % kMicrosPerSec);
  return fields;
}

CivilTime civil_of_timestamptz(int64_t timestamptz, const TimeZone* zone) {
  ZoneOffset offset = zone_or_utc(zone).at(timestamptz);
  CivilTime fields = civil_of_timestamp(timestamptz + offset.east_secs * kMicrosPerSec);
  fields.zone = offset;
  return fields;
}

static int64_t unchecked_timestamp(const CivilTime& t) {
  if (!julian_in_range(t.year, t.month)) timestamp_out_of_range();
  int64_t time =
      t.hour * kMicrosPerHour + t.minute * kMicrosPerMinute + t.second * kMicrosPerSec + t.micros;
  int64_t result = 0;
  if (__builtin_mul_overflow(int64_t{date_of(t.year, t.month, t.day)}, kMicrosPerDay, &result) ||
      __builtin_add_overflow(result, time, &result)) {
    timestamp_out_of_range();
  }
  return result;
}

int64_t timestamp_of_civil(const CivilTime& fields) {
  int64_t result = unchecked_timestamp(fields);
  if (!timestamp_in_range(result)) timestamp_out_of_range();
  return result;
}

int64_t timestamptz_of_civil(const CivilTime& fields, const TimeZone* zone) {
  int64_t result = local_to_utc(unchecked_timestamp(fields), zone);
  if (!timestamp_in_range(result)) timestamp_out_of_range();
  return result;
}

int64_t round_micros(int64_t micros, int precision) {
  static constexpr int64_t kScale[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
  if (precision < 0 || precision >= 6) return micros;
  int64_t scale = kScale[precision];
  if (micros >= 0) return (micros + scale / 2) / scale * scale;
  return -((-micros + scale / 2) / scale * scale);
}

int64_t round_timestamp(int64_t timestamp, int precision) {
  return timestamp_is_finite(timestamp) ? round_micros(timestamp, precision) : timestamp;
}

int64_t date_to_timestamp(int32_t date) {
  if (date == kDateInfinity) return kTimestampInfinity;
  if (date == kDateNegInfinity) return kTimestampNegInfinity;
  if (date >= kEndTimestamp / kMicrosPerDay) {
    throw sql_error(SqlState::kDatetimeFieldOverflow, "date out of range for timestamp");
  }
  return date * kMicrosPerDay;
}

int64_t date_to_timestamptz(int32_t date, const TimeZone* zone) {
  int64_t local = date_to_timestamp(date);
  if (!timestamp_is_finite(local)) return local;
  int64_t result = local_to_utc(local, zone);
  if (!timestamp_in_range(result)) {
    throw sql_error(SqlState::kDatetimeFieldOverflow, "date out of range for timestamp");
  }
  return result;
}

int32_t timestamp_to_date(int64_t timestamp) {
  if (timestamp == kTimestampInfinity) return kDateInfinity;
  if (timestamp == kTimestampNegInfinity) return kDateNegInfinity;
  return static_cast<int32_t>(floor_div(timestamp, kMicrosPerDay));
}

int32_t timestamptz_to_date(int64_t timestamptz, const TimeZone* zone) {
  if (!timestamp_is_finite(timestamptz)) return timestamp_to_date(timestamptz);
  return timestamp_to_date(add_zone(timestamptz, zone));
}

int64_t timestamp_to_timestamptz(int64_t timestamp, const TimeZone* zone) {
  if (!timestamp_is_finite(timestamp)) return timestamp;
  int64_t result = local_to_utc(timestamp, zone);
  if (!timestamp_in_range(result)) timestamp_out_of_range();
  return result;
}

int64_t timestamptz_to_timestamp(int64_t timestamptz, const TimeZone* zone) {
  if (!timestamp_is_finite(timestamptz)) return timestamptz;
  int64_t result = add_zone(timestamptz, zone);
  if (!timestamp_in_range(result)) timestamp_out_of_range();
  return result;
}

int64_t timestamp_to_time(int64_t timestamp) {
  return timestamp - floor_div(timestamp, kMicrosPerDay) * kMicrosPerDay;
}

int64_t timestamptz_to_time(int64_t timestamptz, const TimeZone* zone) {
  return timestamp_to_time(add_zone(timestamptz, zone));
}

TimeTz timestamptz_to_timetz(int64_t timestamptz, const TimeZone* zone) {
  return {timestamptz_to_time(timestamptz, zone), -zone_or_utc(zone).at(timestamptz).east_secs, 0};
}

TimeTz time_to_timetz(int64_t time, const TimeZone* zone, int64_t now_micros) {
  // The offset is that of this time of day, today.
  int64_t today = timestamptz_to_date(now_micros, zone) * kMicrosPerDay;
  int64_t secs = floor_div(today + time, kMicrosPerSec) + kUnixSecsOf2000;
  return {time, -zone_or_utc(zone).at_local_unix(secs).east_secs, 0};
}

int timetz_compare(const TimeTz& a, const TimeTz& b) {
  int64_t left = a.micros + a.zone_secs * kMicrosPerSec,
          right = b.micros + b.zone_secs * kMicrosPerSec;
  if (left != right) return left < right ? -1 : 1;
  if (a.zone_secs != b.zone_secs) return a.zone_secs < b.zone_secs ? -1 : 1;
  return 0;
}

int date_compare_timestamp(int32_t date, int64_t timestamp) {
  if (date_is_finite(date) && date >= kEndTimestamp / kMicrosPerDay) {
    return timestamp == kTimestampInfinity ? -1 : 1;  // later than every finite timestamp
  }
  int64_t left = date_to_timestamp(date);
  return left < timestamp ? -1 : left > timestamp ? 1 : 0;
}

int date_compare_timestamptz(int32_t date, int64_t timestamptz, const TimeZone* zone) {
  if (!date_is_finite(date) || date >= kEndTimestamp / kMicrosPerDay) {
    return date_compare_timestamp(date, timestamptz);
  }
  int64_t left = local_to_utc(date * kMicrosPerDay, zone);
  return left < timestamptz ? -1 : left > timestamptz ? 1 : 0;
}

int timestamp_compare_timestamptz(int64_t timestamp, int64_t timestamptz, const TimeZone* zone) {
  int64_t left = timestamp_is_finite(timestamp) ? local_to_utc(timestamp, zone) : timestamp;
  return left < timestamptz ? -1 : left > timestamptz ? 1 : 0;
}

}  // namespace luma
