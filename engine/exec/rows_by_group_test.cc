#include "engine/exec/rows_by_group.h"

#include <catch2/catch.hpp>

#include "engine/exec/decimal_vector.h"

namespace luma {
namespace {

TEST_CASE("rows are put together by group, in their order") {
  std::byte places[3];
  std::vector<std::byte*> rows;
  for (uint32_t i = 0; i < 1000; ++i) rows.push_back(&places[i % 7 == 0 ? 2 : i % 2]);
  RowsByGroup by_group;
  REQUIRE(by_group.divide(rows.data(), 1000));
  REQUIRE(by_group.groups().size() == 3);
  uint32_t seen = 0;
  for (const RowsByGroup::Group& group : by_group.groups()) {
    REQUIRE(group.begin == seen);
    seen += group.size;
    for (uint32_t i = 0; i < group.size; ++i) {
      const uint32_t row = by_group.order()[group.begin + i];
      REQUIRE(rows[row] == group.row);
      REQUIRE((i == 0 || row > by_group.order()[group.begin + i - 1]));
    }
  }
  REQUIRE(seen == 1000);
}

TEST_CASE("many groups, or few rows, are not divided") {
  std::vector<std::byte> places(40);
  std::vector<std::byte*> rows;
  for (uint32_t i = 0; i < 2000; ++i) rows.push_back(&places[i % 40]);
  CHECK_FALSE(RowsByGroup().divide(rows.data(), 2000));
  CHECK_FALSE(RowsByGroup().divide(rows.data(), 10));
  RowsByGroup by_group;
  CHECK_FALSE(by_group.divide(rows.data(), 2000));
  // It does not look again at once, but later.
  rows.assign(2000, places.data());
  CHECK_FALSE(by_group.divide(rows.data(), 2000));
  bool found = false;
  for (int i = 0; i < 100 && !found; ++i) found = by_group.divide(rows.data(), 2000);
  CHECK(found);
}

TEST_CASE("the sum of decimals of one scale is exact") {
  constexpr uint32_t kCount = 1000;
  constexpr int64_t kLarge = 999'999'999'999'999'999;
  Vector values(PhysicalType::kVarlen);
  values.begin_flat();
  DecimalWriter writer(values, 2);
  std::vector<uint32_t> odd;
  for (uint32_t i = 0; i < kCount; ++i) {
    writer.set(i, i % 2 == 0 ? kLarge : -static_cast<int64_t>(i));
    if (i % 2 == 1) odd.push_back(i);
  }
  auto total = decimal_total(values, kCount);
  REQUIRE(total);
  CHECK(total->scale == 2);
  CHECK(total->scaled == static_cast<Int128>(kLarge) * 500 - 250'000);
  Vector some;
  some.slice(values, odd.data(), static_cast<uint32_t>(odd.size()));
  CHECK(decimal_total(some, static_cast<uint32_t>(odd.size()))->scaled == -250'000);
  DecimalWriter(values, 3).set(7, 1);
  CHECK_FALSE(decimal_total(values, kCount));
}

}  // namespace
}  // namespace luma
