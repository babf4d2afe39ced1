// ASOF JOIN as SQL: sums that DuckDB 2.0 gives for the same statements, what the two words mean
// elsewhere, and what is refused.
#include <catch2/catch.hpp>

#include "sql/session/test_session.h"

namespace luma {
namespace {

struct Fixture : TestSession {
  Fixture() {
    run("create table l as select (i*7)%5 as k, (i*37)%101 as t, i as v"
        " from generate_series(0, 199) i");
    run("create table r as select (i*3)%6 as k, i*2 as t, i as w from generate_series(0, 59) i");
    run("insert into l values (null, 5, 1000), (1, null, 1001)");
    run("insert into r values (null, 5, 2000), (1, null, 2001)");
  }
  // With the place of an error.
  std::string run(std::string_view sql) {
    std::string log = TestSession::run(sql);
    return error ? fmt::format("{}@{}", log, error->byte_offset) : log;
  }
  std::string sums(std::string_view join) {
    return run(
        fmt::format("select count(*), sum(l.v), sum(r.w), sum(l.v*r.w), count(r.w)"
                    " from l as l {}",
                    join));
  }
};

TEST_CASE("ASOF JOIN finds what DuckDB's finds") {
  Fixture f;
  const std::pair<const char*, const char*> kAnswers[] = {
      {"asof join r on l.k = r.k and l.t >= r.t", "80|7960|2064|205104|80;[SELECT 1]"},
      {"asof left join r on l.k = r.k and l.t >= r.t", "202|21901|2064|205104|80;[SELECT 1]"},
      {"asof join r on l.k = r.k and l.t > r.t", "79|7960|2024|201242|79;[SELECT 1]"},
      {"ASOF LEFT OUTER JOIN r on r.t < l.t and l.k = r.k", "202|21901|2024|201242|79;[SELECT 1]"},
      {"asof inner join r on l.k = r.k and l.t <= r.t", "80|7960|2182|217162|80;[SELECT 1]"},
      {"asof left join r on l.k = r.k and l.t <= r.t", "202|21901|2182|217162|80;[SELECT 1]"},
      {"asof join r on l.k = r.k and r.t > l.t", "80|7960|2224|221024|80;[SELECT 1]"},
      {"asof left join r on l.k = r.k and l.t < r.t", "202|21901|2224|221024|80;[SELECT 1]"},
      {"asof left join r using (t)", "202|21901|10951|2906424|201;[SELECT 1]"},
  };
  for (const auto& [join, answer] : kAnswers) CHECK(f.sums(join) == answer);
  CHECK(f.run("select count(*), sum(v), sum(w), sum(t) from l l asof join r using (k, t)") ==
        "80|7960|2064|4246;[SELECT 1]");
  // The types of the two times may differ.
  CHECK(f.sums("asof join (select k, t::bigint as t, w from r) r on l.k = r.k and l.t >= r.t") ==
        "80|7960|2064|205104|80;[SELECT 1]");
  // Conditions behind the join do not choose another row.
  CHECK(f.run("select count(*) from l l asof join r on l.k = r.k and l.t >= r.t where r.w < 30") ==
        f.run("select count(*) from (select r.w as w from l l asof join r on l.k = r.k and"
              " l.t >= r.t offset 0) s where w < 30"));
}

TEST_CASE("what PostgreSQL accepts keeps its meaning") {
  Fixture f;
  // An alias.
  CHECK(f.run("select count(*) from l asof join r on asof.k = r.k") ==
        f.run("select count(*) from l a join r on a.k = r.k"));
  CHECK(f.run("select 1 asof") == "1;[SELECT 1]");
  CHECK(f.run("select count(*) from l l /* a */ asof -- b\n join (r join l x on x.k = r.k)"
              " on l.k = r.k and l.t >= r.t") == "80;[SELECT 1]");
  // Errors stand where they stand in the text.
  CHECK(f.run("select * from l l asof right join r on l.t > r.t") == "!42601@18");
  CHECK(f.run("select nosuch from l l asof join r on l.t > r.t") == "!42703@7");
  CHECK(f.run("select * from l l asof join r on l.t > r.t where nosuch") == "!42703@49");
}

TEST_CASE("an ASOF JOIN has equalities and one inequality") {
  Fixture f;
  CHECK(f.sums("asof join r on l.k = r.k").starts_with("!42601"));
  CHECK(f.sums("asof join r on l.k >= r.k and l.t > r.t").starts_with("!42601"));
  CHECK(f.sums("asof join r on l.k = r.k and l.t > r.t and l.v <> r.w").starts_with("!0A000"));
  CHECK(f.sums("asof join r on l.k = 1 and l.t > r.t").starts_with("!0A000"));
  CHECK(f.sums("asof join lateral (select * from r where r.k = l.k) r on l.t > r.t")
            .starts_with("!0A000"));
}

TEST_CASE("views keep an ASOF JOIN") {
  Fixture f;
  f.run("create view w as select v, w from l as l asof join r using (k, t)");
  f.run(
      "create view w3 as select a.v, r.w from l a join l b on a.v = b.v"
      " asof join r on a.k = r.k and a.t >= r.t");
  CHECK(f.run("select count(*), sum(w) from w") == "80|2064;[SELECT 1]");
  CHECK(f.run("select count(*), sum(w) from w3") == "80|2064;[SELECT 1]");
  const std::string text = f.run("select pg_get_viewdef('w3')");
  CHECK(text.find("ASOF JOIN") != std::string::npos);
}

}  // namespace
}  // namespace luma
