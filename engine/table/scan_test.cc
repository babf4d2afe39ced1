#include "engine/table/scan.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "engine/table/index_entry.h"
#include "engine/table/test_tables.h"
#include "engine/table/verify_table.h"
#include "engine/type/array.h"

namespace luma {
namespace {

using Rows = std::vector<std::string>;

KeyRange equal_to(std::vector<const Expr*> values) {
  KeyRange range;
  for (const Expr* value : values) range.parts.push_back({value, nullptr, false});
  return range;
}

TEST_CASE("ranges of an index") {
  TestTables tables;
  TestSession session(tables);
  bool clustered = GENERATE(true, false);
  bool descending = GENERATE(true, false);
  auto t = tables.make("t", {{"a"}, {"b"}, {"c", type_oid::kText}});
  IndexDesc* index;
  if (clustered) {
    tables.set_primary_key(*t, {0, 1});
    index = &t->indexes[0];
  } else {
    index = &tables.add_index(*t, "t_ab", {0, 1});
  }
  index->keys[1].descending = descending;
  if (clustered) t->row_key = index->keys;
  std::vector<std::pair<int32_t, int32_t>> all;
  std::vector<TestRow> rows;
  for (int32_t a = 0; a < 5; ++a) {
    for (int32_t b = 0; b < 30; ++b) {
      all.emplace_back(a, b);
      rows.push_back({int_value(a), int_value(b), text_value("a text that is long enough")});
    }
  }
  std::shuffle(rows.begin(), rows.end(), std::mt19937(1));
  // Half of the rows are the transaction's own.
  size_t half = rows.size() / 2;
  session.insert(t,
                 std::vector<TestRow>(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(half)));
  session.begin();
  session.insert(t, std::vector<TestRow>(rows.begin() + static_cast<ptrdiff_t>(half), rows.end()));
  Rows in_order;
  auto expect = [&](auto&& wanted, bool reverse) {
    std::vector<std::pair<int32_t, int32_t>> found;
    for (auto& row : all) {
      if (wanted(row.first, row.second)) found.push_back(row);
    }
    std::sort(found.begin(), found.end(), [&](auto& x, auto& y) {
      if (x.first != y.first) return x.first < y.first;
      return descending ? x.second > y.second : x.second < y.second;
    });
    if (reverse) std::reverse(found.begin(), found.end());
    Rows texts;
    for (auto& [a, b] : found) texts.push_back(std::to_string(a) + "|" + std::to_string(b));
    return texts;
  };
  std::vector<int32_t> columns = {0, 1};
  std::vector<int32_t> with_text = {0, 1, 2};
  for (bool reverse : {false, true}) {
    auto scan = [&](KeyRange range) {
      Rows narrow = session.index_rows(t, *index, range, reverse, columns);
      Rows wide = session.index_rows(t, *index, range, reverse, with_text);
      REQUIRE(wide.size() == narrow.size());
      for (size_t i = 0; i < wide.size(); ++i) {
        CHECK(wide[i] == narrow[i] + "|a text that is long enough");
      }
      return narrow;
    };
    CHECK(scan({}) == expect([](int, int) { return true; }, reverse));
    CHECK(scan(equal_to({tables.exprs.integer(3)})) ==
          expect([](int a, int) { return a == 3; }, reverse));
    CHECK(scan(equal_to({tables.exprs.integer(3), tables.exprs.integer(7)})) ==
          expect([](int a, int b) { return a == 3 && b == 7; }, reverse));
    CHECK(scan(equal_to({tables.exprs.integer(99), tables.exprs.integer(7)})).empty());
    CHECK(scan(equal_to({tables.exprs.null(type_oid::kInt4)})).empty());
    for (bool low_in : {false, true}) {
      for (bool high_in : {false, true}) {
        KeyRange range = equal_to({tables.exprs.integer(2)});
        range.lower = tables.exprs.integer(5);
        range.lower_inclusive = low_in;
        range.upper = tables.exprs.integer(20);
        range.upper_inclusive = high_in;
        CHECK(scan(range) == expect(
                                 [&](int a, int b) {
                                   return a == 2 && (low_in ? b >= 5 : b > 5) &&
                                          (high_in ? b <= 20 : b < 20);
                                 },
                                 reverse));
        range.upper = nullptr;
        CHECK(scan(range) ==
              expect([&](int a, int b) { return a == 2 && (low_in ? b >= 5 : b > 5); }, reverse));
        range.lower = tables.exprs.integer(25);
        range.upper = tables.exprs.integer(24);
        CHECK(scan(range).empty());
      }
    }
    KeyRange list;
    ArrayBuilder array(type_oid::kInt4);
    for (int32_t v : {4, 1, 77, 1}) array.add(int_value(v));
    array.add(Value::null());
    const Expr* any =
        tables.exprs.constant(type_oid::kInt4Array, array.finish(tables.exprs.arena()));
    list.parts = {{nullptr, any, false}};
    CHECK(scan(list) == expect([](int a, int) { return a == 1 || a == 4; }, reverse));
    list.lower = tables.exprs.integer(28);
    CHECK(scan(list) ==
          expect([](int a, int b) { return (a == 1 || a == 4) && b >= 28; }, reverse));
    KeyRange points = equal_to({tables.exprs.integer(2)});
    points.parts.push_back({nullptr, any, false});
    CHECK(scan(points) ==
          expect([](int a, int b) { return a == 2 && (b == 1 || b == 4); }, reverse));
  }
  session.rollback();
}

TEST_CASE("NULLs in indexes") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"a"}, {"b"}});
  bool nulls_first = GENERATE(false, true);
  IndexDesc& index = tables.add_index(*t, "t_a", {0}, GENERATE(false, true));
  index.keys[0].nulls_first = nulls_first;
  session.insert(t, {{int_value(2), int_value(1)},
                     {Value::null(), int_value(2)},
                     {int_value(1), int_value(3)},
                     {Value::null(), int_value(4)}});
  Rows expected = nulls_first ? Rows{"|2", "|4", "1|3", "2|1"} : Rows{"1|3", "2|1", "|2", "|4"};
  CHECK(session.index_rows(t, index) == expected);
  KeyRange nulls;
  nulls.parts = {{nullptr, nullptr, true}};
  CHECK(session.index_rows(t, index, nulls) == Rows{"|2", "|4"});
  CHECK(session.index_rows(t, index, nulls, true) == Rows{"|4", "|2"});
  KeyRange bounded;
  bounded.lower = tables.exprs.integer(2);
  CHECK(session.index_rows(t, index, bounded) == Rows{"2|1"});
  bounded.lower = nullptr;
  bounded.upper = tables.exprs.integer(2);
  CHECK(session.index_rows(t, index, bounded) == Rows{"1|3", "2|1"});
  // The key alone.
  CHECK(session.index_rows(t, index, bounded, false, {0}) == Rows{"1", "2"});
}

TEST_CASE("included columns, the row key and partial indexes") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"id"}, {"a", type_oid::kText}, {"b", type_oid::kText}, {"c"}});
  tables.set_primary_key(*t, {0});
  IndexDesc& index = tables.add_index(*t, "t_a", {1}, GENERATE(false, true));
  index.include = {3, 2};
  index.keys[0].descending = true;
  index.predicate =
      tables.exprs.greater(tables.exprs.slot(3, type_oid::kInt4), tables.exprs.integer(0));
  session.insert(t,
                 {{int_value(1), text_value("x"), text_value("a rather long text"), int_value(1)},
                  {int_value(2), text_value("y"), Value::null(), int_value(2)},
                  {int_value(3), text_value("z"), text_value("never seen"), int_value(0)},
                  {int_value(4), Value::null(), text_value("q"), int_value(4)}});
  CHECK(IndexEntryReader::make(*t, index, std::vector<int32_t>{0, 1, 2, 3}) != nullptr);
  CHECK(session.index_rows(t, index) == Rows{"2|y||2", "1|x|a rather long text|1", "4||q|4"});
  // In and out of the partial index.
  session.update(
      t, {{3, tables.exprs.add(tables.exprs.slot(3, type_oid::kInt4), tables.exprs.integer(-1))}});
  CHECK(session.index_rows(t, index) == Rows{"2|y||1", "4||q|3"});
  session.begin();
  {
    StatementScope scope(*session.txn);
    ExecContext context = session.make_context();
    CHECK(verify_table(context, t) == Rows{});
  }
  session.rollback();
}

TEST_CASE("filters, row keys and table oids") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"id"}, {"n"}});
  tables.set_primary_key(*t, {0});
  std::vector<TestRow> rows;
  for (int32_t i = 0; i < 5000; ++i) rows.push_back({int_value(i), int_value(i % 100)});
  session.insert(t, rows);
  Expr* filter =
      tables.exprs.greater(tables.exprs.slot(1, type_oid::kInt4), tables.exprs.integer(97));
  TableScanOperator plan(t, {0, 1, kTableOidColumn, kRowKeyColumn}, filter);
  Rows found = session.run(plan, {type_oid::kInt4, type_oid::kInt4, type_oid::kOid});
  CHECK(found.size() == 100);
  CHECK(found[3] == "199|99|" + std::to_string(t->oid));
  // A rescan gives the same; so does a new transaction.
  CHECK(session.run(plan, {type_oid::kInt4, type_oid::kInt4, type_oid::kOid}) == found);
}

TEST_CASE("a statement does not see what it writes") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"n"}});
  std::vector<TestRow> rows;
  for (int32_t i = 0; i < 3000; ++i) rows.push_back({int_value(i)});
  session.insert(t, rows);
  session.begin();
  auto double_it = [&] {
    ModifySpec spec = session.insert_spec(t);
    auto source = std::make_unique<TableScanOperator>(t, std::vector<int32_t>{0}, nullptr);
    ModifyOperator plan(std::move(source), std::move(spec));
    uint64_t affected = 0;
    session.run(plan, {}, &affected);
    return affected;
  };
  CHECK(double_it() == 3000);
  CHECK(double_it() == 6000);
  CHECK(session.rows(t).size() == 12000);
  session.rollback();
}

}  // namespace
}  // namespace luma
