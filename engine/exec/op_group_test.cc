// Aggregation, DISTINCT, set operations and sorting against simple references.
#include <catch2/catch.hpp>
#include <set>

#include "engine/exec/op_aggregate.h"
#include "engine/exec/op_distinct.h"
#include "engine/exec/op_set_op.h"
#include "engine/exec/op_sort.h"
#include "engine/exec/op_test_aggregates.h"
#include "engine/exec/op_test_source.h"

namespace luma {
namespace {

using namespace testing;  // NOLINT

OperatorPtr source(std::vector<TypeRef> types, const Rows& rows) {
  return std::make_unique<TestSource>(std::move(types), rows);
}

int64_t fold_of(std::vector<Cell> cells) {
  std::vector<int64_t> values;
  for (const Cell& cell : cells) {
    if (cell) values.push_back(*cell);
  }
  return fold(values);
}
Cell sum_of(const std::vector<Cell>& cells) {
  Cell sum;
  for (const Cell& cell : cells) {
    if (cell) sum = sum.value_or(0) + *cell;
  }
  return sum;
}

TEST_CASE("GROUP BY with DISTINCT, FILTER and ORDER BY inside aggregates") {
  std::mt19937 random(11);
  TestExprs e;
  for (bool spill : {false, true}) {
    for (TypeRef key : {kInt8Type, kTextType}) {
      for (int64_t range : {5, 3000}) {
        Rows rows = random_rows(random, spill ? 9000 : 1500, 3, range);
        auto* distinct = e.aggregate_info();
        distinct->distinct = true;
        auto* filtered = e.aggregate_info();
        filtered->filter = e.less(e.slot(1), e.number(3));
        auto* ordered = e.aggregate_info();
        std::vector<SortKey> order{{.expr = e.slot(2), .descending = true}, {.expr = e.slot(1)}};
        ordered->order_by = copy_span(e.arena(), order);
        AggregateSpec spec;
        spec.groups = {e.slot(0, key)};
        spec.aggregates = {aggregate(e, kSum, e.slot(1)), aggregate(e, kCount, e.slot(1), distinct),
                           aggregate(e, kSum, e.slot(2), filtered),
                           aggregate(e, kFold, e.slot(1), ordered),
                           aggregate(e, kFold, e.slot(2), distinct)};
        std::map<Cell, Rows> groups;
        for (const Row& row : rows) groups[row[0]].push_back(row);
        Rows expected;
        for (auto& [group, members] : groups) {
          std::vector<Cell> all, passing, in_order;
          std::set<Cell> distinct1, distinct2;
          // DESC puts NULLs first unless told otherwise; here nulls_first is false for both keys.
          std::sort(members.begin(), members.end(), [](const Row& a, const Row& b) {
            if (a[2] != b[2]) {
              if (!a[2] || !b[2]) return b[2] == Cell();
              return *a[2] > *b[2];
            }
            if (!a[1] || !b[1]) return b[1] == Cell() && a[1] != Cell();
            return *a[1] < *b[1];
          });
          for (const Row& row : members) {
            all.push_back(row[1]);
            if (row[1]) distinct1.insert(row[1]);
            if (row[2]) distinct2.insert(row[2]);
            if (row[1] && *row[1] < 3) passing.push_back(row[2]);
            in_order.push_back(row[1]);
          }
          expected.push_back({group, sum_of(all), static_cast<int64_t>(distinct1.size()),
                              sum_of(passing), fold_of(in_order),
                              fold_of({distinct2.begin(), distinct2.end()})});
        }
        AggregateOperator plan(source({key, kInt8Type, kInt8Type}, rows), spec);
        TestExecution execution(spill);
        INFO("spill " << spill << " key " << key.oid << " range " << range);
        CHECK((sorted(execution.run(plan)) == sorted(expected)));
        CHECK((plan.stats().spilled_bytes > 0) == spill);
      }
    }
  }
}

TEST_CASE("keys too wide to be packed are found by their bits where groups are few") {
  std::mt19937 random(12);
  TestExprs e;
  // Few groups: the cache answers; many: it turns itself off.
  for (int64_t range : {2, 40}) {
    for (bool spill : {false, true}) {
      Rows rows = random_rows(random, 60000, 4, range, 5);
      AggregateSpec spec;
      spec.groups = {e.slot(0), e.slot(1), e.slot(2)};
      spec.aggregates = {aggregate(e, kSum, e.slot(3)), aggregate(e, kCount, e.slot(3))};
      std::map<Row, std::vector<Cell>> groups;
      for (const Row& row : rows) groups[{row[0], row[1], row[2]}].push_back(row[3]);
      Rows expected;
      for (auto& [key, values] : groups) {
        Row row = key;
        row.push_back(sum_of(values));
        row.push_back(std::count_if(values.begin(), values.end(), [](Cell c) { return !!c; }));
        expected.push_back(row);
      }
      AggregateOperator plan(source(std::vector<TypeRef>(4, kInt8Type), rows), spec);
      TestExecution execution(spill);
      bool equal = sorted(execution.run(plan)) == sorted(expected);
      CHECK(equal);
    }
  }
}

TEST_CASE("aggregates without GROUP BY give one row, also for no input") {
  TestExprs e;
  auto* filtered = e.aggregate_info();
  filtered->filter = e.less(e.slot(0), e.number(0));
  AggregateSpec spec;
  spec.aggregates = {aggregate(e, kSum, e.slot(0)), aggregate(e, kCount, e.slot(0)),
                     aggregate(e, kSum, e.slot(0), filtered)};
  TestExecution execution;
  AggregateOperator none(source({kInt8Type}, {}), spec);
  CHECK(execution.run(none) == Rows{{Cell(), 0, Cell()}});
  Rows rows = {{1}, {Cell()}, {5}};
  AggregateOperator three(source({kInt8Type}, rows), spec);
  CHECK(execution.run(three) == Rows{{6, 2, Cell()}});
}

TEST_CASE("grouping sets with GROUPING()") {
  std::mt19937 random(12);
  TestExprs e;
  for (bool spill : {false, true}) {
    for (size_t count : {size_t{0}, size_t{6000}}) {
      Rows rows = random_rows(random, count, 3, spill ? 2000 : 20);
      AggregateSpec spec;
      spec.groups = {e.slot(0), e.slot(1, kTextType)};
      spec.aggregates = {aggregate(e, kSum, e.slot(2))};
      spec.grouping_sets = {{0, 1}, {0}, {1}, {}};
      spec.grouping_marks = {{0, 1}, {1}};
      std::map<Row, std::vector<Cell>> groups;  // group columns, marks
      groups[{Cell(), Cell(), 3, 1}];
      for (const Row& row : rows) {
        groups[{row[0], row[1], 0, 0}].push_back(row[2]);
        groups[{row[0], Cell(), 1, 1}].push_back(row[2]);
        groups[{Cell(), row[1], 2, 0}].push_back(row[2]);
        groups[{Cell(), Cell(), 3, 1}].push_back(row[2]);
      }
      Rows expected;
      for (const auto& [key, values] : groups) {
        expected.push_back({key[0], key[1], sum_of(values), key[2], key[3]});
      }
      AggregateOperator plan(source({kInt8Type, kTextType, kInt8Type}, rows), spec);
      TestExecution execution(spill);
      CHECK((sorted(execution.run(plan)) == sorted(expected)));
      CHECK((plan.stats().spilled_bytes > 0) == (spill && count != 0));
    }
  }
}

TEST_CASE("DISTINCT and set operations") {
  std::mt19937 random(13);
  for (bool spill : {false, true}) {
    for (TypeRef key : {kInt8Type, kTextType}) {
      std::vector<TypeRef> types{key, kInt8Type};
      Rows left = random_rows(random, 8000, 2, spill ? 90 : 30);
      Rows right = random_rows(random, 6000, 2, spill ? 80 : 25);
      std::map<Row, std::pair<int, int>> counts;
      for (const Row& row : left) ++counts[row].first;
      for (const Row& row : right) ++counts[row].second;
      for (SetOpMode mode : {SetOpMode::kUnion, SetOpMode::kUnionAll, SetOpMode::kIntersect,
                             SetOpMode::kIntersectAll, SetOpMode::kExcept, SetOpMode::kExceptAll}) {
        Rows expected;
        for (const auto& [row, count] : counts) {
          auto [l, r] = count;
          int copies = 0;
          switch (mode) {
            case SetOpMode::kUnion:
              copies = 1;
              break;
            case SetOpMode::kUnionAll:
              copies = l + r;
              break;
            case SetOpMode::kIntersect:
              copies = l > 0 && r > 0;
              break;
            case SetOpMode::kIntersectAll:
              copies = std::min(l, r);
              break;
            case SetOpMode::kExcept:
              copies = l > 0 && r == 0;
              break;
            case SetOpMode::kExceptAll:
              copies = std::max(0, l - r);
              break;
          }
          expected.insert(expected.end(), static_cast<size_t>(copies), row);
        }
        OperatorPtr plan =
            make_set_operation(mode, source(types, left), source(types, right), types);
        TestExecution execution(spill);
        INFO("mode " << int(mode) << " spill " << spill << " key " << key.oid);
        CHECK((sorted(execution.run(*plan)) == expected));
        CHECK((plan->stats().spilled_bytes > 0) == (spill && mode != SetOpMode::kUnionAll));
      }
    }
  }
}

TEST_CASE("DISTINCT ON keeps the first row of each run") {
  TestExprs e;
  Rows rows = {{1, 1}, {1, 2}, {2, 3}, {Cell(), 4}, {Cell(), 5}, {3, 6}, {3, 7}, {3, 8}};
  UniqueOperator plan(source({kTextType, kInt8Type}, rows), {e.slot(0, kTextType)});
  TestExecution execution;
  CHECK(execution.run(plan) == Rows{{1, 1}, {2, 3}, {Cell(), 4}, {3, 6}});
}

// less(a, b) by values: the path of ORDER BY ... USING.
void greater_kernel(const KernelCall& call, Vector& result) {
  compare_kernel<std::greater<int64_t>>(call, result);
}

TEST_CASE("sort: directions, NULLs, spilling, top rows") {
  std::mt19937 random(14);
  TestExprs e;
  for (bool spill : {false, true}) {
    for (TypeRef type : {kInt8Type, kTextType}) {
      for (int variant = 0; variant < 9; ++variant) {
        bool descending = (variant & 1) != 0, nulls_first = (variant & 2) != 0;
        bool limited = (variant & 4) != 0, by_operator = variant == 8;
        Rows rows = random_rows(random, 3000, 3, 50);
        for (size_t i = 0; i < rows.size(); ++i) rows[i][2] = static_cast<int64_t>(i);
        std::vector<SortKey> keys{
            {.expr = e.slot(0, type), .descending = descending, .nulls_first = nulls_first},
            {.expr = e.slot(1), .descending = !descending, .nulls_first = nulls_first},
            {.expr = e.slot(2)}};
        if (by_operator) {
          keys[0].less_than = greater_kernel;
          descending = true;
        }
        auto order = [&](const Cell& a, const Cell& b, bool desc) {
          if (a == b) return 0;
          if (!a || !b) return (!a == nulls_first) ? -1 : 1;
          return (*a < *b) != desc ? -1 : 1;
        };
        Rows expected = rows;
        std::sort(expected.begin(), expected.end(), [&](const Row& a, const Row& b) {
          if (int first = order(a[0], b[0], descending)) return first < 0;
          if (int second = order(a[1], b[1], by_operator ? true : !descending)) return second < 0;
          return *a[2] < *b[2];
        });
        std::unique_ptr<SortOperator> plan;
        std::vector<TypeRef> types{type, kInt8Type, kInt8Type};
        if (limited) {
          plan =
              std::make_unique<SortOperator>(source(types, rows), keys, e.number(25), e.number(10));
          expected.erase(expected.begin(), expected.begin() + 10);
          expected.resize(25);
        } else {
          plan = std::make_unique<SortOperator>(source(types, rows), keys);
        }
        TestExecution execution(spill);
        INFO("spill " << spill << " type " << type.oid << " variant " << variant);
        CHECK((execution.run(*plan) == expected));
        CHECK((plan->stats().spilled_bytes > 0) == (spill && !limited));
      }
    }
  }
}

}  // namespace
}  // namespace luma
