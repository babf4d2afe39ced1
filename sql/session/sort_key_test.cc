// Columnar tables with a sort key: in which order rows lie, and what is refused. A scan without
// ORDER BY gives rows as they lie.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>

#include "sql/session/test_session.h"

namespace luma {
namespace {

struct Fixture : TestSession {
  std::string rows_of(std::string_view table) {
    return run(fmt::format("select string_agg(concat(a, b), ' ') from {}", table));
  }
};

// Tables in memory have no segments.
struct StoredSession {
  explicit StoredSession(const std::string& directory)
      : instance(options(directory)), session(instance, {.pid = 1}, hooks) {
    CollectingReceiver receiver;
    session.start({"postgres", "postgres", {}}, receiver);
  }
  static SqlInstanceOptions options(const std::string& directory) {
    SqlInstanceOptions options;
    options.kv.path = directory;
    options.columnar.interval_ms = 3'600'000;  // nothing moves by itself
    return options;
  }
  std::string run(std::string_view sql) {
    CollectingReceiver receiver;
    try {
      session.simple_query(sql, receiver, true);
    } catch (const SqlError& error) {
      session.failed(error);
      receiver.log += "!" + sql_state_code(error.state);
    }
    return receiver.log;
  }

  SqlInstance instance;
  SessionHooks hooks;
  SqlSession session;
};

constexpr std::string_view kRows =
    "select * from (values (2, 'x'), (1, 'y'), (3, 'x'), (null, 'x'), (2, 'y'), (1, null)) as v(a, "
    "b)"
    " offset 0";

TEST_CASE("rows that come together lie in the order of the sort key") {
  Fixture f;
  f.run("create table t(a int, b text) using columnar with (sort_key = 'b, A desc nulls last')");
  f.run(fmt::format("insert into t {}", kRows));
  CHECK(f.rows_of("t") == "3x 2x x 2y 1y 1;[SELECT 1]");
  // What comes later lies behind, until the table is sorted anew; so does VALUES.
  f.run("insert into t values (9, 'a'), (8, 'a')");
  CHECK(f.rows_of("t") == "3x 2x x 2y 1y 1 9a 8a;[SELECT 1]");
  CHECK(f.run("cluster t") == "[CLUSTER]");
  CHECK(f.rows_of("t") == "9a 8a 3x 2x x 2y 1y 1;[SELECT 1]");
  // With an index, whose entries find the rows.
  f.run("alter table t set (sort_key = 'a'); create index on t(a); cluster t");
  CHECK(f.rows_of("t") == "1y 1 2x 2y 3x 8a 9a x;[SELECT 1]");
  CHECK(f.run("set enable_seqscan = off; select b from t where a = 8") == "[SET]a;[SELECT 1]");
  f.run(fmt::format("create table u using columnar with (sort_key = 'a desc') as {}", kRows));
  CHECK(f.rows_of("u") == "x 3x 2x 2y 1y 1;[SELECT 1]");
}

TEST_CASE("COPY sorts, and checks what it copies") {
  Fixture f;
  const std::string path = std::filesystem::temp_directory_path() /
                           fmt::format("luma_sort_key_{}.csv", static_cast<int>(::getpid()));
  std::ofstream(path) << "2,x\n1,y\n3,x\n";
  f.run("create table t(a int primary key, b text) using columnar with (sort_key = 'b, a')");
  CHECK(f.run(fmt::format("copy t from '{}' csv", path)) == "[COPY 3]");
  CHECK(f.rows_of("t") == "2x 3x 1y;[SELECT 1]");
  CHECK(f.run(fmt::format("copy t from '{}' csv", path)) == "!23505");
  CHECK(f.run("select b from t where a = 3") == "x;[SELECT 1]");
  std::filesystem::remove(path);
}

TEST_CASE("segments that are merged come out in the order of the sort key") {
  const std::string directory = std::filesystem::temp_directory_path() /
                                fmt::format("luma_sort_key_{}", static_cast<int>(::getpid()));
  std::filesystem::create_directory(directory);
  auto session = std::make_unique<StoredSession>(directory);
  StoredSession& f = *session;
  f.run("create table t(a int primary key, b int) using columnar with (sort_key = 'b')");
  for (int first = 1; first < 200000; first += 50000) {
    f.run(
        fmt::format("insert into t select x, x * 7919::bigint % 100003 from "
                    "generate_series({}, {}) x",
                    first, first + 49999));
  }
  auto groups_for = [&](std::string_view condition) {
    const std::string plan =
        f.run(fmt::format("explain (analyze, format json) select * from t where {}", condition));
    const size_t at = plan.find("\"Row Groups Read\": ");
    return at == std::string::npos ? plan : plan.substr(at, plan.find_first_of(",\n", at) - at);
  };
  CHECK(groups_for("b between 90000 and 90010") == "\"Row Groups Read\": 4");
  CHECK(f.run("vacuum t") == "[VACUUM]");
  CHECK(groups_for("b < 10") == "\"Row Groups Read\": 1");
  CHECK(groups_for("b between 90000 and 90010") == "\"Row Groups Read\": 1");
  const std::string_view counts = "select count(*), count(distinct a), min(a), max(a) from t";
  CHECK(f.run(counts) == "200000|200000|1|200000;[SELECT 1]");
  // Rows are found by the index, and changed, where they lie now.
  CHECK(f.run("select b from t where a = 123456") == "18736;[SELECT 1]");
  CHECK(f.run("update t set b = -1 where a in (5, 123456); delete from t where a = 77") ==
        "[UPDATE 2][DELETE 1]");
  CHECK(f.run("select a from t where b = -1 order by a") == "5;123456;[SELECT 2]");
  CHECK(f.run("select count(*), count(distinct a) from t") == "199999|199999;[SELECT 1]");
  CHECK(f.run("insert into t values (5, 0)") == "!23505");
  session.reset();
  std::filesystem::remove_all(directory);
}

TEST_CASE("a sort key is a list of columns with an order, of a columnar table") {
  Fixture f;
  auto create = [&](std::string_view key, std::string_view method = "using columnar") {
    return f.run(fmt::format(
        "create table t(a int, \"B c\" text, j json) {} with (sort_key = '{}')", method, key));
  };
  CHECK(create("a", "") == "!22023");
  CHECK(create("") == "!42601");
  CHECK(create("a,") == "!42601");
  CHECK(create("a b") == "!42601");
  CHECK(create("a nulls") == "!42601");
  CHECK(create("\"a") == "!42601");
  CHECK(create("lower(b)") == "!42703");
  CHECK(create("j") == "!42883");
  CHECK(create(" \"B c\" ASC NULLS FIRST , a DESC ") == "[CREATE TABLE]");
  CHECK(f.run("alter table t drop column a") == "!2BP01");
  CHECK(f.run("alter table t rename \"B c\" to b") == "!2BP01");
  CHECK(f.run("alter table t set (sort_key = 'nosuch')") == "!42703");
  CHECK(f.run("alter table t drop column j; alter table t reset (sort_key);"
              "alter table t drop column a; cluster t") ==
        "[ALTER TABLE][ALTER TABLE][ALTER TABLE]!42704");
}

}  // namespace
}  // namespace luma
