#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "sql/embedded/luma.h"

using namespace luma::embedded;

namespace {

struct TemporaryDirectory {
  std::string path;
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "luma_embedded_XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
};

template <typename Work>
Error error_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error");
  return Error("", "");
}

template <typename T>
T single(Connection& conn, std::string_view sql) {
  Result result = conn.query(sql);
  REQUIRE(result.next());
  T value = result.get<T>(0);
  CHECK_FALSE(result.next());
  return value;
}

}  // namespace

TEST_CASE("statements, completions and rows") {
  Database db = Database::in_memory();
  Connection conn = db.connect();
  CHECK(conn.execute("CREATE TABLE t (a int, b text)").tag == "CREATE TABLE");
  Completion done =
      conn.execute("INSERT INTO t VALUES (1, 'one'), (2, NULL); UPDATE t SET a = a + 1");
  CHECK(done.tag == "UPDATE 2");
  CHECK(done.affected_rows == 2);
  CHECK(conn.execute("").tag == "");

  Result result = conn.query("SELECT a, b, a::numeric(5,2) AS n FROM t ORDER BY a");
  REQUIRE(result.columns().size() == 3);
  CHECK(result.columns()[0].type_oid == 23);
  CHECK(result.columns()[1].name == "b");
  CHECK(result.columns()[2].type_name == "numeric(5,2)");
  REQUIRE(result.next());
  CHECK(result.get<int64_t>("a") == 2);
  CHECK(result.get<std::string_view>(1) == "one");
  CHECK(result.get<std::string>(2) == "2.00");
  CHECK(result.get<int16_t>(2) == 2);
  CHECK(result.completion().tag == "SELECT 2");
  REQUIRE(result.next());
  CHECK(result.is_null(1));
  CHECK(result.get<std::optional<std::string>>(1) == std::nullopt);
  CHECK(error_of([&] { result.get<std::string>(1); }).sqlstate() == "22002");
  CHECK(error_of([&] { result.get<bool>(0); }).sqlstate() == "42804");
  CHECK(error_of([&] { result.get<int>("zzz"); }).sqlstate() == "42703");
  CHECK(error_of([&] { result.get<int>(3); }).sqlstate() == "42703");
  CHECK_FALSE(result.next());
  CHECK_FALSE(result.next());
  CHECK(error_of([&] { result.get<int>(0); }).sqlstate() == "24000");
}

TEST_CASE("every type has a text form") {
  Database db = Database::in_memory();
  Connection conn = db.connect();
  Result result = conn.query(
      "SELECT true, 1::smallint, 1.5::real, 2.5::float8, 123456789012::bigint, '2024-02-29'::date,"
      " '\\x00ff'::bytea, '{1,2}'::int[], '{\"a\": 1}'::jsonb, 'x'::char(3), 12::oid, "
      "1.5::numeric");
  REQUIRE(result.next());
  std::vector<std::string> texts;
  for (size_t i = 0; i < result.row().size(); ++i) texts.push_back(result.get<std::string>(i));
  CHECK(texts == std::vector<std::string>{"t", "1", "1.5", "2.5", "123456789012", "2024-02-29",
                                          "\\x00ff", "{1,2}", "{\"a\": 1}", "x  ", "12", "1.5"});
  CHECK(result.get<bool>(0));
  CHECK(result.get<float>(2) == 1.5f);
  CHECK(result.get<double>(3) == 2.5);
  CHECK(result.get<double>(11) == 1.5);
  CHECK(result.get<Bytes>(6) == Bytes{std::byte{0}, std::byte{255}});
  CHECK(result.get<uint32_t>(10) == 12);
  CHECK(error_of([&] { result.get<int32_t>(4); }).sqlstate() == "22003");
  CHECK(error_of([&] { result.get<int32_t>(11); }).sqlstate() == "22003");
}

TEST_CASE("parameters") {
  Database db = Database::in_memory();
  Connection conn = db.connect();
  conn.execute("CREATE TABLE t (a int8, b text, c float8, d bytea, e bool, f date)");
  Statement insert = conn.prepare("INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6)");
  REQUIRE(insert.parameter_count() == 6);
  CHECK(insert.parameter_type(1) == "bigint");
  CHECK(insert.columns().empty());
  Bytes bytes{std::byte{0}, std::byte{1}, std::byte{0}};
  CHECK(insert.bind_all(int64_t{1} << 60, "it's", 0.1, bytes, true, "2024-01-31").execute().tag ==
        "INSERT 0 1");
  insert.clear_bindings().bind(1, 2).execute();

  Statement select = conn.prepare("SELECT * FROM t WHERE a = $1");
  Result result = select.bind(1, int64_t{1} << 60).query();
  REQUIRE(result.next());
  CHECK(result.get<int64_t>(0) == int64_t{1} << 60);
  CHECK(result.get<std::string>(1) == "it's");
  CHECK(result.get<double>(2) == 0.1);
  CHECK(result.get<Bytes>(3) == bytes);
  CHECK(result.get<bool>(4));
  CHECK(result.get<std::string>(5) == "2024-01-31");
  result.close();
  result = select.bind(1, uint8_t{2}).query();
  REQUIRE(result.next());
  for (size_t i = 1; i < 6; ++i) CHECK(result.is_null(i));
  result.close();

  CHECK(error_of([&] { select.bind(2, 1); }).sqlstate() == "42P02");
  CHECK(error_of([&] { select.bind(1, "x").query(); }).sqlstate() == "22P02");
  CHECK(error_of([&] { select.bind(1, bytes).query(); }).sqlstate() == "42804");
  CHECK(error_of([&] { conn.query("SELECT $1::int"); }).sqlstate() == "42P02");

  Statement typed = conn.prepare("SELECT $1 + 1", {"date"});
  result = typed.bind(1, "2024-02-28").query();
  REQUIRE(result.next());
  CHECK(result.get<std::string>(0) == "2024-02-29");
  result.close();
  typed.bind_text(1, "41.5", "numeric");
  CHECK(typed.parameter_type(1) == "numeric");
  result = typed.query();
  REQUIRE(result.next());
  CHECK(result.get<std::string>(0) == "42.5");
  result.close();
  CHECK(error_of([&] { typed.bind_text(1, "1", "no_such_type"); }).sqlstate() == "42704");
}

TEST_CASE("errors carry what PostgreSQL says") {
  Database db = Database::in_memory();
  Connection conn = db.connect();
  Error error = error_of([&] { conn.execute("SELECT 'äö', nosuch FROM pg_class"); });
  CHECK(error.sqlstate() == "42703");
  CHECK(error.message() == "column \"nosuch\" does not exist");
  CHECK(error.position() == 14);
  CHECK(std::string(error.what()) == error.message());
  CHECK(error_of([&] { conn.query("SELECT 1; SELECT 2"); }).sqlstate() == "42601");
  conn.execute("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)");
  error = error_of([&] { conn.execute("INSERT INTO t VALUES (1)"); });
  CHECK(error.sqlstate() == "23505");
  CHECK(error.detail() == "Key (a)=(1) already exists.");
  CHECK(error.constraint_name() == "t_pkey");
  CHECK(error.table_name() == "t");
  // The connection goes on.
  CHECK(single<int>(conn, "SELECT count(*)::int FROM t") == 1);
  CHECK(error_of([&] { db.connect("nobody"); }).sqlstate() == "28000");
  CHECK(error_of([&] { db.connect("", "nowhere"); }).sqlstate() == "3D000");
}

TEST_CASE("rows stream") {
  Database db = Database::in_memory();
  Connection conn = db.connect();
  Result result = conn.query("SELECT g, repeat('x', 100) FROM generate_series(1, 100000) g");
  int64_t expected = 1;
  for (const Row& row : result) {
    if (row.get<int64_t>(0) != expected || row.get<std::string_view>(1).size() != 100) {
      FAIL("row " << expected);
    }
    if (expected == 10) {
      // Outside a transaction nothing else may run meanwhile.
      CHECK(error_of([&] { conn.execute("SELECT 1"); }).sqlstate() == "55006");
    }
    ++expected;
  }
  CHECK(expected == 100001);
  CHECK(result.completion().tag == "SELECT 100000");
  {
    Result unread = conn.query("SELECT * FROM generate_series(1, 100000)");
    unread.next();
  }
  CHECK(single<int>(conn, "SELECT 1") == 1);
}

TEST_CASE("results end with what they read from") {
  Database db = Database::in_memory();
  Connection conn = db.connect();
  Transaction transaction = conn.begin();
  conn.execute("SAVEPOINT a");
  Result inner = conn.query("SELECT * FROM generate_series(1, 100000)");
  inner.next();
  conn.execute("ROLLBACK TO a");
  CHECK(error_of([&] {
          while (inner.next()) {
          }
        }).sqlstate() == "34000");
  conn.execute("ROLLBACK TO a");
  Result result = conn.query("SELECT * FROM generate_series(1, 100000)");
  result.next();
  transaction.commit();
  CHECK(error_of([&] {
          while (result.next()) {
          }
        }).sqlstate() == "34000");
  CHECK_FALSE(result.next());
  CHECK(single<int>(conn, "SELECT 1") == 1);
  // The error of a late row ends the statement.
  Result late = conn.query("SELECT 1 / (5000 - g) FROM generate_series(1, 100000) g");
  CHECK(error_of([&] {
          while (late.next()) {
          }
        }).sqlstate() == "22012");
  CHECK(single<int>(conn, "SELECT 1") == 1);
}

TEST_CASE("several results in a transaction") {
  Database db = Database::in_memory();
  Connection conn = db.connect();
  conn.execute("CREATE TABLE t (a int)");
  Transaction transaction = conn.begin();
  Statement insert = conn.prepare("INSERT INTO t VALUES ($1)");
  Result outer = conn.query("SELECT * FROM generate_series(1, 1000)");
  Result second = conn.query("SELECT * FROM generate_series(1, 1000)");
  while (outer.next()) {
    REQUIRE(second.next());
    insert.bind(1, outer.get<int>(0)).execute();
  }
  transaction.commit();
  CHECK(single<int64_t>(conn, "SELECT count(*) FROM t") == 1000);
}

TEST_CASE("a change that returns rows runs to its end") {
  Database db = Database::in_memory();
  Connection conn = db.connect();
  conn.execute("CREATE TABLE t (a int)");
  {
    Result result = conn.query("INSERT INTO t SELECT * FROM generate_series(1, 5000) RETURNING a");
    REQUIRE(result.next());
    CHECK(result.get<int>(0) == 1);
    CHECK(result.completion().tag == "INSERT 0 5000");
  }
  CHECK(single<int64_t>(conn, "SELECT count(*) FROM t") == 5000);
  {
    Result result = conn.query("WITH gone AS (DELETE FROM t RETURNING a) SELECT a FROM gone");
    REQUIRE(result.next());
  }
  CHECK(single<int64_t>(conn, "SELECT count(*) FROM t") == 0);
}

TEST_CASE("transactions") {
  Database db = Database::in_memory();
  Connection conn = db.connect();
  Connection other = db.connect();
  conn.execute("CREATE TABLE t (a int)");
  {
    Transaction transaction = conn.begin();
    conn.execute("INSERT INTO t VALUES (1)");
    CHECK(conn.in_transaction());
    CHECK(single<int64_t>(other, "SELECT count(*) FROM t") == 0);
    CHECK(error_of([&] { conn.begin(); }).sqlstate() == "25001");
  }
  CHECK_FALSE(conn.in_transaction());
  CHECK(single<int64_t>(other, "SELECT count(*) FROM t") == 0);
  Transaction transaction = conn.begin({Isolation::kSerializable, false});
  CHECK(single<std::string>(conn, "SHOW transaction_isolation") == "serializable");
  conn.execute("INSERT INTO t VALUES (1)");
  transaction.commit();
  CHECK_FALSE(transaction.active());
  CHECK(single<int64_t>(other, "SELECT count(*) FROM t") == 1);
  CHECK(error_of([&] { transaction.commit(); }).sqlstate() == "25P01");

  transaction = conn.begin({Isolation::kDefault, true});
  CHECK(error_of([&] { conn.execute("INSERT INTO t VALUES (2)"); }).sqlstate() == "25006");
  CHECK(error_of([&] { conn.execute("SELECT 1"); }).sqlstate() == "25P02");
  CHECK(error_of([&] { transaction.commit(); }).sqlstate() == "25P02");
  CHECK(single<int64_t>(conn, "SELECT count(*) FROM t") == 1);
}

TEST_CASE("interrupts and timeouts") {
  Database db = Database::in_memory();
  Connection conn = db.connect();
  conn.interrupt();  // nothing runs: no effect
  CHECK(single<int>(conn, "SELECT 1") == 1);
  std::thread interrupter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    conn.interrupt();
  });
  CHECK(error_of([&] { conn.execute("SELECT pg_sleep(60)"); }).sqlstate() == "57014");
  interrupter.join();
  conn.execute("SET statement_timeout = '50ms'");
  Error error = error_of([&] { conn.execute("SELECT pg_sleep(60)"); });
  CHECK(error.sqlstate() == "57014");
  CHECK(error.message() == "canceling statement due to statement timeout");
  conn.execute("SET statement_timeout = 0");
  Result result = conn.query("SELECT * FROM generate_series(1, 1000000)");
  result.next();
  conn.interrupt();
  CHECK(error_of([&] {
          while (result.next()) {
          }
        }).sqlstate() == "57014");
  CHECK(single<int>(conn, "SELECT 1") == 1);
}

TEST_CASE("notices, notifications, settings and the end of a connection") {
  Options options;
  options.settings = {{"work_mem", "7MB"}};
  options.superuser = "owner";
  Database db = Database::in_memory(options);
  Connection conn = db.connect();
  CHECK(single<std::string>(conn, "SELECT current_user") == "owner");
  CHECK(single<std::string>(conn, "SHOW work_mem") == "7MB");
  std::vector<Notice> notices;
  conn.on_notice([&](const Notice& notice) { notices.push_back(notice); });
  conn.execute("DROP TABLE IF EXISTS nothing");
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].severity == "NOTICE");
  CHECK(notices[0].message == "table \"nothing\" does not exist, skipping");
  // A callback may not use the connection.
  std::string state;
  conn.on_notice([&](const Notice&) {
    try {
      conn.execute("SELECT 1");
    } catch (const Error& error) {
      state = error.sqlstate();
    }
  });
  conn.execute("DROP TABLE IF EXISTS nothing");
  CHECK(state == "55006");

  conn.execute("LISTEN news");
  db.connect().execute("NOTIFY news, 'hello'");
  std::vector<Notification> received = conn.take_notifications();
  REQUIRE(received.size() == 1);
  CHECK(received[0].payload == "hello");

  Connection victim = db.connect();
  conn.execute("SELECT pg_terminate_backend(" + std::to_string(victim.id()) + ")");
  Error error = error_of([&] { victim.execute("SELECT 1"); });
  CHECK(error.sqlstate() == "57P01");
  CHECK(error.fatal());
  CHECK_FALSE(victim.is_open());

  Statement statement = conn.prepare("SELECT 1");
  Transaction transaction = conn.begin();
  conn.close();
  CHECK_FALSE(conn.is_open());
  CHECK(error_of([&] { statement.query(); }).sqlstate() == "08003");
  CHECK(error_of([&] { transaction.commit(); }).sqlstate() == "08003");
  conn.interrupt();
}

TEST_CASE("a directory keeps what was committed") {
  TemporaryDirectory directory;
  std::string path = directory.path + "/shop";
  Options must_exist;
  must_exist.create_if_missing = false;
  CHECK(error_of([&] { Database::open(path, must_exist); }).sqlstate() == "58P01");
  {
    Database db = Database::open(path);
    Connection conn = db.connect();
    conn.execute(
        "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TABLE t (a serial PRIMARY KEY, m mood)");
    conn.execute("INSERT INTO t (m) VALUES ('happy'), (NULL)");
    conn.execute("CREATE DATABASE second");
    db.connect("", "second").execute("CREATE TABLE only_here (a int)");
    CHECK(error_of([&] { Database::open(path); }).sqlstate() == "55006");
    Transaction transaction = conn.begin();
    conn.execute("INSERT INTO t (m) VALUES ('sad')");
  }
  for (int round = 0; round < 2; ++round) {
    Database db = Database::open(path, must_exist);
    Connection conn = db.connect();
    CHECK(single<int64_t>(conn, "SELECT count(*) FROM t") == 2 + round);
    CHECK(single<std::string>(conn, "SELECT m FROM t WHERE m IS NOT NULL LIMIT 1") == "happy");
    conn.execute("INSERT INTO t DEFAULT VALUES");
    if (round == 0) db.checkpoint();
    CHECK(single<int64_t>(conn, "SELECT count(*) FROM pg_class WHERE relname = 'only_here'") == 0);
    Connection second = db.connect("", "second");
    CHECK(single<int64_t>(second, "SELECT count(*) FROM only_here") == 0);
  }
}

TEST_CASE("copy") {
  Database db = Database::in_memory();
  Connection conn = db.connect();
  conn.execute("CREATE TABLE t (a int, b text)");
  std::vector<std::string> pieces{"1,on", "e\n2,\"t", "wo\"\n"};
  size_t at = 0;
  auto next = [&](std::string& piece) {
    if (at == pieces.size()) return false;
    piece = pieces[at++];
    return true;
  };
  CHECK(conn.copy_in("COPY t FROM STDIN (FORMAT csv)", next).tag == "COPY 2");
  std::string text;
  CHECK(conn.copy_out("COPY (SELECT * FROM t ORDER BY a) TO STDOUT",
                      [&](std::string_view piece) { text += piece; })
            .affected_rows == 2);
  CHECK(text == "1\tone\n2\ttwo\n");
  at = 0;
  pieces = {"x,y\n"};
  CHECK(error_of([&] { conn.copy_in("COPY t FROM STDIN (FORMAT csv)", next); }).sqlstate() ==
        "22P02");
  CHECK_THROWS_AS(conn.copy_in("COPY t FROM STDIN", [](std::string&) -> bool { throw 7; }), int);
  CHECK(error_of([&] { conn.execute("COPY t FROM STDIN"); }).sqlstate() == "0A000");
  CHECK(error_of([&] { conn.execute("COPY t TO STDOUT"); }).sqlstate() == "0A000");
  CHECK(single<int64_t>(conn, "SELECT count(*) FROM t") == 2);
}

TEST_CASE("connections of several threads") {
  Database db = Database::in_memory();
  db.connect().execute("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0)");
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      try {
        Connection conn = db.connect();
        Statement add = conn.prepare("UPDATE t SET n = n + 1 WHERE id = $1");
        for (int i = 0; i < 100; ++i) add.bind(1, 1).execute();
      } catch (const Error&) {
        ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  Connection conn = db.connect();
  CHECK(single<int>(conn, "SELECT n FROM t") == 400);
}
