#include "engine/table/modify.h"

#include <catch2/catch.hpp>
#include <thread>

#include "engine/base/sql_error.h"
#include "engine/base/would_block.h"
#include "engine/table/test_tables.h"
#include "engine/table/verify_table.h"

namespace luma {
namespace {

using Rows = std::vector<std::string>;

template <typename Body>
SqlError error_of(Body&& body) {
  try {
    body();
  } catch (const SqlError& error) {
    return error;
  }
  FAIL("no error");
  return SqlError(SqlState::kInternalError, "");
}

void require_sound(TestSession& session, const TableDescPtr& table) {
  bool own = session.txn == nullptr;
  if (own) session.begin();
  {
    StatementScope scope(*session.txn);
    ExecContext context = session.make_context();
    Rows problems = verify_table(context, table);
    CHECK(problems == Rows{});
  }
  if (own) session.rollback();
}

TEST_CASE("rows of a table without primary key") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"a"}, {"b", type_oid::kText}});
  tables.add_index(*t, "t_b", {1});
  CHECK(session.insert(t, {{int_value(1), text_value("one")},
                           {int_value(2), text_value("a string longer than twelve bytes")},
                           {Value::null(), Value::null()}}) == 3);
  CHECK(session.rows(t) == Rows{"1|one", "2|a string longer than twelve bytes", "|"});
  CHECK(session.update(t, {{0, tables.exprs.add(tables.exprs.slot(0, type_oid::kInt4),
                                                tables.exprs.integer(10))}}) == 3);
  CHECK(session.rows(t) == Rows{"11|one", "12|a string longer than twelve bytes", "|"});
  require_sound(session, t);
  Expr* filter =
      tables.exprs.greater(tables.exprs.slot(0, type_oid::kInt4), tables.exprs.integer(11));
  CHECK(session.remove(t, filter) == 1);
  CHECK(session.rows(t) == Rows{"11|one", "|"});
  require_sound(session, t);
}

TEST_CASE("primary key, unique index, NOT NULL and CHECK") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"id"}, {"u"}, {"v", type_oid::kText}});
  tables.set_primary_key(*t, {0});
  tables.add_index(*t, "t_u_key", {1}, true);
  t->checks.emplace_back("t_u_check", tables.exprs.greater(tables.exprs.slot(1, type_oid::kInt4),
                                                           tables.exprs.integer(0)));
  session.insert(t, {{int_value(1), int_value(10), text_value("x")},
                     {int_value(2), Value::null(), text_value("y")},
                     {int_value(3), Value::null(), text_value("z")}});
  SqlError error = error_of([&] {
    session.insert(t, {{int_value(1), int_value(11), text_value("x")}});
  });
  CHECK(error.state == SqlState::kUniqueViolation);
  CHECK(error.message == "duplicate key value violates unique constraint \"t_pkey\"");
  CHECK(error.detail_text == "Key (id)=(1) already exists.");
  error = error_of([&] { session.insert(t, {{int_value(4), int_value(10), Value::null()}}); });
  CHECK(error.detail_text == "Key (u)=(10) already exists.");
  CHECK(error.constraint_name == "t_u_key");
  error = error_of([&] { session.insert(t, {{Value::null(), int_value(12), Value::null()}}); });
  CHECK(error.message ==
        "null value in column \"id\" of relation \"t\" violates not-null constraint");
  CHECK(error.detail_text == "Failing row contains (null, 12, null).");
  error = error_of([&] { session.insert(t, {{int_value(5), int_value(0), Value::null()}}); });
  CHECK(error.state == SqlState::kCheckViolation);
  CHECK(error.message == "new row for relation \"t\" violates check constraint \"t_u_check\"");
  CHECK(error.detail_text == "Failing row contains (5, 0, null).");
  // Within one statement, too.
  error = error_of([&] {
    session.insert(t, {{int_value(7), int_value(20), Value::null()},
                       {int_value(8), int_value(20), Value::null()}});
  });
  CHECK(error.detail_text == "Key (u)=(20) already exists.");
  CHECK(session.rows(t) == Rows{"1|10|x", "2||y", "3||z"});
  require_sound(session, t);

  // A key that changes is a delete and an insert; the old key is free again.
  Expr* first =
      tables.exprs.greater(tables.exprs.integer(2), tables.exprs.slot(0, type_oid::kInt4));
  CHECK(session.update(t, {{0, tables.exprs.integer(100)}}, first) == 1);
  session.insert(t, {{int_value(1), int_value(30), Value::null()}});
  CHECK(session.rows(t) == Rows{"1|30|", "2||y", "3||z", "100|10|x"});
  CHECK(session.index_rows(t, t->indexes[1]) == Rows{"100|10|x", "1|30|", "2||y", "3||z"});
  require_sound(session, t);
}

TEST_CASE("many rows at once") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"id"}, {"u"}, {"v", type_oid::kText}});
  tables.set_primary_key(*t, {0});
  tables.add_index(*t, "t_u_key", {1}, true);
  tables.add_index(*t, "t_v", {2});
  auto rows = [](int first, int count, int step) {
    std::vector<TestRow> made;
    for (int i = 0; i < count; ++i) {
      int id = first + i * step;
      made.push_back({int_value(id), i % 5 == 0 ? Value::null() : int_value(-id),
                      text_value(i % 2 == 0 ? "even" : "odd")});
    }
    return made;
  };
  session.insert(t, rows(100, 100, 2));
  std::vector<TestRow> shuffled = rows(101, 100, 2);
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(3));
  session.insert(t, shuffled);
  session.insert(t, rows(90, 5, -1));
  require_sound(session, t);
  size_t stored = session.rows(t).size();
  CHECK(stored == 205);

  // The first row at fault is the one that is named, whichever key it is.
  auto fails = [&](std::vector<TestRow> some) {
    SqlError error = error_of([&] { session.insert(t, some); });
    CHECK(error.state == SqlState::kUniqueViolation);
    return error.detail_text;
  };
  auto some = rows(1000, 50, 1);
  some[30][0] = int_value(1003);
  some[40][0] = int_value(100);
  CHECK(fails(some) == "Key (id)=(1003) already exists.");
  some = rows(1000, 50, 1);
  some[20][1] = int_value(-102);
  some[30][0] = int_value(100);
  CHECK(fails(some) == "Key (u)=(-102) already exists.");
  CHECK(session.rows(t).size() == stored);
  // Keys of the transaction's own.
  session.begin();
  session.insert(t, rows(2000, 50, 1));
  CHECK(fails(rows(1970, 50, 1)) == "Key (id)=(2000) already exists.");
}

TEST_CASE("two transactions on one row") {
  TestTables tables;
  auto t = tables.make("t", {{"id"}, {"n"}});
  tables.set_primary_key(*t, {0});
  TestSession one(tables, 1), two(tables, 2);
  one.insert(t, {{int_value(1), int_value(0)}});
  Expr* increment =
      tables.exprs.add(tables.exprs.slot(1, type_oid::kInt4), tables.exprs.integer(1));
  SECTION("READ COMMITTED goes on with the newest version") {
    one.begin();
    one.update(t, {{1, increment}});
    std::thread waiting([&] { two.update(t, {{1, increment}}); });
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    one.commit();
    waiting.join();
    CHECK(one.rows(t) == Rows{"1|2"});
  }
  SECTION("READ COMMITTED tests the condition again") {
    Expr* filter =
        tables.exprs.greater(tables.exprs.integer(1), tables.exprs.slot(1, type_oid::kInt4));
    one.begin();
    one.update(t, {{1, increment}});
    uint64_t updated = 99;
    std::thread waiting([&] { updated = two.update(t, {{1, increment}}, filter); });
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    one.commit();
    waiting.join();
    CHECK(updated == 0);
    CHECK(one.rows(t) == Rows{"1|1"});
  }
  SECTION("REPEATABLE READ fails") {
    two.begin(IsolationLevel::kRepeatableRead);
    CHECK(two.rows(t) == Rows{"1|0"});
    one.update(t, {{1, increment}});
    SqlError error = error_of([&] { two.update(t, {{1, increment}}); });
    CHECK(error.state == SqlState::kTRSerializationFailure);
    CHECK(error.message == "could not serialize access due to concurrent update");
    two.rollback();
  }
  SECTION("the second insert of a key waits and fails, or succeeds after a rollback") {
    for (bool commits : {true, false}) {
      one.begin();
      one.insert(t, {{int_value(5), int_value(1)}});
      bool failed = false;
      std::thread waiting([&] {
        try {
          two.insert(t, {{int_value(5), int_value(2)}});
        } catch (const SqlError& error) {
          failed = error.state == SqlState::kUniqueViolation;
        }
      });
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      if (commits) {
        one.commit();
      } else {
        one.rollback();
      }
      waiting.join();
      CHECK(failed == commits);
      one.remove(
          t, tables.exprs.greater(tables.exprs.slot(0, type_oid::kInt4), tables.exprs.integer(4)));
    }
  }
  SECTION("inline execution does not wait") {
    one.begin();
    one.update(t, {{1, increment}});
    two.begin();
    StatementScope scope(*two.txn);
    ExecContext context = two.make_context();
    context.inline_mode = true;
    ModifyOperator plan(two.target_scan(t, nullptr),
                        two.target_spec(t, ModifyAction::kDelete, nullptr));
    plan.open(context);
    CHECK_THROWS_AS(plan.next(context), WouldBlock);
    plan.close(context);
  }
}

TEST_CASE("savepoints undo rows and index entries") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"id"}, {"u"}});
  tables.set_primary_key(*t, {0});
  tables.add_index(*t, "t_u", {1}, true);
  session.begin();
  session.insert(t, {{int_value(1), int_value(1)}});
  auto savepoint = session.txn->savepoint();
  session.insert(t, {{int_value(2), int_value(2)}});
  session.update(
      t, {{1, tables.exprs.add(tables.exprs.slot(0, type_oid::kInt4), tables.exprs.integer(10))}});
  CHECK(session.rows(t) == Rows{"1|11", "2|12"});
  require_sound(session, t);
  session.txn->rollback_to(savepoint);
  CHECK(session.rows(t) == Rows{"1|1"});
  require_sound(session, t);
  session.insert(t, {{int_value(3), int_value(2)}});
  session.commit();
  CHECK(session.rows(t) == Rows{"1|1", "3|2"});
  require_sound(session, t);
}

TEST_CASE("ON CONFLICT") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"id"}, {"n"}});
  tables.set_primary_key(*t, {0});
  tables.add_index(*t, "t_n", {1}, true);
  session.insert(t, {{int_value(1), int_value(10)}});
  auto upsert = [&](std::vector<TestRow> rows, bool update) {
    ModifySpec spec = session.insert_spec(t);
    spec.conflict = std::make_unique<ConflictSpec>();
    spec.conflict->update = update;
    if (update) {
      spec.conflict->indexes = {t->indexes[0].oid};
      spec.conflict->assignments = {nullptr,
                                    tables.exprs.add(tables.exprs.slot(1, type_oid::kInt4),
                                                     tables.exprs.slot(3, type_oid::kInt4))};
    }
    spec.returning = {tables.exprs.slot(2, type_oid::kInt4), tables.exprs.slot(3, type_oid::kInt4)};
    ModifyOperator plan(session.values(*t, rows), std::move(spec));
    return session.run(plan, {type_oid::kInt4, type_oid::kInt4});
  };
  CHECK(upsert({{int_value(1), int_value(5)}, {int_value(2), int_value(6)}}, true) ==
        Rows{"1|15", "2|6"});
  CHECK(session.rows(t) == Rows{"1|15", "2|6"});
  CHECK(upsert({{int_value(1), int_value(5)},
                {int_value(3), int_value(6)},
                {int_value(4), int_value(7)},
                {int_value(4), int_value(8)}},
               false) == Rows{"4|7"});
  SqlError error = error_of([&] {
    upsert({{int_value(9), int_value(90)}, {int_value(9), int_value(91)}}, true);
  });
  CHECK(error.state == SqlState::kCardinalityViolation);
  // Not an arbiter: a plain violation.
  error = error_of([&] { upsert({{int_value(8), int_value(6)}}, true); });
  CHECK(error.constraint_name == "t_n");
  require_sound(session, t);
}

TEST_CASE("generated columns, RETURNING, old and new rows") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"a"}, {"g"}});
  t->generated = {
      nullptr, tables.exprs.add(tables.exprs.slot(0, type_oid::kInt4), tables.exprs.integer(100))};
  tables.add_index(*t, "t_g", {1});
  session.insert(t, {{int_value(1), Value::null()}, {int_value(2), Value::null()}});
  CHECK(session.rows(t) == Rows{"1|101", "2|102"});
  ModifySpec spec = session.target_spec(t, ModifyAction::kUpdate, nullptr);
  spec.assignments = {
      tables.exprs.add(tables.exprs.slot(0, type_oid::kInt4), tables.exprs.integer(5)), nullptr};
  // Child: a, g, row key; then the new row.
  spec.returning = {tables.exprs.slot(0, type_oid::kInt4), tables.exprs.slot(3, type_oid::kInt4),
                    tables.exprs.slot(4, type_oid::kInt4)};
  ModifyOperator plan(session.target_scan(t, nullptr), std::move(spec));
  std::vector<Oid> ints(3, type_oid::kInt4);
  CHECK(session.run(plan, ints) == Rows{"1|6|106", "2|7|107"});
  CHECK(session.run(plan, ints) == Rows{"6|11|111", "7|12|112"});
  require_sound(session, t);
}

TEST_CASE("expression indexes and NULLS NOT DISTINCT") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"a"}, {"b"}});
  IndexDesc& sum = tables.add_index(*t, "t_sum", {0}, true);
  sum.keys[0].column = -1;
  sum.keys[0].expression = tables.exprs.add(tables.exprs.slot(0, type_oid::kInt4),
                                            tables.exprs.slot(1, type_oid::kInt4));
  sum.keys[0].text = "(a + b)";
  session.insert(t, {{int_value(1), int_value(5)},
                     {int_value(2), int_value(1)},
                     {Value::null(), int_value(1)},
                     {Value::null(), int_value(1)}});
  CHECK(session.index_rows(t, sum) == Rows{"2|1", "1|5", "|1", "|1"});
  SqlError error = error_of([&] { session.insert(t, {{int_value(3), int_value(3)}}); });
  CHECK(error.detail_text == "Key ((a + b))=(6) already exists.");
  CHECK(session.update(t, {{1, tables.exprs.integer(0)}}) == 4);
  CHECK(session.index_rows(t, sum) == Rows{"1|0", "2|0", "|0", "|0"});
  require_sound(session, t);

  auto u = tables.make("u", {{"a"}});
  tables.add_index(*u, "u_a", {0}, true).nulls_not_distinct = true;
  session.insert(u, {{Value::null()}});
  error = error_of([&] { session.insert(u, {{Value::null()}}); });
  CHECK(error.detail_text == "Key (a)=(null) already exists.");
  require_sound(session, u);
}

TEST_CASE("an UPDATE that meets a row twice changes it once") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"id"}, {"n"}});
  tables.set_primary_key(*t, {0});
  session.insert(t, {{int_value(1), int_value(0)}, {int_value(2), int_value(0)}});
  std::vector<OperatorPtr> twice;
  twice.push_back(session.target_scan(t, nullptr));
  twice.push_back(session.target_scan(t, nullptr));
  ModifySpec spec = session.target_spec(t, ModifyAction::kUpdate, nullptr);
  spec.assignments = {
      nullptr, tables.exprs.add(tables.exprs.slot(1, type_oid::kInt4), tables.exprs.integer(1))};
  ModifyOperator plan(std::make_unique<AppendOperator>(std::move(twice)), std::move(spec));
  uint64_t affected = 0;
  session.run(plan, {}, &affected);
  CHECK(affected == 2);
  CHECK(session.rows(t) == Rows{"1|1", "2|1"});
}

TEST_CASE("rows written before a column was added") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"a"}, {"b", type_oid::kText}});
  session.insert(t, {{int_value(1), text_value("x")}});
  ColumnDesc added;
  added.name = "c";
  added.type = {type_oid::kInt8, -1};
  added.physical = PhysicalType::kInt64;
  added.since_version = 2;
  added.missing_value = Datum::of_int64(77);
  t->columns.push_back(added);
  t->schema_version = 2;
  session.insert(t, {{int_value(2), text_value("y"), Datum::of_int64(5)}});
  CHECK(session.rows(t) == Rows{"1|x|77", "2|y|5"});
  t->columns[0].dropped = true;
  CHECK(session.rows(t) == Rows{"x|77", "y|5"});
}

}  // namespace
}  // namespace luma
