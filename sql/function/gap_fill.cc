// What fills gaps in time series: time_bucket_gapfill(), which the binder replaces by time_bucket()
// and rows for the missing buckets (sql/bind/bind_gap_fill.cc); time_buckets(), the buckets of a
// span of time; locf() and interpolate(), which give the added rows values.
#include <functional>
#include <optional>

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/datetime.h"
#include "engine/type/datetime_arithmetic.h"
#include "sql/function/families.h"
#include "sql/function/time_bucket.h"

namespace luma {

namespace {

using std::string_view;

Value gapfill_out_of_place(RowCall&, const Value*) {
  throw sql_error(SqlState::kFeatureNotSupported,
                  "no top level time_bucket_gapfill in group by clause");
}

// --- time_buckets(width, start, finish [, with_finish]) ---

// From `first` while below `finish`; `advance` makes a bucket the next one, false at the end of
// the type.
template <typename T>
class BucketSeries final : public TableFunctionState {
 public:
  using Advance = std::function<bool(T&)>;
  BucketSeries(T first, T finish, bool with_finish, Advance advance)
      : next_(first), finish_(finish), with_finish_(with_finish), advance_(std::move(advance)) {}

  void next(EvalContext&, Chunk& out) override {
    Vector& column = out.columns[0];
    T* data = column.mutable_data<T>();
    uint32_t count = 0;
    while (!done_ && count < column.capacity() &&
           (next_ < finish_ || (with_finish_ && next_ == finish_))) {
      data[count++] = next_;
      done_ = !advance_(next_);
    }
    out.size = count;
  }

 private:
  T next_, finish_;
  bool with_finish_, done_ = false;
  Advance advance_;
};

bool any_null(std::span<const Value> args) {
  for (const Value& value : args) {
    if (value.is_null) return true;
  }
  return false;
}
bool with_finish(std::span<const Value> args) { return args.size() > 3 && args[3].datum.b; }

[[noreturn]] void infinite_bound() {
  throw SqlError(SqlState::kInvalidParameterValue, "start and finish must be finite");
}

template <typename T>
T integer_of(const Value& value) {
  if constexpr (sizeof(T) == 4) {
    return value.datum.i32;
  } else {
    return value.datum.i64;
  }
}

template <typename T>
std::unique_ptr<TableFunctionState> integer_buckets(EvalContext&, const Expr&,
                                                    std::span<const Value> args) {
  if (any_null(args)) return nullptr;
  T width = integer_of<T>(args[0]);
  return std::make_unique<BucketSeries<T>>(
      integer_bucket(width, integer_of<T>(args[1])), integer_of<T>(args[2]), with_finish(args),
      [width](T& bucket) { return !__builtin_add_overflow(bucket, width, &bucket); });
}

std::unique_ptr<TableFunctionState> timestamp_buckets(EvalContext&, const Expr&,
                                                      std::span<const Value> args) {
  if (any_null(args)) return nullptr;
  Interval width = args[0].datum.interval;
  int64_t start = args[1].datum.i64, finish = args[2].datum.i64;
  if (!timestamp_is_finite(start) || !timestamp_is_finite(finish)) infinite_bound();
  return std::make_unique<BucketSeries<int64_t>>(timestamp_bucket(width, start), finish,
                                                 with_finish(args), [width](int64_t& bucket) {
                                                   bucket = timestamp_add(bucket, width);
                                                   return true;
                                                 });
}

std::unique_ptr<TableFunctionState> date_buckets(EvalContext&, const Expr&,
                                                 std::span<const Value> args) {
  if (any_null(args)) return nullptr;
  Interval width = args[0].datum.interval;
  int32_t start = args[1].datum.i32, finish = args[2].datum.i32;
  if (!date_is_finite(start) || !date_is_finite(finish)) infinite_bound();
  return std::make_unique<BucketSeries<int32_t>>(
      date_bucket(width, start), finish, with_finish(args), [width](int32_t& bucket) {
        bucket = timestamp_to_date(timestamp_add(date_to_timestamp(bucket), width));
        return true;
      });
}

// --- locf(value [, before [, skip_nulls]]) ---

bool is_gap(WindowPartition& partition, uint32_t flag, uint64_t row) {
  return partition.argument(flag, row).datum.b;
}

void locf(const AggregateCall& call, WindowPartition& partition, uint64_t from, uint32_t count,
          Vector& result) {
  auto flag = static_cast<uint32_t>(call.expr.args.size() - 1);  // added by the binder
  bool has_before = flag > 1;
  bool skips_nulls = false;
  if (flag > 2) {
    Value given = partition.argument(2, from);
    skips_nulls = !given.is_null && given.datum.b;
  }
  // The last row at or before `row` whose value is carried on; none: the row count.
  uint64_t none = partition.row_count();
  auto carries = [&](uint64_t row) {
    return !is_gap(partition, flag, row) && !(skips_nulls && partition.argument(0, row).is_null);
  };
  uint64_t source = none;
  for (uint64_t row = from; row-- > 0 && source == none;) {
    if (carries(row)) source = row;
  }
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t row = from + i;
    if (carries(row)) source = row;
    if (source != none) {
      result.set_value(i, partition.argument(0, source));
    } else if (has_before && (skips_nulls || is_gap(partition, flag, row))) {
      result.set_value(i, partition.argument(1, row));
    } else {
      result.set_null(i);
    }
  }
}

// --- interpolate(value) ---

int64_t place_of(const Expr& bucket, const Value& value) {
  return bucket.physical == PhysicalType::kInt16   ? value.datum.i16
         : bucket.physical == PhysicalType::kInt32 ? value.datum.i32
                                                   : value.datum.i64;
}

template <typename T>
T between(T a, T b, int64_t from_a, int64_t span) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>((static_cast<double>(a) * static_cast<double>(span - from_a) +
                           static_cast<double>(b) * static_cast<double>(from_a)) /
                          static_cast<double>(span));
  } else {
    return static_cast<T>(
        (static_cast<__int128>(a) * (span - from_a) + static_cast<__int128>(b) * from_a) / span);
  }
}

template <typename T>
T number_of(const Value& value) {
  return reinterpret_cast<const T&>(value.datum);
}
template <typename T>
Datum datum_of(T value) {
  Datum datum{};
  reinterpret_cast<T&>(datum) = value;
  return datum;
}

template <typename T>
void interpolate(const AggregateCall& call, WindowPartition& partition, uint64_t from,
                 uint32_t count, Vector& result) {
  constexpr uint32_t kFlag = 1, kBucket = 2;  // added by the binder
  uint64_t rows = partition.row_count();
  const Expr& bucket = *call.expr.args[kBucket];
  uint64_t before = rows, after = 0;
  for (uint64_t row = from; row-- > 0 && before == rows;) {
    if (!is_gap(partition, kFlag, row)) before = row;
  }
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t row = from + i;
    if (!is_gap(partition, kFlag, row)) {
      before = row;
      result.set_value(i, partition.argument(0, row));
      continue;
    }
    for (after = std::max(after, row); after < rows && is_gap(partition, kFlag, after);) ++after;
    if (before == rows || after == rows) {
      result.set_null(i);
      continue;
    }
    Value a = partition.argument(0, before), b = partition.argument(0, after);
    if (a.is_null || b.is_null) {
      result.set_null(i);
      continue;
    }
    int64_t start = place_of(bucket, partition.argument(kBucket, before));
    int64_t end = place_of(bucket, partition.argument(kBucket, after));
    int64_t here = place_of(bucket, partition.argument(kBucket, row));
    result.set_value(
        i, datum_of<T>(between<T>(number_of<T>(a), number_of<T>(b), here - start, end - start)));
  }
}

// --- facts ---
constexpr string_view kGapfillNames[] = {"bucket_width", "ts", "start", "finish"};
constexpr string_view kSeriesNames[] = {"bucket_width", "start", "finish", "with_finish"};
constexpr string_view kLocfNames[] = {"value", "prev", "treat_null_as_missing"};

constexpr KernelRow added(KernelRow row, Oid oid, string_view result,
                          std::span<const string_view> names, bool strict = false) {
  row.extension.oid = oid;
  row.extension.result_type = result;
  row.extension.strict = strict;
  row.extension.arg_names = names;
  return row;
}
constexpr KernelRow gapfill(string_view signature, Oid offset, string_view result) {
  return added(scalar_row(signature, row_kernel<gapfill_out_of_place, false>,
                          "time_bucket in GROUP BY, with rows for the buckets that have none"),
               time_series_oid::kFirstGapfillBucket + offset, result, kGapfillNames);
}
constexpr KernelRow series(string_view signature, TableFunction function, Oid offset,
                           string_view result) {
  KernelRow row = added(table_row(signature, function, "the buckets from start to finish"),
                        time_series_oid::kFirstSeries + offset, result, kSeriesNames, true);
  row.extension.returns_set = true;
  return row;
}
constexpr KernelRow carried(string_view signature, const WindowFunction* function, Oid oid,
                            string_view result, string_view doc) {
  return added(window_row(signature, function, doc), oid, result, kLocfNames);
}

constexpr WindowFunction kLocf{locf};
constexpr WindowFunction kInterpolateInt2{interpolate<int16_t>},
    kInterpolateInt4{interpolate<int32_t>}, kInterpolateInt8{interpolate<int64_t>},
    kInterpolateFloat4{interpolate<float>}, kInterpolateFloat8{interpolate<double>};
constexpr string_view kLocfDoc = "in gaps, the last value before";
constexpr string_view kInterpolateDoc = "in gaps, on the line between the values around";
constexpr Oid kLocfOid = time_series_oid::kFirstLocf;
constexpr Oid kInterpolateOid = time_series_oid::kFirstInterpolate;

const KernelRow kRows[] = {
    gapfill("time_bucket_gapfill(int4,int4)", 0, "int4"),
    gapfill("time_bucket_gapfill(int4,int4,int4,int4)", 1, "int4"),
    gapfill("time_bucket_gapfill(int8,int8)", 2, "int8"),
    gapfill("time_bucket_gapfill(int8,int8,int8,int8)", 3, "int8"),
    gapfill("time_bucket_gapfill(interval,date)", 4, "date"),
    gapfill("time_bucket_gapfill(interval,date,date,date)", 5, "date"),
    gapfill("time_bucket_gapfill(interval,timestamp)", 6, "timestamp"),
    gapfill("time_bucket_gapfill(interval,timestamp,timestamp,timestamp)", 7, "timestamp"),
    gapfill("time_bucket_gapfill(interval,timestamptz)", 8, "timestamptz"),
    gapfill("time_bucket_gapfill(interval,timestamptz,timestamptz,timestamptz)", 9, "timestamptz"),
    carried("locf(anyelement)", &kLocf, kLocfOid, "anyelement", kLocfDoc),
    carried("locf(anyelement,anyelement)", &kLocf, kLocfOid + 1, "anyelement", kLocfDoc),
    carried("locf(anyelement,anyelement,bool)", &kLocf, kLocfOid + 2, "anyelement", kLocfDoc),
    carried("interpolate(int2)", &kInterpolateInt2, kInterpolateOid, "int2", kInterpolateDoc),
    carried("interpolate(int4)", &kInterpolateInt4, kInterpolateOid + 1, "int4", kInterpolateDoc),
    carried("interpolate(int8)", &kInterpolateInt8, kInterpolateOid + 2, "int8", kInterpolateDoc),
    carried("interpolate(float4)", &kInterpolateFloat4, kInterpolateOid + 3, "float4",
            kInterpolateDoc),
    carried("interpolate(float8)", &kInterpolateFloat8, kInterpolateOid + 4, "float8",
            kInterpolateDoc),
    series("time_buckets(int4,int4,int4)", integer_buckets<int32_t>, 0, "int4"),
    series("time_buckets(int4,int4,int4,bool)", integer_buckets<int32_t>, 1, "int4"),
    series("time_buckets(int8,int8,int8)", integer_buckets<int64_t>, 2, "int8"),
    series("time_buckets(int8,int8,int8,bool)", integer_buckets<int64_t>, 3, "int8"),
    series("time_buckets(interval,date,date)", date_buckets, 4, "date"),
    series("time_buckets(interval,date,date,bool)", date_buckets, 5, "date"),
    series("time_buckets(interval,timestamp,timestamp)", timestamp_buckets, 6, "timestamp"),
    series("time_buckets(interval,timestamp,timestamp,bool)", timestamp_buckets, 7, "timestamp"),
    series("time_buckets(interval,timestamptz,timestamptz)", timestamp_buckets, 8, "timestamptz"),
    series("time_buckets(interval,timestamptz,timestamptz,bool)", timestamp_buckets, 9,
           "timestamptz"),
};

}  // namespace

std::span<const KernelRow> gap_fill_kernels() { return kRows; }

}  // namespace luma
