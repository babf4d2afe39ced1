// Codec rows of date, time, timetz, timestamp, timestamptz and interval.
#include <cstdlib>

#include "engine/base/sql_error.h"
#include "engine/type/datetime.h"
#include "engine/type/interval.h"
#include "engine/type/key_bytes.h"
#include "engine/type/value_hash.h"
#include "engine/type/wire_bytes.h"

namespace luma {
namespace {

constexpr int kZoneLimitSecs = 16 * 3600;

template <typename T>
int order(T a, T b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

SqlError out_of_range(const char* what) {
  return sql_error(SqlState::kDatetimeFieldOverflow, "{} out of range", what);
}

Datum date_in(std::string_view text, const TypeInfo&, int32_t, const IoContext& io, Arena&) {
  return Datum::of_int32(date_from_text(text, io));
}
void date_out(const Datum& v, const TypeInfo&, const IoContext& io, std::string& out) {
  date_to_text(v.i32, io, out);
}
Datum date_receive(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  auto date = static_cast<int32_t>(reader.u32());
  reader.expect_end();
  if (date_is_finite(date) && !date_in_range(date)) throw out_of_range("date");
  return Datum::of_int32(date);
}

Datum time_in(std::string_view text, const TypeInfo&, int32_t, const IoContext& io, Arena&) {
  return Datum::of_int64(time_from_text(text, io));
}
void time_out(const Datum& v, const TypeInfo&, const IoContext&, std::string& out) {
  time_to_text(v.i64, out);
}
Datum time_receive(std::string_view bytes, const TypeInfo&, int32_t typmod, const IoContext&,
                   Arena&) {
  WireReader reader(bytes);
  auto time = static_cast<int64_t>(reader.u64());
  reader.expect_end();
  if (time < 0 || time > kMicrosPerDay) throw out_of_range("time");
  return Datum::of_int64(round_micros(time, typmod));
}

Datum timestamp_in(std::string_view text, const TypeInfo&, int32_t, const IoContext& io, Arena&) {
  return Datum::of_int64(timestamp_from_text(text, io));
}
void timestamp_out(const Datum& v, const TypeInfo&, const IoContext& io, std::string& out) {
  timestamp_to_text(v.i64, io, out);
}
Datum timestamp_receive(std::string_view bytes, const TypeInfo&, int32_t typmod, const IoContext&,
                        Arena&) {
  WireReader reader(bytes);
  auto timestamp = static_cast<int64_t>(reader.u64());
  reader.expect_end();
  if (timestamp_is_finite(timestamp) && !timestamp_in_range(timestamp))
    throw out_of_range("timestamp");
  return Datum::of_int64(round_timestamp(timestamp, typmod));
}
Datum timestamptz_in(std::string_view text, const TypeInfo&, int32_t, const IoContext& io, Arena&) {
  return Datum::of_int64(timestamptz_from_text(text, io));
}
void timestamptz_out(const Datum& v, const TypeInfo&, const IoContext& io, std::string& out) {
  timestamptz_to_text(v.i64, io, out);
}

Datum timetz_in(std::string_view text, const TypeInfo&, int32_t, const IoContext& io, Arena&) {
  return Datum::of_timetz(timetz_from_text(text, io));
}
void timetz_out(const Datum& v, const TypeInfo&, const IoContext&, std::string& out) {
  timetz_to_text(v.timetz, out);
}
Datum timetz_receive(std::string_view bytes, const TypeInfo&, int32_t typmod, const IoContext&,
                     Arena&) {
  WireReader reader(bytes);
  TimeTz v{static_cast<int64_t>(reader.u64()), static_cast<int32_t>(reader.u32()), 0};
  reader.expect_end();
  if (v.micros < 0 || v.micros > kMicrosPerDay) throw out_of_range("time");
  if (v.zone_secs <= -kZoneLimitSecs || v.zone_secs >= kZoneLimitSecs) {
    throw sql_error(SqlState::kInvalidTimeZoneDisplacementValue,
                    "time zone displacement out of range");
  }
  v.micros = round_micros(v.micros, typmod);
  return Datum::of_timetz(v);
}
void timetz_send(const Datum& v, const TypeInfo&, const IoContext&, std::string& out) {
  put_u64(out, static_cast<uint64_t>(v.timetz.micros));
  put_u32(out, static_cast<uint32_t>(v.timetz.zone_secs));
}
int timetz_order(const Datum& a, const Datum& b, const TypeInfo&) {
  return timetz_compare(a.timetz, b.timetz);
}
uint64_t timetz_hash(const Datum& v, const TypeInfo&) {
  return hash_mix(hash_int64(v.timetz.micros), static_cast<uint64_t>(v.timetz.zone_secs));
}
void timetz_key(const Datum& v, const TypeInfo&, std::string& out) {
  put_key_int64(out, v.timetz.micros + v.timetz.zone_secs * kMicrosPerSec);
  put_key_int32(out, v.timetz.zone_secs);
}
Datum timetz_from_key(std::string_view& key, const TypeInfo&, Arena&) {
  int64_t utc = take_key_int64(key);
  int32_t zone_secs = take_key_int32(key);
  return Datum::of_timetz({utc - zone_secs * kMicrosPerSec, zone_secs, 0});
}

Datum interval_in(std::string_view text, const TypeInfo&, int32_t typmod, const IoContext& io,
                  Arena&) {
  return Datum::of_interval(
      apply_interval_typmod(parse_interval(text, typmod, io.interval_style), typmod));
}
void interval_out(const Datum& v, const TypeInfo&, const IoContext& io, std::string& out) {
  interval_to_text(v.interval, io.interval_style, out);
}
Datum interval_receive(std::string_view bytes, const TypeInfo&, int32_t typmod, const IoContext&,
                       Arena&) {
  WireReader reader(bytes);
  Interval v;
  v.micros = static_cast<int64_t>(reader.u64());
  v.days = static_cast<int32_t>(reader.u32());
  v.months = static_cast<int32_t>(reader.u32());
  reader.expect_end();
  return Datum::of_interval(apply_interval_typmod(v, typmod));
}
void interval_send(const Datum& v, const TypeInfo&, const IoContext&, std::string& out) {
  put_u64(out, static_cast<uint64_t>(v.interval.micros));
  put_u32(out, static_cast<uint32_t>(v.interval.days));
  put_u32(out, static_cast<uint32_t>(v.interval.months));
}
int interval_order(const Datum& a, const Datum& b, const TypeInfo&) {
  return interval_compare(a.interval, b.interval);
}
uint64_t interval_hash(const Datum& v, const TypeInfo&) {
  __int128 span = interval_span(v.interval);
  return hash_mix(hash_int64(static_cast<int64_t>(span)), static_cast<uint64_t>(span >> 64));
}
void interval_key(const Datum& v, const TypeInfo&, std::string& out) {
  __int128 span = interval_span(v.interval);
  put_key_int64(out, static_cast<int64_t>(span >> 64));
  put_u64(out, static_cast<uint64_t>(span));
}

void send_int32(const Datum& v, const TypeInfo&, const IoContext&, std::string& out) {
  put_u32(out, static_cast<uint32_t>(v.i32));
}
void send_int64(const Datum& v, const TypeInfo&, const IoContext&, std::string& out) {
  put_u64(out, static_cast<uint64_t>(v.i64));
}
int order_int32(const Datum& a, const Datum& b, const TypeInfo&) { return order(a.i32, b.i32); }
int order_int64(const Datum& a, const Datum& b, const TypeInfo&) { return order(a.i64, b.i64); }
uint64_t hash_of_int32(const Datum& v, const TypeInfo&) { return hash_int64(v.i32); }
uint64_t hash_of_int64(const Datum& v, const TypeInfo&) { return hash_int64(v.i64); }
void key_of_int32(const Datum& v, const TypeInfo&, std::string& out) { put_key_int32(out, v.i32); }
void key_of_int64(const Datum& v, const TypeInfo&, std::string& out) { put_key_int64(out, v.i64); }
Datum int32_from_key(std::string_view& key, const TypeInfo&, Arena&) {
  return Datum::of_int32(take_key_int32(key));
}
Datum int64_from_key(std::string_view& key, const TypeInfo&, Arena&) {
  return Datum::of_int64(take_key_int64(key));
}

}  // namespace

std::span<const TypeCodec> datetime_codecs() {
  static constexpr TypeCodec kCodecs[] = {
      {"date", PhysicalType::kInt32, date_in, date_out, date_receive, send_int32, order_int32,
       hash_of_int32, key_of_int32, int32_from_key},
      {"time", PhysicalType::kInt64, time_in, time_out, time_receive, send_int64, order_int64,
       hash_of_int64, key_of_int64, int64_from_key},
      {"timetz", PhysicalType::kTimeTz, timetz_in, timetz_out, timetz_receive, timetz_send,
       timetz_order, timetz_hash, timetz_key, timetz_from_key},
      {"timestamp", PhysicalType::kInt64, timestamp_in, timestamp_out, timestamp_receive,
       send_int64, order_int64, hash_of_int64, key_of_int64, int64_from_key},
      {"timestamptz", PhysicalType::kInt64, timestamptz_in, timestamptz_out, timestamp_receive,
       send_int64, order_int64, hash_of_int64, key_of_int64, int64_from_key},
      {"interval", PhysicalType::kInterval, interval_in, interval_out, interval_receive,
       interval_send, interval_order, interval_hash, interval_key, nullptr},
  };
  return kCodecs;
}

}  // namespace luma
