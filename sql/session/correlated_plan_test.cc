// Which correlated subqueries run once for all rows, and which for each row.
#include <catch2/catch.hpp>

#include "sql/session/test_session.h"

namespace luma {
namespace {

struct Fixture : TestSession {
  Fixture() {
    run("create table a(id int, k int, n numeric); create table b(id int, k int, n numeric);"
        "insert into a select i, i % 30, i from generate_series(1, 300) i;"
        "insert into b select i, i % 30, i from generate_series(1, 9000) i; analyze a, b");
  }
  // The domain of the outer values is joined again by this.
  bool runs_once(std::string_view query) {
    return run(fmt::format("explain (costs off) {}", query)).find("IS NOT DISTINCT FROM") !=
           std::string::npos;
  }
};

TEST_CASE("correlation that no join condition can cross becomes a join with a domain") {
  Fixture f;
  for (std::string_view query : {
           "select (select count(*) from b where b.k < a.k) from a",
           "select 1 from a, lateral (select 1 from b where b.k = a.k order by b.id limit 2) x",
           "select 1 from a where not exists (select 1 from b left join b c on c.id = a.id "
           "where b.k < a.k)",
           "select (select count(*) from b where b.n < a.n) from a",
       }) {
    INFO(query);
    CHECK(f.runs_once(query));
    f.run("set luma.disabled_passes = 'decorrelate_by_domain'");
    CHECK(!f.runs_once(query));
    f.run("reset luma.disabled_passes");
  }
}

TEST_CASE("what depends on more than the value, or finds its rows by an index, stays") {
  Fixture f;
  CHECK(!f.runs_once("select (select count(*) from b where b.k < a.k + random()) from a"));
  // 1.0 and 1.00 are one value that looks different.
  CHECK(!f.runs_once("select (select max(b.n || a.n::text) from b where b.n < a.n) from a"));
  f.run("create index on b(k, id)");
  CHECK(!f.runs_once(
      "select 1 from a, lateral (select 1 from b where b.k = a.k order by b.id limit 2) x"));
}

}  // namespace
}  // namespace luma
