// Columnar indexes: how many columns they may have.
#include <catch2/catch.hpp>

#include "sql/session/test_session.h"

namespace luma {
namespace {

TEST_CASE("a columnar index may have all columns of a wide table") {
  TestSession f;
  std::string definitions = "id int primary key", names = "id";
  for (int i = 1; i <= 110; ++i) {
    definitions += fmt::format(", c{} int default {}", i, i);
    names += fmt::format(", c{}", i);
  }
  f.run(fmt::format("create table t({})", definitions));
  CHECK(f.run(fmt::format("create index wide on t({})", names)) == "!54011");
  CHECK(f.run(fmt::format("create index wide on t using columnar ({})", names)) ==
        "[CREATE INDEX]");
  CHECK(f.run("insert into t(id) select generate_series(1, 3)") == "[INSERT 0 3]");
  CHECK(f.run("select indnatts from pg_index where indexrelid = 'wide'::regclass") ==
        "111;[SELECT 1]");
  CHECK(f.run("select sum(c1 + c110) from t") == "333;[SELECT 1]");
}

}  // namespace
}  // namespace luma
