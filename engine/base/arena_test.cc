#include "engine/base/arena.h"

#include <catch2/catch.hpp>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

constexpr size_t kMegabyte = size_t{1} << 20;

TEST_CASE("arena: what is charged is given back") {
  MemoryBudget budget(8 * kMegabyte);
  {
    Arena arena(&budget);
    arena.allocate(100, 8);
    arena.allocate(4 * kMegabyte, 8);
    CHECK(budget.used_bytes() >= 4 * kMegabyte);
    CHECK_THROWS_AS(arena.allocate(8 * kMegabyte, 8), SqlError);
  }
  CHECK(budget.used_bytes() == 0);
}

TEST_CASE("arena: a reset keeps a block for the next use, but not a huge one") {
  MemoryBudget budget;
  Arena arena(&budget);
  arena.allocate(100, 8);
  arena.allocate(64 * kMegabyte, 8);
  arena.reset();
  CHECK(budget.used_bytes() > 0);
  CHECK(budget.used_bytes() <= kMegabyte);
  CHECK(arena.allocated_bytes() == budget.used_bytes());

  Arena only_huge(&budget);
  only_huge.allocate(64 * kMegabyte, 8);
  only_huge.reset();
  CHECK(only_huge.allocated_bytes() == 0);
  std::memset(only_huge.allocate(1000, 8), 1, 1000);
  CHECK(only_huge.allocated_bytes() >= 1000);
}

}  // namespace
}  // namespace luma
