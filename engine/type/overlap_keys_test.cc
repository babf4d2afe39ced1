// What interval_keys.h and grid_keys.h promise: a search finds all that it should, and little else.
#include <catch2/catch.hpp>
#include <random>

#include "engine/type/grid_keys.h"
#include "engine/type/interval_keys.h"

namespace luma {
namespace {

bool finds(const InvertedQuery& query, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    for (const InvertedQuery::Range& range : query.ranges) {
      if (key >= range.from && key <= range.to) return true;
    }
  }
  return false;
}

bool is_ordered(const InvertedQuery& query) {
  for (size_t i = 0; i < query.ranges.size(); ++i) {
    if (query.ranges[i].from > query.ranges[i].to) return false;
    if (i > 0 && query.ranges[i - 1].to >= query.ranges[i].from) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("interval keys", "[inverted]") {
  std::mt19937_64 random(7);
  auto place = [&] {
    uint64_t value = random() >> (1 + random() % 62);
    return random() % 4 == 0 ? kMaxPlace - value : value;
  };
  auto span = [&] {
    uint64_t a = place(), b = random() % 3 == 0 ? std::min(a + random() % 9, kMaxPlace) : place();
    return PlaceSpan{std::min(a, b), std::max(a, b)};
  };
  int found_in_vain = 0;
  for (int i = 0; i < 20'000; ++i) {
    PlaceSpan stored = span(), wanted = span();
    std::vector<std::string> keys;
    append_interval_keys(stored, keys);
    bool meets = stored.lower <= wanted.upper && wanted.lower <= stored.upper;
    InvertedQuery query = intervals_that_meet(wanted);
    REQUIRE(is_ordered(query));
    REQUIRE(finds(query, keys) == meets);
    bool within = stored.lower >= wanted.lower && stored.upper <= wanted.upper;
    if (within) REQUIRE(finds(intervals_within(wanted), keys));
    found_in_vain += !meets && finds(intervals_within(wanted), keys) ? 1 : 0;
    if (stored.upper <= wanted.lower) REQUIRE(finds(intervals_up_to(wanted.lower), keys));
    if (stored.lower >= wanted.lower) REQUIRE(finds(intervals_from(wanted.lower), keys));
    REQUIRE(finds(intervals_that_equal(stored), keys));
  }
  CHECK(found_in_vain == 0);
}

TEST_CASE("grid keys", "[inverted]") {
  std::mt19937_64 random(8);
  std::normal_distribution<double> place(0, 100);
  auto box = [&] {
    double x = place(random), y = place(random);
    double width = random() % 2 == 0 ? 0 : std::abs(place(random)) / 10;
    double height = random() % 2 == 0 ? 0 : std::abs(place(random)) / 10;
    return GridBox{x, x + width, y, y + height};
  };
  int met = 0, found = 0;
  for (int i = 0; i < 20'000; ++i) {
    GridBox stored = box(), wanted = box();
    std::vector<std::string> keys;
    append_grid_keys(stored, keys);
    InvertedQuery query = boxes_that_meet(wanted);
    if (i < 100) REQUIRE(is_ordered(query));
    bool meets = stored.low_x <= wanted.high_x && wanted.low_x <= stored.high_x &&
                 stored.low_y <= wanted.high_y && wanted.low_y <= stored.high_y;
    bool is_found = finds(query, keys);
    if (meets) REQUIRE(is_found);
    met += meets ? 1 : 0;
    found += is_found ? 1 : 0;
  }
  CHECK(found < met + 1000);
}

}  // namespace luma
