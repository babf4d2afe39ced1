#include "engine/type/array.h"

#include <algorithm>
#include <cstring>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

constexpr uint32_t kHasNulls = 1;
constexpr size_t kHeaderBytes = 12;

uint32_t load_u32(const char* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace

uint32_t array_element_count(std::span<const ArrayDimension> dimensions) {
  if (dimensions.empty()) return 0;
  int64_t count = 1;
  for (const ArrayDimension& dimension : dimensions) {
    count *= dimension.length;
    bool bound_overflows = int64_t{dimension.lower_bound} + dimension.length > INT32_MAX;
    if (bound_overflows) {
      throw sql_error(SqlState::kProgramLimitExceeded, "array lower bound is too large: {}",
                      dimension.lower_bound);
    }
    if (count > kMaxArraySize) {
      throw sql_error(SqlState::kProgramLimitExceeded,
                      "array size exceeds the maximum allowed ({})", kMaxArraySize);
    }
  }
  return static_cast<uint32_t>(count);
}

ArrayView::ArrayView(const Datum& value) {
  const char* bytes = value.str.data();
  dimension_count_ = static_cast<int>(load_u32(bytes));
  uint32_t flags = load_u32(bytes + 4);
  element_oid_ = load_u32(bytes + 8);
  element_type_ = &type_info(element_oid_);
  if (element_type_->physical != PhysicalType::kVarlen)
    element_bytes_ = physical_size(element_type_->physical);
  if (dimension_count_ == 0) return;
  const char* at = bytes + kHeaderBytes;
  size_ = 1;
  for (int i = 0; i < dimension_count_; ++i) {
    std::memcpy(&dimensions_[i], at, sizeof(ArrayDimension));
    size_ *= static_cast<uint32_t>(dimensions_[i].length);
    at += sizeof(ArrayDimension);
  }
  if ((flags & kHasNulls) != 0) {
    nulls_ = at;
    at += (size_ + 7) / 8;
  }
  elements_ = at;
}

Datum ArrayView::datum(uint32_t i) const {
  Datum result;
  if (element_bytes_ != 0) {
    std::memcpy(&result, elements_ + size_t{i} * element_bytes_, element_bytes_);
    return result;
  }
  uint32_t start = i == 0 ? 0 : load_u32(elements_ + (size_t{i} - 1) * 4);
  uint32_t end = load_u32(elements_ + size_t{i} * 4);
  return Datum::of_string(StringRef(elements_ + size_t{size_} * 4 + start, end - start));
}

Value ArrayView::at(std::span<const int32_t> subscripts) const {
  if (dimension_count_ == 0 || subscripts.size() != static_cast<size_t>(dimension_count_))
    return Value::null();
  uint32_t index = 0;
  for (size_t i = 0; i < subscripts.size(); ++i) {
    int64_t offset = int64_t{subscripts[i]} - dimensions_[i].lower_bound;
    if (offset < 0 || offset >= dimensions_[i].length) return Value::null();
    index = index * static_cast<uint32_t>(dimensions_[i].length) + static_cast<uint32_t>(offset);
  }
  return element(index);
}

ArrayBuilder::ArrayBuilder(Oid element_oid)
    : ArrayBuilder(element_oid, type_info(element_oid).physical) {}

ArrayBuilder::ArrayBuilder(Oid element_oid, PhysicalType physical)
    : element_oid_(element_oid), physical_(physical) {}

void ArrayBuilder::add(const Value& value) {
  ++size_;
  nulls_.push_back(value.is_null);
  has_nulls_ |= value.is_null;
  if (physical_ != PhysicalType::kVarlen) {
    size_t bytes = physical_size(physical_);
    if (value.is_null) {
      bytes_.append(bytes, '\0');
    } else {
      bytes_.append(reinterpret_cast<const char*>(&value.datum), bytes);
    }
    return;
  }
  if (!value.is_null) bytes_.append(value.datum.str.view());
  ends_.push_back(static_cast<uint32_t>(bytes_.size()));
}

void ArrayBuilder::clear() {
  size_ = 0;
  has_nulls_ = false;
  nulls_.clear();
  ends_.clear();
  bytes_.clear();
}

Datum ArrayBuilder::finish(Arena& arena, int32_t lower_bound) const {
  if (size_ == 0) return empty_array(element_oid_);
  ArrayDimension dimension{static_cast<int32_t>(size_), lower_bound};
  return finish({&dimension, 1}, arena);
}

Datum ArrayBuilder::finish(std::span<const ArrayDimension> dimensions, Arena& arena) const {
  LUMA_CHECK(array_element_count(dimensions) == size_);
  if (size_ == 0) return empty_array(element_oid_);
  size_t bitmap_bytes = has_nulls_ ? (size_ + 7) / 8 : 0;
  size_t total = kHeaderBytes + dimensions.size_bytes() + bitmap_bytes +
                 ends_.size() * sizeof(uint32_t) + bytes_.size();
  if (total > (size_t{1} << 30)) {
    throw sql_error(SqlState::kProgramLimitExceeded, "array size exceeds the maximum allowed ({})",
                    1 << 30);
  }
  char* bytes = arena.allocate_bytes(total);
  char* at = bytes;
  auto put = [&at](const void* from, size_t count) {
    if (count != 0) std::memcpy(at, from, count);
    at += count;
  };
  const uint32_t header[3] = {static_cast<uint32_t>(dimensions.size()), has_nulls_ ? kHasNulls : 0,
                              element_oid_};
  put(header, sizeof header);
  put(dimensions.data(), dimensions.size_bytes());
  if (has_nulls_) {
    std::memset(at, 0, bitmap_bytes);
    for (uint32_t i = 0; i < size_; ++i) {
      if (nulls_[i]) at[i / 8] = static_cast<char>(at[i / 8] | 1 << (i % 8));
    }
    at += bitmap_bytes;
  }
  put(ends_.data(), ends_.size() * sizeof(uint32_t));
  put(bytes_.data(), bytes_.size());
  return Datum::of_string(StringRef(bytes, static_cast<uint32_t>(total)));
}

Datum empty_array(Oid element_oid) {
  const uint32_t header[3] = {0, 0, element_oid};
  return Datum::of_string(StringRef(reinterpret_cast<const char*>(header), sizeof header));
}

int compare_arrays(const Datum& a, const Datum& b) {
  ArrayView x(a);
  ArrayView y(b);
  const TypeInfo& type = x.element_type();
  if (x.element_oid() != y.element_oid()) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "cannot compare arrays of different element types");
  }
  if (type.compare == nullptr) {
    throw sql_error(SqlState::kUndefinedFunction,
                    "could not identify a comparison function for type {}", format_type(type.oid));
  }
  uint32_t common = std::min(x.size(), y.size());
  for (uint32_t i = 0; i < common; ++i) {
    bool x_null = x.is_null(i);
    bool y_null = y.is_null(i);
    if (x_null || y_null) {
      if (x_null && y_null) continue;
      return x_null ? 1 : -1;  // NULL sorts above values, and equals itself
    }
    int order = type.compare(x.datum(i), y.datum(i), type);
    if (order != 0) return order;
  }
  if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
  if (x.dimension_count() != y.dimension_count())
    return x.dimension_count() < y.dimension_count() ? -1 : 1;
  for (int i = 0; i < x.dimension_count(); ++i) {
    int32_t p = x.dimension(i).length;
    int32_t q = y.dimension(i).length;
    if (p != q) return p < q ? -1 : 1;
  }
  for (int i = 0; i < x.dimension_count(); ++i) {
    int32_t p = x.dimension(i).lower_bound;
    int32_t q = y.dimension(i).lower_bound;
    if (p != q) return p < q ? -1 : 1;
  }
  return 0;
}

}  // namespace luma
