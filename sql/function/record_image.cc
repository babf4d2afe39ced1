#include "sql/function/record_image.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/type/record.h"
#include "engine/type/type_info.h"

namespace luma {
namespace {

// The machine word that PostgreSQL keeps a small value in, which it compares without a sign.
uint64_t word_of(const Datum& value, PhysicalType physical) {
  switch (physical) {
    case PhysicalType::kBool:
      return value.b ? 1 : 0;
    case PhysicalType::kInt8:
      return static_cast<uint64_t>(int64_t{value.i8});
    case PhysicalType::kInt16:
      return static_cast<uint64_t>(int64_t{value.i16});
    case PhysicalType::kInt32:
      return static_cast<uint64_t>(int64_t{value.i32});
    case PhysicalType::kFloat:
      return static_cast<uint64_t>(int64_t{std::bit_cast<int32_t>(value.f32)});
    case PhysicalType::kDouble:
      return std::bit_cast<uint64_t>(value.f64);
    default:
      return static_cast<uint64_t>(value.i64);
  }
}

int compare_bytes(std::string_view a, std::string_view b) {
  int order = std::memcmp(a.data(), b.data(), std::min(a.size(), b.size()));
  if (order != 0) return order < 0 ? -1 : 1;
  return a.size() < b.size() ? -1 : a.size() > b.size();
}

std::string_view fixed_bytes(const Datum& value, PhysicalType physical) {
  return {reinterpret_cast<const char*>(&value), physical_size(physical)};
}

int compare_images(const Datum& a, const Datum& b, const TypeInfo& type) {
  switch (type.physical) {
    case PhysicalType::kVarlen:
      if (type.type_type == 'c' || type.oid == type_oid::kRecord)
        return compare_record_images(a, b);
      return compare_bytes(a.str.view(), b.str.view());
    case PhysicalType::kInterval:
    case PhysicalType::kUuid:
    case PhysicalType::kTimeTz:
      return compare_bytes(fixed_bytes(a, type.physical), fixed_bytes(b, type.physical));
    default: {
      uint64_t x = word_of(a, type.physical), y = word_of(b, type.physical);
      return x < y ? -1 : x > y;
    }
  }
}

}  // namespace

int compare_record_images(const Datum& a, const Datum& b) {
  RecordView x(a);
  RecordView y(b);
  for (uint32_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (x.type(i).oid != y.type(i).oid) {
      throw sql_error(SqlState::kDatatypeMismatch,
                      "cannot compare dissimilar column types {} and {} at record column {}",
                      format_type(x.type(i).oid), format_type(y.type(i).oid), i + 1);
    }
    Value p = x.field(i);
    Value q = y.field(i);
    if (p.is_null && q.is_null) continue;
    if (p.is_null || q.is_null) return p.is_null ? 1 : -1;
    int order = compare_images(p.datum, q.datum, type_info(x.type(i).oid));
    if (order != 0) return order;
  }
  if (x.size() != y.size()) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "cannot compare record types with different numbers of columns");
  }
  return 0;
}

}  // namespace luma
