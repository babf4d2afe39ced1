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
  static constexpr size_t kMaxWords = kMaxColumns * 2;

  template <typename T>
  void load(const Vector& column, size_t number, size_t word, uint32_t count);
  void load_keys(std::span<const Vector* const> columns, uint32_t count);
  template <size_t kWords>
  uint32_t look_up(uint32_t count, std::byte** rows, uint32_t* missing) const;
  template <size_t kWords>
  size_t slot_of(uint32_t row) const;
  template <size_t kWords>
  uint64_t difference(size_t slot, uint32_t row) const;  // 0: the slot is of the row's key
  template <size_t kWords>
  void remember(const uint32_t* missing, uint32_t count, std::byte* const* rows);
  // Calls function(std::integral_constant<size_t, word_count_>()).
  template <typename Function>
  void with_word_count(Function&& function);

  uint64_t* word(size_t number) { return words_.data() + number * kVectorSize; }
  const uint64_t* word(size_t number) const { return words_.data() + number * kVectorSize; }

  std::vector<PhysicalType> types_;
  size_t word_count_ = 0;  // of a key: two for a type of 16 bytes, else one for each
  bool is_on_ = false;
  uint32_t found_ = 0, missed_ = 0;
  // Of slots: word_count_ words each; which columns are NULL (their words are 0); the group, null
  // where the slot is free.
  std::vector<uint64_t> slot_words_;
  std::vector<uint8_t> slot_flags_;
  std::vector<std::byte*> groups_;
  // Of the rows at hand: one word of all keys after the other; flags as above.
  std::vector<uint64_t> words_;
  std::vector<uint8_t> flags_;
};

}  // namespace luma
