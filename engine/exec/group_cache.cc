#include "engine/exec/group_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace luma {

namespace {

// A row whose key cannot be told from its bits; slots never have it.
constexpr uint8_t kNoKey = 0x80;

constexpr uint64_t kMultipliers[] = {0x9e3779b97f4a7c15u, 0xc2b2ae3d27d4eb4fu, 0x165667b19e3779f9u,
                                     0xd6e8feb86659fd93u, 0xff51afd7ed558ccdu, 0xc4ceb9fe1a85ec53u,
                                     0x94d049bb133111ebu, 0xbf58476d1ce4e5b9u};

size_t words_of(PhysicalType type) { return physical_size(type) > sizeof(uint64_t) ? 2 : 1; }

}  // namespace

GroupCache::GroupCache(std::span<const KeyType> keys) {
  if (keys.empty() || keys.size() > kMaxColumns) return;
  for (const KeyType& key : keys) {
    types_.push_back(key.physical);
    word_count_ += words_of(key.physical);
  }
}

void GroupCache::clear() {
  is_on_ = !types_.empty();
  found_ = missed_ = 0;
  if (!is_on_) return;
  slot_words_.assign(kSlots * word_count_, 0);
  slot_flags_.assign(kSlots, 0);
  groups_.assign(kSlots, nullptr);
  words_.resize(kVectorSize * word_count_);
  flags_.resize(kVectorSize);
}

template <typename Function>
void GroupCache::with_word_count(Function&& function) {
  [&]<size_t... I>(std::index_sequence<I...>) {
    (void)((word_count_ == I + 1 && (function(std::integral_constant<size_t, I + 1>()), true)) ||
           ...);
  }
  (std::make_index_sequence<kMaxWords>());
}

// A key's words are the value's bits with zeros behind them.
template <typename T>
void GroupCache::load(const Vector& column, size_t number, size_t first, uint32_t count) {
  constexpr bool is_wide = sizeof(T) > sizeof(uint64_t);
  const auto values = column.unified<T>();
  uint64_t* low = word(first);
  [[maybe_unused]] uint64_t* high = is_wide ? word(first + 1) : nullptr;
  auto load_row = [&](uint32_t i, uint32_t index) {
    uint64_t words[2] = {0, 0};
    std::memcpy(words, &values.data[index], sizeof(T));
    low[i] = words[0];
    if constexpr (is_wide) {
      high[i] = words[1];
      // Strings have their size in front; nothing else of this size is longer than an inline one.
      flags_[i] |= static_cast<uint32_t>(words[0]) <= StringRef::kInlineBytes ? 0 : kNoKey;
    }
  };
  if (values.validity != nullptr) {
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t index = values.index(i);
      if (values.valid_at(index)) {
        load_row(i, index);
        continue;
      }
      low[i] = 0;
      if constexpr (is_wide) high[i] = 0;
      flags_[i] |= static_cast<uint8_t>(1u << number);
    }
  } else if (values.selection == nullptr) {
    for (uint32_t i = 0; i < count; ++i) load_row(i, i);
  } else {
    for (uint32_t i = 0; i < count; ++i) load_row(i, values.selection[i]);
  }
}

void GroupCache::load_keys(std::span<const Vector* const> columns, uint32_t count) {
  std::fill_n(flags_.begin(), count, uint8_t{0});
  size_t first = 0;
  for (size_t c = 0; c < types_.size(); ++c) {
    switch (physical_size(types_[c])) {
      case 1:
        load<uint8_t>(*columns[c], c, first, count);
        break;
      case 2:
        load<uint16_t>(*columns[c], c, first, count);
        break;
      case 4:
        load<uint32_t>(*columns[c], c, first, count);
        break;
      case 8:
        load<uint64_t>(*columns[c], c, first, count);
        break;
      default:
        // Not only strings: intervals and the like are cached when they look like one.
        load<Datum>(*columns[c], c, first, count);
        break;
    }
    first += words_of(types_[c]);
  }
}

// Folds instead of loops: the compiler does not unroll these by itself.
template <size_t kWords>
inline size_t GroupCache::slot_of(uint32_t row) const {
  uint64_t hash = [&]<size_t... W>(std::index_sequence<W...>) {
    return (... + (word(W)[row] * kMultipliers[W]));
  }
  (std::make_index_sequence<kWords>());
  return (hash ^ hash >> 32) * kMultipliers[0] >> 56;
}

template <size_t kWords>
inline uint64_t GroupCache::difference(size_t slot, uint32_t row) const {
  const uint64_t* words = slot_words_.data() + slot * kWords;
  return [&]<size_t... W>(std::index_sequence<W...>) {
    return (uint64_t{slot_flags_[slot]} ^ flags_[row]) | (... | (words[W] ^ word(W)[row]));
  }
  (std::make_index_sequence<kWords>());
}

template <size_t kWords>
uint32_t GroupCache::look_up(uint32_t count, std::byte** rows, uint32_t* missing) const {
  uint32_t misses = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const size_t slot = slot_of<kWords>(i);
    rows[i] = groups_[slot];
    missing[misses] = i;
    misses += (difference<kWords>(slot, i) != 0) | (rows[i] == nullptr);
  }
  return misses;
}

uint32_t GroupCache::find(std::span<const Vector* const> columns, uint32_t count, std::byte** rows,
                          uint32_t* missing) {
  load_keys(columns, count);
  uint32_t misses = 0;
  with_word_count([&](auto words) { misses = look_up<words()>(count, rows, missing); });
  found_ += count - misses;
  missed_ += misses;
  if (found_ + missed_ >= kMinRowsToJudge) {
    is_on_ = missed_ < found_ / 4;
    found_ = missed_ = 0;
  }
  return misses;
}

template <size_t kWords>
void GroupCache::remember(const uint32_t* missing, uint32_t count, std::byte* const* rows) {
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t row = missing[i];
    if ((flags_[row] & kNoKey) != 0 || rows[row] == nullptr) continue;
    const size_t slot = slot_of<kWords>(row);
    for (size_t w = 0; w < kWords; ++w) slot_words_[slot * kWords + w] = word(w)[row];
    slot_flags_[slot] = flags_[row];
    groups_[slot] = rows[row];
  }
}

void GroupCache::add(const uint32_t* missing, uint32_t count, std::byte* const* rows) {
  with_word_count([&](auto words) { remember<words()>(missing, count, rows); });
}

}  // namespace luma
