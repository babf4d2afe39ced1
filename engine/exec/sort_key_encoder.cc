#include "engine/exec/sort_key_encoder.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/base/sql_error.h"
#include "engine/type/key_bytes.h"

namespace luma {

namespace {

constexpr char kNullFirstTag = 0, kValueTag = 1, kNullLastTag = 2;

// Types whose keys are written here, without a call per value.
bool has_inline_fixed_key(const KeyType& type) {
  switch (type.physical) {
    case PhysicalType::kBool:
    case PhysicalType::kFloat:
    case PhysicalType::kDouble:
      return true;
    default:
      return type.orders_as_integer();
  }
}

template <typename U>
void store_big_endian(char* at, U value) {
  if constexpr (sizeof(U) == 2) value = __builtin_bswap16(value);
  if constexpr (sizeof(U) == 4) value = __builtin_bswap32(value);
  if constexpr (sizeof(U) == 8) value = __builtin_bswap64(value);
  std::memcpy(at, &value, sizeof value);
}

template <typename S>
auto signed_key(S value) {
  using U = std::make_unsigned_t<S>;
  return static_cast<U>(static_cast<U>(value) ^ (U{1} << (sizeof(U) * 8 - 1)));
}

// IEEE bits made to order like unsigned numbers; NaN above everything, -0 equal to 0.
uint32_t float_key(float value) {
  if (std::isnan(value)) value = std::numeric_limits<float>::quiet_NaN();
  if (value == 0) value = 0;
  auto bits = std::bit_cast<uint32_t>(value);
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
}
uint64_t double_key(double value) {
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  if (value == 0) value = 0;
  auto bits = std::bit_cast<uint64_t>(value);
  return (bits >> 63) != 0 ? ~bits : bits | 0x8000000000000000u;
}

template <typename T, typename Key>
void fixed_loop(const SortColumn& column, const Vector& vector, uint32_t count, char* to,
                uint32_t stride, Key key) {
  auto values = vector.unified<T>();
  const char null_tag = column.nulls_first ? kNullFirstTag : kNullLastTag;
  for (uint32_t i = 0; i < count; ++i, to += stride) {
    uint32_t index = values.index(i);
    if (!values.valid_at(index)) {
      to[0] = null_tag;
      std::memset(to + 1, 0, sizeof(T));
      continue;
    }
    auto bits = key(values.data[index]);
    if (column.descending) bits = static_cast<decltype(bits)>(~bits);
    to[0] = kValueTag;
    store_big_endian(to + 1, bits);
  }
}

}  // namespace

SortColumn SortColumn::of(const SortKey& key) {
  SortColumn column;
  column.type = KeyType::of(*key.expr);
  column.descending = key.descending;
  column.nulls_first = key.nulls_first;
  column.less_than = key.less_than;
  column.expr = key.expr;
  return column;
}

SortKeyEncoder::SortKeyEncoder(std::vector<SortColumn> columns) : columns_(std::move(columns)) {
  bool fixed = true;
  for (const SortColumn& column : columns_) {
    bool inline_fixed = has_inline_fixed_key(column.type);
    bool has_key = inline_fixed || column.type.key_class == KeyClass::kBytes ||
                   (column.type.info != nullptr && column.type.info->key_encode != nullptr);
    encodable_ = encodable_ && has_key && column.less_than == nullptr;
    fixed = fixed && inline_fixed;
    fixed_bytes_ += 1 + column.type.size_bytes();
  }
  if (!fixed) fixed_bytes_ = 0;
}

void SortKeyEncoder::encode_fixed(std::span<const Vector* const> columns, uint32_t count) {
  bytes_.resize(size_t{count} * fixed_bytes_);
  uint32_t offset = 0;
  for (size_t c = 0; c < columns_.size(); ++c) {
    const SortColumn& column = columns_[c];
    const Vector& vector = *columns[c];
    char* to = bytes_.data() + offset;
    switch (column.type.physical) {
      case PhysicalType::kBool:
        fixed_loop<uint8_t>(column, vector, count, to, fixed_bytes_, [](uint8_t v) { return v; });
        break;
      case PhysicalType::kInt16:
        fixed_loop<int16_t>(column, vector, count, to, fixed_bytes_, signed_key<int16_t>);
        break;
      case PhysicalType::kInt32:
        fixed_loop<int32_t>(column, vector, count, to, fixed_bytes_, signed_key<int32_t>);
        break;
      case PhysicalType::kFloat:
        fixed_loop<float>(column, vector, count, to, fixed_bytes_, float_key);
        break;
      case PhysicalType::kDouble:
        fixed_loop<double>(column, vector, count, to, fixed_bytes_, double_key);
        break;
      default:
        fixed_loop<int64_t>(column, vector, count, to, fixed_bytes_, signed_key<int64_t>);
        break;
    }
    offset += 1 + column.type.size_bytes();
  }
}

void SortKeyEncoder::encode_value(const SortColumn& column, const Value& value,
                                  std::string& out) const {
  if (value.is_null) {
    out.push_back(column.nulls_first ? kNullFirstTag : kNullLastTag);
    return;
  }
  out.push_back(kValueTag);
  size_t start = out.size();
  if (column.type.key_class == KeyClass::kBytes) {
    put_key_text(out, value.datum.str.view());
  } else if (has_inline_fixed_key(column.type)) {
    char bytes[8];
    switch (column.type.physical) {
      case PhysicalType::kBool:
        bytes[0] = value.datum.b ? 1 : 0;
        break;
      case PhysicalType::kInt16:
        store_big_endian(bytes, signed_key(value.datum.i16));
        break;
      case PhysicalType::kInt32:
        store_big_endian(bytes, signed_key(value.datum.i32));
        break;
      case PhysicalType::kFloat:
        store_big_endian(bytes, float_key(value.datum.f32));
        break;
      case PhysicalType::kDouble:
        store_big_endian(bytes, double_key(value.datum.f64));
        break;
      default:
        store_big_endian(bytes, signed_key(value.datum.i64));
        break;
    }
    out.append(bytes, column.type.size_bytes());
  } else {
    column.type.info->key_encode(value.datum, *column.type.info, out);
  }
  if (column.descending) {
    for (size_t i = start; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
  }
}

void SortKeyEncoder::encode(std::span<const Vector* const> columns, uint32_t count, Vector& out) {
  LUMA_DCHECK(encodable_);
  out.begin_flat();
  auto* keys = out.mutable_data<StringRef>();
  if (fixed_bytes_ != 0) {
    encode_fixed(columns, count);
    for (uint32_t i = 0; i < count; ++i) {
      keys[i] = StringRef(bytes_.data() + size_t{i} * fixed_bytes_, fixed_bytes_);
    }
    return;
  }
  bytes_.clear();
  ends_.resize(count);
  for (uint32_t i = 0; i < count; ++i) {
    for (size_t c = 0; c < columns_.size(); ++c)
      encode_value(columns_[c], columns[c]->value(i), bytes_);
    ends_[i] = static_cast<uint32_t>(bytes_.size());
  }
  for (uint32_t i = 0, start = 0; i < count; start = ends_[i++]) {
    keys[i] = StringRef(bytes_.data() + start, ends_[i] - start);
  }
}

int SortKeyEncoder::compare(EvalContext& context, const Value* a, const Value* b) const {
  for (size_t c = 0; c < columns_.size(); ++c) {
    const SortColumn& column = columns_[c];
    if (a[c].is_null || b[c].is_null) {
      if (a[c].is_null == b[c].is_null) continue;
      return a[c].is_null == column.nulls_first ? -1 : 1;
    }
    int order = 0;
    if (column.less_than != nullptr) {
      auto less = [&](const Value& x, const Value& y) {
        Vector left(column.type.physical, 1), right(column.type.physical, 1);
        Vector result(PhysicalType::kBool, 1);
        left.set_constant(x);
        right.set_constant(y);
        const Vector* args[] = {&left, &right};
        column.less_than({context, *column.expr, args, 1}, result);
        Value answer = result.value(0);
        return !answer.is_null && answer.datum.b;
      };
      order = less(a[c], b[c]) ? -1 : (less(b[c], a[c]) ? 1 : 0);
    } else {
      order = key_compare(column.type, a[c].datum, b[c].datum);
    }
    if (order != 0) return column.descending && column.less_than == nullptr ? -order : order;
  }
  return 0;
}

}  // namespace luma
