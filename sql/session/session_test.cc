// The transaction state machine, prepared statements, portals and cursors of a session over a store
// in memory, without tables.
#include "sql/session/session.h"

#include <catch2/catch.hpp>

#include "sql/session/test_session.h"

namespace luma {
namespace {

struct Fixture : TestSession {
  template <typename Call>
  std::string extended(Call&& call) {
    return collect(std::forward<Call>(call));
  }
};

TEST_CASE("transaction blocks") {
  Fixture f;
  CHECK(f.run("select 1") == "1;[SELECT 1]");
  CHECK(f.session.transaction_status() == 'I');
  CHECK(f.run("begin") == "[BEGIN]");
  CHECK(f.session.transaction_status() == 'T');
  CHECK(f.run("begin") == "{25001}[BEGIN]");
  CHECK(f.run("select 1/0") == "!22012");
  CHECK(f.session.transaction_status() == 'E');
  CHECK(f.run("select 1") == "!25P02");
  CHECK(f.run("commit") == "[ROLLBACK]");
  CHECK(f.session.transaction_status() == 'I');
  CHECK(f.run("commit") == "{25P01}[COMMIT]");
  CHECK(f.run("rollback") == "{25P01}[ROLLBACK]");
}

TEST_CASE("savepoints") {
  Fixture f;
  CHECK(f.run("savepoint a") == "!25P01");
  CHECK(f.run("begin") == "[BEGIN]");
  CHECK(f.run("savepoint a") == "[SAVEPOINT]");
  CHECK(f.run("select 1/0") == "!22012");
  CHECK(f.run("rollback to b") == "!3B001");
  CHECK(f.run("rollback to a") == "[ROLLBACK]");
  CHECK(f.run("select 2") == "2;[SELECT 1]");
  CHECK(f.run("release a") == "[RELEASE]");
  CHECK(f.run("release a") == "!3B001");
  CHECK(f.run("rollback") == "[ROLLBACK]");
}

TEST_CASE("a string of statements is one transaction") {
  Fixture f;
  CHECK(f.run("set work_mem = '1MB'; select 1/0; select 2") == "[SET]!22012");
  CHECK(f.run("show work_mem") == "4MB;[SHOW]");
  CHECK(f.run("begin; select 1; commit; select 2") == "[BEGIN]1;[SELECT 1][COMMIT]2;[SELECT 1]");
  CHECK(f.run("begin; select 1") == "[BEGIN]1;[SELECT 1]");
  CHECK(f.session.transaction_status() == 'T');
  CHECK(f.run("rollback; savepoint x; select 1") == "[ROLLBACK]!25P01");
  CHECK(f.run("  ; ") == "[empty]");
}

TEST_CASE("isolation and access mode") {
  Fixture f;
  CHECK(f.run("begin isolation level serializable read only") == "[BEGIN]");
  CHECK(f.run("show transaction_isolation") == "serializable;[SHOW]");
  CHECK(f.run("select 1") == "1;[SELECT 1]");
  CHECK(f.run("set transaction isolation level read committed") == "!25001");
  CHECK(f.run("rollback and chain") == "[ROLLBACK]");
  CHECK(f.session.transaction_status() == 'T');
  CHECK(f.run("set transaction read write") == "[SET]");
  CHECK(f.run("commit") == "[COMMIT]");
  CHECK(f.run("show transaction_isolation") == "read committed;[SHOW]");
}

TEST_CASE("transactions share a snapshot") {
  Fixture f;
  SessionHooks hooks;
  SqlSession other(f.instance, {.pid = 2}, hooks);
  CollectingReceiver receiver;
  other.start({"postgres", "postgres", {}}, receiver);
  auto run_other = [&](std::string_view sql) {
    CollectingReceiver answer;
    try {
      other.simple_query(sql, answer, true);
    } catch (const SqlError& error) {
      other.failed(error);
      answer.log += "!" + sql_state_code(error.state);
    }
    return answer.log;
  };
  CHECK(f.run("create table t(a int)") == "[CREATE TABLE]");
  CHECK(f.run("begin") == "[BEGIN]");
  std::string exported = f.run("select pg_export_snapshot()");
  REQUIRE(exported.ends_with("-1;[SELECT 1]"));
  std::string import = "set transaction snapshot '" + exported.substr(0, exported.find(';')) + "'";
  CHECK(run_other("insert into t values (1)") == "[INSERT 0 1]");
  CHECK(run_other("begin isolation level repeatable read") == "[BEGIN]");
  CHECK(run_other(import) == "[SET]");
  CHECK(run_other("select count(*) from t") == "0;[SELECT 1]");
  CHECK(run_other("commit") == "[COMMIT]");
  CHECK(run_other("select count(*) from t") == "1;[SELECT 1]");
  CHECK(f.run("commit") == "[COMMIT]");
  CHECK(run_other("begin isolation level repeatable read") == "[BEGIN]");
  CHECK(run_other(import) == "!22023");
}

TEST_CASE("statements are counted by their text without constants") {
  Fixture f;
  CHECK(f.run("create extension pg_stat_statements") == "[CREATE EXTENSION]");
  CHECK(f.run("select 1 + 1") == "2;[SELECT 1]");
  CHECK(f.run("select 1 + 20") == "21;[SELECT 1]");
  CHECK(f.run("SELECT  1 + 300 /* c */") == "301;[SELECT 1]");
  CHECK(f.run("select g from generate_series(1, 3) g; set work_mem = '1MB'") ==
        "1;2;3;[SELECT 3][SET]");
  CHECK(f.run("select nosuch") == "!42703");
  CHECK(f.extended([&](CollectingReceiver& receiver) {
    f.session.parse("p", "select $1::int4", {}, receiver, true);
    std::optional<std::string_view> value = "7";
    for (int i = 0; i < 2; ++i) {
      f.session.bind({"", "p", {}, {&value, 1}, {}}, receiver, true);
      f.session.execute("", 0, receiver, true);
      f.session.sync(receiver, true);
    }
  }) == "7;[SELECT 1]7;[SELECT 1]");
  CHECK(f.run("select query, calls, rows from pg_stat_statements order by query collate \"C\"") ==
        "select $1 + $2|3|3;select $1::int4|2|2;select g from generate_series($1, $2) g|1|3;"
        "set work_mem = '1MB'|1|0;[SELECT 4]");
  CHECK(f.run("select count(distinct queryid), bool_and(total_exec_time >= max_exec_time and "
              "max_exec_time >= mean_exec_time and mean_exec_time >= min_exec_time) "
              "from pg_stat_statements") == "5|t;[SELECT 1]");
  CHECK(f.run("select pg_stat_statements_reset()") == ";[SELECT 1]");
  CHECK(f.run("select query, calls from pg_stat_statements") ==
        "select pg_stat_statements_reset()|1;[SELECT 1]");
  CHECK(f.run("set pg_stat_statements.track = 'none'; select 17") == "[SET]17;[SELECT 1]");
  CHECK(f.run("select count(*) from pg_stat_statements") == "2;[SELECT 1]");
}

TEST_CASE("literals share a plan") {
  Fixture f;
  CHECK(f.run("select 1 + 2, 'a''b'") == "3|a'b;[SELECT 1]");
  CHECK(f.run("select 40 + 2, 'c'") == "42|c;[SELECT 1]");
  CHECK(f.run("select -7 + 2, ''") == "-5|;[SELECT 1]");
  CHECK(f.run("select 2147483648 + 1, 'x'") == "2147483649|x;[SELECT 1]");
  CHECK(f.run("select nosuch + 1") == "!42703");
}

TEST_CASE("what takes long asks for a worker and leaves no trace") {
  Fixture f;
  CHECK(f.run("begin", false) == "[BEGIN]");
  CHECK(f.run("select pg_sleep(0.001)", false) == "!blocks");
  CHECK(f.session.transaction_status() == 'T');
  CHECK(f.run("select pg_sleep(0.001)") == ";[SELECT 1]");
  CHECK(f.run("rollback", false) == "[ROLLBACK]");
  CHECK(f.run("select 1; select pg_sleep(0.001)", false) == "1;[SELECT 1]!blocks");
  CHECK(f.run("select 1; select pg_sleep(0.001)") == ";[SELECT 1]");
  CHECK(f.session.transaction_status() == 'I');
}

TEST_CASE("what a statement reads counts, not what is left of it") {
  Fixture f;
  CHECK(f.run("create table numbers(id int primary key, n int)") == "[CREATE TABLE]");
  CHECK(f.run("insert into numbers select i, i from generate_series(1, 20000) i", false) ==
        "!blocks");
  CHECK(f.run("insert into numbers select i, i from generate_series(1, 20000) i") ==
        "[INSERT 0 20000]");
  CHECK(f.run("analyze numbers") == "[ANALYZE]");
  CHECK(f.run("select id from numbers where n = 7", false) == "!blocks");
  CHECK(f.run("select id from numbers where n = 7") == "7;[SELECT 1]");
  CHECK(f.run("update numbers set n = 8 where n = 7", false) == "!blocks");
  CHECK(f.run("update numbers set n = 8 where n = 7") == "[UPDATE 1]");
  // By the key, a few rows are few.
  CHECK(f.run("select n from numbers where id between 7 and 9", false) == "8;8;9;[SELECT 3]");
  CHECK(f.run("select n from numbers order by id limit 2", false) == "1;2;[SELECT 2]");
  CHECK(f.run("update numbers set n = 0 where id = 7", false) == "[UPDATE 1]");
}

TEST_CASE("PREPARE and EXECUTE") {
  Fixture f;
  CHECK(f.run("prepare p(int) as select $1 + 1") == "[PREPARE]");
  CHECK(f.run("prepare p as select 1") == "!42P05");
  CHECK(f.run("execute p(41)") == "42;[SELECT 1]");
  CHECK(f.run("execute p('1')") == "2;[SELECT 1]");
  CHECK(f.run("execute p") == "!42601");
  CHECK(f.run("deallocate p") == "[DEALLOCATE]");
  CHECK(f.run("execute p(1)") == "!26000");
}

TEST_CASE("cursors") {
  Fixture f;
  CHECK(f.run("declare c cursor for select 1") == "!25P01");
  f.run("begin");
  CHECK(f.run("declare c scroll cursor for select * from generate_series(1, 5) g") ==
        "[DECLARE CURSOR]");
  CHECK(f.run("fetch 2 c") == "1;2;[FETCH 2]");
  CHECK(f.run("fetch prior c") == "1;[FETCH 1]");
  CHECK(f.run("fetch prior c") == "[FETCH 0]");
  CHECK(f.run("fetch all c") == "1;2;3;4;5;[FETCH 5]");
  CHECK(f.run("fetch backward 2 c") == "5;4;[FETCH 2]");
  CHECK(f.run("fetch absolute -1 c") == "5;[FETCH 1]");
  CHECK(f.run("fetch relative -3 c") == "2;[FETCH 1]");
  CHECK(f.run("move forward 2 c") == "[MOVE 2]");
  CHECK(f.run("fetch 0 c") == "4;[FETCH 1]");
  CHECK(f.run("declare h cursor with hold for select 7") == "[DECLARE CURSOR]");
  CHECK(f.run("commit") == "[COMMIT]");
  CHECK(f.run("fetch h") == "7;[FETCH 1]");
  CHECK(f.run("fetch c") == "!34000");
}

TEST_CASE("portals") {
  Fixture f;
  std::optional<std::string_view> two = "2";
  CHECK(f.extended([&](RowReceiver& r) {
    f.session.parse("s", "select g * $1 from generate_series(1, 3) g", {}, r, true);
    f.session.bind({"p", "s", {}, {&two, 1}, {}}, r, true);
    f.session.execute("p", 2, r, true);
    f.session.execute("p", 2, r, true);
    f.session.execute("p", 2, r, true);
    f.session.sync(r, true);
  }) == "2;4;[suspended]6;[SELECT 1][SELECT 0]");
  CHECK(f.extended([&](RowReceiver& r) { f.session.execute("p", 0, r, true); }) == "!34000");
  CHECK(f.extended([&](RowReceiver& r) {
    f.session.parse("", "select $1::int + $2", {}, r, true);
    CHECK(f.session.describe_statement("").parameter_types.size() == 2);
    f.session.bind({"", "", {}, {&two, 1}, {}}, r, true);
  }) == "!08P01");
  CHECK(f.extended([&](RowReceiver& r) { f.session.parse("s", "select 1", {}, r, true); }) ==
        "!42P05");
  CHECK(f.extended([&](RowReceiver& r) {
    f.session.parse("t", "select 1; select 2", {}, r, true);
  }) == "!42601");
}

TEST_CASE("a portal that changes data does so whoever reads how much") {
  Fixture f;
  f.run("create table t(a int)");
  auto change = [&](std::string_view sql) {
    return f.extended([&](RowReceiver& r) {
      f.session.parse("", sql, {}, r, true);
      f.session.bind({"q", "", {}, {}, {}}, r, true);
      f.session.execute("q", 2, r, true);
      if (sql.starts_with("update")) {
        f.session.execute("q", 1, r, true);
        f.session.execute("q", 0, r, true);
      }
      f.session.sync(r, true);
    });
  };
  CHECK(change("insert into t select * from generate_series(1, 5000) returning a") ==
        "1;2;[suspended]");
  CHECK(f.run("select count(*) from t") == "5000;[SELECT 1]");
  CHECK(change("with d as (delete from t where a > 4 returning a) select a from t where a < 4 "
               "order by a") == "1;2;[suspended]");
  CHECK(f.run("select count(*) from t") == "4;[SELECT 1]");
  CHECK(change("update t set a = a + 1 returning a") == "2;3;[suspended]4;[suspended]5;[UPDATE 4]");
  f.run("begin");
  f.extended([&](RowReceiver& r) {
    f.session.parse("", "delete from t returning a", {}, r, true);
    f.session.bind({"q", "", {}, {}, {}}, r, true);
  });
  CHECK(f.run("fetch 1 from q") == "2;[FETCH 1]");
  CHECK(f.run("close q") == "[CLOSE CURSOR]");
  CHECK(f.run("commit") == "[COMMIT]");
  CHECK(f.run("select count(*) from t") == "0;[SELECT 1]");
}

TEST_CASE("NOTIFY reaches the listener at commit") {
  Fixture f;
  f.run("listen news");
  f.run("begin");
  f.run("notify news, 'a'");
  f.run("notify news, 'a'");
  CHECK(f.session.take_notifications().empty());
  f.run("commit");
  std::vector<Notification> got = f.session.take_notifications();
  REQUIRE(got.size() == 1);
  CHECK(got[0].payload == "a");
  f.run("begin; notify news, 'b'; rollback");
  CHECK(f.session.take_notifications().empty());
}

}  // namespace
}  // namespace luma
