#include "engine/type/interval_keys.h"

#include <algorithm>
#include <bit>

#include "engine/type/wire_bytes.h"

namespace luma {

namespace {

constexpr char kLowerTag = 'L', kUpperTag = 'U';
constexpr int kLevels = 63;

// Nodes are numbered in the order of a walk from left to right; leaves are odd.
uint64_t node_at(uint64_t place, int level) { return ((place >> level) * 2 + 1) << level; }
uint64_t node_of(const PlaceSpan& interval) {
  return node_at(interval.lower, std::bit_width(interval.lower ^ interval.upper));
}

std::string key_of(char tag, uint64_t node, uint64_t end) {
  std::string out(1, tag);
  put_u64(out, node);
  put_u64(out, end);
  return out;
}

InvertedQuery of_ranges(std::vector<InvertedQuery::Range> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& a, const auto& b) { return a.from < b.from; });
  InvertedQuery out;
  out.kind = InvertedQuery::Kind::kRanges;
  out.ranges = std::move(ranges);
  return out;
}

InvertedQuery::Range nodes_between(char tag, uint64_t first, uint64_t last) {
  return {key_of(tag, first, 0), key_of(tag, last, kMaxPlace)};
}

}  // namespace

uint64_t place_of_key(std::string_view key) {
  uint64_t out = 0;
  for (size_t i = 0; i < sizeof out; ++i) {
    out = out << 8 | (i < key.size() ? static_cast<uint8_t>(key[i]) : 0);
  }
  return out >> 1;
}

void append_interval_keys(const PlaceSpan& interval, std::vector<std::string>& keys) {
  const uint64_t node = node_of(interval);
  keys.push_back(key_of(kLowerTag, node, interval.lower));
  keys.push_back(key_of(kUpperTag, node, interval.upper));
}

InvertedQuery intervals_that_meet(const PlaceSpan& interval) {
  const uint64_t first = node_at(interval.lower, 0), last = node_at(interval.upper, 0);
  std::vector<InvertedQuery::Range> ranges{nodes_between(kLowerTag, first, last)};
  for (int level = 1; level <= kLevels; ++level) {
    // Nodes to the left have intervals that may reach us, those to the right may begin before our
    // end.
    if (uint64_t node = node_at(interval.lower, level); node < first) {
      ranges.push_back(
          {key_of(kUpperTag, node, interval.lower), key_of(kUpperTag, node, kMaxPlace)});
    }
    if (uint64_t node = node_at(interval.upper, level); node > last) {
      ranges.push_back({key_of(kLowerTag, node, 0), key_of(kLowerTag, node, interval.upper)});
    }
  }
  return of_ranges(std::move(ranges));
}

InvertedQuery intervals_within(const PlaceSpan& interval) {
  return of_ranges(
      {nodes_between(kLowerTag, node_at(interval.lower, 0), node_at(interval.upper, 0))});
}

InvertedQuery intervals_that_equal(const PlaceSpan& interval) {
  const std::string key = key_of(kLowerTag, node_of(interval), interval.lower);
  return of_ranges({{key, key}});
}

InvertedQuery intervals_up_to(uint64_t place) {
  return of_ranges({nodes_between(kUpperTag, 0, node_at(place, 0))});
}

InvertedQuery intervals_from(uint64_t place) {
  return of_ranges({nodes_between(kLowerTag, node_at(place, 0), UINT64_MAX)});
}

}  // namespace luma
