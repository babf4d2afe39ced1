#include "sql/parse/normalize.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "sql/ast/tree.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

constexpr const char* kCorpus[] = {
#include "sql/parse/corpus.inc"
};

// A literal as the node that PostgreSQL's grammar makes of it.
std::string dump_of(const Literal& literal) {
  Arena arena;
  auto* node = arena.make<ast::AConst>();
  std::string value = literal_value(literal);
  switch (literal.kind) {
    case LiteralKind::kInteger:
      if (value == "-2147483648") {  // the grammar negates the text of a bigger number
        node->kind = ast::ConstKind::kFloat;
        node->text = value;
      } else {
        node->kind = ast::ConstKind::kInteger;
        node->ival = std::stoi(value);
      }
      break;
    case LiteralKind::kString:
      node->kind = ast::ConstKind::kString;
      node->text = value.empty() ? std::string_view("") : value;
      break;
    default:
      node->kind = ast::ConstKind::kFloat;
      node->text = value;
  }
  return ast::dump(node);
}

std::string key_of(std::string_view sql) {
  std::string key;
  std::vector<Literal> literals;
  return normalize_literals(sql, key, literals) ? key : "refused";
}

// The parsed key with the literals put back, as a dump; "" when the statement is refused.
std::string dump_restored(std::string_view sql) {
  std::string key;
  std::vector<Literal> literals;
  if (!normalize_literals(sql, key, literals)) return "";
  INFO(key);
  Arena arena;
  std::string text = ast::dump(parse_sql(key, arena).statements[0].node);
  for (size_t i = literals.size(); i-- > 0;) {
    std::string param = fmt::format("(ParamRef number:{})", i + 1);
    // More than once under an assignment to several columns, which share their source.
    size_t at = text.find(param);
    REQUIRE(at != std::string::npos);
    for (; at != std::string::npos; at = text.find(param)) {
      text.replace(at, param.size(), dump_of(literals[i]));
    }
  }
  return text;
}

}  // namespace

TEST_CASE("putting the literals back into the key gives the statement") {
  std::vector<std::string> statements(std::begin(kCorpus), std::end(kCorpus));
  for (const char* sql : {
           "SELECT * FROM t WHERE id = 42 AND name = 'O''Brien' AND x = -5",
           "SELECT -1::text, -1, - 2 , a -1, a - -1, a-1, -a, - \"b\", -'1', -2147483648, -1 ^ 2 "
           "FROM t",
           "SELECT a FROM t WHERE x=-1 AND y<-2.5 AND z>=-3 or w = -.5",
           "SELECT a FROM t WHERE x @-1 OR y = 5and z = 'q'and w = 1",
           "SELECT CAST(a AS varchar(10)), b::numeric(10, 2), c::int[3], d::varchar(3)[2] FROM t",
           "SELECT * FROM jsonb_to_recordset('[]') x(a varchar(10)), f(1) AS (b char(3)), g(2)",
           "SELECT interval '1' second(3) + INTERVAL '2' day, interval(3) '1.5', date '2020-01-01'",
           "SELECT a + 1 AS n FROM t WHERE id IN (1, 2, 3) ORDER BY 1, a + 2 LIMIT 5 OFFSET 6",
           "SELECT array_agg(a ORDER BY b, 1), f(2) FROM t WHERE c = 3",
           "WITH x AS (SELECT 1 AS a), y AS (SELECT 'b') SELECT * FROM x, y WHERE a = 2",
           "INSERT INTO t (a, b) VALUES (1, 'x'), (-2, '') ON CONFLICT (a) WHERE b = 3 DO UPDATE "
           "SET b = 4 WHERE t.b = 5 RETURNING a + 6",
           "UPDATE t SET a = a + 1, b = E'x\\'y', c = B'101', d = N'n' WHERE id = 7;",
           "DELETE FROM \"T 'x\" WHERE \"a\"\"b\" = 'c' AND e LIKE 'f%' ESCAPE '!'",
           "SELECT x[1], x[1:2], (f(3)).a, ARRAY[1, 2], ROW(1, 2), CASE 1 WHEN 2 THEN 'x' ELSE 3 "
           "END",
           "SELECT extract('year' FROM a), substring(a FROM 1 FOR 2), trim('x' FROM b), "
           "position('a' IN 'b'), a AT TIME ZONE 'UTC' FROM t",
           "SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING) FROM t LIMIT "
           "3",
           "SELECT 1 FROM t FETCH FIRST 5 ROWS ONLY",
           "SELECT 1e5, 1.5e-3, .5, 5., 2147483648, 9223372036854775808, -9223372036854775808",
           "SELECT äöü FROM tä WHERE x = 'ß'",
       }) {
    statements.emplace_back(sql);
  }
  int accepted = 0;
  for (const std::string& sql : statements) {
    INFO(sql);
    std::string restored = dump_restored(sql);
    if (restored.empty()) continue;
    ++accepted;
    Arena arena;
    CHECK(restored == ast::dump(parse_sql(sql, arena).statements[0].node));
  }
  CHECK(accepted > 80);
}

TEST_CASE("keys of simple statements") {
  CHECK(key_of("SELECT  *\nFROM T WHERE Id=42 AND n = 'x' ;") ==
        "select * from t where id=$1 and n = $2 --is");
  CHECK(key_of("INSERT INTO t VALUES (1, 2.5, 'x', NULL, 3000000000)") ==
        "insert into t values ($1, $2, $3, null, $4) --insb");
  CHECK(key_of("UPDATE t SET a = -1 WHERE b = - 2") == "update t set a = $1 where b = $2 --ii");
  CHECK(key_of("SELECT a FROM t ORDER BY 1 LIMIT 10") == "select a from t order by 1 limit $1 --i");
  CHECK(key_of("SELECT a::varchar(10) FROM t WHERE a = 1") ==
        "select a::varchar(10) from t where a = $1 --i");
  CHECK(key_of("SELECT count(*) AS n FROM t WHERE id IN (1, 2)") ==
        "select count(*) as n from t where id in ($1, $2) --ii");
  CHECK(key_of("SELECT a") == "select a");
  CHECK(key_of("SELECT \"A\" FROM t") == "select \"A\" from t");
}

TEST_CASE("statements that are not simple are refused") {
  for (const char* sql : {"",
                          "BEGIN",
                          "SELECT $1",
                          "SELECT 1 -- x",
                          "SELECT /* x */ 1",
                          "SELECT $$x$$",
                          "SELECT 1; SELECT 2",
                          "SELECT 'a'\n'b'",
                          "SELECT U&'x'",
                          "SELECT 1 UNION SELECT 2",
                          "SELECT a + 1 FROM t GROUP BY a + 1",
                          "SELECT DISTINCT a + 1 FROM t",
                          "SELECT 1 INTO t",
                          "SELECT 'abc",
                          "SELECT 1a",
                          "SELECT (1",
                          "SELECT 1)",
                          "SELECT varchar(3) 'abc'",
                          "(SELECT 1)",
                          "EXPLAIN SELECT 1",
                          "SELECT '\xFF'",
                          "SELECT {",
                          "SELECT -(1)",
                          "SELECT - -1"}) {
    INFO(sql);
    CHECK(key_of(sql) == "refused");
  }
}

TEST_CASE("literals know where they stand") {
  std::string key;
  std::vector<Literal> literals;
  std::string_view sql = "SELECT 'it''s' FROM t WHERE a = - 5";
  REQUIRE(normalize_literals(sql, key, literals));
  REQUIRE(literals.size() == 2);
  CHECK(literals[0].byte_offset == 7);
  CHECK(literal_value(literals[0]) == "it's");
  CHECK(literals[1].byte_offset == 32);
  CHECK(literal_value(literals[1]) == "-5");
}

}  // namespace luma
