// generate_series, generate_subscripts.
#include <functional>

#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "engine/type/datetime.h"
#include "engine/type/datetime_arithmetic.h"
#include "engine/type/interval.h"
#include "engine/type/numeric.h"
#include "sql/function/families.h"

namespace luma {

namespace {

using State = std::unique_ptr<TableFunctionState>;
using Arguments = std::span<const Value>;

bool any_null(Arguments args) {
  for (const Value& value : args) {
    if (value.is_null) return true;
  }
  return false;
}

[[noreturn]] void zero_step() {
  throw sql_error(SqlState::kInvalidParameterValue, "step size cannot equal zero");
}

// first, first + step, ... up to last; ends silently where the type ends.
template <typename T>
class IntegerSeries final : public TableFunctionState {
 public:
  IntegerSeries(T first, T last, T step) : next_(first), last_(last), step_(step) {
    if (step == 0) zero_step();
    done_ = step > 0 ? first > last : first < last;
  }
  void next(EvalContext&, Chunk& out) override {
    Vector& column = out.columns[0];
    T* data = column.mutable_data<T>();
    uint32_t count = 0, room = column.capacity();
    while (!done_ && count < room) {
      data[count++] = next_;
      done_ = __builtin_add_overflow(next_, step_, &next_) ||
              (step_ > 0 ? next_ > last_ : next_ < last_);
    }
    out.size = count;
  }

 private:
  T next_, last_, step_;
  bool done_;
};

template <typename T>
T integer_of(const Value& value) {
  if constexpr (sizeof(T) == 4) {
    return value.datum.i32;
  } else {
    return value.datum.i64;
  }
}
template <typename T>
State integer_series(EvalContext&, const Expr&, Arguments args) {
  if (any_null(args)) return nullptr;
  T step = args.size() > 2 ? integer_of<T>(args[2]) : T{1};
  return std::make_unique<IntegerSeries<T>>(integer_of<T>(args[0]), integer_of<T>(args[1]), step);
}

class NumericSeries final : public TableFunctionState {
 public:
  explicit NumericSeries(Arguments args) {
    Datum step = args.size() > 2 ? args[2].datum : numeric_from_int64(1);
    check(args[0].datum, "start value");
    check(args[1].datum, "stop value");
    check(step, "step size");
    next_ = copy_datum(args[0].datum, PhysicalType::kVarlen, arena_);
    last_ = copy_datum(args[1].datum, PhysicalType::kVarlen, arena_);
    step_ = copy_datum(step, PhysicalType::kVarlen, arena_);
    sign_ = numeric_compare(step_, numeric_from_int64(0));
    if (sign_ == 0) zero_step();
  }
  void next(EvalContext&, Chunk& out) override {
    uint32_t count = 0;
    while (count < out.columns[0].capacity()) {
      int order = numeric_compare(next_, last_);
      if (sign_ > 0 ? order > 0 : order < 0) break;
      out.columns[0].set_value(count++, next_);
      next_ = numeric_add(next_, step_, arena_);
    }
    out.size = count;
  }

 private:
  static void check(const Datum& value, std::string_view what) {
    if (numeric_is_nan(value))
      throw sql_error(SqlState::kInvalidParameterValue, "{} cannot be NaN", what);
    if (numeric_is_infinite(value)) {
      throw sql_error(SqlState::kInvalidParameterValue, "{} cannot be infinity", what);
    }
  }
  Arena arena_;
  Datum next_, last_, step_;
  int sign_;
};
State numeric_series(EvalContext&, const Expr&, Arguments args) {
  return any_null(args) ? nullptr : std::make_unique<NumericSeries>(args);
}

template <bool with_zone>
class TimestampSeries final : public TableFunctionState {
 public:
  TimestampSeries(int64_t first, int64_t last, Interval step)
      : next_(first), last_(last), step_(step) {
    sign_ = interval_compare(step, {0, 0, 0});
    if (sign_ == 0) zero_step();
  }
  void next(EvalContext& context, Chunk& out) override {
    const TimeZone* zone = context.io == nullptr ? nullptr : context.io->time_zone;
    int64_t* data = out.columns[0].mutable_data<int64_t>();
    uint32_t count = 0;
    while (count < out.columns[0].capacity() && (sign_ > 0 ? next_ <= last_ : next_ >= last_)) {
      data[count++] = next_;
      next_ = with_zone ? timestamptz_add(next_, step_, zone) : timestamp_add(next_, step_);
    }
    out.size = count;
  }

 private:
  int64_t next_, last_;
  Interval step_;
  int sign_;
};
template <bool with_zone>
State timestamp_series(EvalContext&, const Expr&, Arguments args) {
  if (any_null(args)) return nullptr;
  return std::make_unique<TimestampSeries<with_zone>>(args[0].datum.i64, args[1].datum.i64,
                                                      args[2].datum.interval);
}

State generate_subscripts(EvalContext&, const Expr&, Arguments args) {
  if (any_null(args)) return nullptr;
  ArrayView view(args[0].datum);
  int32_t which = args[1].datum.i32;
  if (which < 1 || which > view.dimension_count()) return nullptr;
  ArrayDimension dimension = view.dimension(which - 1);
  int32_t first = dimension.lower_bound, last = dimension.lower_bound + dimension.length - 1;
  bool reverse = args.size() > 2 && args[2].datum.b;
  if (reverse) return std::make_unique<IntegerSeries<int32_t>>(last, first, -1);
  return std::make_unique<IntegerSeries<int32_t>>(first, last, 1);
}

const KernelRow kRows[] = {
    table_row("generate_series(int4,int4)", integer_series<int32_t>, "numbers from a to b"),
    table_row("generate_series(int4,int4,int4)", integer_series<int32_t>, "numbers from a to b"),
    table_row("generate_series(int8,int8)", integer_series<int64_t>, "numbers from a to b"),
    table_row("generate_series(int8,int8,int8)", integer_series<int64_t>, "numbers from a to b"),
    table_row("generate_series(numeric,numeric)", numeric_series, "numbers from a to b"),
    table_row("generate_series(numeric,numeric,numeric)", numeric_series, "numbers from a to b"),
    table_row("generate_series(timestamp,timestamp,interval)", timestamp_series<false>,
              "times from a to b"),
    table_row("generate_series(timestamptz,timestamptz,interval)", timestamp_series<true>,
              "times from a to b"),
    table_row("generate_subscripts(anyarray,int4)", generate_subscripts, "subscripts of an array"),
    table_row("generate_subscripts(anyarray,int4,bool)", generate_subscripts,
              "subscripts of an array"),
};

}  // namespace

std::span<const KernelRow> table_series_kernels() { return kRows; }

}  // namespace luma
