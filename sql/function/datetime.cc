// Date and time: arithmetic, casts, extract, trunc, formatting, make_*, the clock.
#include "engine/type/datetime.h"

#include <chrono>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/datetime_arithmetic.h"
#include "engine/type/datetime_fields.h"
#include "engine/type/datetime_format.h"
#include "engine/type/utf8_text.h"
#include "sql/function/families.h"

namespace luma {

namespace {

using std::string_view;
using OptionalText = std::optional<Datum>;

const IoContext& io_of(const RowCall& call) {
  static const IoContext kDefault;
  return call.context.io == nullptr ? kDefault : *call.context.io;
}
const TimeZone* zone_of(const RowCall& call) { return io_of(call).time_zone; }

// --- arithmetic ---
int32_t date_plus(int32_t date, int32_t days) { return date_add_days(date, days); }
int32_t date_minus(int32_t date, int32_t days) { return date_add_days(date, -int64_t{days}); }
int32_t days_plus_date(int32_t days, int32_t date) { return date_add_days(date, days); }
int64_t date_plus_interval(int32_t date, const Interval& interval) {
  return timestamp_add(date_to_timestamp(date), interval);
}
int64_t date_minus_interval(int32_t date, const Interval& interval) {
  return timestamp_subtract_interval(date_to_timestamp(date), interval);
}
int64_t interval_plus_date(const Interval& interval, int32_t date) {
  return date_plus_interval(date, interval);
}
int64_t time_plus_date(int64_t time, int32_t date) { return date_add_time(date, time); }
int64_t timetz_plus_date(const TimeTz& time, int32_t date) { return date_add_timetz(date, time); }
int64_t interval_plus_time(const Interval& interval, int64_t time) {
  return time_add(time, interval);
}
TimeTz interval_plus_timetz(const Interval& interval, const TimeTz& time) {
  return timetz_add(time, interval);
}
TimeTz timetz_plus(const TimeTz& time, const Interval& interval) {
  return timetz_add(time, interval);
}
TimeTz timetz_minus(const TimeTz& time, const Interval& interval) {
  return timetz_subtract_interval(time, interval);
}
int64_t timestamptz_plus(RowCall& call, int64_t timestamp, const Interval& interval) {
  return timestamptz_add(timestamp, interval, zone_of(call));
}
int64_t timestamptz_minus(RowCall& call, int64_t timestamp, const Interval& interval) {
  return timestamptz_subtract_interval(timestamp, interval, zone_of(call));
}
int64_t interval_plus_timestamp(const Interval& interval, int64_t timestamp) {
  return timestamp_add(timestamp, interval);
}
int64_t interval_plus_timestamptz(RowCall& call, const Interval& interval, int64_t timestamp) {
  return timestamptz_add(timestamp, interval, zone_of(call));
}
Interval factor_times(double factor, const Interval& interval) {
  return interval_multiply(interval, factor);
}
Interval age_tz(RowCall& call, int64_t a, int64_t b) {
  return timestamptz_age(a, b, zone_of(call));
}
// age(x): since midnight of the current day.
int64_t today_local(RowCall& call) {
  int32_t today = timestamptz_to_date(io_of(call).now_micros, zone_of(call));
  return date_to_timestamp(today);
}
Interval age_now(RowCall& call, int64_t timestamp) {
  return timestamp_age(today_local(call), timestamp);
}
Interval age_now_tz(RowCall& call, int64_t timestamp) {
  int64_t today = timestamp_to_timestamptz(today_local(call), zone_of(call));
  return timestamptz_age(today, timestamp, zone_of(call));
}

// --- casts ---
int64_t date_to_tz(RowCall& call, int32_t date) { return date_to_timestamptz(date, zone_of(call)); }
int32_t tz_to_date(RowCall& call, int64_t timestamp) {
  return timestamptz_to_date(timestamp, zone_of(call));
}
int64_t to_tz(RowCall& call, int64_t timestamp) {
  return timestamp_to_timestamptz(timestamp, zone_of(call));
}
int64_t from_tz(RowCall& call, int64_t timestamp) {
  return timestamptz_to_timestamp(timestamp, zone_of(call));
}
std::optional<int64_t> time_of_timestamp(int64_t timestamp) {
  if (!timestamp_is_finite(timestamp)) return std::nullopt;
  return timestamp_to_time(timestamp);
}
std::optional<int64_t> time_of_tz(RowCall& call, int64_t timestamp) {
  if (!timestamp_is_finite(timestamp)) return std::nullopt;
  return timestamptz_to_time(timestamp, zone_of(call));
}
std::optional<TimeTz> timetz_of_tz(RowCall& call, int64_t timestamp) {
  if (!timestamp_is_finite(timestamp)) return std::nullopt;
  return timestamptz_to_timetz(timestamp, zone_of(call));
}
TimeTz timetz_of_time(RowCall& call, int64_t time) {
  return time_to_timetz(time, zone_of(call), io_of(call).now_micros);
}
int64_t time_of_timetz(const TimeTz& time) { return time.micros; }
Interval interval_of_time(int64_t time) { return {time, 0, 0}; }
int64_t time_of_interval(const Interval& interval) {
  int64_t micros = interval.micros % kMicrosPerDay;
  return micros < 0 ? micros + kMicrosPerDay : micros;
}
int64_t tz_of_date_time(RowCall& call, int32_t date, int64_t time) {
  return timestamp_to_timestamptz(date_add_time(date, time), zone_of(call));
}
template <Oid oid>
Value coerce(RowCall& call, const Value* args) {
  if (args[1].datum.i32 < 0) return args[0];
  return apply_typmod(args[0].datum, type_info(oid), args[1].datum.i32, true, call.arena);
}

// --- extract, date_part, date_trunc ---
template <typename T, FieldValue (*read)(RowCall&, string_view, const T&)>
std::optional<Datum> extract_numeric(RowCall& call, string_view field, const T& value) {
  FieldValue found = read(call, field, value);
  return found.is_null ? std::nullopt : std::optional<Datum>(found.to_numeric(call.arena));
}
template <typename T, FieldValue (*read)(RowCall&, string_view, const T&)>
std::optional<double> extract_double(RowCall& call, string_view field, const T& value) {
  FieldValue found = read(call, field, value);
  return found.is_null ? std::nullopt : std::optional<double>(found.number);
}
FieldValue of_date(RowCall&, string_view field, const int32_t& value) {
  return extract_date(field, value);
}
FieldValue of_time(RowCall&, string_view field, const int64_t& value) {
  return extract_time(field, value);
}
FieldValue of_timetz(RowCall&, string_view field, const TimeTz& value) {
  return extract_timetz(field, value);
}
FieldValue of_timestamp(RowCall&, string_view field, const int64_t& value) {
  return extract_timestamp(field, value);
}
FieldValue of_timestamptz(RowCall& call, string_view field, const int64_t& value) {
  return extract_timestamptz(field, value, zone_of(call));
}
FieldValue of_interval(RowCall&, string_view field, const Interval& value) {
  return extract_interval(field, value);
}
// date_part('...', date) works on the timestamp of its midnight.
FieldValue of_midnight(RowCall&, string_view field, const int32_t& value) {
  return extract_timestamp(field, date_to_timestamp(value));
}

int64_t trunc_tz(RowCall& call, string_view unit, int64_t timestamp) {
  return timestamptz_trunc(unit, timestamp, zone_of(call));
}
int64_t trunc_tz_zone(string_view unit, int64_t timestamp, string_view zone) {
  return timestamptz_trunc(unit, timestamp, zone_of_text(zone));
}
int64_t trunc_timestamp(string_view unit, int64_t timestamp) {
  return timestamp_trunc(unit, timestamp);
}
Interval trunc_interval(string_view unit, const Interval& interval) {
  return interval_trunc(unit, interval);
}

// --- AT TIME ZONE ---
int64_t local_to_zone(string_view zone, int64_t timestamp) {
  return timestamp_at_zone(zone, timestamp);
}
int64_t zone_to_local(string_view zone, int64_t timestamp) {
  return timestamptz_at_zone(zone, timestamp);
}
TimeTz timetz_to_zone(RowCall& call, string_view zone, const TimeTz& time) {
  return timetz_at_zone(zone, time, io_of(call).now_micros);
}
int64_t local_to_offset(const Interval& zone, int64_t timestamp) {
  return timestamp_at_zone(zone, timestamp);
}
int64_t offset_to_local(const Interval& zone, int64_t timestamp) {
  return timestamptz_at_zone(zone, timestamp);
}
TimeTz timetz_to_offset(const Interval& zone, const TimeTz& time) {
  return timetz_at_zone(zone, time);
}

// --- text ---
OptionalText text_result(RowCall& call, const std::optional<std::string>& text) {
  return text ? OptionalText(arena_string(call.arena, *text)) : std::nullopt;
}
OptionalText to_char_local(RowCall& call, int64_t value, string_view format) {
  return text_result(call, to_char_timestamp(value, format));
}
OptionalText to_char_tz(RowCall& call, int64_t value, string_view format) {
  return text_result(call, to_char_timestamptz(value, format, zone_of(call)));
}
OptionalText to_char_span(RowCall& call, const Interval& value, string_view format) {
  return text_result(call, to_char_interval(value, format));
}
int32_t parse_date(string_view text, string_view format) { return to_date(text, format); }
int64_t parse_timestamp(RowCall& call, string_view text, string_view format) {
  return to_timestamp(text, format, zone_of(call));
}

bool date_finite(int32_t value) { return date_is_finite(value); }
bool timestamp_finite(int64_t value) { return timestamp_is_finite(value); }
bool interval_finite(const Interval&) { return true; }

int64_t make_tz(RowCall& call, int32_t y, int32_t mo, int32_t d, int32_t h, int32_t mi, double s) {
  return make_timestamptz(y, mo, d, h, mi, s, zone_of(call));
}

// --- the clock ---
int64_t clock_micros() {
  using std::chrono::duration_cast, std::chrono::microseconds, std::chrono::system_clock;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count() +
         kUnixEpochTimestamp;
}
Value transaction_time(RowCall& call, const Value*) {
  return Datum::of_int64(io_of(call).now_micros);
}
Value statement_time(RowCall& call, const Value*) {
  return Datum::of_int64(call.context.statement_micros);
}
Value clock_time(RowCall&, const Value*) { return Datum::of_int64(clock_micros()); }
Value time_of_day(RowCall& call, const Value*) {
  auto text = to_char_timestamptz(clock_micros(), "Dy Mon DD HH24:MI:SS.US YYYY TZ", zone_of(call));
  return arena_string(call.arena, text.value_or(""));
}

// OVERLAPS: each pair is a period in either order; a NULL end counts as unknown.
template <typename T, typename Compare>
Value overlaps(const Value* args, Compare&& less) {
  auto order = [&](Value& start, Value& end) {
    if (start.is_null) std::swap(start, end);
    if (!start.is_null && !end.is_null && less(end.datum, start.datum)) std::swap(start, end);
  };
  Value s1 = args[0], e1 = args[1], s2 = args[2], e2 = args[3];
  order(s1, e1);
  order(s2, e2);
  if (s1.is_null || s2.is_null) return Value::null();
  if (less(s2.datum, s1.datum)) {
    std::swap(s1, s2);
    std::swap(e1, e2);
  }
  // s1 <= s2: they overlap when the first has not ended by then, or both start together.
  if (!less(s1.datum, s2.datum))
    return e1.is_null || e2.is_null ? Value::null() : Value(Datum::of_bool(true));
  if (e1.is_null) return Value::null();
  if (less(s2.datum, e1.datum)) return Datum::of_bool(true);
  return e2.is_null ? Value::null() : Value(Datum::of_bool(false));
}
Value overlaps_int64(RowCall&, const Value* args) {
  return overlaps<int64_t>(args, [](const Datum& a, const Datum& b) { return a.i64 < b.i64; });
}
Value overlaps_timetz(RowCall&, const Value* args) {
  return overlaps<TimeTz>(
      args, [](const Datum& a, const Datum& b) { return timetz_compare(a.timetz, b.timetz) < 0; });
}
// Ends given as intervals become points first.
template <bool first_is_span, bool second_is_span,
          int64_t (*add)(RowCall&, int64_t, const Interval&)>
Value overlaps_spans(RowCall& call, const Value* args) {
  Value points[4] = {args[0], args[1], args[2], args[3]};
  auto resolve = [&](int start) {
    if (points[start].is_null || points[start + 1].is_null) {
      points[start + 1] = Value::null();
    } else {
      points[start + 1] =
          Datum::of_int64(add(call, points[start].datum.i64, points[start + 1].datum.interval));
    }
  };
  if (first_is_span) resolve(0);
  if (second_is_span) resolve(2);
  return overlaps_int64(call, points);
}
int64_t add_local(RowCall&, int64_t a, const Interval& b) { return timestamp_add(a, b); }
int64_t add_time(RowCall&, int64_t a, const Interval& b) { return time_add(a, b); }

#define LUMA_DT(signature, fn) scalar_row(signature, strict_kernel<&fn>)
#define LUMA_EXTRACT(sql, T, fn)                                                          \
  scalar_row("extract(text," sql ")", strict_kernel<&extract_numeric<T, fn>>, "a field"), \
      scalar_row("date_part(text," sql ")", strict_kernel<&extract_double<T, fn>>, "a field")
#define LUMA_OVERLAPS(sql, add)                                                               \
  scalar_row("overlaps(" sql "," sql "," sql "," sql ")", row_kernel<overlaps_int64, false>), \
      scalar_row("overlaps(" sql "," sql "," sql ",interval)",                                \
                 row_kernel<overlaps_spans<false, true, add>, false>),                        \
      scalar_row("overlaps(" sql ",interval," sql "," sql ")",                                \
                 row_kernel<overlaps_spans<true, false, add>, false>),                        \
      scalar_row("overlaps(" sql ",interval," sql ",interval)",                               \
                 row_kernel<overlaps_spans<true, true, add>, false>)

const KernelRow kRows[] = {
    LUMA_DT("date_pli(date,int4)", date_plus),
    LUMA_DT("date_mii(date,int4)", date_minus),
    LUMA_DT("integer_pl_date(int4,date)", days_plus_date),
    LUMA_DT("date_mi(date,date)", date_subtract),
    LUMA_DT("date_pl_interval(date,interval)", date_plus_interval),
    LUMA_DT("date_mi_interval(date,interval)", date_minus_interval),
    LUMA_DT("interval_pl_date(interval,date)", interval_plus_date),
    LUMA_DT("datetime_pl(date,time)", date_add_time),
    LUMA_DT("timedate_pl(time,date)", time_plus_date),
    LUMA_DT("datetimetz_pl(date,timetz)", date_add_timetz),
    LUMA_DT("timetzdate_pl(timetz,date)", timetz_plus_date),
    LUMA_DT("time_pl_interval(time,interval)", time_add),
    LUMA_DT("time_mi_interval(time,interval)", time_subtract_interval),
    LUMA_DT("time_mi_time(time,time)", time_subtract),
    LUMA_DT("interval_pl_time(interval,time)", interval_plus_time),
    LUMA_DT("timetz_pl_interval(timetz,interval)", timetz_plus),
    LUMA_DT("timetz_mi_interval(timetz,interval)", timetz_minus),
    LUMA_DT("interval_pl_timetz(interval,timetz)", interval_plus_timetz),
    LUMA_DT("timestamp_pl_interval(timestamp,interval)", timestamp_add),
    LUMA_DT("timestamp_mi_interval(timestamp,interval)", timestamp_subtract_interval),
    LUMA_DT("interval_pl_timestamp(interval,timestamp)", interval_plus_timestamp),
    LUMA_DT("timestamp_mi(timestamp,timestamp)", timestamp_subtract),
    LUMA_DT("timestamptz_pl_interval(timestamptz,interval)", timestamptz_plus),
    LUMA_DT("timestamptz_mi_interval(timestamptz,interval)", timestamptz_minus),
    LUMA_DT("interval_pl_timestamptz(interval,timestamptz)", interval_plus_timestamptz),
    LUMA_DT("timestamptz_mi(timestamptz,timestamptz)", timestamp_subtract),
    LUMA_DT("interval_pl(interval,interval)", interval_add),
    LUMA_DT("interval_mi(interval,interval)", interval_subtract),
    LUMA_DT("interval_um(interval)", interval_negate),
    LUMA_DT("interval_mul(interval,float8)", interval_multiply),
    LUMA_DT("mul_d_interval(float8,interval)", factor_times),
    LUMA_DT("interval_div(interval,float8)", interval_divide),
    LUMA_DT("justify_days(interval)", justify_days),
    LUMA_DT("justify_hours(interval)", justify_hours),
    LUMA_DT("justify_interval(interval)", justify_interval),
    LUMA_DT("age(timestamp,timestamp)", timestamp_age),
    LUMA_DT("age(timestamptz,timestamptz)", age_tz),
    LUMA_DT("age(timestamp)", age_now),
    LUMA_DT("age(timestamptz)", age_now_tz),
    LUMA_DT("timestamp(date)", date_to_timestamp),
    LUMA_DT("timestamptz(date)", date_to_tz),
    LUMA_DT("date(timestamp)", timestamp_to_date),
    LUMA_DT("date(timestamptz)", tz_to_date),
    LUMA_DT("timestamptz(timestamp)", to_tz),
    LUMA_DT("timestamp(timestamptz)", from_tz),
    LUMA_DT("time(timestamp)", time_of_timestamp),
    LUMA_DT("time(timestamptz)", time_of_tz),
    LUMA_DT("timetz(timestamptz)", timetz_of_tz),
    LUMA_DT("timetz(time)", timetz_of_time),
    LUMA_DT("time(timetz)", time_of_timetz),
    LUMA_DT("interval(time)", interval_of_time),
    LUMA_DT("time(interval)", time_of_interval),
    LUMA_DT("timestamp(date,time)", date_add_time),
    LUMA_DT("timestamptz(date,time)", tz_of_date_time),
    LUMA_DT("timestamptz(date,timetz)", date_add_timetz),
    scalar_row("time(time,int4)", row_kernel<coerce<type_oid::kTime>>),
    scalar_row("timetz(timetz,int4)", row_kernel<coerce<type_oid::kTimetz>>),
    scalar_row("timestamp(timestamp,int4)", row_kernel<coerce<type_oid::kTimestamp>>),
    scalar_row("timestamptz(timestamptz,int4)", row_kernel<coerce<type_oid::kTimestamptz>>),
    scalar_row("interval(interval,int4)", row_kernel<coerce<type_oid::kInterval>>),
    scalar_row("extract(text,date)", strict_kernel<&extract_numeric<int32_t, of_date>>, "a field"),
    scalar_row("date_part(text,date)", strict_kernel<&extract_double<int32_t, of_midnight>>,
               "a field"),
    LUMA_EXTRACT("time", int64_t, of_time),
    LUMA_EXTRACT("timetz", TimeTz, of_timetz),
    LUMA_EXTRACT("timestamp", int64_t, of_timestamp),
    LUMA_EXTRACT("timestamptz", int64_t, of_timestamptz),
    LUMA_EXTRACT("interval", Interval, of_interval),
    LUMA_DT("date_trunc(text,timestamp)", trunc_timestamp),
    LUMA_DT("date_trunc(text,timestamptz)", trunc_tz),
    LUMA_DT("date_trunc(text,timestamptz,text)", trunc_tz_zone),
    LUMA_DT("date_trunc(text,interval)", trunc_interval),
    LUMA_DT("date_bin(interval,timestamp,timestamp)", timestamp_bin),
    LUMA_DT("date_bin(interval,timestamptz,timestamptz)", timestamp_bin),
    LUMA_DT("timezone(text,timestamp)", local_to_zone),
    LUMA_DT("timezone(text,timestamptz)", zone_to_local),
    LUMA_DT("timezone(text,timetz)", timetz_to_zone),
    LUMA_DT("timezone(interval,timestamp)", local_to_offset),
    LUMA_DT("timezone(interval,timestamptz)", offset_to_local),
    LUMA_DT("timezone(interval,timetz)", timetz_to_offset),
    LUMA_DT("to_char(timestamp,text)", to_char_local),
    LUMA_DT("to_char(timestamptz,text)", to_char_tz),
    LUMA_DT("to_char(interval,text)", to_char_span),
    LUMA_DT("to_date(text,text)", parse_date),
    LUMA_DT("to_timestamp(text,text)", parse_timestamp),
    LUMA_DT("to_timestamp(float8)", timestamptz_of_epoch),
    LUMA_DT("isfinite(date)", date_finite),
    LUMA_DT("isfinite(timestamp)", timestamp_finite),
    LUMA_DT("isfinite(timestamptz)", timestamp_finite),
    LUMA_DT("isfinite(interval)", interval_finite),
    LUMA_DT("make_date(int4,int4,int4)", make_date),
    LUMA_DT("make_time(int4,int4,float8)", make_time),
    LUMA_DT("make_timestamp(int4,int4,int4,int4,int4,float8)", make_timestamp),
    LUMA_DT("make_timestamptz(int4,int4,int4,int4,int4,float8)", make_tz),
    LUMA_DT("make_timestamptz(int4,int4,int4,int4,int4,float8,text)", make_timestamptz_at),
    LUMA_DT("make_interval(int4,int4,int4,int4,int4,int4,float8)", make_interval),
    scalar_row("now()", row_kernel<transaction_time>, "start of the transaction"),
    scalar_row("transaction_timestamp()", row_kernel<transaction_time>, "start of the transaction"),
    scalar_row("statement_timestamp()", row_kernel<statement_time>, "start of the statement"),
    scalar_row("clock_timestamp()", row_kernel<clock_time>, "the time now"),
    scalar_row("timeofday()", row_kernel<time_of_day>, "the time now as text"),
    scalar_row("overlaps(timetz,timetz,timetz,timetz)", row_kernel<overlaps_timetz, false>),
    LUMA_OVERLAPS("timestamp", add_local),
    LUMA_OVERLAPS("timestamptz", timestamptz_plus),
    LUMA_OVERLAPS("time", add_time),
};

}  // namespace

std::span<const KernelRow> datetime_kernels() { return kRows; }

}  // namespace luma
