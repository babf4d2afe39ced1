// What single rows and scans cost. Not part of the usual run: engine_table_test "[speed]".
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>

#include "engine/row/key_codec.h"
#include "engine/table/table_build.h"
#include "engine/table/test_tables.h"

namespace luma {
namespace {

template <typename Body>
double microseconds_per(uint64_t times, Body&& body) {
  auto start = std::chrono::steady_clock::now();
  body();
  std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  return took.count() / static_cast<double>(times);
}

constexpr int64_t kRows = 1'000'000;
constexpr int64_t kHotRows = 50'000;  // fit into the test store's cache

// Returns microseconds a row.
double load_rows(TestTables& tables, TestSession& session, const TableDescPtr& t) {
  session.begin();
  double us = microseconds_per(kRows, [&] {
    for (int64_t first = 0; first < kRows;) {
      StatementScope scope(*session.txn);
      ExecContext context = session.make_context();
      TableWriter writer(context, t);
      Chunk rows(std::vector<PhysicalType>{PhysicalType::kInt64, PhysicalType::kInt32,
                                           PhysicalType::kVarlen, PhysicalType::kInt32});
      for (int chunk = 0; chunk < 50 && first < kRows; ++chunk) {
        rows.begin();
        for (; rows.size < kVectorSize && first < kRows; ++first, ++rows.size) {
          rows.columns[0].set_value(rows.size, Datum::of_int64(first));
          rows.columns[1].set_value(rows.size,
                                    int_value(static_cast<int32_t>(first * 7919 % kRows)));
          rows.columns[2].set_value(rows.size, text_value("short"));
          rows.columns[3].set_value(rows.size, int_value(static_cast<int32_t>(first % 1000)));
        }
        writer.write(rows);
      }
      writer.finish();
      tables.store.pipeline->commit(*session.txn);
      session.begin();
    }
  });
  session.rollback();
  return us;
}

TEST_CASE("cost of single rows and scans", "[.][speed]") {
  TestTables tables;
  TestSession session(tables);
  auto t = tables.make("t", {{"id", type_oid::kInt8}, {"a"}, {"b", type_oid::kText}, {"c"}});
  tables.set_primary_key(*t, {0});
  tables.add_index(*t, "t_a", {1});

  double load = load_rows(tables, session, t);
  std::printf("bulk insert, pk + 1 index, with commit: %.2f us a row\n", load);
  tables.store.kv->flush().check();

  std::vector<Value> exec(1);
  Expr* parameter = tables.exprs.constant(type_oid::kInt8, Datum::of_int64(0));
  parameter->kind = ExprKind::kExecParameter;
  parameter->index = 0;
  constexpr int kTimes = 200'000;
  session.begin();
  {
    KeyRange range;
    range.parts.push_back({parameter, nullptr, false});
    IndexScanOperator plan(t, &t->indexes[0], range, false, {0, 1, 2, 3}, nullptr);
    StatementScope scope(*session.txn);
    ExecContext context = session.make_context();
    context.exec_parameters = exec;
    uint64_t found = 0;
    KvValue value;
    std::string key;
    double us = microseconds_per(kTimes, [&] {
      for (int64_t i = 0; i < kTimes; ++i) {
        exec[0] = Datum::of_int64(i * 7919 % kHotRows);
        plan.open(context);
        while (const Chunk* chunk = plan.next(context)) found += chunk->size;
        plan.close(context);
      }
    });
    CHECK(found == kTimes);
    std::printf("point get by int8 key: %.2f us\n", us);
    KeyCodec codec(t->row_key);
    us = microseconds_per(kTimes, [&] {
      for (int64_t i = 0; i < kTimes; ++i) {
        key.clear();
        append_storage_id(key, t->storage_id);
        codec.append(0, Datum::of_int64(i * 7919 % kHotRows), key);
        session.txn->get_stamped(KvFamily::kData, key, &value);
      }
    });
    std::printf("  of which Transaction::get_stamped: %.2f us\n", us);
  }
  {
    Expr* slot = tables.exprs.integer(0);
    slot->kind = ExprKind::kExecParameter;
    KeyRange range;
    range.parts.push_back({slot, nullptr, false});
    IndexScanOperator plan(t, &t->indexes[1], range, false, {0, 1, 2, 3}, nullptr);
    StatementScope scope(*session.txn);
    ExecContext context = session.make_context();
    context.exec_parameters = exec;
    uint64_t found = 0;
    double us = microseconds_per(kTimes, [&] {
      for (int64_t i = 0; i < kTimes; ++i) {
        exec[0] = int_value(static_cast<int32_t>(i * 7919 % kHotRows * 7919 % kRows));
        plan.open(context);
        while (const Chunk* chunk = plan.next(context)) found += chunk->size;
      }
      plan.close(context);
    });
    CHECK(found == kTimes);
    std::printf("one row by secondary index, rescan: %.2f us\n", us);
  }
  {
    TableScanOperator plan(t, {0, 1, 3}, nullptr);
    StatementScope scope(*session.txn);
    ExecContext context = session.make_context();
    uint64_t found = 0;
    double us = microseconds_per(1, [&] {
      plan.open(context);
      while (const Chunk* chunk = plan.next(context)) found += chunk->size;
      plan.close(context);
    });
    CHECK(found == kRows);
    std::printf("scan: %.2f M rows/s\n", kRows / us);
  }
  session.rollback();

  // Single-row statements: the whole plan, buffered, with a rollback each.
  constexpr int kWrites = 50'000;
  TestRow row{Datum::of_int64(0), int_value(0), text_value("short"), int_value(0)};
  ModifySpec spec;
  spec.table = t;
  for (uint32_t i = 0; i < 4; ++i) {
    Expr* value = tables.exprs.constant(t->columns[i].type.oid, row[i]);
    value->kind = ExprKind::kExecParameter;
    value->index = i;
    spec.assignments.push_back(value);
  }
  ModifyOperator insert(std::make_unique<ValuesOperator>(std::vector<PhysicalType>{},
                                                         std::vector<std::vector<const Expr*>>{{}}),
                        std::move(spec));
  auto timed = [&](const char* what, auto&& set_parameters, Operator& plan) {
    double total = 0;
    uint64_t affected = 0;
    for (int64_t i = 0; i < kWrites; ++i) {
      session.begin();
      StatementScope scope(*session.txn);
      ExecContext context = session.make_context();
      set_parameters(i);
      context.exec_parameters = row;
      total += microseconds_per(1, [&] {
        plan.open(context);
        plan.next(context);
        plan.close(context);
      });
      affected += context.rows_affected;
    }
    session.rollback();
    CHECK(affected == kWrites);
    std::printf("%s, buffered: %.2f us\n", what, total / kWrites);
  };
  timed(
      "single-row insert, pk + 1 index",
      [&](int64_t i) {
        row[0] = Datum::of_int64(kRows + i);
        row[1] = int_value(static_cast<int32_t>(i));
      },
      insert);
  KeyRange by_key;
  parameter->index = 0;
  by_key.parts.push_back({parameter, nullptr, false});
  std::vector<int32_t> columns = {0, 1, 2, 3, kRowKeyColumn};
  auto target = [&] {
    return std::make_unique<IndexScanOperator>(t, &t->indexes[0], by_key, false, columns, nullptr);
  };
  ModifySpec change = session.target_spec(t, ModifyAction::kUpdate, nullptr);
  change.assignments = {
      nullptr, nullptr, nullptr,
      tables.exprs.add(tables.exprs.slot(3, type_oid::kInt4), tables.exprs.integer(1))};
  ModifyOperator update(target(), std::move(change));
  auto by_number = [&](int64_t i) { row[0] = Datum::of_int64(i * 7919 % kHotRows); };
  timed("single-row update of a plain column", by_number, update);
  ModifyOperator remove(target(), session.target_spec(t, ModifyAction::kDelete, nullptr));
  timed("single-row delete", by_number, remove);
}

}  // namespace
}  // namespace luma
