// EXPLAIN ANALYZE's counts: what PostgreSQL cannot give the same, because it stores other blocks
// and records. Lines that say the same there are recorded in test/sql/statements.
#include <catch2/catch.hpp>

#include "sql/session/collecting_receiver_test.h"
#include "sql/session/session.h"

namespace luma {
namespace {

struct Fixture {
  Fixture() : instance(options()), session(instance, {.pid = 1}, hooks) {
    CollectingReceiver receiver;
    session.start({"postgres", "postgres", {}}, receiver);
    run("create table t(a int, b text)");
    run("insert into t select i, repeat('x', 30) || i from generate_series(1, 20000) i");
  }
  static SqlInstanceOptions options() {
    SqlInstanceOptions options;
    options.kv.in_memory = true;
    options.kv.path = "memory";
    options.spill_directory = "/tmp";
    return options;
  }
  std::string run(std::string_view sql) {
    CollectingReceiver receiver;
    try {
      session.simple_query(sql, receiver, true);
    } catch (const SqlError& error) {
      session.failed(error);
      receiver.log += "!" + sql_state_code(error.state) + " " + error.message;
    }
    return receiver.log;
  }
  bool shows(const std::string& plan, std::string_view line) {
    INFO(plan);
    const bool found = plan.find(line) != std::string::npos;
    CHECK(found);
    return found;
  }

  SqlInstance instance;
  SessionHooks hooks;
  SqlSession session;
};

TEST_CASE("WAL counts what commit will write") {
  Fixture f;
  // A row's key of 12 bytes and its value, each with its length, and two bytes more.
  const std::string plan = f.run(
      "explain (analyze, wal, costs off, timing off, summary off)"
      " insert into t values (1, 'abc'), (2, 'abc'), (3, 'abc')");
  f.shows(plan, "WAL: records=3 bytes=");
  const std::string json =
      f.run("explain (analyze, wal, format json) insert into t values (1, 'abc')");
  f.shows(json, "\"WAL Records\": 1,");
  f.shows(json, "\"WAL FPI\": 0,");
  const std::string reading = f.run("explain (analyze, wal, costs off) select count(*) from t");
  CHECK(reading.find("WAL") == std::string::npos);
}

TEST_CASE("temporary blocks and the memory of sorts and hash tables") {
  Fixture f;
  f.run("set work_mem = '64kB'");
  const std::string sort =
      f.run("explain (analyze, buffers, costs off) select * from t order by b");
  f.shows(sort, "Sort Method: external merge  Disk: ");
  f.shows(sort, "temp read=");
  const std::string groups =
      f.run("explain (analyze, buffers, costs off) select a, count(*) from t group by a");
  f.shows(groups, "Disk Usage: ");
  CHECK(groups.find("Batches: 1 ") == std::string::npos);
  f.run("set work_mem = '64MB'");
  f.shows(f.run("explain (analyze, costs off) select a, count(*) from t group by a"),
          "Batches: 1  Memory Usage: ");
  const std::string join =
      f.run("explain (analyze, costs off) select * from t x join t y on x.a = y.a");
  f.shows(join, "Buckets: ");
  f.shows(join, "  Batches: 1  Memory Usage: ");
}

TEST_CASE("BUFFERS adds PostgreSQL's keys, with or without ANALYZE") {
  Fixture f;
  const std::string json = f.run("explain (analyze, buffers, format json) select count(*) from t");
  for (const char* key : {"Shared Hit Blocks", "Shared Read Blocks", "Shared Dirtied Blocks",
                          "Local Written Blocks", "Temp Read Blocks", "\"Planning\": {"}) {
    f.shows(json, key);
  }
  const std::string plain = f.run("explain (buffers, format yaml) select 1");
  f.shows(plain, "Planning: ");
  CHECK(f.run("explain (analyze, costs off) select 1").find("Planning:") == std::string::npos);
}

TEST_CASE("an index finds what values of related types compare with") {
  Fixture f;
  f.run("create table e(ts timestamp primary key, i int, n smallint)");
  f.run(
      "insert into e select timestamp '2020-01-01' + i * interval '1 hour', i, i % 30000 from "
      "generate_series(1, 20000) i");
  f.run("create index on e(i)");
  f.run("create index on e(n)");
  f.run("analyze e");
  for (const char* condition :
       {"ts >= current_date", "ts > now() - interval '1 day'", "i = 7::bigint",
        "i = any ('{1,2}'::bigint[])", "n = 5000000000 - 4999999993", "i < 3::bigint"}) {
    INFO(condition);
    f.shows(f.run(std::string("explain (costs off) select * from e where ") + condition),
            "Index Scan using e_");
  }
}

}  // namespace
}  // namespace luma
