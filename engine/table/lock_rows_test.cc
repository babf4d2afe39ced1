#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "engine/base/sql_error.h"
#include "engine/exec/op_limit.h"
#include "engine/table/test_tables.h"
#include "engine/table/verify_table.h"

namespace luma {
namespace {

using Rows = std::vector<std::string>;

struct Queue {
  TestTables tables;
  TestSession one{tables, 1}, two{tables, 2};
  std::shared_ptr<TableDesc> t = tables.make("q", {{"id"}, {"n"}});
  Queue() {
    tables.set_primary_key(*t, {0});
    one.insert(
        t,
        {{int_value(1), int_value(0)}, {int_value(2), int_value(0)}, {int_value(3), int_value(0)}});
  }
  std::unique_ptr<LockRowsOperator> lock(TestSession& session, LockWaitPolicy wait,
                                         const Expr* filter = nullptr) {
    LockTarget target;
    target.table = t;
    target.row_key_slot = 2;
    target.slots = {0, 1};
    target.wait = wait;
    std::vector<LockStep> steps;
    if (filter != nullptr) steps.push_back({.expr = filter, .filters = true});
    return std::make_unique<LockRowsOperator>(session.target_scan(t, filter),
                                              std::vector<LockTarget>{target}, std::move(steps));
  }
  // The first row that can be locked.
  Rows first(TestSession& session, LockWaitPolicy wait) {
    auto plan = lock(session, wait);
    StatementScope scope(*session.txn);
    ExecContext context = session.make_context();
    plan->open(context);
    Rows rows;
    if (const Chunk* chunk = plan->next(context)) {
      rows.push_back(session.text(*chunk, 0, {type_oid::kInt4, type_oid::kInt4}));
    }
    plan->close(context);
    return rows;
  }
};

TEST_CASE("SKIP LOCKED hands every session another row") {
  Queue q;
  q.one.begin();
  q.two.begin();
  CHECK(q.first(q.one, LockWaitPolicy::kSkipLocked) == Rows{"1|0"});
  CHECK(q.first(q.two, LockWaitPolicy::kSkipLocked) == Rows{"2|0"});
  CHECK(q.first(q.one, LockWaitPolicy::kSkipLocked) == Rows{"1|0"});
  try {
    q.first(q.two, LockWaitPolicy::kNoWait);
    FAIL("no error");
  } catch (const SqlError& error) {
    CHECK(error.state == SqlState::kLockNotAvailable);
    CHECK(error.message == "could not obtain lock on row in relation \"q\"");
  }
}

TEST_CASE("a locked row is the newest version, if it still qualifies") {
  Queue q;
  Expr* filter =
      q.tables.exprs.greater(q.tables.exprs.integer(1), q.tables.exprs.slot(1, type_oid::kInt4));
  Expr* increment =
      q.tables.exprs.add(q.tables.exprs.slot(0, type_oid::kInt4), q.tables.exprs.integer(-1));
  q.one.begin();
  q.one.update(q.t, {{1, increment}});  // 0, 1, 2
  q.one.remove(q.t, q.tables.exprs.greater(q.tables.exprs.slot(0, type_oid::kInt4),
                                           q.tables.exprs.integer(2)));
  Rows found;
  std::thread waiting([&] {
    auto plan = q.lock(q.two, LockWaitPolicy::kBlock, filter);
    found = q.two.run(*plan, {type_oid::kInt4, type_oid::kInt4});
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  q.one.commit();
  waiting.join();
  CHECK(found == Rows{"1|0"});
}

TEST_CASE("many sessions, one truth") {
  TestTables tables;
  auto t = tables.make("t", {{"id"}, {"u"}, {"n"}});
  tables.set_primary_key(*t, {0});
  tables.add_index(*t, "t_u", {1}, true);
  tables.add_index(*t, "t_n", {2});
  std::atomic<int> increments{0}, failures{0};
  std::vector<std::thread> threads;
  std::mutex exprs_mutex;  // the test's expressions share an arena
  {
    TestSession session(tables);
    session.insert(t, {{int_value(0), int_value(0), int_value(0)}});
  }
  for (int32_t worker = 0; worker < 4; ++worker) {
    threads.emplace_back([&, worker] {
      TestSession session(tables, 10 + worker);
      std::mt19937 random(static_cast<uint32_t>(worker));
      for (int round = 0; round < 60; ++round) {
        session.begin();
        try {
          std::unique_lock guard(exprs_mutex);
          Expr* zero =
              tables.exprs.greater(tables.exprs.integer(1), tables.exprs.slot(0, type_oid::kInt4));
          Expr* increment =
              tables.exprs.add(tables.exprs.slot(2, type_oid::kInt4), tables.exprs.integer(1));
          ModifySpec counter = session.target_spec(t, ModifyAction::kUpdate, zero);
          counter.assignments = {nullptr, nullptr, increment};
          ModifyOperator count(session.target_scan(t, zero), std::move(counter));
          auto key = static_cast<int32_t>(1 + random() % 20);
          auto other = static_cast<int32_t>(1 + random() % 20);
          ModifySpec spec = session.insert_spec(t);
          spec.conflict = std::make_unique<ConflictSpec>();
          spec.conflict->update = true;
          spec.conflict->indexes = {t->indexes[0].oid};
          spec.conflict->assignments = {nullptr, tables.exprs.slot(4, type_oid::kInt4), nullptr};
          ModifyOperator upsert(
              session.values(*t, {{int_value(key), int_value(other), int_value(round)}}),
              std::move(spec));
          guard.unlock();
          session.run(upsert, {});
          session.run(count, {});
          session.commit();
          ++increments;
        } catch (const SqlError& error) {
          session.rollback();
          bool expected = error.state == SqlState::kUniqueViolation ||
                          error.state == SqlState::kTRDeadlockDetected;
          if (!expected) ++failures;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  TestSession session(tables);
  CHECK(session.rows(t)[0] == "0|0|" + std::to_string(increments));
  session.begin();
  StatementScope scope(*session.txn);
  ExecContext context = session.make_context();
  CHECK(verify_table(context, t) == Rows{});
}

}  // namespace
}  // namespace luma
