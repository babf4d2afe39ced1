#pragma once
// extract(), date_part() and make_*(). Raw values as in datetime.h; `zone` nullptr means UTC.
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/arena.h"
#include "engine/type/datetime.h"
#include "engine/type/interval.h"

namespace luma {

// What extract() found: SQL NULL (an oscillating field of infinity), or a number in both forms.
struct FieldValue {
  bool is_null = false;
  double number = 0;  // date_part()
  // extract(): scaled / 10^scale, or a numeric's text where that is not enough ("Infinity").
  __int128 scaled = 0;
  int scale = 0;
  std::string text;

  Datum to_numeric(Arena& arena) const;
};

// 22023 `unit "x" not recognized for type ...`, 0A000 `unit "x" not supported for type ...`.
FieldValue extract_date(std::string_view field, int32_t date);
FieldValue extract_time(std::string_view field, int64_t time);
FieldValue extract_timetz(std::string_view field, const TimeTz& time);
FieldValue extract_timestamp(std::string_view field, int64_t timestamp);
FieldValue extract_timestamptz(std::string_view field, int64_t timestamptz, const TimeZone* zone);
FieldValue extract_interval(std::string_view field, const Interval& interval);

// Negative years are BC; year 0 and fields out of range are 22008.
int32_t make_date(int32_t year, int32_t month, int32_t day);
int64_t make_time(int32_t hour, int32_t minute, double second);
int64_t make_timestamp(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute,
                       double second);
int64_t make_timestamptz(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute,
                         double second, const TimeZone* zone);
// With a zone by name, abbreviation or displacement ("+02").
int64_t make_timestamptz_at(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute,
                            double second, std::string_view zone);
// to_timestamp(double precision): seconds since 1970.
int64_t timestamptz_of_epoch(double seconds);

// ISO 8601 weeks.
int iso_week(int year, int month, int day);
int iso_year(int year, int month, int day);
int32_t julian_of_iso_week(int year, int week);  // its Monday

}  // namespace luma
