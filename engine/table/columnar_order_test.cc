// Tables with a sort key: segments that rewrites make lie in its order, whatever their row ids are.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "engine/base/sql_error.h"
#include "engine/table/test_columnar.h"

namespace luma {
namespace {

struct OrderFixture : ColumnarFixture {
  OrderFixture() {
    options.load_rows = 1'000'000;
    open();
    attach();
    t->stored_order = {{.column = 1, .descending = true, .nulls_first = true}};
  }

  // Rows first..last, of which b is scattered over the whole range from 0 to 9972.
  void scatter(TestSession& s, int32_t first, int32_t last) {
    std::vector<TestRow> values;
    for (int32_t i = first; i <= last; ++i) {
      values.push_back({int_value(i), b_of(i) % 100 == 7 ? Value::null() : int_value(b_of(i))});
      if (b_of(i) % 100 == 7)
        wanted.insert(std::to_string(i) + "|");
      else
        wanted.insert(std::to_string(i) + "|" + std::to_string(b_of(i)));
    }
    s.insert(t, values);
  }
  static int32_t b_of(int32_t a) { return a * 7919 % 9973; }
  void forget(int32_t a) { wanted.erase(wanted.lower_bound(std::to_string(a) + "|")); }
  Rows sorted_rows(TestSession& s) {
    Rows found = rows(s);
    std::sort(found.begin(), found.end());
    return found;
  }
  Rows all() const { return {wanted.begin(), wanted.end()}; }
  const SegmentFooter& only_footer() {
    list = t->columnar->latest_segments();
    REQUIRE(list->segments.size() == 1);
    return list->segments[0].reader->footer();
  }
  // Of rows with b = value, beside how many row groups were read.
  std::pair<Rows, uint64_t> look_for(TestSession& s, int32_t value) {
    Expr* wanted_b = tables.exprs.integer(value);
    Expr* b = tables.exprs.slot(1, type_oid::kInt4);
    ColumnarScanOperator plan(t, {0, 1}, tables.exprs.equals(b, wanted_b),
                              {{1, ZoneCompare::kEqual, wanted_b}});
    Rows found = s.run(plan, {type_oid::kInt4, type_oid::kInt4});
    return {found, plan.work().groups};
  }
  // By several cursors that share it.
  Rows divided_rows(TestSession& s) {
    s.begin();
    auto scope = std::make_unique<StatementScope>(*s.txn);
    ExecContext context = s.make_context();
    auto shared = std::make_shared<SharedColumnarScan>(t);
    shared->open(context);
    Rows found;
    std::vector<std::unique_ptr<ColumnarScanOperator>> scans;
    for (int i = 0; i < 2; ++i) {
      scans.push_back(
          std::make_unique<ColumnarScanOperator>(t, std::vector<int32_t>{0, 1}, nullptr));
      scans.back()->share(shared);
      scans.back()->open(context);
    }
    for (size_t open = 2; open > 0;) {
      open = 0;
      for (auto& scan : scans) {
        const Chunk* chunk = scan->next(context);
        if (chunk == nullptr) continue;
        ++open;
        for (uint32_t row = 0; row < chunk->size; ++row) {
          const Value b = chunk->columns[1].value(row);
          found.push_back(std::to_string(chunk->columns[0].value(row).datum.i32) + "|" +
                          (b.is_null ? "" : std::to_string(b.datum.i32)));
        }
      }
    }
    for (auto& scan : scans) scan->close(context);
    shared->close(context);
    scope.reset();
    s.rollback();
    std::sort(found.begin(), found.end());
    return found;
  }

  std::set<std::string> wanted;
  SegmentListRef list;
};

TEST_CASE("rows of the delta move into a segment in the order of the sort key") {
  OrderFixture f;
  TestSession s(f.tables);
  for (int32_t i = 0; i < 20000; i += 1000) f.scatter(s, i + 1, i + 1000);
  CHECK(f.flush().rows_moved == 20000);
  CHECK(f.only_footer().reordered);
  CHECK(f.only_footer().groups.size() == 5);
  CHECK(f.sorted_rows(s) == f.all());
  CHECK(f.divided_rows(s) == f.all());
  // NULLs come first, and then the greatest.
  CHECK(f.rows(s).front().ends_with("|"));
  CHECK(f.rows(s).back().ends_with("|0"));
  auto [found, groups] = f.look_for(s, 5000);
  CHECK(found.size() == 2);
  CHECK(groups == 1);
  f.reopen();
  CHECK(f.sorted_rows(s) == f.all());
}

TEST_CASE("changes of rows in a segment with another order") {
  OrderFixture f;
  TestSession s(f.tables), other(f.tables, 2);
  f.scatter(s, 1, 10000);
  f.flush();
  other.begin(IsolationLevel::kRepeatableRead);
  const Rows before = f.sorted_rows(other);
  for (int32_t a : {1, 77, 5000, 10000}) {
    f.remove(s, a);
    f.forget(a);
  }
  for (int32_t a : {2, 9999}) {
    f.update(s, a, 123456);
    f.forget(a);
    f.wanted.insert(std::to_string(a) + "|123456");
  }
  f.scatter(s, 10001, 10010);
  CHECK(f.sorted_rows(s) == f.all());
  CHECK(f.divided_rows(s) == f.all());
  CHECK(f.sorted_rows(other) == before);
  CHECK(f.look_for(s, 123456).first.size() == 2);
  CHECK(f.look_for(s, OrderFixture::b_of(5000)).first.empty());
  // A row that moved has not changed.
  f.update(other, 3, 5);
  other.rollback();
  const RewriteResult second = f.flush();
  CHECK(second.segments_removed == 1);
  CHECK(second.delta_rows_left == 0);
  CHECK(f.sorted_rows(s) == f.all());
  CHECK(f.divided_rows(s) == f.all());
  // Without the key rows stay as they lie.
  f.t->stored_order.clear();
  f.remove(s, 4);
  f.forget(4);
  f.flush();
  CHECK(f.sorted_rows(s) == f.all());
  f.reopen();
  CHECK(f.sorted_rows(s) == f.all());
}

TEST_CASE("small segments are merged in the order of the sort key, with little memory, too") {
  OrderFixture f;
  f.options.segment.row_group_bytes = GENERATE(size_t{128} << 20, size_t{64} << 10);
  f.open();
  f.attach();
  TestSession s(f.tables);
  for (int32_t i = 0; i < 12000; i += 3000) {
    f.scatter(s, i + 1, i + 3000);
    f.flush();
  }
  CHECK(f.flush().segments_removed == 4);
  CHECK(f.only_footer().reordered);
  CHECK(f.sorted_rows(s) == f.all());
  CHECK(f.divided_rows(s) == f.all());
  f.remove(s, 6000);
  f.forget(6000);
  CHECK(f.sorted_rows(s) == f.all());
}

TEST_CASE("rows that are in order already keep their row ids' order") {
  OrderFixture f;
  TestSession s(f.tables);
  f.t->stored_order[0] = {.column = 0};
  f.scatter(s, 1, 9000);
  f.flush();
  CHECK(!f.only_footer().reordered);
  CHECK(f.sorted_rows(s) == f.all());
}

}  // namespace
}  // namespace luma
