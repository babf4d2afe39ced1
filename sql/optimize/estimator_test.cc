#include <catch2/catch.hpp>

#include "engine/type/array.h"
#include "sql/catalog/analyze_column.h"
#include "sql/optimize/join_graph.h"
#include "sql/optimize/scalar_selectivity.h"

namespace luma {
namespace {

ColumnStatistics statistics_of(const std::vector<int>& values, double table_rows, int target) {
  ColumnSample sample;
  sample.type = {type_oid::kInt4, -1};
  for (int value : values) sample.values.push_back(Datum::of_int32(value));
  sample.table_rows = table_rows;
  sample.target = target;
  return analyze_column(sample);
}

ScalarConstant integer(int value) { return {Datum::of_int32(value), type_oid::kInt4}; }

TEST_CASE("equality: common values have their own part, others share the rest") {
  std::vector<int> values(900, 1);
  for (int i = 0; i < 100; ++i) values.push_back(10 + i);
  ColumnStatistics found = statistics_of(values, 1000, 10);
  ScalarColumn column{found, 101};
  CHECK(*equal_selectivity(column, integer(1)) == Approx(0.9));
  CHECK(*equal_selectivity(column, integer(50)) == Approx(0.001));
  // Of another type.
  CHECK(*equal_selectivity(column, {Datum::of_int64(1), type_oid::kInt8}) == Approx(0.9));
}

TEST_CASE("ranges are interpolated within the histogram") {
  std::vector<int> values;
  for (int i = 0; i < 1000; ++i) values.push_back(i);
  ColumnStatistics found = statistics_of(values, 1000, 10);
  ScalarColumn column{found, 1000};
  CHECK(*inequality_selectivity(column, Comparison::kLess, integer(250)) ==
        Approx(0.25).margin(0.005));
  CHECK(*inequality_selectivity(column, Comparison::kGreaterEqual, integer(250)) ==
        Approx(0.75).margin(0.005));
  CHECK(*inequality_selectivity(column, Comparison::kLess, integer(-5)) < 0.002);
  CHECK(*inequality_selectivity(column, Comparison::kGreater, integer(5000)) < 0.002);
}

TEST_CASE("joins of skewed columns follow their common values") {
  std::vector<int> values(500, 1);
  values.insert(values.end(), 500, 2);
  ColumnStatistics left = statistics_of(values, 1000, 10);
  ColumnStatistics right = statistics_of(std::vector<int>(100, 1), 100, 10);
  // Every right row matches half of the left ones.
  CHECK(*common_value_join_selectivity({left, 2}, {right, 1}) == Approx(0.5));
  size_t matches = 0;
  CHECK(*common_value_semi_selectivity({left, 2}, {right, 1}, 1, &matches) == Approx(0.5));
  CHECK(matches == 1);
}

size_t count_pairs(JoinGraph& graph) {
  size_t count = 0;
  CHECK(graph.for_each_pair(1000000, [&](RelationSet a, RelationSet b) {
    CHECK((a & b) == 0);
    CHECK((graph.neighbors(a) & b) != 0);
    ++count;
  }));
  return count;
}

TEST_CASE("pairs of connected sets: chains, stars and cliques have known numbers") {
  for (size_t n : {2, 3, 5, 8}) {
    JoinGraph chain(n), star(n), clique(n);
    for (size_t i = 1; i < n; ++i) {
      chain.connect(i - 1, i);
      star.connect(0, i);
      for (size_t j = 0; j < i; ++j) clique.connect(i, j);
    }
    CHECK(count_pairs(chain) == (n * n * n - n) / 6);
    CHECK(count_pairs(star) == (n - 1) * (size_t{1} << (n - 2)));
    size_t three = 1;
    for (size_t i = 0; i < n; ++i) three *= 3;
    CHECK(count_pairs(clique) == (three - (size_t{1} << (n + 1)) + 1) / 2);
  }
  JoinGraph large(40);
  for (size_t i = 0; i < 40; ++i) {
    for (size_t j = 0; j < i; ++j) large.connect(i, j);
  }
  CHECK_FALSE(large.for_each_pair(10000, [](RelationSet, RelationSet) {}));
}

TEST_CASE("smaller sets come before those that contain them") {
  JoinGraph graph(6);
  for (size_t i = 1; i < 6; ++i) graph.connect(i - 1, i);
  graph.connect(0, 5);
  std::vector<RelationSet> made;
  for (size_t i = 0; i < 6; ++i) made.push_back(RelationSet{1} << i);
  graph.for_each_pair(1000, [&](RelationSet a, RelationSet b) {
    CHECK(std::find(made.begin(), made.end(), a) != made.end());
    CHECK(std::find(made.begin(), made.end(), b) != made.end());
    made.push_back(a | b);
  });
}

TEST_CASE("parts without a condition between them are connected all the same") {
  JoinGraph graph(4);
  graph.connect(0, 1);
  graph.connect(2, 3);
  graph.connect_parts();
  CHECK(graph.neighbors(0b0011) != 0);
}

}  // namespace
}  // namespace luma
