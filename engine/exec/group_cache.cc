#include "engine/exec/group_cache.h"

#include <algorithm>
#include <cstring>

namespace luma {

namespace {
// Both words of a NULL. Shorter values leave the second word 0, and in a string of 16 bytes the
// first word holds a size that no inline one has.
constexpr uint64_t kNullWord = ~uint64_t{0};
}  // namespace

GroupCache::GroupCache(std::span<const KeyType> keys) {
  if (keys.empty() || keys.size() > kMaxColumns) return;
  for (const KeyType& key : keys) types_.push_back(key.physical);
}

void GroupCache::clear() {
  is_on_ = !types_.empty();
  found_ = missed_ = 0;
  if (!is_on_) return;
  slots_.resize(kSlots);
  groups_.assign(kSlots, nullptr);
  keys_.resize(kVectorSize);
  usable_.resize(kVectorSize);
}

// A key's words are the value's bits with zeros behind them.
template <typename T>
void GroupCache::load(const Vector& column, size_t number, uint32_t count) {
  auto values = column.unified<T>();
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t index = values.index(i);
    uint64_t* words = keys_[i].words + number * 2;
    if (!values.valid_at(index)) {
      words[0] = words[1] = kNullWord;
      continue;
    }
    words[0] = words[1] = 0;
    std::memcpy(words, &values.data[index], sizeof(T));
    if constexpr (sizeof(T) == sizeof(StringRef)) {
      // Strings have their size in front: all ones are no inline string.
      usable_[i] &= static_cast<uint32_t>(words[0]) <= StringRef::kInlineBytes ? 1 : 0;
    }
  }
}

bool GroupCache::same(const Key& a, const Key& b) const {
  uint64_t difference = 0;
  for (size_t w = 0; w < types_.size() * 2; ++w) difference |= a.words[w] ^ b.words[w];
  return difference == 0;
}

size_t GroupCache::slot_of(const Key& key) const {
  uint64_t hash = 0;
  for (size_t w = 0; w < types_.size() * 2; ++w) {
    hash = (hash ^ key.words[w]) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  return (hash >> 32) % kSlots;
}

uint32_t GroupCache::find(std::span<const Vector* const> columns, uint32_t count, std::byte** rows,
                          uint32_t* missing) {
  std::fill_n(usable_.begin(), count, uint8_t{1});
  for (size_t c = 0; c < types_.size(); ++c) {
    switch (physical_size(types_[c])) {
      case 1:
        load<uint8_t>(*columns[c], c, count);
        break;
      case 2:
        load<uint16_t>(*columns[c], c, count);
        break;
      case 4:
        load<uint32_t>(*columns[c], c, count);
        break;
      case 8:
        load<uint64_t>(*columns[c], c, count);
        break;
      default:
        // Not only strings: intervals and the like are cached when they look like one.
        load<Datum>(*columns[c], c, count);
        break;
    }
  }
  uint32_t misses = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const size_t slot = slot_of(keys_[i]);
    if (usable_[i] != 0 && groups_[slot] != nullptr && same(slots_[slot], keys_[i])) {
      rows[i] = groups_[slot];
    } else {
      missing[misses++] = i;
    }
  }
  found_ += count - misses;
  missed_ += misses;
  if (found_ + missed_ >= kMinRowsToJudge) {
    is_on_ = missed_ < found_ / 4;
    found_ = missed_ = 0;
  }
  return misses;
}

void GroupCache::add(const uint32_t* missing, uint32_t count, std::byte* const* rows) {
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t row = missing[i];
    if (usable_[row] == 0 || rows[row] == nullptr) continue;
    const size_t slot = slot_of(keys_[row]);
    slots_[slot] = keys_[row];
    groups_[slot] = rows[row];
  }
}

}  // namespace luma
