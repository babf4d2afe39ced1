#pragma once
// Which rows of a storage block are meant: a bit for each. Predicates on encoded data clear bits.
#include <array>
#include <bit>
#include <cstdint>

#include "engine/column/bit_pack.h"

namespace luma {

struct RowMask {
  static constexpr uint32_t kWords = kBlockRows / 64;
  std::array<uint64_t, kWords> words;

  void clear() { words.fill(0); }
  void set(uint32_t row) { words[row >> 6] |= uint64_t{1} << (row & 63); }
  // Exactly rows [from, to).
  void set_range(uint32_t from, uint32_t to) {
    for (uint32_t w = 0; w < kWords; ++w) words[w] = range_word(w, from, to);
  }
  // Clears rows [from, to).
  void clear_range(uint32_t from, uint32_t to) {
    if (from >= to) return;
    for (uint32_t w = from >> 6; w <= (to - 1) >> 6; ++w) words[w] &= ~range_word(w, from, to);
  }
  bool any() const {
    uint64_t all = 0;
    for (uint64_t word : words) all |= word;
    return all != 0;
  }
  uint32_t count() const {
    int count = 0;
    for (uint64_t word : words) count += std::popcount(word);
    return static_cast<uint32_t>(count);
  }
  // Exactly rows [0, rows) are set.
  bool is_all(uint32_t rows) const {
    uint64_t differences = 0;
    for (uint32_t w = 0; w < kWords; ++w) differences |= words[w] ^ range_word(w, 0, rows);
    return differences == 0;
  }
  // The rows that are set, ascending; returns how many. `rows` has room for kBlockRows.
  uint32_t list(uint32_t* rows) const {
    uint32_t count = 0;
    for (uint32_t w = 0; w < kWords; ++w) {
      uint64_t word = words[w];
      if (word == ~uint64_t{0}) {
        for (uint32_t bit = 0; bit < 64; ++bit) rows[count + bit] = w * 64 + bit;
        count += 64;
        continue;
      }
      for (; word != 0; word &= word - 1) {
        rows[count++] = w * 64 + static_cast<uint32_t>(std::countr_zero(word));
      }
    }
    return count;
  }

 private:
  static uint64_t range_word(uint32_t word, uint32_t from, uint32_t to) {
    auto below = [&](uint32_t end) {
      if (end <= word * 64) return uint64_t{0};
      return end - word * 64 >= 64 ? ~uint64_t{0} : (uint64_t{1} << (end - word * 64)) - 1;
    };
    return below(to) & ~below(from);
  }
};

}  // namespace luma
