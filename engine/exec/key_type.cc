#include "engine/exec/key_type.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"

namespace luma {

namespace {

bool compares_bytewise(Oid oid) {
  switch (oid) {
    case type_oid::kText:
    case type_oid::kVarchar:
    case type_oid::kBytea:
    case type_oid::kName:
    case type_oid::kUnknown:
    case type_oid::kCstring:
      return true;
    default:
      return false;
  }
}

Datum load_datum(PhysicalType physical, const std::byte* at) {
  Datum datum;
  std::memcpy(&datum, at, physical_size(physical));
  return datum;
}

uint32_t float_bits(float value) {
  if (std::isnan(value)) value = std::numeric_limits<float>::quiet_NaN();
  if (value == 0) value = 0;
  return std::bit_cast<uint32_t>(value);
}
uint64_t double_bits(double value) {
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  if (value == 0) value = 0;
  return std::bit_cast<uint64_t>(value);
}

template <typename T, typename Hash>
void hash_loop(const Vector& column, uint32_t count, bool first, uint64_t* hashes, Hash hash) {
  auto values = column.unified<T>();
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t index = values.index(i);
    uint64_t h = values.valid_at(index) ? hash(values.data[index]) : kNullHash;
    hashes[i] = first ? h : hash_mix(hashes[i], h);
  }
}

template <typename T>
uint64_t hash_bits(const T& value) {
  if constexpr (sizeof(T) == 16) {
    uint64_t words[2];
    std::memcpy(words, &value, 16);
    return hash_mix(words[0], words[1] ^ 0x9e3779b97f4a7c15u);
  } else {
    return hash_int64(static_cast<int64_t>(value));
  }
}

// Writes a column's values to byte `offset` of each key and its NULL flag to bit `bit` of the last
// byte.
template <typename T, typename Convert>
void pack_loop(const Vector& column, uint32_t count, uint32_t offset, uint32_t bit, PackedKey* keys,
               Convert convert) {
  auto values = column.unified<T>();
  const uint64_t null_bit = uint64_t{1} << (56 + bit);
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t index = values.index(i);
    if (values.valid_at(index)) {
      auto raw = convert(values.data[index]);
      std::memcpy(reinterpret_cast<char*>(&keys[i]) + offset, &raw, sizeof raw);
    } else {
      keys[i].high |= null_bit;
    }
  }
}

bool is_signed_number(Oid oid) {
  switch (oid) {
    case type_oid::kInt2:
    case type_oid::kInt4:
    case type_oid::kInt8:
    case type_oid::kDate:
    case type_oid::kTime:
    case type_oid::kTimestamp:
    case type_oid::kTimestamptz:
    case type_oid::kMoney:
      return true;
    default:
      return false;
  }
}

}  // namespace

// Without a TypeInfo (internal columns) integers are signed.
bool KeyType::orders_as_integer() const {
  const bool integer = physical == PhysicalType::kInt16 || physical == PhysicalType::kInt32 ||
                       physical == PhysicalType::kInt64;
  return integer && (info == nullptr || is_signed_number(info->oid));
}

KeyType KeyType::of(TypeRef type, PhysicalType physical) {
  KeyType key;
  key.info = find_type(type.oid);
  key.physical = physical;
  switch (physical) {
    case PhysicalType::kFloat:
      key.key_class = KeyClass::kFloat;
      break;
    case PhysicalType::kDouble:
      key.key_class = KeyClass::kDouble;
      break;
    case PhysicalType::kInterval:
    case PhysicalType::kTimeTz:
    case PhysicalType::kVarlen:
      if (key.info == nullptr || compares_bytewise(type.oid)) {
        key.key_class = physical == PhysicalType::kVarlen ? KeyClass::kBytes : KeyClass::kBits;
      } else {
        key.key_class = KeyClass::kGeneric;
        if (key.info->compare == nullptr || key.info->hash == nullptr) {
          throw sql_error(SqlState::kUndefinedFunction,
                          "could not identify an equality operator for type {}",
                          format_type(type.oid));
        }
      }
      break;
    default:
      key.key_class = KeyClass::kBits;
      break;
  }
  return key;
}

KeyType KeyType::of(const Expr& expr) { return of(expr.type, expr.physical); }

void hash_column(const KeyType& type, const Vector& column, uint32_t count, bool first,
                 uint64_t* hashes) {
  switch (type.key_class) {
    case KeyClass::kBits:
      switch (type.size_bytes()) {
        case 1:
          hash_loop<int8_t>(column, count, first, hashes, hash_bits<int8_t>);
          return;
        case 2:
          hash_loop<int16_t>(column, count, first, hashes, hash_bits<int16_t>);
          return;
        case 4:
          hash_loop<int32_t>(column, count, first, hashes, hash_bits<int32_t>);
          return;
        case 8:
          hash_loop<int64_t>(column, count, first, hashes, hash_bits<int64_t>);
          return;
        default:
          hash_loop<Datum>(column, count, first, hashes, hash_bits<Datum>);
          return;
      }
    case KeyClass::kFloat:
      hash_loop<float>(column, count, first, hashes,
                       [](float v) { return hash_int64(float_bits(v)); });
      return;
    case KeyClass::kDouble:
      hash_loop<double>(column, count, first, hashes,
                        [](double v) { return hash_int64(static_cast<int64_t>(double_bits(v))); });
      return;
    case KeyClass::kBytes:
      hash_loop<StringRef>(column, count, first, hashes,
                           [](const StringRef& v) { return hash_bytes(v.view()); });
      return;
    case KeyClass::kGeneric:
      hash_loop<Datum>(column, count, first, hashes,
                       [&](const Datum& v) { return type.info->hash(v, *type.info); });
      return;
  }
}

void hash_columns(std::span<const KeyType> types, std::span<const Vector* const> columns,
                  uint32_t count, uint64_t* hashes) {
  if (types.empty()) std::fill_n(hashes, count, kNullHash);
  for (size_t c = 0; c < types.size(); ++c)
    hash_column(types[c], *columns[c], count, c == 0, hashes);
}

bool key_equal(const KeyType& type, const std::byte* a, const std::byte* b) {
  switch (type.key_class) {
    case KeyClass::kBits:
      return std::memcmp(a, b, type.size_bytes()) == 0;
    case KeyClass::kFloat: {
      Datum x = load_datum(type.physical, a), y = load_datum(type.physical, b);
      return float_bits(x.f32) == float_bits(y.f32);
    }
    case KeyClass::kDouble: {
      Datum x = load_datum(type.physical, a), y = load_datum(type.physical, b);
      return double_bits(x.f64) == double_bits(y.f64);
    }
    case KeyClass::kBytes:
      return load_datum(type.physical, a).str == load_datum(type.physical, b).str;
    case KeyClass::kGeneric:
      return type.info->compare(load_datum(type.physical, a), load_datum(type.physical, b),
                                *type.info) == 0;
  }
  return false;
}

int key_compare(const KeyType& type, const Datum& a, const Datum& b) {
  if (type.info != nullptr && type.info->compare != nullptr)
    return type.info->compare(a, b, *type.info);
  auto three_way = [](auto x, auto y) { return x < y ? -1 : (y < x ? 1 : 0); };
  switch (type.physical) {
    case PhysicalType::kBool:
      return three_way(a.b, b.b);
    case PhysicalType::kInt8:
      return three_way(a.i8, b.i8);
    case PhysicalType::kInt16:
      return three_way(a.i16, b.i16);
    case PhysicalType::kInt32:
      return three_way(a.i32, b.i32);
    case PhysicalType::kInt64:
      return three_way(a.i64, b.i64);
    case PhysicalType::kFloat:
      return three_way(a.f32, b.f32);
    case PhysicalType::kDouble:
      return three_way(a.f64, b.f64);
    case PhysicalType::kVarlen:
      return three_way(a.str.view(), b.str.view());
    default:
      return std::memcmp(&a, &b, sizeof(Datum));
  }
}

bool can_pack(std::span<const KeyType> types) {
  uint32_t bytes = 0;
  for (const KeyType& type : types) {
    if (!type.is_packable()) return false;
    bytes += type.size_bytes();
  }
  return bytes <= 15 && types.size() <= 8;
}

void pack_keys(std::span<const KeyType> types, std::span<const Vector* const> columns,
               uint32_t count, PackedKey* keys) {
  std::fill_n(keys, count, PackedKey{});
  auto same = [](auto v) { return v; };
  uint32_t offset = 0;
  for (uint32_t c = 0; c < types.size(); ++c) {
    const Vector& column = *columns[c];
    switch (types[c].key_class) {
      case KeyClass::kFloat:
        pack_loop<float>(column, count, offset, c, keys, float_bits);
        break;
      case KeyClass::kDouble:
        pack_loop<double>(column, count, offset, c, keys, double_bits);
        break;
      default:
        switch (types[c].size_bytes()) {
          case 1:
            pack_loop<int8_t>(column, count, offset, c, keys, same);
            break;
          case 2:
            pack_loop<int16_t>(column, count, offset, c, keys, same);
            break;
          case 4:
            pack_loop<int32_t>(column, count, offset, c, keys, same);
            break;
          default:
            pack_loop<int64_t>(column, count, offset, c, keys, same);
            break;
        }
    }
    offset += types[c].size_bytes();
  }
}

}  // namespace luma
