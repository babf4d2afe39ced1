#include "sql/optimize/joint_estimates.h"

#include <catch2/catch.hpp>

#include "engine/type/array.h"

namespace luma {
namespace {

constexpr TypeRef kInt{23, -1};

FixedColumn fixed(int16_t number, int32_t value, double selectivity) {
  return {number, kInt, {Datum::of_int32(value)}, selectivity};
}

std::string texts(std::initializer_list<std::string_view> values) {
  Arena arena;
  ArrayBuilder builder(type_oid::kText);
  for (std::string_view value : values) builder.add(Datum::of_string(arena.copy(value)));
  return std::string(builder.finish(arena).str.view());
}

}  // namespace

TEST_CASE("conditions on columns that depend on each other", "[joint]") {
  TableStatisticsObject table;
  table.joint.push_back({});
  table.joint[0].dependencies = {{{1, 2}, 0.8}};
  std::vector<FixedColumn> columns{fixed(1, 5, 0.1), fixed(2, 6, 0.2), fixed(3, 7, 0.5)};
  // 0.8 of the smaller one, 0.2 of the product; the third column is left to others.
  CHECK(joint_selectivity(table, columns) == Approx(0.8 * 0.1 + 0.2 * 0.1 * 0.2));
  REQUIRE(columns.size() == 1);
  CHECK(columns[0].number == 3);
}

TEST_CASE("conditions on common combinations", "[joint]") {
  TableStatisticsObject table;
  table.joint.push_back({});
  JointStatistics& joint = table.joint[0];
  joint.columns = {1, 2};
  joint.common_values = {texts({"5", "6"}), texts({"5", "7"})};
  joint.common_frequencies = {0.3, 0.1};
  joint.base_frequencies = {0.05, 0.02};
  std::vector<FixedColumn> columns{fixed(1, 5, 0.5), fixed(2, 6, 0.3)};
  CHECK(joint_selectivity(table, columns) == Approx(0.3 + 0.15 - 0.05));
  CHECK(columns.empty());
  columns = {{1, kInt, {Datum::of_int32(4), Datum::of_int32(5)}, 0.5}, fixed(2, 7, 0.3)};
  CHECK(joint_selectivity(table, columns) == Approx(0.1 + 0.15 - 0.02));
  // What no statistics speak of stays.
  columns = {fixed(1, 5, 0.5)};
  CHECK(joint_selectivity(table, columns) == 1);
  CHECK(columns.size() == 1);
}

TEST_CASE("combinations of values", "[joint]") {
  TableStatisticsObject table;
  table.joint.push_back({});
  table.joint[0].distinct = {{{1, 2}, 10}, {{1, 2, 3}, 40}};
  std::vector<int16_t> columns{3, 2, 1, 9};
  CHECK(joint_distinct(table, columns) == 40);
  CHECK(columns == std::vector<int16_t>{9});
  CHECK(!joint_distinct(table, columns));
  CHECK(joint_groups(&table, {1, 2}, {20, 30}, 1000) == 10);
  CHECK(joint_groups(&table, {1, 2, 9}, {20, 30, 50}, 1000) == 100);
  CHECK(joint_groups(nullptr, {1, 9}, {4, 5}, 1000) == 20);
}

}  // namespace luma
