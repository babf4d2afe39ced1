#pragma once
// The physical form of one SQL value: 16 bytes, without its type and without its NULL flag.
//
// Physical classes (PhysicalType) are few; SQL types map onto them in engine/type/type_info.h:
//   bool -> kBool; "char" -> kInt8; int2 -> kInt16; int4, date, oid, xid, reg* -> kInt32;
//   int8, time, timestamp, timestamptz, money -> kInt64; float4/8 -> kFloat/kDouble;
//   interval -> kInterval; uuid -> kUuid; timetz -> kTimeTz;
//   everything else (text, bytea, numeric, json, jsonb, arrays, records, ...) -> kVarlen.
// Dates count days, times and timestamps microseconds, both from 2000-01-01 (PostgreSQL's epoch);
// +-infinity are the extreme values. oid-like values are unsigned: cast to uint32_t to compare.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace luma {

enum class PhysicalType : uint8_t {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFloat,
  kDouble,
  kInterval,
  kUuid,
  kTimeTz,
  kVarlen
};

// Bytes that one value takes in a vector or in the fixed area of a row.
constexpr uint32_t physical_size(PhysicalType type) {
  switch (type) {
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
      return 1;
    case PhysicalType::kInt16:
      return 2;
    case PhysicalType::kInt32:
    case PhysicalType::kFloat:
      return 4;
    case PhysicalType::kInt64:
    case PhysicalType::kDouble:
      return 8;
    default:
      return 16;
  }
}

struct Interval {
  int64_t micros;
  int32_t days;
  int32_t months;
};

struct Uuid {
  uint8_t bytes[16];
};

struct TimeTz {
  int64_t micros;     // time of day
  int32_t zone_secs;  // seconds west of UTC, as PostgreSQL stores it
  int32_t unused;     // keeps copies deterministic; always 0
};

// A string or any other variable-length value: length, and either up to 12 bytes inline or a 4-byte
// prefix and a pointer to bytes that somebody else owns (an arena, a vector's heap, a pinned row).
class StringRef {
 public:
  static constexpr uint32_t kInlineBytes = 12;

  StringRef() : size_(0) { std::memset(inline_, 0, sizeof inline_); }
  StringRef(const char* data, uint32_t size) : size_(size) {
    if (size <= kInlineBytes) {
      std::memset(inline_, 0, sizeof inline_);
      if (size != 0) std::memcpy(inline_, data, size);
    } else {
      std::memcpy(inline_, data, 4);
      std::memcpy(inline_ + 4, &data, sizeof data);
    }
  }
  explicit StringRef(std::string_view text)
      : StringRef(text.data(), static_cast<uint32_t>(text.size())) {}

  uint32_t size() const { return size_; }
  bool is_inline() const { return size_ <= kInlineBytes; }
  const char* data() const {
    if (is_inline()) return inline_;
    const char* pointer;
    std::memcpy(&pointer, inline_ + 4, sizeof pointer);
    return pointer;
  }
  // Of an inline string the view points into this object: do not take it from a temporary.
  std::string_view view() const { return {data(), size_}; }

  bool operator==(const StringRef& other) const {
    // Length and prefix in one comparison; it settles nearly every mismatch.
    if (std::memcmp(this, &other, 8) != 0) return false;
    if (is_inline()) return std::memcmp(inline_ + 4, other.inline_ + 4, 8) == 0;
    return std::memcmp(data(), other.data(), size_) == 0;
  }

 private:
  uint32_t size_;
  char inline_[kInlineBytes];
};
static_assert(sizeof(StringRef) == 16);

union Datum {
  bool b;
  int8_t i8;
  int16_t i16;
  int32_t i32;
  int64_t i64;
  float f32;
  double f64;
  Interval interval;
  Uuid uuid;
  TimeTz timetz;
  StringRef str;

  Datum() : str() {}
  static Datum of_bool(bool v) {
    Datum d;
    d.b = v;
    return d;
  }
  static Datum of_int8(int8_t v) {
    Datum d;
    d.i8 = v;
    return d;
  }
  static Datum of_int16(int16_t v) {
    Datum d;
    d.i16 = v;
    return d;
  }
  static Datum of_int32(int32_t v) {
    Datum d;
    d.i32 = v;
    return d;
  }
  static Datum of_oid(uint32_t v) { return of_int32(static_cast<int32_t>(v)); }
  static Datum of_int64(int64_t v) {
    Datum d;
    d.i64 = v;
    return d;
  }
  static Datum of_float(float v) {
    Datum d;
    d.f32 = v;
    return d;
  }
  static Datum of_double(double v) {
    Datum d;
    d.f64 = v;
    return d;
  }
  static Datum of_interval(Interval v) {
    Datum d;
    d.interval = v;
    return d;
  }
  static Datum of_uuid(Uuid v) {
    Datum d;
    d.uuid = v;
    return d;
  }
  static Datum of_timetz(TimeTz v) {
    Datum d;
    d.timetz = v;
    return d;
  }
  static Datum of_string(StringRef v) {
    Datum d;
    d.str = v;
    return d;
  }
  static Datum of_string(std::string_view v) {
    Datum d;
    d.str = StringRef(v);
    return d;
  }
  uint32_t oid() const { return static_cast<uint32_t>(i32); }
};
static_assert(sizeof(Datum) == 16);

// A datum with its NULL flag. Does not own what a long string points to.
struct Value {
  Datum datum;
  bool is_null = true;

  Value() = default;
  Value(Datum d) : datum(d), is_null(false) {}  // NOLINT: implicit on purpose
  static Value null() { return {}; }
};

}  // namespace luma
