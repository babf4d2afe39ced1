// Several threads working on one plan. Every other test of operators runs its plans divided, too
// (TestExecution::run); here are the parts that only threads have.
#include <catch2/catch.hpp>
#include <set>

#include "engine/exec/divided_input.h"
#include "engine/exec/op_aggregate.h"
#include "engine/exec/op_filter.h"
#include "engine/exec/op_hash_join.h"
#include "engine/exec/op_test_aggregates.h"
#include "engine/exec/op_test_source.h"
#include "engine/exec/worker_threads.h"
#include "engine/row/kv_work.h"

namespace luma {
namespace {

using namespace testing;  // NOLINT

TEST_CASE("worker threads call every item once, however many are free") {
  WorkerThreads threads(2);
  for (size_t count : {0, 1, 2, 3, 50}) {
    std::vector<std::atomic<int>> calls(count);
    threads.run(count, [&](size_t i) {
      ++calls[i];
      // The pool may be busy with the outer call.
      threads.run(3, [&](size_t) { ++calls[i]; });
    });
    for (auto& n : calls) CHECK(n == 4);
  }
}

TEST_CASE("the first error of a worker ends the work of the others") {
  TestExecution execution;
  WorkerThreads threads(3);
  execution.context.threads = &threads;
  execution.context.max_workers = 3;
  std::mt19937 random(3);
  TestSource source({kInt8Type}, random_rows(random, 5000, 1, 100));
  source.open(execution.context);
  auto divided = DividedInput::make(source, execution.context);
  REQUIRE(divided != nullptr);
  CHECK(divided->size() == 4);
  std::atomic<int> chunks{0};
  CHECK_THROWS_AS(divided->read([&](size_t, const Chunk&, ExecContext&) {
    if (++chunks == 20) throw sql_error(SqlState::kDivisionByZero, "division by zero");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }),
                  SqlError);
  CHECK(chunks < 700);
  divided.reset();
  source.close(execution.context);
}

TEST_CASE("counts of a divided input are those of all threads") {
  WorkerThreads threads(3);
  TestExecution execution;
  execution.context.threads = &threads;
  execution.context.max_workers = 3;
  execution.context.instrument = execution.context.count_work = true;
  std::mt19937 random(4);
  TestSource source({kInt8Type}, random_rows(random, 5000, 1, 100));
  source.open(execution.context);
  auto divided = DividedInput::make(source, execution.context);
  REQUIRE(divided != nullptr);
  const WorkCounts before = work_so_far();
  std::atomic<uint64_t> chunks{0};
  divided->read([&](size_t, const Chunk&, ExecContext&) {
    ++chunks;
    ++thread_work().temp_written_blocks;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  });
  // What helpers have done counts as the statement's.
  CHECK((work_so_far() - before).temp_written_blocks == chunks);
  divided.reset();
  source.close(execution.context);
  const OperatorStats& stats = source.stats();
  CHECK(stats.rows == 5000);
  CHECK(stats.loops == 4);
  REQUIRE(stats.division != nullptr);
  CHECK(stats.division->whole.rows == 5000);
  CHECK(stats.division->planned == 3);
  CHECK(stats.division->launched == stats.workers.size());
  uint64_t by_helpers = 0;
  for (const OperatorWork& worker : stats.workers) by_helpers += worker.rows;
  CHECK(by_helpers <= 5000);
}

TEST_CASE("nothing is divided without threads, inline, or over what is not safe") {
  TestExecution execution;
  WorkerThreads threads(3);
  TestExprs e;
  Expr* condition = e.less(e.slot(0), e.number(10));
  auto divides = [&] {
    FilterOperator plan(std::make_unique<TestSource>(std::vector<TypeRef>{kInt8Type}, Rows{{1}}),
                        condition);
    plan.open(execution.context);
    bool divided = DividedInput::make(plan, execution.context) != nullptr;
    plan.close(execution.context);
    return divided;
  };
  CHECK_FALSE(divides());
  execution.context.threads = &threads;
  CHECK_FALSE(divides());
  execution.context.max_workers = 1;
  CHECK(divides());
  execution.context.inline_mode = true;
  CHECK_FALSE(divides());
  execution.context.inline_mode = false;
  condition->is_volatile = true;
  CHECK_FALSE(divides());
  condition->is_volatile = false;
  condition->implementation.is_parallel_safe = false;
  CHECK_FALSE(divides());
}

TEST_CASE("many groups and values seen are merged by ranges of hashes") {
  std::mt19937 random(5);
  TestExprs e;
  for (TypeRef key : {kInt8Type, kTextType}) {
    for (int64_t range : {3, 100000}) {
      // The small work_mem makes workers give up, for one thread to begin anew.
      for (size_t work_mem : {size_t{64} << 10, size_t{64} << 20}) {
        CAPTURE(key.oid, range, work_mem);
        // With many groups, workers forget the first ones.
        Rows rows = random_rows(random, range == 3 ? 40000 : 120000, 2, range);
        auto* distinct = e.aggregate_info();
        distinct->distinct = true;
        AggregateSpec spec;
        spec.groups = {e.slot(0, key)};
        spec.aggregates = {aggregate(e, kSum, e.slot(1)), aggregate(e, kCount, e.slot(1), distinct),
                           aggregate(e, kSum, e.slot(1), distinct)};
        std::map<Cell, std::pair<int64_t, std::set<int64_t>>> groups;
        std::map<Cell, bool> any;
        for (const Row& row : rows) {
          auto& group = groups[row[0]];
          if (!row[1]) continue;
          any[row[0]] = true;
          group.first += *row[1];
          group.second.insert(*row[1]);
        }
        Rows expected;
        for (auto& [group, values] : groups) {
          int64_t sum = 0;
          for (int64_t value : values.second) sum += value;
          bool has = any[group];
          expected.push_back({group, has ? Cell(values.first) : Cell(),
                              static_cast<int64_t>(values.second.size()),
                              has ? Cell(sum) : Cell()});
        }
        AggregateOperator plan(
            std::make_unique<TestSource>(std::vector<TypeRef>{key, kInt8Type}, rows), spec);
        TestExecution execution;
        execution.context.work_mem_bytes = work_mem;
        bool equal = sorted(execution.run(plan)) == sorted(expected);
        CHECK(equal);
      }
    }
  }
}

}  // namespace
}  // namespace luma
