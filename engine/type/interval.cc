#include "engine/type/interval.h"

#include <cmath>

#include "engine/base/sql_error.h"
#include "engine/type/datetime.h"

namespace luma {
namespace {

constexpr int kDaysPerMonth = 30;

[[noreturn]] void out_of_range() {
  throw sql_error(SqlState::kDatetimeFieldOverflow, "interval out of range");
}

template <typename T>
T checked_add(T a, T b) {
  T result;
  if (__builtin_add_overflow(a, b, &result)) out_of_range();
  return result;
}
template <typename T>
T checked_subtract(T a, T b) {
  T result;
  if (__builtin_sub_overflow(a, b, &result)) out_of_range();
  return result;
}

double round_to_micros(double value) { return std::rint(value * 1e6) / 1e6; }

int32_t truncate_to_int32(double value) {
  if (std::isnan(value) || value > INT32_MAX || value < INT32_MIN) out_of_range();
  return static_cast<int32_t>(value);
}

// Moves the fractions that scaling left in months and days down to days and micros.
Interval cascade(int32_t months, int32_t days, double month_rest, double day_rest, double micros) {
  Interval result{0, days, months};
  double rest_days = round_to_micros(month_rest * kDaysPerMonth);
  double rest_secs = (day_rest + rest_days - static_cast<int>(rest_days)) * kSecsPerDay;
  rest_secs = round_to_micros(rest_secs);
  if (std::fabs(rest_secs) >= kSecsPerDay) {
    int whole = static_cast<int>(rest_secs / kSecsPerDay);
    result.days = checked_add(result.days, whole);
    rest_secs -= static_cast<double>(whole) * kSecsPerDay;
  }
  result.days = checked_add(result.days, static_cast<int32_t>(rest_days));
  double total = std::rint(micros + rest_secs * kMicrosPerSec);
  if (std::isnan(total) || total < -9223372036854775808.0 || total >= 9223372036854775808.0)
    out_of_range();
  result.micros = static_cast<int64_t>(total);
  return result;
}

}  // namespace

Interval apply_interval_typmod(Interval value, int32_t typmod) {
  if (typmod < 0) return value;
  using namespace interval_field;
  int fields = (typmod >> 16) & kAll;
  if (fields == kYear) {
    value = {0, 0, value.months / 12 * 12};
  } else if (fields == kMonth || fields == (kYear | kMonth)) {
    value = {0, 0, value.months};
  } else if (fields == kDay) {
    value.micros = 0;
  } else if (fields == kHour || fields == (kDay | kHour)) {
    value.micros = value.micros / kMicrosPerHour * kMicrosPerHour;
  } else if (fields == kMinute || fields == (kHour | kMinute) ||
             fields == (kDay | kHour | kMinute)) {
    value.micros = value.micros / kMicrosPerMinute * kMicrosPerMinute;
  }
  int precision = typmod & 0xFFFF;
  if (precision != kIntervalFullPrecision) value.micros = round_micros(value.micros, precision);
  return value;
}

Interval interval_add(const Interval& a, const Interval& b) {
  return {checked_add(a.micros, b.micros), checked_add(a.days, b.days),
          checked_add(a.months, b.months)};
}

Interval interval_subtract(const Interval& a, const Interval& b) {
  return {checked_subtract(a.micros, b.micros), checked_subtract(a.days, b.days),
          checked_subtract(a.months, b.months)};
}

Interval interval_negate(const Interval& a) { return interval_subtract(Interval{0, 0, 0}, a); }

Interval interval_multiply(const Interval& a, double factor) {
  double months = a.months * factor, days = a.days * factor;
  int32_t whole_months = truncate_to_int32(months), whole_days = truncate_to_int32(days);
  return cascade(whole_months, whole_days, months - whole_months, days - whole_days,
                 static_cast<double>(a.micros) * factor);
}

Interval interval_divide(const Interval& a, double divisor) {
  if (divisor == 0.0) throw sql_error(SqlState::kDivisionByZero, "division by zero");
  double months = a.months / divisor, days = a.days / divisor;
  int32_t whole_months = truncate_to_int32(months), whole_days = truncate_to_int32(days);
  return cascade(whole_months, whole_days, months - whole_months, days - whole_days,
                 static_cast<double>(a.micros) / divisor);
}

__int128 interval_span(const Interval& a) {
  __int128 days = static_cast<__int128>(a.months) * kDaysPerMonth + a.days;
  return days * kMicrosPerDay + a.micros;
}

int interval_compare(const Interval& a, const Interval& b) {
  __int128 left = interval_span(a), right = interval_span(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

Interval justify_days(Interval a) {
  int32_t whole = a.days / kDaysPerMonth;
  a.days -= whole * kDaysPerMonth;
  a.months = checked_add(a.months, whole);
  if (a.months > 0 && a.days < 0) {
    a.days += kDaysPerMonth;
    --a.months;
  } else if (a.months < 0 && a.days > 0) {
    a.days -= kDaysPerMonth;
    ++a.months;
  }
  return a;
}

Interval justify_hours(Interval a) {
  int64_t whole = a.micros / kMicrosPerDay;
  a.micros -= whole * kMicrosPerDay;
  a.days = checked_add(a.days, static_cast<int32_t>(whole));
  if (a.days > 0 && a.micros < 0) {
    a.micros += kMicrosPerDay;
    --a.days;
  } else if (a.days < 0 && a.micros > 0) {
    a.micros -= kMicrosPerDay;
    ++a.days;
  }
  return a;
}

Interval justify_interval(Interval a) {
  // Days and micros of one sign may go straight up; this avoids overflow in the middle.
  if ((a.days > 0 && a.micros > 0) || (a.days < 0 && a.micros < 0)) {
    int32_t whole = a.days / kDaysPerMonth;
    a.days -= whole * kDaysPerMonth;
    a.months = checked_add(a.months, whole);
  }
  int64_t whole_days = a.micros / kMicrosPerDay;
  a.micros -= whole_days * kMicrosPerDay;
  a.days = checked_add(a.days, static_cast<int32_t>(whole_days));
  int32_t whole_months = a.days / kDaysPerMonth;
  a.days -= whole_months * kDaysPerMonth;
  a.months = checked_add(a.months, whole_months);
  if (a.months > 0 && (a.days < 0 || (a.days == 0 && a.micros < 0))) {
    a.days += kDaysPerMonth;
    --a.months;
  } else if (a.months < 0 && (a.days > 0 || (a.days == 0 && a.micros > 0))) {
    a.days -= kDaysPerMonth;
    ++a.months;
  }
  if (a.days > 0 && a.micros < 0) {
    a.micros += kMicrosPerDay;
    --a.days;
  } else if (a.days < 0 && a.micros > 0) {
    a.micros -= kMicrosPerDay;
    ++a.days;
  }
  return a;
}

Interval make_interval(int32_t years, int32_t months, int32_t weeks, int32_t days, int32_t hours,
                       int32_t minutes, double seconds) {
  if (!std::isfinite(seconds)) out_of_range();
  auto to_int32 = [](int64_t value) {
    if (value > INT32_MAX || value < INT32_MIN) out_of_range();
    return static_cast<int32_t>(value);
  };
  double secs_micros = std::rint(seconds * kMicrosPerSec);
  if (std::fabs(secs_micros) >= 9.2e18) out_of_range();
  int64_t clock = hours * kMicrosPerHour + minutes * kMicrosPerMinute;
  return {checked_add(clock, static_cast<int64_t>(secs_micros)),
          to_int32(int64_t{weeks} * 7 + days), to_int32(int64_t{years} * 12 + months)};
}

}  // namespace luma
