// Columnar tables with a sort key: in which order rows lie, and what is refused. A scan without
// ORDER BY gives rows as they lie.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "sql/session/test_session.h"

namespace luma {
namespace {

struct Fixture : TestSession {
  std::string rows_of(std::string_view table) {
    return run(fmt::format("select string_agg(concat(a, b), ' ') from {}", table));
  }
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
