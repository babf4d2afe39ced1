#include "engine/exec/top_bound.h"

#include <catch2/catch.hpp>

namespace luma {
namespace {

Vector integers(const std::vector<int64_t>& values) {
  Vector vector(PhysicalType::kInt64, std::max(kVectorSize, static_cast<uint32_t>(values.size())));
  vector.begin_flat();
  for (uint32_t i = 0; i < values.size(); ++i) vector.mutable_data<int64_t>()[i] = values[i];
  return vector;
}

std::vector<uint32_t> kept(const TopBound& bound, const Vector& vector, uint32_t count) {
  std::vector<uint32_t> selection(count);
  selection.resize(bound.keep(vector, count, selection.data()));
  return selection;
}

TEST_CASE("a bound is the worst of the best rows so far") {
  TopBound bound(KeyType::int64(), true, true);
  bound.begin(3);
  bound.note(integers({5, 1}), 2);
  CHECK_FALSE(bound.is_set());
  bound.note(integers({9, 7, 2}), 3);
  REQUIRE(bound.is_set());
  Vector next = integers({4, 5, 6, -8, 100});
  CHECK(kept(bound, next, 5) == std::vector<uint32_t>{1, 2, 4});
  next.set_null(0);
  CHECK(kept(bound, next, 5) == std::vector<uint32_t>{0, 1, 2, 4});
  bound.begin(3);
  CHECK_FALSE(bound.is_set());
}

TEST_CASE("ties are left out where nothing else decides") {
  TopBound bound(KeyType::int64(), false, false);
  bound.begin(2);
  bound.note(integers({5, 5, 3}), 3);
  CHECK(kept(bound, integers({3, 4, 5, 6}), 4) == std::vector<uint32_t>{0, 1});
}

TEST_CASE("integers of SQL are compared as integers, other types by their order") {
  const auto bound_of = [](Oid type, PhysicalType physical) {
    return TopBound(KeyType::of({type, -1}, physical), false, false);
  };
  CHECK(bound_of(type_oid::kInt2, PhysicalType::kInt16).compares_integers());
  CHECK(bound_of(type_oid::kDate, PhysicalType::kInt32).compares_integers());
  CHECK(bound_of(type_oid::kTimestamptz, PhysicalType::kInt64).compares_integers());
  CHECK_FALSE(bound_of(type_oid::kOid, PhysicalType::kInt32).compares_integers());
  CHECK_FALSE(bound_of(type_oid::kFloat8, PhysicalType::kDouble).compares_integers());
  TopBound bound = bound_of(type_oid::kInt8, PhysicalType::kInt64);
  REQUIRE(bound.compares_integers());
  bound.begin(2);
  bound.note(integers({5, -7, 3}), 3);
  CHECK(kept(bound, integers({3, -4, -5, 6}), 4) == std::vector<uint32_t>{1, 2});
}

TEST_CASE("no bound where no row, or very many are wanted") {
  TopBound bound(KeyType::int64(), false, false);
  for (uint64_t rows : {uint64_t{0}, uint64_t{1} << 20}) {
    bound.begin(rows);
    bound.note(integers({1, 2, 3}), 3);
    CHECK_FALSE(bound.is_set());
  }
}

}  // namespace
}  // namespace luma
