#pragma once
// Keys for intervals of 63-bit numbers in an ordered index: a relational interval tree. Every
// interval belongs to the highest node of the binary tree over all numbers that it contains; it has
// one key with the node and its lower end, and one with the node and its upper end. A search looks
// at the nodes on the way to its ends and at everything between them. Pure functions.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/type/inverted_keys.h"

namespace luma {

inline constexpr uint64_t kMaxPlace = (uint64_t{1} << 63) - 1;

// Ends of an interval, both included; lower <= upper <= kMaxPlace.
struct PlaceSpan {
  uint64_t lower = 0, upper = kMaxPlace;
};

// The number for the bytes of a memcomparable key: greater keys have no smaller numbers.
uint64_t place_of_key(std::string_view key);

void append_interval_keys(const PlaceSpan& interval, std::vector<std::string>& keys);
// Each finds all intervals of its kind, and maybe others.
InvertedQuery intervals_that_meet(const PlaceSpan& interval);
InvertedQuery intervals_within(const PlaceSpan& interval);
InvertedQuery intervals_that_equal(const PlaceSpan& interval);
// Those with all of them up to, or from, a place.
InvertedQuery intervals_up_to(uint64_t place);
InvertedQuery intervals_from(uint64_t place);

}  // namespace luma
