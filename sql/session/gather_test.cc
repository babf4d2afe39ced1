// Rows that threads find for a reader who takes them as they come.
#include <catch2/catch.hpp>

#include "sql/session/test_session.h"

namespace luma {
namespace {

struct Fixture : TestSession {
  Fixture() {
    run("create table t(id int primary key, k int, s text);"
        "insert into t select i, i % 1000, repeat('x', 100) || i from generate_series(1, 60000) i;"
        "create table u(k int, n int); insert into u select i, -i from generate_series(0, 999) i;"
        "analyze t, u; set min_parallel_table_scan_size = 0");
  }
  bool is_divided(std::string_view query) {
    return run(fmt::format("explain (analyze, costs off, timing off, summary off) {}", query))
               .find("Gather") != std::string::npos;
  }
};

TEST_CASE("a selective scan of a large table is divided, in the order of its rows") {
  Fixture f;
  CHECK(f.is_divided("select id from t where k = 7"));
  CHECK(f.is_divided("select id, n from t join u using (k) where k = 7 and n < 0"));
  std::string expected;
  for (int id = 7; id <= 60000; id += 1000) expected += fmt::format("{};", id);
  CHECK(f.run("select id from t where k = 7") == expected + "[SELECT 60]");
  // Threads off, and all rows wanted.
  CHECK(!f.is_divided("select id from t"));
  f.run("set max_parallel_workers_per_gather = 0");
  CHECK(!f.is_divided("select id from t where k = 7"));
}

TEST_CASE("whoever may stop early reads rows as they are found") {
  Fixture f;
  CHECK(f.run("begin; declare c cursor for select id from t where k = 7; fetch 2 from c; "
              "insert into t values (-1, 7, ''); fetch 1 from c; rollback") ==
        "[BEGIN][DECLARE CURSOR]7;1007;[FETCH 2][INSERT 0 1]2007;[FETCH 1][ROLLBACK]");
  CHECK(f.run("select 1 / (id - 7) from t where k = 7").find("!22012") != std::string::npos);
}

}  // namespace
}  // namespace luma
