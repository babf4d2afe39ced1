// How joins are estimated and which plans that leads to.
#include <catch2/catch.hpp>

#include "sql/session/test_session.h"

namespace luma {
namespace {

std::string first_line(const std::string& plan) { return plan.substr(0, plan.find('\n')); }

TEST_CASE("alternatives over columns of two tables are as likely as their parts") {
  TestSession f;
  f.run(
      "create table few(k int, name text); create table many(id int, part text);"
      "insert into few select i, 'name ' || i from generate_series(1, 25) i;"
      "insert into many select i, 'part ' || i % 5 from generate_series(1, 1000) i;"
      "analyze few, many");
  auto rows = [&](std::string_view condition) {
    const std::string plan =
        first_line(f.run(fmt::format("explain select * from few, many where {}", condition)));
    const size_t at = plan.find("rows=");
    return at == std::string::npos ? -1 : std::atoi(plan.c_str() + at + 5);
  };
  CHECK(rows("(name = 'name 1' and part = 'part 1') or (name = 'name 2' and part = 'part 2')") ==
        Approx(400).epsilon(0.05));
  CHECK(rows("name = 'name 1' or part = 'part 1'") == Approx(5800).epsilon(0.05));
  CHECK(rows("'name 1' = name or k > id") > 25000 / 3);
}

TEST_CASE("a large columnar index is rather scanned once than looked up for each of many rows") {
  TestSession f;
  f.run(
      "create table parent(id int primary key, kind int, pad text);"
      "create table child(id int primary key, parent int, kind int);"
      "insert into parent select i, i % 10, 'pad' from generate_series(1, 40000) i;"
      "insert into child select i, i, i % 40 from generate_series(1, 40000) i;"
      "create index on parent using columnar (id, kind); analyze parent, child");
  auto looks_up = [&](std::string_view condition) {
    return f.run(fmt::format("explain (costs off) select p.kind, count(*) from child c "
                             "join parent p on p.id = c.parent where {} group by 1",
                             condition))
               .find("using parent_pkey") != std::string::npos;
  };
  CHECK(!looks_up("c.kind = 5"));
  CHECK(looks_up("c.id = 5"));
  f.run("drop index parent_id_kind_idx");
  CHECK(looks_up("c.kind = 5"));
}

TEST_CASE("no join that may spill stands above the order of locked rows") {
  TestSession f;
  f.run("create table b(id int primary key, v int); create table c(id int primary key, x int)");
  auto joins = [&](std::string_view item) {
    return f.run(fmt::format("explain (costs off) select {} from c order by id for update", item))
               .find("Hash") != std::string::npos;
  };
  CHECK(!joins("(select v from b where b.id = c.id)"));
  CHECK(!joins("(select count(*) from b where b.v < c.x)"));
  CHECK(f.run("insert into b select i, 10 * i from generate_series(1, 3) i;"
              "insert into c select i, i from generate_series(1, 3) i;"
              "select (select v from b where b.id = c.id), x in (select id from b) from c "
              "order by id desc for update") ==
        "[INSERT 0 3][INSERT 0 3]30|t;20|t;10|t;[SELECT 3]");
}

}  // namespace
}  // namespace luma
