#pragma once
// Trigrams of texts, as pg_trgm makes them: of words in lower case, with two blanks before and one
// behind. Thread-safe.
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace luma {

// Three characters; those with others than ASCII are represented by three bytes of a checksum, as
// PostgreSQL stores them. The order is that of its arrays: bytes as signed numbers.
struct Trigram {
  std::array<int8_t, 3> bytes;
  bool hashed;
  bool operator==(const Trigram& other) const { return bytes == other.bytes; }
  bool operator<(const Trigram& other) const { return bytes < other.bytes; }
};

// Where a trigram stands in its word.
enum TrigramBound : uint8_t { kTrigramLeft = 1, kTrigramRight = 2 };
struct Trigrams {
  std::vector<Trigram> list;    // in order of occurrence
  std::vector<uint8_t> bounds;  // of words, of equal length
};

Trigrams trigrams_in_order(std::string_view text);
// Sorted, each once.
std::vector<Trigram> trigram_set(std::string_view text);
// Those that every text has that a LIKE pattern matches, in either case.
std::vector<Trigram> pattern_trigrams(std::string_view pattern);

}  // namespace luma
