#include "sql/catalog/analyze_column.h"

#include <catch2/catch.hpp>

#include "engine/type/array.h"

namespace luma {
namespace {

ColumnSample integers(const std::vector<int>& values, double table_rows, int target = 100) {
  ColumnSample sample;
  sample.type = {type_oid::kInt4, -1};
  for (int value : values) sample.values.push_back(Datum::of_int32(value));
  sample.table_rows = table_rows;
  sample.target = target;
  return sample;
}

std::vector<int> elements(const std::string& bytes) {
  std::vector<int> out;
  if (bytes.empty()) return out;
  Datum array = Datum::of_string(std::string_view(bytes));
  ArrayView view(array);
  for (uint32_t i = 0; i < view.size(); ++i) out.push_back(view.datum(i).i32);
  return out;
}

TEST_CASE("whole tables: exact numbers") {
  ColumnStatistics found = analyze_column(integers({3, 1, 2, 1, 1, 2}, 6));
  CHECK(elements(found.common_values) == std::vector<int>{1, 2});
  CHECK(found.common_frequencies[0] == Approx(0.5));
  CHECK(found.distinct == Approx(-0.5));  // three values of six rows: they grow with the table
  CHECK(found.width_bytes == 4);

  ColumnSample with_nulls = integers({1, 2, 3, 4}, 8);
  for (int i = 0; i < 4; ++i) with_nulls.values.push_back(Value::null());
  found = analyze_column(with_nulls);
  CHECK(found.null_fraction == Approx(0.5));
  CHECK(found.distinct == Approx(-0.5));
  CHECK(elements(found.histogram) == std::vector<int>{1, 2, 3, 4});
  CHECK(found.correlation == Approx(1));
}

TEST_CASE("samples: values that were seen twice tell how many were not seen") {
  // Every value once: unique in the table as well.
  std::vector<int> values;
  for (int i = 0; i < 1000; ++i) values.push_back(i);
  CHECK(analyze_column(integers(values, 100000)).distinct == Approx(-1));
  // Ten values a hundred times each: those are all there are.
  for (int& value : values) value %= 10;
  ColumnStatistics found = analyze_column(integers(values, 100000));
  CHECK(found.distinct == Approx(10));
  CHECK(elements(found.common_values).size() == 10);
  // About 2000 values, of which a sample of 1000 sees a part: n*d / (n - f1 + f1*n/N).
  values.clear();
  for (int i = 0; i < 600; ++i) values.push_back(i);
  for (int i = 0; i < 200; ++i) values.insert(values.end(), {1000 + i, 1000 + i});
  found = analyze_column(integers(values, 1e6));
  CHECK(found.distinct == Approx(1000.0 * 800 / (400 + 600 * 0.001)).margin(1));
}

TEST_CASE("histograms leave common values out and have equal slices") {
  std::vector<int> values(500, 7);
  for (int i = 0; i < 500; ++i) values.push_back(i);
  ColumnStatistics found = analyze_column(integers(values, 1000, 4));
  CHECK(elements(found.common_values) == std::vector<int>{7});
  std::vector<int> bounds = elements(found.histogram);
  REQUIRE(bounds.size() == 5);
  CHECK(bounds.front() == 0);
  CHECK(bounds.back() == 499);
}

TEST_CASE("what is hardly more common than the rest is not kept") {
  CHECK(count_common_values({500, 3, 2, 2}, 1000, 0, 1000, 100000) == 1);
  CHECK(count_common_values({10, 10}, 2, 0, 20, 20) == 2);
}

}  // namespace
}  // namespace luma
