#pragma once
// Remembers where a few keys have their groups, by the bits of the keys: with few groups, nearly
// every row is found here without hashing or comparing values of its type. Equal bits are equal
// values; the same value in other bits, and strings that are not inline, are just not found. The
// GroupTable knows the rest. Not thread-safe.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/exec/key_type.h"
#include "engine/vector/vector.h"

namespace luma {

class GroupCache {
 public:
  // Keys with more columns are not cached.
  static constexpr size_t kMaxColumns = 4;

  explicit GroupCache(std::span<const KeyType> keys);

  bool is_on() const { return is_on_; }
  // Forgets everything.
  void clear();
  // Group rows of keys that are known into `rows`; the others' numbers into `missing`. Returns how
  // many are missing. Turns itself off when that is most of them.
  uint32_t find(std::span<const Vector* const> columns, uint32_t count, std::byte** rows,
                uint32_t* missing);
  // Remembers the groups of missing rows, of the same columns as the last find().
  void add(const uint32_t* missing, uint32_t count, std::byte* const* rows);

 private:
  static constexpr size_t kSlots = 256;
  static constexpr uint32_t kMinRowsToJudge = 16384;
  struct Key {
    uint64_t words[kMaxColumns * 2];
  };

  template <typename T>
  void load(const Vector& column, size_t number, uint32_t count);
  bool same(const Key& a, const Key& b) const;
  size_t slot_of(const Key& key) const;

  std::vector<PhysicalType> types_;
  bool is_on_ = false;
  uint32_t found_ = 0, missed_ = 0;
  std::vector<Key> slots_;
  std::vector<std::byte*> groups_;  // of slots; null: free
  std::vector<Key> keys_;           // of the rows at hand
  std::vector<uint8_t> usable_;
};

}  // namespace luma
