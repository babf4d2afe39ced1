#include "sql/optimize/key_slack.h"

#include <array>
#include <cmath>
#include <limits>

#include "engine/exec/kernel_adapter.h"
#include "engine/type/datetime.h"
#include "engine/type/type_info.h"
#include "sql/optimize/calls.h"

namespace luma {

namespace {

constexpr int64_t kDayMicros = 86'400'000'000;
// No time zone is further from UTC, whatever the session's is when the bound is evaluated.
constexpr int64_t kZoneSlack = kDayMicros;

bool is_infinite(int64_t timestamp) {
  return timestamp == kTimestampInfinity || timestamp == kTimestampNegInfinity;
}

// Beyond all timestamps is infinity: nothing finite lies there.
template <int64_t slack>
int64_t moved(int64_t timestamp) {
  int64_t out;
  if (is_infinite(timestamp) || slack == 0) return timestamp;
  if (!__builtin_add_overflow(timestamp, slack, &out)) return out;
  return slack > 0 ? kTimestampInfinity : kTimestampNegInfinity;
}

template <int64_t slack>
int64_t timestamp_of_date(int32_t date) {
  if (date == std::numeric_limits<int32_t>::max()) return kTimestampInfinity;
  if (date == std::numeric_limits<int32_t>::min()) return kTimestampNegInfinity;
  int64_t out;
  if (__builtin_mul_overflow(int64_t{date}, kDayMicros, &out)) {
    return date > 0 ? kTimestampInfinity : kTimestampNegInfinity;
  }
  return moved<slack>(out);
}

template <int64_t slack>
int32_t date_of_timestamp(int64_t timestamp) {
  const int64_t at = moved<slack>(timestamp);
  if (at == kTimestampInfinity) return std::numeric_limits<int32_t>::max();
  if (at == kTimestampNegInfinity) return std::numeric_limits<int32_t>::min();
  const int64_t days = at / kDayMicros - (at % kDayMicros < 0 ? 1 : 0);
  return static_cast<int32_t>(days);
}

template <bool upper>
float float_beside(double value) {
  constexpr float kEnd =
      upper ? std::numeric_limits<float>::infinity() : -std::numeric_limits<float>::infinity();
  return std::nextafter(static_cast<float>(value), kEnd);
}

struct Row {
  Oid from, key;
  VectorKernel lower, upper;
};

using namespace type_oid;
constexpr auto kRows = std::to_array<Row>({
    {kDate, kTimestamp, strict_kernel<&timestamp_of_date<0>>, strict_kernel<&timestamp_of_date<0>>},
    {kDate, kTimestamptz, strict_kernel<&timestamp_of_date<-kZoneSlack>>,
     strict_kernel<&timestamp_of_date<kZoneSlack>>},
    {kTimestamp, kTimestamptz, strict_kernel<&moved<-kZoneSlack>>,
     strict_kernel<&moved<kZoneSlack>>},
    {kTimestamptz, kTimestamp, strict_kernel<&moved<-kZoneSlack>>,
     strict_kernel<&moved<kZoneSlack>>},
    {kTimestamp, kDate, strict_kernel<&date_of_timestamp<0>>, strict_kernel<&date_of_timestamp<0>>},
    {kTimestamptz, kDate, strict_kernel<&date_of_timestamp<-kZoneSlack>>,
     strict_kernel<&date_of_timestamp<kZoneSlack>>},
    {kFloat8, kFloat4, strict_kernel<&float_beside<false>>, strict_kernel<&float_beside<true>>},
});

const Row* find_row(Oid from, Oid key) {
  for (const Row& row : kRows) {
    if (row.from == from && row.key == key) return &row;
  }
  return nullptr;
}

}  // namespace

bool has_loose_bounds(Oid from, Oid key) { return find_row(from, key) != nullptr; }

Expr* loose_lower_bound(PlanContext& context, Expr* value, Oid key) {
  return make_kernel_call(context, find_row(value->type.oid, key)->lower, value, key);
}

Expr* loose_upper_bound(PlanContext& context, Expr* value, Oid key) {
  return make_kernel_call(context, find_row(value->type.oid, key)->upper, value, key);
}

}  // namespace luma
