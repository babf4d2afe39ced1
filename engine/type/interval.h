#pragma once
// interval: text forms, arithmetic and order. A value is {micros, days, months} (datum.h); the
// three parts are kept apart. Pure functions, thread-safe. Overflow is 22008 "interval out of
// range".
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/type/datum.h"
#include "engine/type/type_info.h"

namespace luma {

// Bits of an interval typmod's field mask (typmod >> 16); the low 16 bits are the precision.
namespace interval_field {
inline constexpr int kMonth = 1 << 1, kYear = 1 << 2, kDay = 1 << 3, kHour = 1 << 10,
                     kMinute = 1 << 11, kSecond = 1 << 12, kAll = 0x7FFF;
}
inline constexpr int kIntervalFullPrecision = 0xFFFF;

// Any form PostgreSQL reads: "1 day 02:03:04", "1-2 3 4:05:06", "P1Y2M3DT4H5M6S", "@ 1 year ago".
// The typmod names the unit of a bare number ("interval '5' hour"); it is not applied to the
// result. `style` matters for signs in SQL standard form only. 22007, 22015, 22008.
Interval parse_interval(std::string_view text, int32_t typmod = -1,
                        IntervalStyle style = IntervalStyle::kPostgres);
void interval_to_text(const Interval& value, IntervalStyle style, std::string& out);

// Drops fields below the mask's last and rounds seconds to the precision.
Interval apply_interval_typmod(Interval value, int32_t typmod);

Interval interval_add(const Interval& a, const Interval& b);
Interval interval_subtract(const Interval& a, const Interval& b);
Interval interval_negate(const Interval& a);
Interval interval_multiply(const Interval& a, double factor);
Interval interval_divide(const Interval& a, double divisor);  // 22012 by zero

// A month counts 30 days, a day 24 hours.
__int128 interval_span(const Interval& a);
int interval_compare(const Interval& a, const Interval& b);

Interval justify_days(Interval a);
Interval justify_hours(Interval a);
Interval justify_interval(Interval a);

// make_interval(); 22008 when a part overflows.
Interval make_interval(int32_t years, int32_t months, int32_t weeks, int32_t days, int32_t hours,
                       int32_t minutes, double seconds);

}  // namespace luma
