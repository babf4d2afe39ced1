// in_range(value, base, offset, subtract, less): whether value lies on the `less` (<=) or the other
// (>=) side of base -/+ offset. What RANGE frames with offsets call. A sum that overflows counts as
// infinite.
#include <cmath>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/datetime.h"
#include "engine/type/datetime_arithmetic.h"
#include "engine/type/interval.h"
#include "engine/type/numeric.h"
#include "engine/type/type_info.h"
#include "sql/function/families.h"

namespace luma {

namespace {

void require_offset(bool valid) {
  if (valid) return;
  throw SqlError(SqlState::kInvalidPrecedingOrFollowingSize,
                 "invalid preceding or following size in window function");
}

Value side(int comparison, bool less) {
  return Datum::of_bool(less ? comparison <= 0 : comparison >= 0);
}

template <typename T>
int compare(T a, T b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

template <auto value_member, auto offset_member>
Value integer_in_range(RowCall&, const Value* args) {
  auto value = static_cast<int64_t>(args[0].datum.*value_member);
  auto base = static_cast<int64_t>(args[1].datum.*value_member);
  auto offset = static_cast<int64_t>(args[2].datum.*offset_member);
  bool subtract = args[3].datum.b, less = args[4].datum.b;
  require_offset(offset >= 0);
  int64_t bound;
  bool overflow = subtract ? __builtin_sub_overflow(base, offset, &bound)
                           : __builtin_add_overflow(base, offset, &bound);
  if (overflow) return Datum::of_bool(subtract ? !less : less);
  return side(compare(value, bound), less);
}

Value float_side(double value, double base, double offset, bool subtract, bool less) {
  require_offset(!std::isnan(offset) && offset >= 0);
  if (std::isnan(value)) return Datum::of_bool(std::isnan(base) ? true : !less);
  if (std::isnan(base)) return Datum::of_bool(less);
  // infinity - infinity: everything is in reach of an infinite offset.
  if (std::isinf(offset) && std::isinf(base) && (subtract ? base > 0 : base < 0))
    return Datum::of_bool(true);
  return side(compare(value, subtract ? base - offset : base + offset), less);
}

Value float8_in_range(RowCall&, const Value* args) {
  return float_side(args[0].datum.f64, args[1].datum.f64, args[2].datum.f64, args[3].datum.b,
                    args[4].datum.b);
}

Value float4_in_range(RowCall&, const Value* args) {
  return float_side(args[0].datum.f32, args[1].datum.f32, args[2].datum.f64, args[3].datum.b,
                    args[4].datum.b);
}

Value numeric_in_range(RowCall& call, const Value* args) {
  bool subtract = args[3].datum.b, less = args[4].datum.b;
  const Datum &value = args[0].datum, &base = args[1].datum, &offset = args[2].datum;
  Datum zero = numeric_from_int64(0);
  require_offset(!numeric_is_nan(offset) && numeric_compare(offset, zero) >= 0);
  if (numeric_is_nan(value)) return Datum::of_bool(numeric_is_nan(base) ? true : !less);
  if (numeric_is_nan(base)) return Datum::of_bool(less);
  Datum bound =
      subtract ? numeric_sub(base, offset, call.arena) : numeric_add(base, offset, call.arena);
  if (numeric_is_nan(bound)) return Datum::of_bool(true);
  return side(numeric_compare(value, bound), less);
}

void require_offset(const Interval& offset) { require_offset(interval_span(offset) >= 0); }

Value timestamp_in_range(RowCall&, const Value* args) {
  require_offset(args[2].datum.interval);
  int64_t bound = args[3].datum.b
                      ? timestamp_subtract_interval(args[1].datum.i64, args[2].datum.interval)
                      : timestamp_add(args[1].datum.i64, args[2].datum.interval);
  return side(compare(args[0].datum.i64, bound), args[4].datum.b);
}

Value timestamptz_in_range(RowCall& call, const Value* args) {
  require_offset(args[2].datum.interval);
  const TimeZone* zone = call.context.io->time_zone;
  int64_t bound =
      args[3].datum.b
          ? timestamptz_subtract_interval(args[1].datum.i64, args[2].datum.interval, zone)
          : timestamptz_add(args[1].datum.i64, args[2].datum.interval, zone);
  return side(compare(args[0].datum.i64, bound), args[4].datum.b);
}

Value date_in_range(RowCall&, const Value* args) {
  require_offset(args[2].datum.interval);
  int64_t value = date_to_timestamp(args[0].datum.i32);
  int64_t base = date_to_timestamp(args[1].datum.i32);
  int64_t bound = args[3].datum.b ? timestamp_subtract_interval(base, args[2].datum.interval)
                                  : timestamp_add(base, args[2].datum.interval);
  return side(compare(value, bound), args[4].datum.b);
}

Value interval_in_range(RowCall&, const Value* args) {
  require_offset(args[2].datum.interval);
  Interval bound = args[3].datum.b
                       ? interval_subtract(args[1].datum.interval, args[2].datum.interval)
                       : interval_add(args[1].datum.interval, args[2].datum.interval);
  return side(interval_compare(args[0].datum.interval, bound), args[4].datum.b);
}

// Times do not wrap around midnight here: only the interval's time part counts.
Value time_in_range(RowCall&, const Value* args) {
  int64_t offset = args[2].datum.interval.micros;
  require_offset(offset >= 0);
  bool subtract = args[3].datum.b, less = args[4].datum.b;
  int64_t bound;
  bool overflow = subtract ? __builtin_sub_overflow(args[1].datum.i64, offset, &bound)
                           : __builtin_add_overflow(args[1].datum.i64, offset, &bound);
  if (overflow) return Datum::of_bool(subtract ? !less : less);
  return side(compare(args[0].datum.i64, bound), less);
}

Value timetz_in_range(RowCall&, const Value* args) {
  int64_t offset = args[2].datum.interval.micros;
  require_offset(offset >= 0);
  TimeTz bound = args[1].datum.timetz;
  bool overflow = args[3].datum.b ? __builtin_sub_overflow(bound.micros, offset, &bound.micros)
                                  : __builtin_add_overflow(bound.micros, offset, &bound.micros);
  if (overflow) return Datum::of_bool(args[3].datum.b ? !args[4].datum.b : args[4].datum.b);
  return side(timetz_compare(args[0].datum.timetz, bound), args[4].datum.b);
}

}  // namespace

std::span<const KernelRow> in_range_kernels() {
  static const KernelRow kRows[] = {
      scalar_row("in_range(int8,int8,int8,bool,bool)",
                 row_kernel<integer_in_range<&Datum::i64, &Datum::i64>>),
      scalar_row("in_range(int4,int4,int8,bool,bool)",
                 row_kernel<integer_in_range<&Datum::i32, &Datum::i64>>),
      scalar_row("in_range(int4,int4,int4,bool,bool)",
                 row_kernel<integer_in_range<&Datum::i32, &Datum::i32>>),
      scalar_row("in_range(int4,int4,int2,bool,bool)",
                 row_kernel<integer_in_range<&Datum::i32, &Datum::i16>>),
      scalar_row("in_range(int2,int2,int8,bool,bool)",
                 row_kernel<integer_in_range<&Datum::i16, &Datum::i64>>),
      scalar_row("in_range(int2,int2,int4,bool,bool)",
                 row_kernel<integer_in_range<&Datum::i16, &Datum::i32>>),
      scalar_row("in_range(int2,int2,int2,bool,bool)",
                 row_kernel<integer_in_range<&Datum::i16, &Datum::i16>>),
      scalar_row("in_range(float8,float8,float8,bool,bool)", row_kernel<float8_in_range>),
      scalar_row("in_range(float4,float4,float8,bool,bool)", row_kernel<float4_in_range>),
      scalar_row("in_range(numeric,numeric,numeric,bool,bool)", row_kernel<numeric_in_range>),
      scalar_row("in_range(timestamp,timestamp,interval,bool,bool)",
                 row_kernel<timestamp_in_range>),
      scalar_row("in_range(timestamptz,timestamptz,interval,bool,bool)",
                 row_kernel<timestamptz_in_range>),
      scalar_row("in_range(date,date,interval,bool,bool)", row_kernel<date_in_range>),
      scalar_row("in_range(interval,interval,interval,bool,bool)", row_kernel<interval_in_range>),
      scalar_row("in_range(time,time,interval,bool,bool)", row_kernel<time_in_range>),
      scalar_row("in_range(timetz,timetz,interval,bool,bool)", row_kernel<timetz_in_range>),
  };
  return kRows;
}

}  // namespace luma
