#include "engine/table/columnar_copy.h"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "engine/columnar/columnar_rewrite.h"
#include "engine/table/columnar_scan.h"
#include "engine/table/modify.h"
#include "engine/table/test_tables.h"
#include "engine/table/verify_table.h"

namespace luma {
namespace {

using Rows = std::vector<std::string>;

// t(id int4 primary key, a int4, b int4) with a columnar index on (id, b).
struct CopyFixture {
  CopyFixture() {
    std::string name = (std::filesystem::temp_directory_path() / "copy-XXXXXX").string();
    options.directory = directory = mkdtemp(name.data());
    options.load_rows = 50;
    columnar = std::make_unique<ColumnarTables>(*tables.store.pipeline, options);
    t = tables.make("t", {{"id"}, {"a"}, {"b"}});
    tables.set_primary_key(*t, {0});
  }
  ~CopyFixture() { std::filesystem::remove_all(directory); }

  // The index, without rows.
  ColumnarCopyDesc& add_copy() {
    auto rows = std::make_shared<TableDesc>();
    rows->oid = 40000;
    rows->storage_id = ++tables.last_storage;
    rows->name = "t_columnar";
    rows->columns = t->columns;
    rows->columns[1].dropped = true;
    rows->columnar = columnar->table(rows->storage_id);
    t->copies.push_back({rows->oid, rows->name, rows});
    return t->copies.back();
  }
  void insert(TestSession& s, int32_t from, int32_t to) {
    std::vector<TestRow> values;
    for (int32_t i = from; i <= to; ++i) {
      values.push_back({int_value(i), int_value(0), int_value(i * 10)});
    }
    s.insert(t, values);
  }
  Expr* id_is(int32_t id) {
    return tables.exprs.equals(tables.exprs.slot(0, type_oid::kInt4), tables.exprs.integer(id));
  }
  Rows copied(TestSession& s) {
    ColumnarScanOperator scan(t->copies[0].rows, {0, 2}, nullptr);
    Rows rows = s.run(scan, {type_oid::kInt4, type_oid::kInt4});
    std::sort(rows.begin(), rows.end());
    return rows;
  }
  void flush() {
    RewriteOptions everything;
    everything.hidden_divisor = uint64_t{1} << 32;
    rewrite_columnar(t->copies[0].rows, &tables.locks, nullptr, everything);
  }
  std::vector<std::string> problems(TestSession& s) {
    s.begin();
    std::vector<std::string> found;
    {
      StatementScope scope(*s.txn);
      ExecContext context = s.make_context();
      found = verify_table(context, t);
    }
    s.rollback();
    return found;
  }

  TestTables tables;
  std::string directory;
  ColumnarOptions options;
  std::unique_ptr<ColumnarTables> columnar;
  std::shared_ptr<TableDesc> t;
};

}  // namespace

TEST_CASE("a columnar index follows its table") {
  CopyFixture f;
  f.add_copy();
  TestSession s(f.tables);
  f.insert(s, 1, 4);
  CHECK(f.copied(s) == Rows{"1|10", "2|20", "3|30", "4|40"});
  bool flushed = GENERATE(false, true);
  if (flushed) f.flush();
  s.update(f.t, {{2, f.tables.exprs.integer(7)}}, f.id_is(2));
  s.update(f.t, {{1, f.tables.exprs.integer(7)}}, f.id_is(3));  // a column that it does not have
  s.update(f.t, {{0, f.tables.exprs.integer(9)}}, f.id_is(4));  // the key
  s.remove(f.t, f.id_is(1));
  CHECK(f.copied(s) == Rows{"2|7", "3|30", "9|40"});
  CHECK(f.problems(s).empty());
  f.flush();
  CHECK(f.copied(s) == Rows{"2|7", "3|30", "9|40"});
  CHECK(f.problems(s).empty());
}

TEST_CASE("a columnar index is rolled back with its table") {
  CopyFixture f;
  f.add_copy();
  TestSession s(f.tables), other(f.tables, 2);
  f.insert(s, 1, 2);
  f.flush();
  s.begin();
  f.insert(s, 3, 200);  // enough for a segment
  s.remove(f.t, f.id_is(1));
  CHECK(f.copied(s).size() == 199);
  CHECK(f.copied(other) == Rows{"1|10", "2|20"});
  s.rollback();
  CHECK(f.copied(s) == Rows{"1|10", "2|20"});
  CHECK(f.problems(s).empty());
}

TEST_CASE("rows of a columnar index that are being changed stay where they are") {
  CopyFixture f;
  f.add_copy();
  TestSession s(f.tables), writer(f.tables, 2);
  f.insert(s, 1, 3);
  writer.begin();
  writer.update(f.t, {{2, f.tables.exprs.integer(5)}}, f.id_is(2));
  f.flush();
  CHECK(f.copied(s) == Rows{"1|10", "2|20", "3|30"});
  writer.commit();
  CHECK(f.copied(s) == Rows{"1|10", "2|5", "3|30"});
  f.flush();
  CHECK(f.problems(s).empty());
}

TEST_CASE("a columnar index is built from rows that are there") {
  CopyFixture f;
  TestSession s(f.tables);
  f.insert(s, 1, 300);
  f.add_copy();
  s.begin();
  {
    StatementScope scope(*s.txn);
    ExecContext context = s.make_context();
    build_columnar_copy(context, f.t, f.t->copies[0]);
  }
  s.commit();
  CHECK(f.copied(s).size() == 300);
  CHECK(f.problems(s).empty());
  s.remove(f.t, f.id_is(17));
  f.insert(s, 400, 401);
  CHECK(f.copied(s).size() == 301);
  CHECK(f.problems(s).empty());
}

}  // namespace luma
