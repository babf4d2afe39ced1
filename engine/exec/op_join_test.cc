// All join modes of hash join, nested loop and apply against a reference that looks at every pair.
#include <catch2/catch.hpp>

#include "engine/exec/op_apply.h"
#include "engine/exec/op_filter.h"
#include "engine/exec/op_hash_join.h"
#include "engine/exec/op_nested_loop_join.h"
#include "engine/exec/op_test_source.h"

namespace luma {
namespace {

using namespace testing;  // NOLINT

constexpr JoinMode kAllModes[] = {JoinMode::kInner,         JoinMode::kLeft, JoinMode::kRight,
                                  JoinMode::kFull,          JoinMode::kSemi, JoinMode::kAnti,
                                  JoinMode::kNullAwareAnti, JoinMode::kMark};
constexpr JoinMode kHashModes[] = {
    JoinMode::kInner,     JoinMode::kLeft,     JoinMode::kRight, JoinMode::kFull,
    JoinMode::kSemi,      JoinMode::kAnti,     JoinMode::kMark,  JoinMode::kNullAwareAnti,
    JoinMode::kRightSemi, JoinMode::kRightAnti};

// The pair (l, r) is in the right row set of l when residual holds; key comparison is three-valued.
struct Reference {
  size_t keys = 1;        // the first `keys` columns are equated
  bool residual = false;  // left[2] < right[2]

  Cell compare(const Row& l, const Row& r, bool null_safe) const {
    bool unknown = false;
    for (size_t k = 0; k < keys; ++k) {
      if (null_safe) {
        if (l[k] != r[k]) return 0;
      } else if (!l[k] || !r[k]) {
        unknown = true;
      } else if (*l[k] != *r[k]) {
        return 0;
      }
    }
    return unknown ? Cell() : Cell(1);
  }

  Rows join(JoinMode mode, const Rows& left, const Rows& right, bool null_safe = false,
            bool three_valued = true) const {
    Rows out;
    std::vector<bool> right_matched(right.size());
    for (const Row& l : left) {
      bool matched = false, unknown = false;
      for (size_t i = 0; i < right.size(); ++i) {
        const Row& r = right[i];
        if (residual && !(l[2] && r[2] && *l[2] < *r[2])) continue;
        Cell result = compare(l, r, null_safe);
        unknown |= !result && three_valued;
        if (!result || *result == 0) continue;
        matched = right_matched[i] = true;
        if (outputs_right(mode) && outputs_left(mode)) {
          Row row = l;
          row.insert(row.end(), r.begin(), r.end());
          out.push_back(row);
        }
      }
      Row row = l;
      if (mode == JoinMode::kSemi && matched) out.push_back(row);
      if (mode == JoinMode::kAnti && !matched) out.push_back(row);
      if (mode == JoinMode::kNullAwareAnti && !matched && !unknown) out.push_back(row);
      if (mode == JoinMode::kMark) {
        row.push_back(matched ? Cell(1) : (unknown ? Cell() : Cell(0)));
        out.push_back(row);
      }
      if (keeps_left(mode) && !matched) {
        row.resize(l.size() + 3);
        out.push_back(row);
      }
    }
    for (size_t i = 0; i < right.size(); ++i) {
      if (!marks_right(mode) || right_matched[i] != (mode == JoinMode::kRightSemi)) continue;
      Row row(outputs_left(mode) ? 3 : 0);
      row.insert(row.end(), right[i].begin(), right[i].end());
      out.push_back(row);
    }
    return sorted(out);
  }
};

OperatorPtr source(TypeRef key, const Rows& rows) {
  return std::make_unique<TestSource>(std::vector<TypeRef>{key, kInt8Type, kInt8Type}, rows);
}

TEST_CASE("hash join agrees with a nested loop over all pairs") {
  std::mt19937 random(1);
  TestExprs e;
  Expr* residual = e.less(e.slot(2), e.slot(5));
  for (bool spill : {false, true}) {
    for (TypeRef key : {kInt8Type, kTextType}) {
      for (size_t keys : {1, 2}) {
        for (bool with_residual : {false, true}) {
          for (unsigned null_every : {0u, 25u}) {
            int64_t range = (keys == 1 ? 80 : 12) * (spill ? 8 : 1);
            Rows left = random_rows(random, 300, 3, range, null_every);
            Rows right = random_rows(random, spill ? 3000 : 200, 3, range, null_every);
            for (JoinMode mode : kHashModes) {
              bool null_logic = mode == JoinMode::kMark || mode == JoinMode::kNullAwareAnti;
              std::vector<HashJoinKey> join_keys;
              for (uint32_t k = 0; k < keys; ++k) {
                TypeRef type = k == 0 ? key : kInt8Type;
                join_keys.push_back({e.slot(k, type), e.slot(k, type),
                                     null_logic ? NullRule::kUnknown : NullRule::kNoMatch});
              }
              HashJoinOperator join(mode, source(key, left), source(key, right), join_keys,
                                    with_residual ? residual : nullptr);
              TestExecution execution(spill);
              INFO("mode " << int(mode) << " spill " << spill << " key " << key.oid << " keys "
                           << keys << " residual " << with_residual << " nulls " << null_every);
              Reference reference{keys, with_residual};
              CHECK((sorted(execution.run(join)) == reference.join(mode, left, right)));
              bool may_spill = !null_logic || (keys == 1 && !with_residual);
              CHECK((join.stats().spilled_bytes > 0) == (spill && may_spill));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("hash join: IS NOT DISTINCT FROM keys match NULLs") {
  std::mt19937 random(2);
  TestExprs e;
  for (TypeRef key : {kInt8Type, kTextType}) {
    Rows left = random_rows(random, 200, 3, 40), right = random_rows(random, 200, 3, 40);
    for (JoinMode mode : {JoinMode::kInner, JoinMode::kLeft, JoinMode::kFull, JoinMode::kAnti,
                          JoinMode::kRightSemi, JoinMode::kRightAnti}) {
      HashJoinOperator join(mode, source(key, left), source(key, right),
                            {{e.slot(0, key), e.slot(0, key), NullRule::kMatchesNull}}, nullptr);
      TestExecution execution;
      CHECK(sorted(execution.run(join)) == Reference{}.join(mode, left, right, true));
    }
  }
}

TEST_CASE("hash join: empty sides") {
  TestExprs e;
  Rows some = {{1, 2, 3}, {{}, 2, 3}}, none;
  for (JoinMode mode : kHashModes) {
    for (bool left_empty : {false, true}) {
      const Rows& left = left_empty ? none : some;
      const Rows& right = left_empty ? some : none;
      HashJoinOperator join(mode, source(kInt8Type, left), source(kInt8Type, right),
                            {{e.slot(0), e.slot(0), NullRule::kUnknown}}, nullptr);
      TestExecution execution;
      CHECK(sorted(execution.run(join)) == Reference{}.join(mode, left, right));
    }
  }
}

TEST_CASE("single join refuses a second match") {
  TestExprs e;
  Rows left = {{1, 0, 0}, {2, 0, 0}, {{}, 0, 0}};
  auto run = [&](const Rows& right) {
    HashJoinOperator join(JoinMode::kSingle, source(kInt8Type, left), source(kInt8Type, right),
                          {{e.slot(0), e.slot(0)}}, nullptr);
    TestExecution execution;
    Rows rows = sorted(execution.run(join));
    NestedLoopJoinOperator loop(JoinMode::kSingle, source(kInt8Type, left),
                                source(kInt8Type, right), e.equal(e.slot(0), e.slot(3)));
    CHECK(sorted(execution.run(loop)) == rows);
    return rows;
  };
  CHECK(run({{2, 5, 5}, {3, 1, 1}}).size() == 3);
  Rows twice = {{2, 5, 5}, {2, 1, 1}};
  CHECK_THROWS_AS(run(twice), SqlError);
}

TEST_CASE("nested loop join agrees with the reference") {
  std::mt19937 random(3);
  TestExprs e;
  Rows left = random_rows(random, 150, 3, 30), right = random_rows(random, 90, 3, 30);
  Expr* equality = e.equal(e.slot(0), e.slot(3));
  Expr* residual = e.less(e.slot(2), e.slot(5));
  for (bool spill : {false, true}) {
    for (JoinMode mode : kAllModes) {
      for (bool with_residual : {false, true}) {
        bool null_logic = mode == JoinMode::kMark || mode == JoinMode::kNullAwareAnti;
        Expr* condition = with_residual ? residual : nullptr;
        if (!null_logic) condition = with_residual ? e.both(equality, residual) : equality;
        NestedLoopJoinOperator join(mode, source(kInt8Type, left), source(kInt8Type, right),
                                    condition, null_logic ? equality : nullptr);
        TestExecution execution(spill);
        INFO("mode " << int(mode) << " spill " << spill << " residual " << with_residual);
        CHECK(sorted(execution.run(join)) == Reference{1, with_residual}.join(mode, left, right));
      }
    }
  }
}

TEST_CASE("apply runs the right plan per left row") {
  std::mt19937 random(4);
  TestExprs e;
  for (size_t right_size : {40, 3000}) {
    Rows left = random_rows(random, 60, 3, 12), right = random_rows(random, right_size, 3, 12);
    std::sort(left.begin(), left.end());  // neighbours share runs
    for (JoinMode mode : kAllModes) {
      if (keeps_right(mode)) continue;
      for (bool with_condition : {false, true}) {
        bool null_logic = mode == JoinMode::kMark || mode == JoinMode::kNullAwareAnti;
        OperatorPtr inner = source(kTextType, right);
        if (!null_logic) {
          inner = std::make_unique<FilterOperator>(
              std::move(inner), e.equal(e.slot(0, kTextType), e.parameter(3, kTextType)));
        }
        ApplyOperator join(
            mode, source(kTextType, left), std::move(inner), {{e.slot(0, kTextType), 3}},
            with_condition ? e.less(e.slot(2), e.slot(5)) : nullptr,
            null_logic ? e.equal(e.slot(0, kTextType), e.slot(3, kTextType)) : nullptr);
        TestExecution execution;
        INFO("mode " << int(mode) << " right " << right_size << " condition " << with_condition);
        CHECK(sorted(execution.run(join)) == Reference{1, with_condition}.join(mode, left, right));
      }
    }
  }
}

}  // namespace
}  // namespace luma
