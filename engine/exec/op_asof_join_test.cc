// ASOF JOIN over sorts, in memory and spilled, against a reference that looks at every pair.
#include "engine/exec/op_asof_join.h"

#include <catch2/catch.hpp>

#include "engine/exec/op_sort.h"
#include "engine/exec/op_test_source.h"

namespace luma {
namespace {

using namespace testing;  // NOLINT

// The time that the matching right row has: which of several equal ones is not said.
Rows reference(const Rows& left, const Rows& right, bool looks_back, bool includes_equal,
               bool is_left) {
  Rows out;
  for (const Row& l : left) {
    const Row* best = nullptr;
    for (const Row& r : right) {
      if (!l[0] || !l[1] || !r[0] || !r[1] || *l[0] != *r[0]) continue;
      const int64_t distance = looks_back ? *l[1] - *r[1] : *r[1] - *l[1];
      if (distance < (includes_equal ? 0 : 1)) continue;
      if (best == nullptr || (looks_back ? *r[1] > *(*best)[1] : *r[1] < *(*best)[1])) best = &r;
    }
    if (best == nullptr && !is_left) continue;
    out.push_back({l[0], l[1], l[2], best == nullptr ? Cell() : (*best)[1]});
  }
  return sorted(std::move(out));
}

TEST_CASE("each left row gets the nearest right row") {
  std::mt19937 random(11);
  TestExprs e;
  for (TypeRef key : {kInt8Type, kTextType}) {
    const std::vector<TypeRef> types{key, kInt8Type, kInt8Type};
    for (size_t right_rows : {0, 1, 40, 9000}) {
      const Rows left = random_rows(random, 6000, 3, 200);
      const Rows right = random_rows(random, right_rows, 3, 200);
      for (int variant = 0; variant < 8; ++variant) {
        const bool looks_back = (variant & 1) != 0, is_left = (variant & 4) != 0;
        AsofSpec spec;
        spec.looks_back = looks_back;
        spec.includes_equal = (variant & 2) != 0;
        spec.is_left = is_left;
        SortKey by_key, by_time;
        by_key.expr = e.slot(0, key);
        by_time.expr = e.slot(1);
        by_time.descending = by_time.nulls_first = !looks_back;
        spec.left = spec.right = {by_key.expr, by_time.expr};
        auto sort = [&](const Rows& rows) {
          return std::make_unique<SortOperator>(std::make_unique<TestSource>(types, rows),
                                                std::vector<SortKey>{by_key, by_time});
        };
        auto left_sort = sort(left), right_sort = sort(right);
        Operator& spilling = *left_sort;
        const bool spill = (variant + right_rows) % 2 == 1;
        AsofJoinOperator join(std::move(left_sort), std::move(right_sort), spec);
        TestExecution execution(spill);
        join.open(execution.context);
        Rows result = execution.read(join);
        join.close(execution.context);
        CHECK((spilling.stats().spilled_bytes > 0) == spill);
        CHECK(execution.budget.used_bytes() == 0);
        Rows found;
        size_t wrong_keys = 0;
        for (const Row& row : result) {
          wrong_keys += row[3] && *row[3] != *row[0];
          found.push_back({row[0], row[1], row[2], row[4]});
        }
        CHECK(wrong_keys == 0);
        const bool equal = sorted(std::move(found)) ==
                           reference(left, right, looks_back, spec.includes_equal, is_left);
        CHECK(equal);
      }
    }
  }
}

}  // namespace
}  // namespace luma
