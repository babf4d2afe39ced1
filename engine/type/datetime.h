#pragma once
// Date and time values: constants, calendar fields, text input and output, conversions and codecs.
// Raw values are PostgreSQL's: date = days, time/timestamp/timestamptz = microseconds, both from
// 2000-01-01 (timestamptz in UTC); the extreme values are +-infinity. Pure functions, thread-safe.
//
// Neighbours: datetime_arithmetic.h (+, -, age, trunc, bin), datetime_fields.h (extract, make_*),
// datetime_format.h (to_char, to_date, to_timestamp), interval.h, timezone.h.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/type/datum.h"
#include "engine/type/timezone.h"
#include "engine/type/type_codec.h"
#include "engine/type/type_info.h"

namespace luma {

inline constexpr int64_t kMicrosPerSec = 1000000;
inline constexpr int64_t kMicrosPerMinute = 60 * kMicrosPerSec;
inline constexpr int64_t kMicrosPerHour = 60 * kMicrosPerMinute;
inline constexpr int64_t kMicrosPerDay = 24 * kMicrosPerHour;
inline constexpr int kSecsPerDay = 86400;

inline constexpr int32_t kDateInfinity = INT32_MAX;
inline constexpr int32_t kDateNegInfinity = INT32_MIN;
inline constexpr int64_t kTimestampInfinity = INT64_MAX;
inline constexpr int64_t kTimestampNegInfinity = INT64_MIN;
inline constexpr int32_t kEpochJulian = 2451545;   // 2000-01-01 as julian day
inline constexpr int32_t kUnixEpochDate = -10957;  // 1970-01-01 as date
inline constexpr int64_t kUnixEpochTimestamp = kUnixEpochDate * kMicrosPerDay;
inline constexpr int32_t kMinDate = -kEpochJulian;              // 4714-11-24 BC
inline constexpr int32_t kEndDate = 2147483494 - kEpochJulian;  // 5874898-01-01, exclusive
inline constexpr int64_t kMinTimestamp = -211813488000000000;   // 4714-11-24 BC
inline constexpr int64_t kEndTimestamp = 9223371331200000000;   // 294277-01-01, exclusive

inline bool date_is_finite(int32_t d) { return d != kDateInfinity && d != kDateNegInfinity; }
inline bool timestamp_is_finite(int64_t t) {
  return t != kTimestampInfinity && t != kTimestampNegInfinity;
}
inline bool date_in_range(int64_t d) { return d >= kMinDate && d < kEndDate; }
inline bool timestamp_in_range(int64_t t) { return t >= kMinTimestamp && t < kEndTimestamp; }

// Calendar fields. `year` is astronomical: 0 is 1 BC, -1 is 2 BC.
struct CivilTime {
  int year = 2000, month = 1, day = 1;
  int hour = 0, minute = 0, second = 0;
  int micros = 0;
  ZoneOffset zone;  // of a timestamptz only
};

// Proleptic Gregorian calendar <-> julian day.
int32_t julian_day(int year, int month, int day);
void civil_from_julian(int32_t julian, int* year, int* month, int* day);
inline int32_t date_of(int year, int month, int day) {
  return julian_day(year, month, day) - kEpochJulian;
}
bool is_leap_year(int year);
int days_in_month(int year, int month);
// Whether julian_day may be called at all (years outside overflow).
bool julian_in_range(int year, int month);
int weekday_of_julian(int32_t julian);  // 0 = Sunday

// Fields of a finite value.
CivilTime civil_of_date(int32_t date);
CivilTime civil_of_timestamp(int64_t timestamp);
CivilTime civil_of_timestamptz(int64_t timestamptz, const TimeZone* zone);
// The reverse; 22008 "timestamp out of range". `zone` nullptr means UTC.
int64_t timestamp_of_civil(const CivilTime& fields);
int64_t timestamptz_of_civil(const CivilTime& fields, const TimeZone* zone);

// Text input. 22007, 22008, 22009 with PostgreSQL's texts.
int32_t date_from_text(std::string_view text, const IoContext& io);
int64_t time_from_text(std::string_view text, const IoContext& io);
TimeTz timetz_from_text(std::string_view text, const IoContext& io);
int64_t timestamp_from_text(std::string_view text, const IoContext& io);
int64_t timestamptz_from_text(std::string_view text, const IoContext& io);
// Text output in the session's DateStyle; appends.
void date_to_text(int32_t date, const IoContext& io, std::string& out);
void time_to_text(int64_t time, std::string& out);
void timetz_to_text(const TimeTz& time, std::string& out);
void timestamp_to_text(int64_t timestamp, const IoContext& io, std::string& out);
void timestamptz_to_text(int64_t timestamptz, const IoContext& io, std::string& out);
// ISO 8601 with 'T', as JSON holds date/time values.
void date_to_json_text(int32_t date, std::string& out);
void timestamp_to_json_text(int64_t timestamp, std::string& out);
void timestamptz_to_json_text(int64_t timestamptz, const TimeZone* zone, std::string& out);

// Rounds to `precision` fractional digits (0..6), half away from zero; -1 leaves the value alone.
int64_t round_micros(int64_t micros, int precision);
int64_t round_timestamp(int64_t timestamp, int precision);  // the same, infinity stays

// Conversions; infinities map to each other. 22008 when the result is out of range.
int64_t date_to_timestamp(int32_t date);
int64_t date_to_timestamptz(int32_t date, const TimeZone* zone);
int32_t timestamp_to_date(int64_t timestamp);
int32_t timestamptz_to_date(int64_t timestamptz, const TimeZone* zone);
int64_t timestamp_to_timestamptz(int64_t timestamp, const TimeZone* zone);
int64_t timestamptz_to_timestamp(int64_t timestamptz, const TimeZone* zone);
int64_t timestamp_to_time(int64_t timestamp);  // finite values only (SQL NULL otherwise)
int64_t timestamptz_to_time(int64_t timestamptz, const TimeZone* zone);
TimeTz timestamptz_to_timetz(int64_t timestamptz, const TimeZone* zone);
TimeTz time_to_timetz(int64_t time, const TimeZone* zone, int64_t now_micros);

int timetz_compare(const TimeTz& a, const TimeTz& b);
// date against timestamp(tz): promotes without overflowing.
int date_compare_timestamp(int32_t date, int64_t timestamp);
int date_compare_timestamptz(int32_t date, int64_t timestamptz, const TimeZone* zone);
int timestamp_compare_timestamptz(int64_t timestamp, int64_t timestamptz, const TimeZone* zone);

// Codecs of date, time, timetz, timestamp, timestamptz and interval.
std::span<const TypeCodec> datetime_codecs();

}  // namespace luma
