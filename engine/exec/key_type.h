#pragma once
// How values of one type are hashed, compared for equality and ordered by the operators that group,
// join and sort. Most types are handled by their bits without a call per value; the others go
// through the TypeInfo. Everything here is a pure function; KeyType is a small value.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/type/type_info.h"
#include "engine/type/value_hash.h"
#include "engine/vector/vector.h"

namespace luma {

struct Expr;

enum class KeyClass : uint8_t {
  kBits,   // equal bits, equal values (integers, dates, uuid, bool)
  kFloat,  // -0 = 0 and all NaNs are equal
  kDouble,
  kBytes,    // strings that compare bytewise
  kGeneric,  // TypeInfo::hash and compare
};

struct KeyType {
  const TypeInfo* info = nullptr;  // nullptr for types without a registry row: their bits decide
  PhysicalType physical = PhysicalType::kInt64;
  KeyClass key_class = KeyClass::kBits;

  // Throws 42883 when the type has no equality (json, point, ...).
  static KeyType of(TypeRef type, PhysicalType physical);
  static KeyType of(const Expr& expr);
  static KeyType int64() { return {}; }

  // The order is that of its bits as a signed integer.
  bool orders_as_integer() const;
  uint32_t size_bytes() const { return physical_size(physical); }
  // May take part in a PackedKey.
  bool is_packable() const {
    return key_class != KeyClass::kBytes && key_class != KeyClass::kGeneric;
  }
};

inline constexpr uint64_t kNullHash = 0x7c0ffee5eed1234bu;

// hashes[i] = hash of row i of `column` (first), or that mixed into what is there.
void hash_column(const KeyType& type, const Vector& column, uint32_t count, bool first,
                 uint64_t* hashes);
void hash_columns(std::span<const KeyType> types, std::span<const Vector* const> columns,
                  uint32_t count, uint64_t* hashes);

// Equality of two non-NULL values at the given addresses.
bool key_equal(const KeyType& type, const std::byte* a, const std::byte* b);
inline bool key_equal(const KeyType& type, const Datum& a, const Datum& b) {
  return key_equal(type, reinterpret_cast<const std::byte*>(&a),
                   reinterpret_cast<const std::byte*>(&b));
}
// The type's order; <0, 0, >0.
int key_compare(const KeyType& type, const Datum& a, const Datum& b);

// Up to 15 bytes of keys in two words, their NULL flags in the last byte: equal words, equal keys.
struct PackedKey {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const PackedKey& other) const {
    return ((low ^ other.low) | (high ^ other.high)) == 0;
  }
  uint64_t hash() const { return hash_mix(low, high ^ 0x9e3779b97f4a7c15u); }
  bool has_null() const { return (high >> 56) != 0; }
};
bool can_pack(std::span<const KeyType> types);
// Needs can_pack(types).
void pack_keys(std::span<const KeyType> types, std::span<const Vector* const> columns,
               uint32_t count, PackedKey* keys);

}  // namespace luma
