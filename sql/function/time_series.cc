// Time series beyond PostgreSQL: time_bucket with TimescaleDB's meaning, and the aggregates first()
// and last(), which pick the value of the earliest and the latest row. Functions that PostgreSQL
// does not have carry their facts here; docs/time-series.md explains them.
#include <cstring>
#include <limits>
#include <string>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/datetime.h"
#include "engine/type/datetime_arithmetic.h"
#include "engine/type/type_info.h"
#include "engine/type/utf8_text.h"
#include "sql/function/aggregate_adapter.h"
#include "sql/function/families.h"
#include "sql/function/time_bucket.h"

namespace luma {

namespace {

using std::string_view;

// Buckets begin on Mondays where they have no other origin, those of months with a January.
constexpr int32_t kWeekOrigin = 2;  // 2000-01-03
constexpr int32_t kMonthOrigin = 0;

SqlError not_positive() {
  return SqlError(SqlState::kInvalidParameterValue, "period must be greater than 0");
}
SqlError timestamp_out_of_range() {
  return SqlError(SqlState::kDatetimeFieldOverflow, "timestamp out of range");
}

// The largest origin + n * width that is not above `value`; false when there is none in range.
template <typename T>
bool floor_to(T value, T width, T origin, T* bucket) {
  T shift = static_cast<T>(origin % width);
  T distance;
  if (__builtin_sub_overflow(value, shift, &distance)) return false;
  T rest = static_cast<T>(distance % width);
  if (rest < 0) rest = static_cast<T>(rest + width);
  return !__builtin_sub_overflow(value, rest, bucket);
}

template <typename T>
T integer_bucket_from(T width, T value, T offset) {
  if (width <= 0) throw not_positive();
  T bucket;
  if (!floor_to(value, width, offset, &bucket))
    throw SqlError(SqlState::kNumericValueOutOfRange, "timestamp out of range");
  return bucket;
}
template <typename T>
T integer_bucket_from_zero(T width, T value) {
  return integer_bucket_from<T>(width, value, 0);
}

int32_t months_of(int32_t date) {
  CivilTime fields = civil_of_date(date);
  return fields.year * 12 + fields.month - 1;
}

int32_t month_bucket(int32_t months, int32_t date, int32_t origin) {
  if (months <= 0) throw not_positive();
  int32_t bucket;
  if (!floor_to(months_of(date), months, months_of(origin), &bucket))
    throw timestamp_out_of_range();
  int32_t month = bucket % 12 < 0 ? bucket % 12 + 12 : bucket % 12;
  int32_t year = (bucket - month) / 12;
  if (!julian_in_range(year, month + 1)) throw timestamp_out_of_range();
  return date_of(year, month + 1, 1);
}

// Months and other widths do not mix: months differ in length.
void check_month_width(const Interval& width) {
  if (width.days != 0 || width.micros != 0)
    throw unsupported("month intervals cannot have day or time component");
}

int64_t width_micros(const Interval& width) {
  int64_t micros;
  if (__builtin_mul_overflow(int64_t{width.days}, kMicrosPerDay, &micros) ||
      __builtin_add_overflow(micros, width.micros, &micros)) {
    throw SqlError(SqlState::kDatetimeFieldOverflow, "interval out of range");
  }
  if (micros <= 0) throw not_positive();
  return micros;
}

int64_t timestamp_bucket_from(const Interval& width, int64_t time, int64_t origin) {
  if (!timestamp_is_finite(time)) return time;
  if (!timestamp_is_finite(origin))
    throw SqlError(SqlState::kInvalidParameterValue, "origin must be finite");
  if (width.months != 0) {
    check_month_width(width);
    return date_to_timestamp(
        month_bucket(width.months, timestamp_to_date(time), timestamp_to_date(origin)));
  }
  int64_t bucket;
  if (!floor_to(time, width_micros(width), origin, &bucket) || !timestamp_in_range(bucket))
    throw timestamp_out_of_range();
  return bucket;
}
int64_t default_origin(const Interval& width) {
  return (width.months != 0 ? kMonthOrigin : kWeekOrigin) * kMicrosPerDay;
}
}  // namespace

int64_t timestamp_bucket(const Interval& width, int64_t time) {
  return timestamp_bucket_from(width, time, default_origin(width));
}
int32_t integer_bucket(int32_t width, int32_t value) {
  return integer_bucket_from<int32_t>(width, value, 0);
}
int64_t integer_bucket(int64_t width, int64_t value) {
  return integer_bucket_from<int64_t>(width, value, 0);
}

namespace {

int64_t timestamp_bucket_offset(const Interval& width, int64_t time, const Interval& offset) {
  int64_t moved = timestamp_subtract_interval(time, offset);
  return timestamp_add(timestamp_bucket(width, moved), offset);
}

const TimeZone* session_zone(const RowCall& call) {
  return call.context.io == nullptr ? nullptr : call.context.io->time_zone;
}
int64_t timestamptz_bucket_offset(RowCall& call, const Interval& width, int64_t time,
                                  const Interval& offset) {
  const TimeZone* zone = session_zone(call);
  int64_t moved = timestamptz_subtract_interval(time, offset, zone);
  return timestamptz_add(timestamp_bucket(width, moved), offset, zone);
}

// In local time of a zone, whose days have 23 to 25 hours: (width, time, zone[, origin[, offset]]).
Value zoned_bucket(RowCall& call, const Value* args) {
  size_t count = call.expr.args.size();
  for (size_t i = 0; i < 3; ++i) {
    if (args[i].is_null) return Value::null();
  }
  const Interval& width = args[0].datum.interval;
  string_view zone = args[2].datum.str.view();
  int64_t local = timestamptz_at_zone(zone, args[1].datum.i64);
  int64_t origin = count > 3 && !args[3].is_null ? timestamptz_at_zone(zone, args[3].datum.i64)
                                                 : default_origin(width);
  bool moved = count > 4 && !args[4].is_null;
  if (moved) local = timestamp_subtract_interval(local, args[4].datum.interval);
  local = timestamp_bucket_from(width, local, origin);
  if (moved) local = timestamp_add(local, args[4].datum.interval);
  return Datum::of_int64(timestamp_at_zone(zone, local));
}

int32_t date_bucket_from(const Interval& width, int32_t date, int32_t origin) {
  if (!date_is_finite(date)) return date;
  if (!date_is_finite(origin))
    throw SqlError(SqlState::kInvalidParameterValue, "origin must be finite");
  if (width.months != 0) {
    check_month_width(width);
    return month_bucket(width.months, date, origin);
  }
  int64_t micros = width_micros(width);
  if (micros % kMicrosPerDay != 0) throw unsupported("interval must not have sub-day precision");
  int64_t bucket;
  if (!floor_to<int64_t>(date, micros / kMicrosPerDay, origin, &bucket) || !date_in_range(bucket))
    throw SqlError(SqlState::kDatetimeFieldOverflow, "date out of range");
  return static_cast<int32_t>(bucket);
}
}  // namespace

int32_t date_bucket(const Interval& width, int32_t date) {
  return date_bucket_from(width, date, width.months != 0 ? kMonthOrigin : kWeekOrigin);
}

namespace {

int32_t date_bucket_offset(const Interval& width, int32_t date, const Interval& offset) {
  int64_t moved = timestamp_subtract_interval(date_to_timestamp(date), offset);
  int32_t bucket = date_bucket(width, timestamp_to_date(moved));
  return timestamp_to_date(timestamp_add(date_to_timestamp(bucket), offset));
}

// A value of any type that outlives the chunk it came from.
class KeptValue {
 public:
  void keep(const Value& value, PhysicalType physical) {
    value_ = value;
    if (value.is_null || physical != PhysicalType::kVarlen) return;
    bytes_ = value.datum.str.view();
    value_.datum = Datum::of_string(bytes_);
  }
  const Value& get() const { return value_; }

 private:
  Value value_ = Value::null();
  std::string bytes_;
};

// first(value, time) and last(value, time). Rows without a time do not count; of several rows with
// the same time the one that was met first stays.
template <bool latest>
struct Outermost {
  struct State {
    KeptValue value, time;
  };
  static bool replaces(const AggregateCall& call, const Value& time, const State& state) {
    if (state.time.get().is_null) return true;
    const TypeInfo& type = type_info(call.expr.args[1]->type.oid);
    if (type.compare == nullptr) {
      throw sql_error(SqlState::kUndefinedFunction,
                      "could not identify a comparison function for type {}", type.name);
    }
    int order = type.compare(time.datum, state.time.get().datum, type);
    return latest ? order > 0 : order < 0;
  }
  static void add(const AggregateCall& call, State& state, const Value* values) {
    if (values[1].is_null || !replaces(call, values[1], state)) return;
    state.value.keep(values[0], call.expr.args[0]->physical);
    state.time.keep(values[1], call.expr.args[1]->physical);
  }
  static void merge(const AggregateCall& call, State& into, const State& from) {
    if (from.time.get().is_null) return;
    const Value values[] = {from.value.get(), from.time.get()};
    add(call, into, values);
  }
  static Value finish(const AggregateCall& call, const State& state) {
    const Value& value = state.value.get();
    if (value.is_null || call.expr.args[0]->physical != PhysicalType::kVarlen) return value;
    return arena_string(call.arena, value.datum.str.view());
  }
};

// --- facts ---
constexpr string_view kIntegerNames[] = {"bucket_width", "ts", "offset"};
constexpr string_view kOriginNames[] = {"bucket_width", "ts", "origin"};
constexpr string_view kOffsetNames[] = {"bucket_width", "ts", "offset"};
constexpr string_view kZoneNames[] = {"bucket_width", "ts", "timezone", "origin", "offset"};
constexpr string_view kValueNames[] = {"value", "time"};

constexpr KernelRow added(KernelRow row, Oid oid, string_view result,
                          std::span<const string_view> names) {
  row.extension.oid = oid;
  row.extension.result_type = result;
  row.extension.arg_names = names;
  return row;
}
constexpr KernelRow bucket(string_view signature, VectorKernel kernel, Oid oid, string_view result,
                           std::span<const string_view> names, char volatility = 'i') {
  KernelRow row = added(scalar_row(signature, kernel, "start of the bucket that holds a time"), oid,
                        result, names);
  row.extension.volatility = volatility;
  return row;
}
constexpr KernelRow zoned(string_view signature, Oid oid) {
  KernelRow row =
      bucket(signature, row_kernel<zoned_bucket, false>, oid, "timestamptz", kZoneNames);
  row.extension.strict = false;
  return row;
}
constexpr KernelRow outermost(string_view signature, const AggregateFunction* aggregate, Oid oid,
                              string_view doc) {
  KernelRow row = added(aggregate_row(signature, aggregate, doc), oid, "anyelement", kValueNames);
  row.extension.strict = false;
  return row;
}

const KernelRow kRows[] = {
    bucket("time_bucket(int2,int2)", strict_kernel<&integer_bucket_from_zero<int16_t>>, 9000,
           "int2", kIntegerNames),
    bucket("time_bucket(int4,int4)", strict_kernel<&integer_bucket_from_zero<int32_t>>, 9001,
           "int4", kIntegerNames),
    bucket("time_bucket(int8,int8)", strict_kernel<&integer_bucket_from_zero<int64_t>>, 9002,
           "int8", kIntegerNames),
    bucket("time_bucket(int2,int2,int2)", strict_kernel<&integer_bucket_from<int16_t>>, 9003,
           "int2", kIntegerNames),
    bucket("time_bucket(int4,int4,int4)", strict_kernel<&integer_bucket_from<int32_t>>, 9004,
           "int4", kIntegerNames),
    bucket("time_bucket(int8,int8,int8)", strict_kernel<&integer_bucket_from<int64_t>>, 9005,
           "int8", kIntegerNames),
    bucket("time_bucket(interval,timestamp)", strict_kernel<&timestamp_bucket>, 9006, "timestamp",
           kOriginNames),
    bucket("time_bucket(interval,timestamp,timestamp)", strict_kernel<&timestamp_bucket_from>, 9007,
           "timestamp", kOriginNames),
    bucket("time_bucket(interval,timestamp,interval)", strict_kernel<&timestamp_bucket_offset>,
           9008, "timestamp", kOffsetNames),
    bucket("time_bucket(interval,timestamptz)", strict_kernel<&timestamp_bucket>, 9009,
           "timestamptz", kOriginNames),
    bucket("time_bucket(interval,timestamptz,timestamptz)", strict_kernel<&timestamp_bucket_from>,
           9010, "timestamptz", kOriginNames),
    bucket("time_bucket(interval,timestamptz,interval)", strict_kernel<&timestamptz_bucket_offset>,
           9011, "timestamptz", kOffsetNames, 's'),
    zoned("time_bucket(interval,timestamptz,text)", 9012),
    zoned("time_bucket(interval,timestamptz,text,timestamptz)", 9013),
    zoned("time_bucket(interval,timestamptz,text,timestamptz,interval)", 9014),
    bucket("time_bucket(interval,date)", strict_kernel<&date_bucket>, 9015, "date", kOriginNames),
    bucket("time_bucket(interval,date,date)", strict_kernel<&date_bucket_from>, 9016, "date",
           kOriginNames),
    bucket("time_bucket(interval,date,interval)", strict_kernel<&date_bucket_offset>, 9017, "date",
           kOffsetNames),
    outermost("first(anyelement,any)", aggregate_of<Outermost<false>>(), 9018,
              "value of the earliest row"),
    outermost("last(anyelement,any)", aggregate_of<Outermost<true>>(), 9019,
              "value of the latest row"),
};

}  // namespace

std::span<const KernelRow> time_series_kernels() { return kRows; }

}  // namespace luma
