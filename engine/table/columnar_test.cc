#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/exec/op_aggregate.h"
#include "engine/exec/op_hash_join.h"
#include "engine/exec/op_sort.h"
#include "engine/table/test_columnar.h"

namespace luma {

TEST_CASE("rows move into segments and stay what they are") {
  ColumnarFixture f;
  TestSession s(f.tables), other(f.tables, 2);
  f.insert(s, 1, 5);
  // A reader from before sees the same, whatever happens to the files.
  other.begin(IsolationLevel::kRepeatableRead);
  Rows before = f.rows(other);
  CHECK(before == Rows{"1|10", "2|20", "3|30", "4|40", "5|50"});
  CHECK(f.flush().rows_moved == 5);
  CHECK(f.rows(s) == before);
  f.remove(s, 2);
  f.update(s, 4, 7);
  f.insert(s, 6, 6);
  Rows after{"1|10", "3|30", "4|7", "5|50", "6|60"};
  CHECK(f.rows(s) == after);
  CHECK(f.rows(other) == before);
  RewriteResult second = f.flush();
  CHECK(second.segments_removed == 1);
  CHECK(second.delta_rows_left == 0);
  CHECK(f.rows(s) == after);
  CHECK(f.rows(other) == before);
  other.rollback();
  f.reopen();
  CHECK(f.rows(s) == after);
}

TEST_CASE("rows that somebody is changing stay in the delta") {
  ColumnarFixture f;
  TestSession s(f.tables), writer(f.tables, 2);
  f.insert(s, 1, 4);
  writer.begin();
  f.remove(writer, 2);
  f.update(writer, 3, 33);
  RewriteResult result = f.flush();
  CHECK(result.rows_moved == 4);
  CHECK(result.delta_rows_left == 2);
  CHECK(f.rows(s) == Rows{"1|10", "2|20", "3|30", "4|40"});
  writer.commit();
  CHECK(f.rows(s) == Rows{"1|10", "3|33", "4|40"});
  f.flush();
  CHECK(f.rows(s) == Rows{"1|10", "3|33", "4|40"});
}

TEST_CASE("a change of a row that has moved since the snapshot is seen") {
  ColumnarFixture f;
  TestSession s(f.tables), other(f.tables, 2);
  f.insert(s, 1, 2);
  other.begin(IsolationLevel::kRepeatableRead);
  CHECK(f.rows(other).size() == 2);
  f.flush();
  f.update(other, 1, 11);  // moved, not changed
  f.update(s, 2, 22);
  f.flush();
  CHECK_THROWS_AS(f.update(other, 2, 23), SqlError);
  other.rollback();
  CHECK(f.rows(s) == Rows{"1|10", "2|22"});
}

TEST_CASE("many rows are loaded into segments, and taken back") {
  ColumnarFixture f;
  TestSession s(f.tables);
  s.begin();
  Transaction::Savepoint savepoint = s.txn->savepoint();
  {
    StatementScope scope(*s.txn);
    ExecContext context = s.make_context();
    TableWriter writer(context, f.t);
    Chunk rows(std::vector<PhysicalType>{PhysicalType::kInt32, PhysicalType::kInt32});
    for (int32_t first = 0; first < 10000; first += static_cast<int32_t>(rows.size)) {
      rows.begin();
      rows.size = std::min(kVectorSize, static_cast<uint32_t>(10000 - first));
      for (uint32_t i = 0; i < rows.size; ++i) {
        rows.columns[0].mutable_data<int32_t>()[i] = first + static_cast<int32_t>(i);
        rows.columns[1].mutable_data<int32_t>()[i] = 1;
      }
      writer.write(rows);
    }
    CHECK(writer.finish() == 10000);
  }
  CHECK(f.rows(s).size() == 10000);
  CHECK(f.files() == 1);
  f.remove(s, 9999);
  CHECK(f.rows(s).size() == 9999);
  s.txn->rollback_to(savepoint);
  CHECK(f.rows(s).empty());
  CHECK(f.files() == 0);
  s.rollback();
}

TEST_CASE("zone maps spare row groups, but not what the delta has for them") {
  ColumnarFixture f;
  TestSession s(f.tables);
  for (int32_t i = 0; i < 10000; i += 1000) f.insert(s, i + 1, i + 1000);
  f.flush();
  f.update(s, 1, 5);
  Expr* slot = f.tables.exprs.slot(1, type_oid::kInt4);
  auto scan = [&](int32_t bound) {
    Expr* value = f.tables.exprs.integer(bound);
    ColumnarScanOperator plan(f.t, {0, 1}, f.tables.exprs.equals(slot, value),
                              {{1, ZoneCompare::kEqual, value}});
    return s.run(plan, {type_oid::kInt4, type_oid::kInt4});
  };
  CHECK(scan(99990) == Rows{"9999|99990"});
  CHECK(scan(5) == Rows{"1|5"});
  CHECK(scan(10).empty());
}

TEST_CASE("a sort that wants the first rows spares row groups that cannot have them") {
  ColumnarFixture f;
  TestSession s(f.tables);
  for (int32_t i = 0; i < 20000; i += 1000) f.insert(s, i + 1, i + 1000);
  f.flush();  // five row groups
  f.remove(s, 20000);
  f.update(s, 17, 500000);
  f.insert(s, 20001, 20002);
  Expr* key = f.tables.exprs.slot(1, type_oid::kInt4);
  Expr* limit = f.tables.exprs.constant(type_oid::kInt8, Datum::of_int64(4));
  auto first = [&](bool descending) {
    auto scan = std::make_unique<ColumnarScanOperator>(f.t, std::vector<int32_t>{0, 1}, nullptr);
    const ColumnarScanOperator& reader = *scan;
    SortOperator plan(std::move(scan), {{.expr = key, .descending = descending}}, limit, nullptr);
    Rows rows = s.run(plan, {type_oid::kInt4, type_oid::kInt4});
    CHECK(reader.work().groups == 1);
    CHECK(reader.work().groups_pruned == 4);
    return rows;
  };
  CHECK(first(false) == Rows{"1|10", "2|20", "3|30", "4|40"});
  CHECK(first(true) == Rows{"17|500000", "20002|200020", "20001|200010", "19999|199990"});
}

TEST_CASE("operators divide a scan among themselves") {
  ColumnarFixture f;
  TestSession s(f.tables);
  for (int32_t i = 0; i < 20000; i += 1000) f.insert(s, i + 1, i + 1000);
  f.flush();  // five row groups
  f.remove(s, 5000);
  f.update(s, 1, 7);
  f.insert(s, 20001, 20100);
  s.begin();
  f.insert(s, 20101, 20110);
  auto scope = std::make_unique<StatementScope>(*s.txn);
  ExecContext context = s.make_context();
  auto shared = std::make_shared<SharedColumnarScan>(f.t);
  for (int round = 0; round < 2; ++round) {
    shared->open(context);
    CHECK(shared->unit_count() >= 6);  // the delta's are as large as a vector
    constexpr size_t kThreads = 3;
    std::vector<std::vector<int32_t>> found(kThreads);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        ExecContext own = s.make_context();
        ColumnarScanOperator scan(f.t, {0}, nullptr);
        scan.share(shared);
        scan.open(own);
        while (const Chunk* chunk = scan.next(own)) {
          auto values = chunk->columns[0].unified<int32_t>();
          for (uint32_t row = 0; row < chunk->size; ++row) found[i].push_back(values[row]);
        }
        scan.close(own);
      });
    }
    for (std::thread& thread : threads) thread.join();
    shared->close(context);
    std::vector<int32_t> all;
    for (const auto& part : found) all.insert(all.end(), part.begin(), part.end());
    std::sort(all.begin(), all.end());
    CHECK(all.size() == 20109);
    CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
    CHECK(!std::binary_search(all.begin(), all.end(), 5000));
  }
  scope.reset();
  s.rollback();
}

TEST_CASE("rows that have left the delta leave nothing behind that scans step over") {
  ColumnarFixture f;
  Kv& kv = *f.tables.store.kv;
  std::string begin, end;
  make_row_key(f.t->storage_id, 0, begin);
  make_row_key(f.t->storage_id, UINT64_MAX, end);
  {
    TestSession writer(f.tables);
    for (int32_t i = 0; i < 60000; i += 1000) f.insert(writer, i + 1, i + 1000);
  }
  CHECK(kv.approximate_size_bytes(KvFamily::kData, begin, end) > 0);
  const RewriteResult flushed = f.flush();
  CHECK(flushed.delta_rows_removed >= 6000);  // all, where a vector holds a thousand rows
  CHECK(flushed.delta_rows_left == 0);
  CHECK_FALSE(delta_wants_compaction(*f.t->columnar));  // snapshots may be as old
  compact_delta(*f.t->columnar);
  CHECK(kv.approximate_size_bytes(KvFamily::kData, begin, end) == 0);
  CHECK(f.t->columnar->removed_rows() == 0);
  TestSession s(f.tables);
  CHECK(f.rows(s).size() == 60000);
}

TEST_CASE("a join tells the scan below it which keys it looks for") {
  ColumnarFixture f;
  TestSession s(f.tables);
  for (int32_t i = 0; i < 20000; i += 1000) f.insert(s, i + 1, i + 1000);
  f.flush();  // five row groups
  f.update(s, 9000, 1);
  f.remove(s, 9001);
  auto keys = f.tables.make("keys", {{"k"}});
  s.insert(keys, {{int_value(8999)}, {int_value(9000)}, {int_value(9001)}, {Value::null()}});
  Expr* left = f.tables.exprs.slot(0, type_oid::kInt4);
  Expr* right = f.tables.exprs.slot(0, type_oid::kInt4);
  auto scan = std::make_unique<ColumnarScanOperator>(f.t, std::vector<int32_t>{0, 1}, nullptr);
  const ColumnarScanOperator& probe = *scan;
  HashJoinOperator join(JoinMode::kInner, std::move(scan),
                        std::make_unique<TableScanOperator>(keys, std::vector<int32_t>{0}, nullptr),
                        {{left, right}}, nullptr);
  for (int round = 0; round < 2; ++round) {
    Rows found = s.run(join, {type_oid::kInt4, type_oid::kInt4, type_oid::kInt4});
    std::sort(found.begin(), found.end());
    CHECK(found == Rows{"8999|89990|8999", "9000|1|9000"});
    CHECK(probe.work().groups_pruned == 4);
    CHECK(probe.work().groups == 1);
  }
  auto grouped = std::make_unique<ColumnarScanOperator>(f.t, std::vector<int32_t>{0}, nullptr);
  const ColumnarScanOperator& below = *grouped;
  AggregateSpec spec;
  spec.groups = {left};
  HashJoinOperator groups(
      JoinMode::kRightSemi, std::make_unique<AggregateOperator>(std::move(grouped), spec),
      std::make_unique<TableScanOperator>(keys, std::vector<int32_t>{0}, nullptr), {{left, right}},
      nullptr);
  Rows found = s.run(groups, {type_oid::kInt4});
  std::sort(found.begin(), found.end());
  CHECK(found == Rows{"8999", "9000"});
  CHECK(below.work().groups_pruned == 4);
  HashJoinOperator kept(
      JoinMode::kLeft,
      std::make_unique<ColumnarScanOperator>(f.t, std::vector<int32_t>{0}, nullptr),
      std::make_unique<TableScanOperator>(keys, std::vector<int32_t>{0}, nullptr), {{left, right}},
      nullptr);
  CHECK(s.run(kept, {type_oid::kInt4, type_oid::kInt4}).size() == 19999);
}

TEST_CASE("conditions on encoded data and on rows of the delta agree") {
  ColumnarFixture f;
  TestSession s(f.tables);
  for (int32_t i = 0; i < 10000; i += 1000) f.insert(s, i + 1, i + 1000);
  Expr* slot = f.tables.exprs.slot(1, type_oid::kInt4);
  Expr* value = f.tables.exprs.integer(50000);
  auto count = [&](bool exact) {
    ZonePredicate zone{1, ZoneCompare::kEqual, value};
    if (exact) zone.conjunct = 0;
    ColumnarScanOperator plan(f.t, {0, 1}, f.tables.exprs.equals(slot, value), {zone});
    return s.run(plan, {type_oid::kInt4, type_oid::kInt4});
  };
  CHECK(count(true) == Rows{"5000|50000"});
  f.flush();
  CHECK(count(true) == Rows{"5000|50000"});
  f.update(s, 7000, 50000);  // a block with a replaced row
  f.remove(s, 5001);
  f.insert(s, 10001, 10001);
  for (bool exact : {true, false}) CHECK(count(exact) == Rows{"5000|50000", "7000|50000"});
  f.flush();
  for (bool exact : {true, false}) CHECK(count(exact) == Rows{"5000|50000", "7000|50000"});
}

TEST_CASE("what a crash leaves is removed at the next start") {
  ColumnarFixture f;
  TestSession s(f.tables);
  f.insert(s, 1, 3);
  f.flush();
  auto orphan = f.columnar->store().create();
  CHECK(f.files() == 2);
  f.reopen();
  CHECK(f.files() == 1);
  CHECK(f.rows(s).size() == 3);
  f.columnar->drop(f.t->storage_id);
  f.attach();
  CHECK(f.columnar->table(f.t->storage_id)->latest_segments()->segments.empty());
}

}  // namespace luma
