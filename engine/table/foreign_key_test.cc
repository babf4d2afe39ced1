#include "engine/table/foreign_key.h"

#include <catch2/catch.hpp>
#include <thread>

#include "engine/base/sql_error.h"
#include "engine/table/table_build.h"
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

struct Family {
  TestTables tables;
  TestSession session{tables};
  std::shared_ptr<TableDesc> parent = tables.make("p", {{"id", type_oid::kInt8}, {"x"}});
  std::shared_ptr<TableDesc> child = tables.make("c", {{"id"}, {"pid"}});

  // `layout`: how the parent's key and the child's column are indexed.
  explicit Family(ForeignKeyDesc key = {}, bool clustered = true, bool child_index = true) {
    if (clustered) {
      tables.set_primary_key(*parent, {0});
    } else {
      tables.add_index(*parent, "p_id_key", {0}, true);
    }
    tables.set_primary_key(*child, {0});
    if (child_index) tables.add_index(*child, "c_pid", {1});
    tables.add_foreign_key(*child, *parent, {1}, {0}, key);
    session.insert(parent,
                   {{Datum::of_int64(1), int_value(10)}, {Datum::of_int64(2), int_value(20)}});
  }
  ~Family() {
    session.rollback();
    for (const auto& table : {parent, child}) {
      session.begin();
      StatementScope scope(*session.txn);
      ExecContext context = session.make_context();
      CHECK(verify_table(context, table) == Rows{});
    }
    session.rollback();
  }
  const Expr* id_is(const TableDesc&, int32_t id) {
    // id > n - 1 AND id <= n, over int8 or int4, by a kernel of our own.
    Expr* expr = tables.exprs.call(
        [](const KernelCall& call, Vector& result) {
          result.begin_flat();
          for (uint32_t i = 0; i < call.count; ++i) {
            Value a = call.args[0]->value(i);
            int64_t v =
                call.args[0]->physical() == PhysicalType::kInt64 ? a.datum.i64 : a.datum.i32;
            result.set_value(i, Datum::of_bool(v == call.args[1]->value(i).datum.i32));
          }
        },
        type_oid::kBool, {tables.exprs.slot(0, type_oid::kInt4), tables.exprs.integer(id)});
    return expr;
  }
  const Expr* big(int64_t v) { return tables.exprs.constant(type_oid::kInt8, Datum::of_int64(v)); }
};

TEST_CASE("a child needs its parent") {
  Family family({}, GENERATE(true, false), GENERATE(true, false));
  TestSession& s = family.session;
  CHECK(s.insert(family.child, {{int_value(1), int_value(1)},
                                {int_value(2), int_value(1)},
                                {int_value(3), Value::null()}}) == 3);
  SqlError error = error_of([&] { s.insert(family.child, {{int_value(4), int_value(5)}}); });
  CHECK(error.state == SqlState::kForeignKeyViolation);
  CHECK(error.message ==
        "insert or update on table \"c\" violates foreign key constraint \"c_fkey\"");
  CHECK(error.detail_text == "Key (pid)=(5) is not present in table \"p\".");
  error_of([&] { s.update(family.child, {{1, family.tables.exprs.integer(9)}}); });
  CHECK(s.update(family.child, {{1, family.tables.exprs.integer(2)}}) == 3);

  error = error_of([&] { s.remove(family.parent, family.id_is(*family.parent, 2)); });
  CHECK(error.message ==
        "update or delete on table \"p\" violates foreign key constraint \"c_fkey\" on table "
        "\"c\"");
  CHECK(error.detail_text == "Key (id)=(2) is still referenced from table \"c\".");
  error_of([&] { s.update(family.parent, {{0, family.big(7)}}, family.id_is(*family.parent, 2)); });
  CHECK(s.update(family.parent, {{1, family.tables.exprs.integer(7)}}) == 2);
  CHECK(s.remove(family.parent, family.id_is(*family.parent, 1)) == 1);
  CHECK(s.rows(family.parent) == Rows{"2|7"});
}

TEST_CASE("foreign key actions") {
  ForeignKeyDesc key;
  SECTION("cascade") {
    key.on_delete = key.on_update = ForeignKeyAction::kCascade;
    Family family(key, true, GENERATE(true, false));
    TestSession& s = family.session;
    s.insert(family.child, {{int_value(1), int_value(1)}, {int_value(2), int_value(2)}});
    s.update(family.parent, {{0, family.big(5)}}, family.id_is(*family.parent, 1));
    CHECK(s.rows(family.child) == Rows{"1|5", "2|2"});
    s.remove(family.parent, family.id_is(*family.parent, 5));
    CHECK(s.rows(family.child) == Rows{"2|2"});
  }
  SECTION("set null and set default") {
    key.on_delete = ForeignKeyAction::kSetNull;
    key.on_update = ForeignKeyAction::kSetDefault;
    Family family(key);
    TestSession& s = family.session;
    family.child->defaults = {nullptr, family.tables.exprs.integer(2)};
    s.insert(family.child, {{int_value(1), int_value(1)}, {int_value(2), int_value(2)}});
    s.update(family.parent, {{0, family.big(5)}}, family.id_is(*family.parent, 1));
    CHECK(s.rows(family.child) == Rows{"1|2", "2|2"});
    s.remove(family.parent, family.id_is(*family.parent, 2));
    CHECK(s.rows(family.child) == Rows{"1|", "2|"});
    // The default's row must exist.
    s.update(family.child, {{1, family.tables.exprs.integer(5)}});
    CHECK(error_of([&] {
            s.update(family.parent, {{0, family.big(6)}});
          }).state == SqlState::kForeignKeyViolation);
    // NOT NULL still holds.
    family.child->columns[1].not_null = true;
    CHECK(error_of([&] { s.remove(family.parent); }).state == SqlState::kNotNullViolation);
    family.child->columns[1].not_null = false;
  }
}

TEST_CASE("a tree of rows in one table") {
  TestTables tables;
  TestSession s(tables);
  auto t = tables.make("t", {{"id"}, {"up"}});
  tables.set_primary_key(*t, {0});
  tables.add_index(*t, "t_up", {1});
  ForeignKeyDesc key;
  key.on_delete = ForeignKeyAction::kCascade;
  tables.add_foreign_key(*t, *t, {1}, {0}, key);
  // Parents may come later in the same statement.
  s.insert(t, {{int_value(3), int_value(2)},
               {int_value(2), int_value(1)},
               {int_value(1), Value::null()},
               {int_value(9), int_value(9)}});
  Expr* root = tables.exprs.greater(tables.exprs.integer(2), tables.exprs.slot(0, type_oid::kInt4));
  CHECK(s.remove(t, root) == 1);
  CHECK(s.rows(t) == Rows{"9|9"});
}

TEST_CASE("deferred foreign keys") {
  ForeignKeyDesc key;
  key.deferrable = key.initially_deferred = true;
  Family family(key);
  TestSession& s = family.session;
  s.begin();
  s.insert(family.child, {{int_value(1), int_value(7)}});
  SECTION("checked at commit") {
    CHECK(error_of([&] { s.commit(); }).state == SqlState::kForeignKeyViolation);
  }
  SECTION("satisfied meanwhile") {
    s.insert(family.parent, {{Datum::of_int64(7), int_value(0)}});
    s.commit();
    CHECK(s.rows(family.child) == Rows{"1|7"});
  }
  SECTION("withdrawn meanwhile") {
    s.remove(family.child);
    s.commit();
  }
  SECTION("SET CONSTRAINTS IMMEDIATE") {
    StatementScope scope(*s.txn);
    ExecContext context = s.make_context();
    CHECK_THROWS_AS(s.deferred.set_mode(context, {}, false), SqlError);
  }
  SECTION("rolled back to a savepoint") {
    s.rollback();
    s.begin();
    auto savepoint = s.txn->savepoint();
    auto mark = s.deferred.mark();
    s.insert(family.child, {{int_value(1), int_value(7)}});
    CHECK(s.deferred.has_pending());
    s.txn->rollback_to(savepoint);
    s.deferred.rollback_to(mark);
    s.commit();
  }
}

TEST_CASE("several modifications in one statement") {
  Family family;
  TestSession& s = family.session;
  s.insert(family.child, {{int_value(1), int_value(1)}});
  auto delete_all = [&](const TableDescPtr& table) {
    return std::make_unique<ModifyOperator>(s.target_scan(table, nullptr),
                                            s.target_spec(table, ModifyAction::kDelete, nullptr));
  };
  auto both = [&] {
    std::vector<OperatorPtr> parts;
    parts.push_back(delete_all(family.parent));
    parts.push_back(delete_all(family.child));
    return std::make_unique<AppendOperator>(std::move(parts));
  };
  auto alone = both();
  CHECK(error_of([&] { s.run(*alone, {}); }).state == SqlState::kForeignKeyViolation);
  StatementConstraintsOperator together(both());
  s.run(together, {});
  CHECK(s.rows(family.parent).empty());
  CHECK(s.rows(family.child).empty());
}

TEST_CASE("a parent is locked by its new children") {
  Family family;
  TestSession other(family.tables, 2);
  family.session.begin();
  family.session.insert(family.child, {{int_value(1), int_value(1)}});
  bool failed = false;
  const Expr* first = family.id_is(*family.parent, 1);
  std::thread waiting([&] {
    try {
      other.remove(family.parent, first);
    } catch (const SqlError& error) {
      failed = error.state == SqlState::kForeignKeyViolation;
    }
  });
  // An update that leaves the key alone does not wait.
  TestSession third(family.tables, 3);
  CHECK(third.update(family.parent, {{1, family.tables.exprs.integer(1)}},
                     family.id_is(*family.parent, 2)) == 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  family.session.commit();
  waiting.join();
  CHECK(failed);
}

TEST_CASE("deferrable unique constraints") {
  TestTables tables;
  TestSession s(tables);
  auto t = tables.make("t", {{"n"}});
  IndexDesc& index = tables.add_index(*t, "t_n", {0}, true);
  index.deferrable = true;
  s.insert(t, {{int_value(1)}, {int_value(2)}, {int_value(3)}});
  // Collides on the way, not in the end.
  s.update(t,
           {{0, tables.exprs.add(tables.exprs.slot(0, type_oid::kInt4), tables.exprs.integer(1))}});
  CHECK(s.rows(t) == Rows{"2", "3", "4"});
  CHECK(error_of([&] { s.insert(t, {{int_value(2)}}); }).state == SqlState::kUniqueViolation);
  index.initially_deferred = true;
  s.begin();
  s.insert(t, {{int_value(2)}});
  CHECK(error_of([&] { s.commit(); }).detail_text == "Key (n)=(2) already exists.");
  s.rollback();
  s.begin();
  s.insert(t, {{int_value(2)}});
  s.update(t, {{0, tables.exprs.integer(50)}},
           tables.exprs.greater(tables.exprs.slot(0, type_oid::kInt4), tables.exprs.integer(3)));
  s.remove(t, tables.exprs.greater(tables.exprs.integer(3), tables.exprs.slot(0, type_oid::kInt4)));
  s.commit();
  CHECK(s.rows(t) == Rows{"3", "50"});
}

TEST_CASE("building in bulk") {
  TestTables tables;
  TestSession s(tables);
  auto t = tables.make("t", {{"a"}, {"b"}});
  s.insert(
      t,
      {{int_value(5), int_value(1)}, {int_value(1), int_value(2)}, {Value::null(), int_value(2)}});
  auto as_statement = [&](auto&& body) {
    s.begin();
    try {
      StatementScope scope(*s.txn);
      ExecContext context = s.make_context();
      body(context);
    } catch (...) {
      s.rollback();
      throw;
    }
    s.commit();
  };
  auto twice = std::make_shared<TableDesc>(*t);
  IndexDesc& unique_b = tables.add_index(*twice, "t_b_key", {1}, true);
  SqlError error =
      error_of([&] { as_statement([&](ExecContext& c) { build_index(c, twice, unique_b); }); });
  CHECK(error.message == "could not create unique index \"t_b_key\"");
  CHECK(error.detail_text == "Key (b)=(2) is duplicated.");
  tables.add_index(*t, "t_a", {0}, true);
  as_statement([&](ExecContext& c) {
    build_index(c, t, t->indexes[0]);
    CHECK(verify_table(c, t).size() > 0);  // not visible to the statement itself
  });
  as_statement([&](ExecContext& c) { CHECK(verify_table(c, t) == Rows{}); });
  error = error_of([&] { as_statement([&](ExecContext& c) { validate_not_null(c, t, 0); }); });
  CHECK(error.message == "column \"a\" of relation \"t\" contains null values");

  auto keyed = tables.make("t2", {{"b"}, {"sum"}});
  tables.set_primary_key(*keyed, {1});
  std::vector<const Expr*> mapping = {tables.exprs.slot(1, type_oid::kInt4),
                                      tables.exprs.add(tables.exprs.slot(0, type_oid::kInt4),
                                                       tables.exprs.slot(1, type_oid::kInt4))};
  error =
      error_of([&] { as_statement([&](ExecContext& c) { rewrite_table(c, t, keyed, mapping); }); });
  CHECK(error.message == "column \"sum\" of relation \"t2\" contains null values");
  mapping[1] = tables.exprs.add(tables.exprs.slot(1, type_oid::kInt4), tables.exprs.integer(5));
  error =
      error_of([&] { as_statement([&](ExecContext& c) { rewrite_table(c, t, keyed, mapping); }); });
  CHECK(error.message == "could not create unique index \"t2_pkey\"");
  auto copy = tables.make("t3", {{"b"}, {"sum"}});
  tables.add_index(*copy, "t3_b", {0});
  as_statement([&](ExecContext& c) { rewrite_table(c, t, copy, mapping); });
  CHECK(s.rows(copy) == Rows{"1|6", "2|7", "2|7"});
  as_statement([&](ExecContext& c) {
    CHECK(verify_table(c, copy) == Rows{});
    CHECK(!table_is_empty(c, *copy));
    Chunk rows(std::vector<PhysicalType>{PhysicalType::kInt32, PhysicalType::kInt32});
    rows.begin();
    rows.columns[0].set_value(0, int_value(8));
    rows.columns[1].set_null(0);
    rows.size = 1;
    TableWriter writer(c, copy);
    writer.write(rows);
    CHECK(writer.finish() == 1);
  });
  CHECK(s.rows(copy).back() == "8|");
  // Nobody reads a storage that was removed; once compacted its rows are gone for good.
  remove_storage(*tables.store.kv, copy->storage_id);
  tables.store.kv->compact_range(KvFamily::kData, "", "").check();
  CHECK(s.rows(copy).empty());
}

}  // namespace
}  // namespace luma
