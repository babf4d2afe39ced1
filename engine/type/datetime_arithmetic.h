#pragma once
// Arithmetic of date/time values. Raw values as in datetime.h; `zone` nullptr means UTC. Infinite
// operands stay infinite where PostgreSQL lets them. Overflow is 22008.
#include <cstdint>
#include <string_view>

#include "engine/type/datetime.h"
#include "engine/type/interval.h"

namespace luma {

int32_t date_add_days(int32_t date, int64_t days);          // date + int, date - int
int32_t date_subtract(int32_t a, int32_t b);                // date - date
int64_t date_add_time(int32_t date, int64_t time);          // date + time -> timestamp
int64_t date_add_timetz(int32_t date, const TimeTz& time);  // -> timestamptz

// Months first (the day is clamped to the month's length), then days, then micros. With a zone,
// months and days keep the local time of day. Subtraction: add the negated interval.
int64_t timestamp_add(int64_t timestamp, const Interval& interval);
int64_t timestamptz_add(int64_t timestamptz, const Interval& interval, const TimeZone* zone);
int64_t timestamp_subtract_interval(int64_t timestamp, const Interval& interval);
int64_t timestamptz_subtract_interval(int64_t timestamptz, const Interval& interval,
                                      const TimeZone* zone);
int64_t time_add(int64_t time, const Interval& interval);  // wraps around midnight
int64_t time_subtract_interval(int64_t time, const Interval& interval);
TimeTz timetz_add(TimeTz time, const Interval& interval);
TimeTz timetz_subtract_interval(TimeTz time, const Interval& interval);

// timestamp - timestamp, timestamptz - timestamptz: days and micros.
Interval timestamp_subtract(int64_t a, int64_t b);
Interval time_subtract(int64_t a, int64_t b);  // time - time
// age(a, b): years, months and days as a calendar counts them.
Interval timestamp_age(int64_t a, int64_t b);
Interval timestamptz_age(int64_t a, int64_t b, const TimeZone* zone);

// date_trunc(unit, value). 22023 unknown unit, 0A000 a unit that makes no sense.
int64_t timestamp_trunc(std::string_view unit, int64_t timestamp);
int64_t timestamptz_trunc(std::string_view unit, int64_t timestamptz, const TimeZone* zone);
Interval interval_trunc(std::string_view unit, const Interval& interval);
// date_bin(stride, value, origin), the same for timestamp and timestamptz.
int64_t timestamp_bin(const Interval& stride, int64_t timestamp, int64_t origin);

// AT TIME ZONE and timezone(): the zone of a text (22023 `time zone "x" not recognized`), or an
// interval.
const TimeZone* zone_of_text(std::string_view name);
int64_t timestamp_at_zone(std::string_view zone, int64_t timestamp);      // -> timestamptz
int64_t timestamptz_at_zone(std::string_view zone, int64_t timestamptz);  // -> timestamp
TimeTz timetz_at_zone(std::string_view zone, const TimeTz& time, int64_t now_micros);
int64_t timestamp_at_zone(const Interval& zone, int64_t timestamp);
int64_t timestamptz_at_zone(const Interval& zone, int64_t timestamptz);
TimeTz timetz_at_zone(const Interval& zone, const TimeTz& time);

}  // namespace luma
