// count, sum, avg, min, max, bool_* and bit_*.
#include <cmath>
#include <memory>

#include "engine/base/simd_call.h"
#include "engine/base/sql_error.h"
#include "engine/exec/decimal_vector.h"
#include "engine/type/interval.h"
#include "engine/type/numeric.h"
#include "engine/type/numeric_sum.h"
#include "sql/function/aggregate_adapter.h"
#include "sql/function/families.h"

namespace luma {

namespace {

// States come from an arena that aligns to 8 bytes.
using Sum128 = __int128 __attribute__((aligned(8)));

[[noreturn]] void float_overflow() {
  throw sql_error(SqlState::kNumericValueOutOfRange, "value out of range: overflow");
}

struct CountRows {
  using Args = TypeList<>;
  struct State {
    int64_t count = 0;
  };
  static void add(const AggregateCall&, State& state) { ++state.count; }
  static void remove(const AggregateCall&, State& state) { --state.count; }
  static void merge(const AggregateCall&, State& into, const State& from) {
    into.count += from.count;
  }
  static Value finish(const AggregateCall&, const State& state) {
    return Datum::of_int64(state.count);
  }
};

// count(any) looks only at NULL flags, so it needs no argument type.
struct CountValues {
  static int64_t not_null(const Vector& vector, uint32_t count) {
    if (!vector.has_nulls()) return count;
    if (vector.is_constant()) return vector.is_null(0) ? 0 : count;
    int64_t found = 0;
    for (uint32_t i = 0; i < count; ++i) found += !vector.is_null(i);
    return found;
  }
  static int64_t& state(std::byte* bytes) { return *reinterpret_cast<int64_t*>(bytes); }
  static void init(const AggregateCall&, std::byte* bytes) { state(bytes) = 0; }
  static void update(const AggregateCall&, std::byte* const* states,
                     std::span<const Vector* const> args, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) state(states[i]) += !args[0]->is_null(i);
  }
  static void update_single(const AggregateCall&, std::byte* bytes,
                            std::span<const Vector* const> args, uint32_t count) {
    state(bytes) += not_null(*args[0], count);
  }
  static void combine(const AggregateCall&, std::byte* into, const std::byte* from) {
    state(into) += *reinterpret_cast<const int64_t*>(from);
  }
  static Value finalize(const AggregateCall&, const std::byte* bytes) {
    return Datum::of_int64(*reinterpret_cast<const int64_t*>(bytes));
  }
  static void remove(const AggregateCall&, std::byte* bytes, const Value* args) {
    state(bytes) -= !args[0].is_null;
  }
  static constexpr AggregateFunction kFunction{sizeof(int64_t), init,     update,  update_single,
                                               combine,         finalize, nullptr, remove};
};

// The sum of rows without NULLs.
template <typename Sum, typename T>
LUMA_SIMD_LOOP Sum total_of(const UnifiedVector<T>& values, uint32_t count) {
  Sum sum = 0;
  if (values.selection == nullptr) {
    for (uint32_t i = 0; i < count; ++i) sum += values.data[i];
  } else {
    for (uint32_t i = 0; i < count; ++i) sum += values.data[values.selection[i]];
  }
  return sum;
}

// Of 64-bit values, by halves that vector registers can sum; a chunk's halves do not overflow.
template <>
LUMA_SIMD_LOOP __int128 total_of(const UnifiedVector<int64_t>& values, uint32_t count) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  uint64_t low = 0, high = 0;  // of values + 2^63, which are not negative
  auto add = [&](int64_t value) {
    low += static_cast<uint32_t>(value);
    high += (static_cast<uint64_t>(value) ^ kSign) >> 32;
  };
  if (values.selection == nullptr) {
    for (uint32_t i = 0; i < count; ++i) add(values.data[i]);
  } else {
    for (uint32_t i = 0; i < count; ++i) add(values.data[values.selection[i]]);
  }
  return (static_cast<__int128>(high) << 32) + low - static_cast<__int128>(kSign) * count;
}

// The least or greatest of rows without NULLs, at least one.
template <bool maximum, typename T>
LUMA_SIMD_LOOP T extreme_of(const UnifiedVector<T>& values, uint32_t count) {
  T best = values.data[values.selection == nullptr ? 0 : values.selection[0]];
  auto add = [&](T value) { best = (maximum ? best < value : value < best) ? value : best; };
  if (values.selection == nullptr) {
    for (uint32_t i = 0; i < count; ++i) add(values.data[i]);
  } else {
    for (uint32_t i = 0; i < count; ++i) add(values.data[values.selection[i]]);
  }
  return best;
}

template <typename T>
struct IntegerTotal {
  using Args = TypeList<T>;
  struct State {
    Sum128 sum = 0;
    int64_t count = 0;
  };
  static void add(const AggregateCall&, State& state, const T& value) {
    state.sum += value;
    ++state.count;
  }
  static bool add_all(const AggregateCall&, State& state, std::span<const Vector* const> args,
                      uint32_t count) {
    if (args[0]->has_nulls()) return false;
    // A chunk's sum of anything narrower fits into 64 bits.
    using Sum = std::conditional_t<sizeof(T) == 8, __int128, int64_t>;
    state.sum += simd_call<total_of<Sum, T>>(args[0]->template unified<T>(), count);
    state.count += count;
    return true;
  }
  static void remove(const AggregateCall&, State& state, const T& value) {
    state.sum -= value;
    --state.count;
  }
  static void merge(const AggregateCall&, State& into, const State& from) {
    into.sum += from.sum;
    into.count += from.count;
  }
};
// sum(int2), sum(int4) -> int8
template <typename T>
struct SumToInt8 {
  using Args = TypeList<T>;
  struct State {
    int64_t sum = 0;
    int64_t count = 0;
  };
  static void add(const AggregateCall&, State& state, const T& value) {
    state.sum += value;
    ++state.count;
  }
  static bool add_all(const AggregateCall&, State& state, std::span<const Vector* const> args,
                      uint32_t count) {
    if (args[0]->has_nulls()) return false;
    // A chunk's sum of anything narrower fits into 64 bits.
    using Sum = std::conditional_t<sizeof(T) == 8, __int128, int64_t>;
    state.sum += simd_call<total_of<Sum, T>>(args[0]->template unified<T>(), count);
    state.count += count;
    return true;
  }
  static void remove(const AggregateCall&, State& state, const T& value) {
    state.sum -= value;
    --state.count;
  }
  static void merge(const AggregateCall&, State& into, const State& from) {
    into.sum += from.sum;
    into.count += from.count;
  }
  static Value finish(const AggregateCall&, const State& state) {
    return state.count == 0 ? Value::null() : Value(Datum::of_int64(state.sum));
  }
};
struct SumInt8 : IntegerTotal<int64_t> {
  static Value finish(const AggregateCall& call, const State& state) {
    return state.count == 0 ? Value::null() : Value(numeric_from_int128(state.sum, call.arena));
  }
};
template <typename T>
struct AverageInteger : IntegerTotal<T> {
  using State = typename IntegerTotal<T>::State;
  static Value finish(const AggregateCall& call, const State& state) {
    if (state.count == 0) return Value::null();
    return numeric_div(numeric_from_int128(state.sum, call.arena), numeric_from_int64(state.count),
                       call.arena);
  }
};
struct SumMoney {
  using Args = TypeList<int64_t>;
  struct State {
    int64_t sum = 0;
    bool any = false;
  };
  static void add(const AggregateCall&, State& state, const int64_t& value) {
    if (__builtin_add_overflow(state.sum, value, &state.sum)) {
      throw sql_error(SqlState::kNumericValueOutOfRange, "bigint out of range");
    }
    state.any = true;
  }
  static void merge(const AggregateCall& call, State& into, const State& from) {
    if (from.any) add(call, into, from.sum);
  }
  static Value finish(const AggregateCall&, const State& state) {
    return state.any ? Value(Datum::of_int64(state.sum)) : Value::null();
  }
};

template <typename T>
struct SumFloat {
  using Args = TypeList<T>;
  struct State {
    T sum = 0;
    bool any = false;
  };
  static void add(const AggregateCall&, State& state, const T& value) {
    T sum = state.any ? state.sum + value : value;
    if (std::isinf(sum) && !std::isinf(state.sum) && !std::isinf(value)) float_overflow();
    state.sum = sum;
    state.any = true;
  }
  static void merge(const AggregateCall& call, State& into, const State& from) {
    if (from.any) add(call, into, from.sum);
  }
  static Value finish(const AggregateCall&, const State& state) {
    if (!state.any) return Value::null();
    if constexpr (sizeof(T) == 4) {
      return Datum::of_float(state.sum);
    } else {
      return Datum::of_double(state.sum);
    }
  }
};

// Most sums are of small decimals of one scale, which need no memory of their own.
template <bool average>
struct NumericTotal {
  using Args = TypeList<Datum>;
  struct State {
    Sum128 scaled = 0;  // of 63-bit values: cannot overflow
    int64_t count = 0;
    int64_t scale = 0;
    std::unique_ptr<NumericSum> general;  // once it is set, everything

    bool takes(int64_t value_scale) const {
      return general == nullptr && (value_scale == scale || count == 0);
    }
    void add_scaled(Int128 sum, int64_t value_scale, int64_t values) {
      scaled += sum;
      scale = value_scale;
      count += values;
    }
    NumericSum& generalize() {
      if (general == nullptr) {
        general = std::make_unique<NumericSum>();
        if (count != 0) general->add_scaled(scaled, static_cast<int>(scale), count);
      }
      return *general;
    }
  };
  static void add(const AggregateCall&, State& state, const Datum& value) {
    if (numeric_is_small(value)) {
      const SmallNumeric small = numeric_small(value);
      if (state.takes(small.scale)) return state.add_scaled(small.scaled, small.scale, 1);
    }
    state.generalize().add(value);
  }
  static bool add_all(const AggregateCall&, State& state, std::span<const Vector* const> args,
                      uint32_t count) {
    if (args[0]->has_nulls()) return false;
    const std::optional<DecimalTotal> total = decimal_total(*args[0], count);
    if (!total) return false;
    if (state.takes(total->scale)) {
      state.add_scaled(total->scaled, total->scale, count);
    } else {
      state.generalize().add_scaled(total->scaled, total->scale, count);
    }
    return true;
  }
  static void merge(const AggregateCall&, State& into, const State& from) {
    if (from.general != nullptr) {
      into.generalize().merge(*from.general);
    } else if (from.count != 0 && into.takes(from.scale)) {
      into.add_scaled(from.scaled, from.scale, from.count);
    } else if (from.count != 0) {
      into.generalize().add_scaled(from.scaled, static_cast<int>(from.scale), from.count);
    }
  }
  static Value finish(const AggregateCall& call, const State& state) {
    if (state.general != nullptr) {
      return average ? state.general->average(call.arena) : state.general->sum(call.arena);
    }
    if (state.count == 0) return Value::null();
    const Datum sum = numeric_make(state.scaled, static_cast<int>(state.scale), call.arena);
    if (!average) return sum;
    return numeric_div(sum, numeric_from_int64(state.count), call.arena);
  }
};

template <bool average>
struct IntervalTotal {
  using Args = TypeList<Interval>;
  struct State {
    Interval sum{0, 0, 0};
    int64_t count = 0;
  };
  static void add(const AggregateCall&, State& state, const Interval& value) {
    state.sum = interval_add(state.sum, value);
    ++state.count;
  }
  static void remove(const AggregateCall&, State& state, const Interval& value) {
    state.sum = interval_subtract(state.sum, value);
    --state.count;
  }
  static void merge(const AggregateCall&, State& into, const State& from) {
    into.sum = interval_add(into.sum, from.sum);
    into.count += from.count;
  }
  static Value finish(const AggregateCall&, const State& state) {
    if (state.count == 0) return Value::null();
    if (!average) return Datum::of_interval(state.sum);
    return Datum::of_interval(interval_divide(state.sum, static_cast<double>(state.count)));
  }
};

template <typename T, bool maximum>
struct Extreme {
  using Args = TypeList<T>;
  struct State {
    T best{};
    bool any = false;
  };
  // NaN is above everything.
  static bool less(const T& a, const T& b) {
    if constexpr (std::is_floating_point_v<T>) {
      return (a < b) | ((b != b) & (a == a));
    } else {
      return a < b;
    }
  }
  static void add(const AggregateCall&, State& state, const T& value) {
    bool better = !state.any || (maximum ? less(state.best, value) : less(value, state.best));
    state.best = better ? value : state.best;
    state.any = true;
  }
  static bool add_all(const AggregateCall& call, State& state, std::span<const Vector* const> args,
                      uint32_t count) requires std::is_integral_v<T> {
    if (count == 0 || args[0]->has_nulls()) return count == 0;
    add(call, state, simd_call<extreme_of<maximum, T>>(args[0]->template unified<T>(), count));
    return true;
  }
  static void merge(const AggregateCall& call, State& into, const State& from) {
    if (from.any) add(call, into, from.best);
  }
  static Value finish(const AggregateCall&, const State& state) {
    if (!state.any) return Value::null();
    Datum datum;
    std::memcpy(static_cast<void*>(&datum), &state.best, sizeof(T));
    return datum;
  }
};

// Types without a cheap order, by the type's comparison; the best value's bytes are kept in a
// buffer that grows by doubling, so that a slowly rising maximum does not fill the arena.
template <bool maximum>
struct ExtremeByType {
  struct State {
    Datum best;
    bool any = false;
    uint32_t room = 0;
    char* buffer = nullptr;
  };
  static void keep(const AggregateCall& call, State& state, const TypeInfo& type,
                   const Datum& value) {
    state.any = true;
    state.best = value;
    if (type.physical != PhysicalType::kVarlen || value.str.is_inline()) return;
    uint32_t size = value.str.size();
    if (size > state.room) {
      state.room = size * 2;
      state.buffer = call.arena.allocate_bytes(state.room);
    }
    std::memmove(state.buffer, value.str.data(), size);
    state.best.str = StringRef(state.buffer, size);
  }
  static void add(const AggregateCall& call, State& state, const Value* values) {
    if (values[0].is_null) return;
    const TypeInfo& type = type_info(call.expr.args[0]->type.oid);
    if (state.any) {
      int order = type.compare(values[0].datum, state.best, type);
      if (maximum ? order <= 0 : order >= 0) return;
    }
    keep(call, state, type, values[0].datum);
  }
  static void merge(const AggregateCall& call, State& into, const State& from) {
    Value value(from.best);
    if (from.any) add(call, into, &value);
  }
  static Value finish(const AggregateCall&, const State& state) {
    return state.any ? Value(state.best) : Value::null();
  }
};

template <typename T, auto combine>
struct Fold {
  using Args = TypeList<T>;
  struct State {
    T value{};
    bool any = false;
  };
  static void add(const AggregateCall&, State& state, const T& value) {
    state.value = state.any ? combine(state.value, value) : value;
    state.any = true;
  }
  static void merge(const AggregateCall& call, State& into, const State& from) {
    if (from.any) add(call, into, from.value);
  }
  static Value finish(const AggregateCall&, const State& state) {
    if (!state.any) return Value::null();
    Datum datum;
    std::memcpy(static_cast<void*>(&datum), &state.value, sizeof(T));
    return datum;
  }
};
template <typename T>
constexpr auto kAnd = [](T a, T b) -> T { return static_cast<T>(a & b); };
template <typename T>
constexpr auto kOr = [](T a, T b) -> T { return static_cast<T>(a | b); };
template <typename T>
constexpr auto kXor = [](T a, T b) -> T { return static_cast<T>(a ^ b); };

#define LUMA_EXTREMES(sql, T)                                                   \
  aggregate_row("min(" sql ")", aggregate_of<Extreme<T, false>>(), "smallest"), \
      aggregate_row("max(" sql ")", aggregate_of<Extreme<T, true>>(), "largest")
#define LUMA_TYPE_EXTREMES(sql)                                                    \
  aggregate_row("min(" sql ")", aggregate_of<ExtremeByType<false>>(), "smallest"), \
      aggregate_row("max(" sql ")", aggregate_of<ExtremeByType<true>>(), "largest")
#define LUMA_BITS(sql, T)                                                \
  aggregate_row("bit_and(" sql ")", aggregate_of<Fold<T, kAnd<T>>>()),   \
      aggregate_row("bit_or(" sql ")", aggregate_of<Fold<T, kOr<T>>>()), \
      aggregate_row("bit_xor(" sql ")", aggregate_of<Fold<T, kXor<T>>>())

const KernelRow kRows[] = {
    aggregate_row("count()", aggregate_of<CountRows>(), "number of rows"),
    aggregate_row("count(any)", &CountValues::kFunction, "number of values that are not null"),
    aggregate_row("sum(int2)", aggregate_of<SumToInt8<int16_t>>(), "sum"),
    aggregate_row("sum(int4)", aggregate_of<SumToInt8<int32_t>>(), "sum"),
    aggregate_row("sum(int8)", aggregate_of<SumInt8>(), "sum"),
    aggregate_row("sum(float4)", aggregate_of<SumFloat<float>>(), "sum"),
    aggregate_row("sum(float8)", aggregate_of<SumFloat<double>>(), "sum"),
    aggregate_row("sum(numeric)", aggregate_of<NumericTotal<false>>(), "sum"),
    aggregate_row("sum(money)", aggregate_of<SumMoney>(), "sum"),
    aggregate_row("sum(interval)", aggregate_of<IntervalTotal<false>>(), "sum"),
    aggregate_row("avg(int2)", aggregate_of<AverageInteger<int16_t>>(), "average"),
    aggregate_row("avg(int4)", aggregate_of<AverageInteger<int32_t>>(), "average"),
    aggregate_row("avg(int8)", aggregate_of<AverageInteger<int64_t>>(), "average"),
    aggregate_row("avg(numeric)", aggregate_of<NumericTotal<true>>(), "average"),
    aggregate_row("avg(interval)", aggregate_of<IntervalTotal<true>>(), "average"),
    LUMA_EXTREMES("int2", int16_t),
    LUMA_EXTREMES("int4", int32_t),
    LUMA_EXTREMES("int8", int64_t),
    LUMA_EXTREMES("oid", uint32_t),
    LUMA_EXTREMES("float4", float),
    LUMA_EXTREMES("float8", double),
    LUMA_EXTREMES("date", int32_t),
    LUMA_EXTREMES("time", int64_t),
    LUMA_EXTREMES("timestamp", int64_t),
    LUMA_EXTREMES("timestamptz", int64_t),
    LUMA_EXTREMES("money", int64_t),
    LUMA_TYPE_EXTREMES("timetz"),
    LUMA_TYPE_EXTREMES("interval"),
    LUMA_TYPE_EXTREMES("text"),
    LUMA_TYPE_EXTREMES("bpchar"),
    LUMA_TYPE_EXTREMES("numeric"),
    LUMA_TYPE_EXTREMES("tid"),
    LUMA_TYPE_EXTREMES("inet"),
    LUMA_EXTREMES("xid8", uint64_t),
    LUMA_EXTREMES("pg_lsn", uint64_t),
    LUMA_TYPE_EXTREMES("anyarray"),
    LUMA_TYPE_EXTREMES("anyenum"),
    aggregate_row("bool_and(bool)", aggregate_of<Fold<bool, kAnd<bool>>>(), "whether all are true"),
    aggregate_row("every(bool)", aggregate_of<Fold<bool, kAnd<bool>>>(), "whether all are true"),
    aggregate_row("bool_or(bool)", aggregate_of<Fold<bool, kOr<bool>>>(), "whether any is true"),
    LUMA_BITS("int2", int16_t),
    LUMA_BITS("int4", int32_t),
    LUMA_BITS("int8", int64_t),
};

}  // namespace

std::span<const KernelRow> aggregate_sum_kernels() { return kRows; }

}  // namespace luma
