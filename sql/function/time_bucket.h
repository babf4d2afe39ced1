#pragma once
// Buckets of time: the arithmetic behind time_bucket() and time_buckets(), and which functions fill
// the gaps between buckets (sql/bind/bind_gap_fill.cc). Pure functions; 22023 for a width that is
// not positive, 22008 for results out of range.
#include <cstdint>

#include "engine/type/interval.h"
#include "engine/type/oid.h"

namespace luma {

// The start of the bucket that holds a time. Buckets of months begin in January 2000, others on
// Monday, 2000-01-03. Infinite times are their own buckets.
int64_t timestamp_bucket(const Interval& width, int64_t time);
int32_t date_bucket(const Interval& width, int32_t date);
int32_t integer_bucket(int32_t width, int32_t value);
int64_t integer_bucket(int64_t width, int64_t value);

// The oids of what this project adds to PostgreSQL's functions for time series.
namespace time_series_oid {
constexpr Oid kFirstGapfillBucket = 9020, kLastGapfillBucket = 9029;  // time_bucket_gapfill()
constexpr Oid kFirstLocf = 9030, kLastLocf = 9032;
constexpr Oid kFirstInterpolate = 9033, kLastInterpolate = 9037;
constexpr Oid kFirstSeries = 9040;  // time_buckets()
}  // namespace time_series_oid

// time_bucket_gapfill(): a group of which every bucket gets a row.
constexpr bool is_gapfill_bucket(Oid function) {
  return function >= time_series_oid::kFirstGapfillBucket &&
         function <= time_series_oid::kLastGapfillBucket;
}
constexpr bool is_interpolation(Oid function) {
  return function >= time_series_oid::kFirstInterpolate &&
         function <= time_series_oid::kLastInterpolate;
}
// locf() and interpolate(): window functions without OVER, whose last arguments the binder adds:
// whether the row fills a gap, and for interpolate() its bucket.
constexpr bool fills_gaps(Oid function) {
  return is_interpolation(function) ||
         (function >= time_series_oid::kFirstLocf && function <= time_series_oid::kLastLocf);
}

}  // namespace luma
