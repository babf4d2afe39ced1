// Whole queries without storage: text in, rows out, through binder, optimizer, lowering and
// operators.
#include "sql/lower/planner.h"

#include <catch2/catch.hpp>

#include "engine/base/sql_error.h"
#include "engine/type/type_info.h"
#include "sql/bind/binder.h"
#include "sql/catalog/catalog_store.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

class TestIds final : public CatalogIds {
 public:
  Oid next_oid() override { return next_oid_++; }
  uint32_t next_storage_id() override { return next_storage_id_++; }

 private:
  Oid next_oid_ = kFirstUserOid;
  uint32_t next_storage_id_ = 1024;
};

class IgnoreWrites final : public CatalogWriter {
 public:
  void put(std::string_view, std::string_view) override {}
  void erase(std::string_view) override {}
};

class TestEnvironment final : public BindEnvironment {
 public:
  TestEnvironment() : store_(ids_) {
    IgnoreWrites writer;
    store_.bootstrap({}, writer);
    catalog_ = store_.snapshot(kPostgresDatabase);
    path_ = luma::resolve_search_path(*catalog_, "public", "postgres", kInvalidOid);
  }
  const Catalog& catalog() const override { return *catalog_; }
  const SearchPath& search_path() const override { return path_; }
  SearchPath resolve_path(std::string_view setting) const override {
    return luma::resolve_search_path(*catalog_, setting, "postgres", kInvalidOid);
  }
  TableDescPtr table_desc(const Table&) override {
    throw unsupported("stored tables in this test");
  }
  const IoContext& io() const override { return io_; }

 private:
  TestIds ids_;
  CatalogStore store_;
  CatalogPtr catalog_;
  SearchPath path_;
  IoContext io_;
};

class NoStatistics final : public TableStatistics {
 public:
  double row_count(const TableDesc&) const override { return 1000; }
};

// Rows as "a|b;c|d"; NULL as "~"; an error as its SQLSTATE and message.
std::string run(std::string_view sql, std::string disabled = {}) {
  static TestEnvironment environment;
  static NoStatistics statistics;
  Arena arena;
  try {
    ParseResult parsed = parse_sql(sql, arena);
    EvalContext evaluation;
    evaluation.io = &environment.io();
    PlannerContext planner{environment, statistics, evaluation, std::move(disabled), {}};
    auto plan = plan_query(parsed.statements[0].node, planner);
    Interrupt interrupt;
    MemoryBudget memory;
    Arena statement_arena;
    std::vector<Value> exec_parameters(plan->exec_parameter_count);
    ExecContext context;
    context.io = &environment.io();
    context.interrupt = &interrupt;
    context.memory = &memory;
    context.arena = &statement_arena;
    context.exec_parameters = exec_parameters;
    std::string out;
    plan->root->open(context);
    while (const Chunk* chunk = plan->root->next(context)) {
      for (uint32_t row = 0; row < chunk->size; ++row) {
        if (!out.empty()) out += ';';
        for (size_t i = 0; i < plan->columns.size(); ++i) {
          if (i != 0) out += '|';
          Value value = chunk->columns[i].value(row);
          const TypeInfo& type = type_info(plan->columns[i].type.oid);
          if (value.is_null) {
            out += '~';
          } else {
            type.output(value.datum, type, environment.io(), out);
          }
        }
      }
    }
    plan->root->close(context);
    return out;
  } catch (const SqlError& error) {
    return sql_state_code(error.state) + " " + error.message;
  }
}

constexpr const char* kT = "(VALUES (1, 'a', 10), (2, 'b', 20), (3, 'b', NULL)) t(id, name, n)";
std::string with_t(std::string text) {
  for (size_t at; (at = text.find("$t")) != std::string::npos;) text.replace(at, 2, kT);
  return text;
}

TEST_CASE("expressions") {
  CHECK(run("SELECT 1, 'x', 1.5 + 2, NULL") == "1|x|3.5|~");
  CHECK(run("SELECT 1 + 2 * 3 AS x, 7 / 2, -7 % 3") == "7|3|-1");
  CHECK(run("SELECT CASE WHEN 1 = 2 THEN 'a' ELSE 'b' END, COALESCE(NULL, 5), NULLIF(1, 1), "
            "GREATEST(1, 3, 2)") == "b|5|~|3");
  CHECK(run("SELECT 3 IN (1, 2, 3), 4 NOT IN (1, NULL), 5 BETWEEN 1 AND 10, 'abc' LIKE 'a%'") ==
        "t|~|t|t");
  CHECK(run("SELECT ARRAY[1, 2, 3], (ARRAY[1, 2, 3])[2], ROW(1, 'x')") == "{1,2,3}|2|(1,x)");
  CHECK(run("SELECT '12'::int + 1, 1::text || 'a', DATE '2024-01-31' + 1") == "13|1a|2024-02-01");
  CHECK(run("SELECT (1, 2) < (1, 3), (1, NULL) = (1, 2)") == "t|~");
  CHECK(run("SELECT 1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL") == "t|t");
}

TEST_CASE("errors") {
  CHECK(run("SELECT x") == "42703 column \"x\" does not exist");
  CHECK(run("SELECT t.x FROM (SELECT 1 AS a) t") == "42703 column t.x does not exist");
  CHECK(run("SELECT u.x FROM (SELECT 1 AS a) t") ==
        "42P01 missing FROM-clause entry for table \"u\"");
  CHECK(run("SELECT 1 + 'a'") == "22P02 invalid input syntax for type integer: \"a\"");
  CHECK(run("SELECT 1 + true") == "42883 operator does not exist: integer + boolean");
  CHECK(run("SELECT nosuch(1)") == "42883 function nosuch(integer) does not exist");
  CHECK(run(with_t("SELECT id, count(*) FROM $t GROUP BY name")) ==
        "42803 column \"t.id\" must appear in the GROUP BY clause or be used in an aggregate "
        "function");
  CHECK(run("SELECT 1 WHERE count(*) > 1") == "42803 aggregate functions are not allowed in WHERE");
  CHECK(run("SELECT * FROM nosuch") == "42P01 relation \"nosuch\" does not exist");
  CHECK(run("SELECT (SELECT 1 UNION SELECT 2)") ==
        "21000 more than one row returned by a subquery used as an expression");
}

TEST_CASE("joins and ordering") {
  CHECK(run(with_t("SELECT id FROM $t WHERE n IS NULL OR n > 15 ORDER BY id DESC")) == "3;2");
  CHECK(run(with_t("SELECT a.id, b.id FROM $t a JOIN $t b ON a.id = b.id + 1 ORDER BY 1")
                .replace(0, 0, "")) != "");
  CHECK(run("SELECT a.x, b.y FROM (VALUES (1), (2)) a(x) LEFT JOIN (VALUES (2, 'two')) b(x, y) "
            "USING (x) ORDER BY 1") == "1|~;2|two");
  CHECK(run("SELECT * FROM (VALUES (1), (2)) a(x) FULL JOIN (VALUES (2), (3)) b(x) USING (x) ORDER "
            "BY x") == "1;2;3");
  CHECK(run("SELECT * FROM (VALUES (1, 2)) a(x, y) NATURAL JOIN (VALUES (1, 5)) b(x, z)") ==
        "1|2|5");
  CHECK(run("SELECT a, b FROM generate_series(1, 3) a, LATERAL generate_series(1, a) b ORDER BY a, "
            "b") == "1|1;2|1;2|2;3|1;3|2;3|3");
  CHECK(run("SELECT x FROM generate_series(1, 10) x ORDER BY x DESC LIMIT 2 OFFSET 1") == "9;8");
  CHECK(run("SELECT DISTINCT x % 2 FROM generate_series(1, 5) x ORDER BY 1") == "0;1");
}

TEST_CASE("aggregation") {
  CHECK(run(with_t("SELECT name, count(*), sum(n) FROM $t GROUP BY name ORDER BY name")) ==
        "a|1|10;b|2|20");
  CHECK(run(with_t("SELECT count(*), count(n), avg(n), max(name) FROM $t")) ==
        "3|2|15.0000000000000000|b");
  CHECK(run(with_t(
            "SELECT name, count(*) FROM $t GROUP BY ROLLUP (name) ORDER BY name NULLS LAST")) ==
        "a|1;b|2;~|3");
  CHECK(run(with_t("SELECT name FROM $t GROUP BY 1 HAVING count(*) > 1")) == "b");
  CHECK(run(with_t("SELECT count(*) FILTER (WHERE id > 1), string_agg(name, ',' ORDER BY id DESC) "
                   "FROM $t")) == "2|b,b,a");
  CHECK(run(with_t(
            "SELECT id, row_number() OVER (PARTITION BY name ORDER BY id) FROM $t ORDER BY id")) ==
        "1|1;2|1;3|2");
  CHECK(run("SELECT x, sum(x) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM "
            "(VALUES (1), (2), (4)) "
            "v(x)") == "1|3;2|3;4|4");
  CHECK(run("SELECT count(*) OVER (ORDER BY d RANGE '1 day' PRECEDING) FROM (VALUES (DATE "
            "'2024-01-01'), "
            "(DATE '2024-01-02'), (DATE '2024-01-05')) v(d)") == "1;2;1");
  CHECK(run("SELECT x, sum(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM "
            "generate_series(1, 3) x") == "1|1;2|3;3|5");
}

TEST_CASE("subqueries become joins and mean the same") {
  const char* queries[][2] = {
      {"SELECT id FROM $t WHERE EXISTS (SELECT 1 FROM (VALUES (2), (3)) v(k) WHERE v.k = t.id) "
       "ORDER BY 1",
       "2;3"},
      {"SELECT id FROM $t WHERE NOT EXISTS (SELECT 1 FROM (VALUES (2), (3)) v(k) WHERE v.k = t.id)",
       "1"},
      {"SELECT id FROM $t WHERE id IN (SELECT k FROM (VALUES (2), (NULL)) v(k))", "2"},
      {"SELECT id FROM $t WHERE id NOT IN (SELECT k FROM (VALUES (2), (NULL)) v(k))", ""},
      {"SELECT id FROM $t WHERE id NOT IN (SELECT k FROM (VALUES (2)) v(k)) ORDER BY 1", "1;3"},
      {"SELECT id, id IN (SELECT k FROM (VALUES (2), (NULL)) v(k)) FROM $t ORDER BY 1",
       "1|~;2|t;3|~"},
      {"SELECT id, (SELECT count(*) FROM (VALUES (2), (2)) v(k) WHERE v.k = t.id) FROM $t ORDER BY "
       "1",
       "1|0;2|2;3|0"},
      {"SELECT id, (SELECT sum(k) + 1 FROM (VALUES (2), (2)) v(k) WHERE v.k = t.id) FROM $t ORDER "
       "BY 1",
       "1|~;2|5;3|~"},
      {"SELECT id, (SELECT count(*) + 1 FROM (VALUES (2), (2)) v(k) WHERE v.k < t.id) FROM $t "
       "ORDER BY 1",
       "1|1;2|1;3|3"},
      {"SELECT id FROM $t WHERE n > (SELECT avg(k) FROM (VALUES (1, 5), (2, 30)) v(i, k) WHERE v.i "
       "= t.id)",
       "1"},
      {"SELECT id FROM $t WHERE id > ALL (SELECT k FROM (VALUES (1), (2)) v(k))", "3"},
      {"SELECT id FROM $t WHERE id >= ANY (SELECT k FROM (VALUES (2), (5)) v(k)) ORDER BY 1",
       "2;3"},
      {"SELECT ARRAY(SELECT k FROM (VALUES (2), (3)) v(k) WHERE v.k >= t.id ORDER BY k) FROM $t "
       "ORDER BY id",
       "{2,3};{2,3};{3}"},
      {"SELECT id, (SELECT k FROM (VALUES (1), (2)) v(k) WHERE v.k < t.id ORDER BY k DESC LIMIT 1) "
       "FROM $t ORDER BY 1",
       "1|~;2|1;3|2"},
      {"SELECT t.id FROM $t, (VALUES (1), (2), (3)) v(k) WHERE (t.id = v.k AND n = 10) OR (t.id = "
       "v.k AND n = 20) "
       "ORDER BY 1",
       "1;2"},
      {"SELECT t.id FROM $t, (VALUES (1), (2)) v(k) WHERE t.id = v.k OR (t.id = v.k AND n = 20) "
       "ORDER BY 1",
       "1;2"},
      {"SELECT max(x) FROM (SELECT id AS x FROM $t UNION ALL SELECT 7) q WHERE x < 7", "3"},
  };
  for (auto& [sql, expected] : queries) {
    INFO(sql);
    CHECK(run(with_t(sql)) == expected);
    CHECK(run(with_t(sql), "decorrelate") == expected);
    CHECK(run(with_t(sql), "unnest_subqueries, decorrelate") == expected);
    CHECK(run(with_t(sql),
              "fold_constants,inline_ctes,unnest_subqueries,decorrelate,push_down_filters,order_"
              "joins") == expected);
  }
}

TEST_CASE("with queries and set operations") {
  CHECK(run("WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT x, y FROM a, b") ==
        "1|2");
  CHECK(run("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT "
            "sum(n) FROM r") == "15");
  CHECK(run("SELECT 1 UNION SELECT 2 UNION SELECT 1 ORDER BY 1") == "1;2");
  CHECK(run("SELECT 1 AS x UNION ALL SELECT NULL ORDER BY x NULLS FIRST") == "~;1");
  CHECK(run("SELECT 1, 'a' INTERSECT SELECT 1, 'a'") == "1|a");
  CHECK(run("VALUES (1), (2) EXCEPT VALUES (1)") == "2");
  CHECK(run("SELECT x, generate_series(1, x) FROM (VALUES (1), (2)) v(x)") == "1|1;2|1;2|2");
  CHECK(run("SELECT DISTINCT ON (x) x, y FROM (VALUES (1, 2), (1, 1), (2, 5)) v(x, y) ORDER BY x, "
            "y") == "1|1;2|5");
}

}  // namespace
}  // namespace luma
