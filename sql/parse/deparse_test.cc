#include "sql/parse/deparse.h"

#include <catch2/catch.hpp>

#include "sql/ast/ast.h"
#include "sql/ast/tree.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

constexpr const char* kCorpus[] = {
#include "sql/parse/corpus.inc"
};

bool is_query(const ast::Node* node) {
  return ast::is<ast::SelectStmt>(node) || ast::is<ast::InsertStmt>(node) ||
         ast::is<ast::UpdateStmt>(node) || ast::is<ast::DeleteStmt>(node) ||
         ast::is<ast::MergeStmt>(node);
}

std::string rewritten(std::string_view expression) {
  Arena arena;
  return deparse(parse_expression(expression, arena));
}

}  // namespace

TEST_CASE("the text of a query parses to the same tree") {
  int queries = 0;
  for (const char* sql : kCorpus) {
    INFO(sql);
    Arena arena;
    const ast::Node* node = parse_sql(sql, arena).statements[0].node;
    if (!is_query(node)) continue;
    ++queries;
    std::string text = deparse(node);
    INFO(text);
    CHECK(ast::dump(parse_sql(text, arena).statements[0].node) == ast::dump(node));
  }
  CHECK(queries > 100);
}

TEST_CASE("expressions are written readably") {
  CHECK(rewritten("a+b*2") == "a + (b * 2)");
  CHECK(rewritten("not (a and b or c)") == "NOT ((a AND b) OR c)");
  CHECK(rewritten("cast('x' as varchar(10))") == "'x'::character varying(10)");
  CHECK(rewritten("nextval('s'::regclass)") == "nextval('s'::regclass)");
  CHECK(rewritten("x::timestamptz(3)") == "x::timestamptz(3)");
  CHECK(rewritten("(-1)::text || 'it''s'") == "(-1)::text || 'it''s'");
  CHECK(rewritten("value > 0") == "value > 0");
  CHECK(rewritten("current_timestamp") == "CURRENT_TIMESTAMP");
  CHECK(rewritten("E'a\\\\b'") == "'a\\b'");
  CHECK(rewritten("extract(year from a)") == "EXTRACT(year FROM a)");
}

TEST_CASE("definitions have PostgreSQL's parentheses") {
  auto definition = [](std::string_view expression, bool pretty) {
    Arena arena;
    return deparse_definition(parse_expression(expression, arena), pretty);
  };
  CHECK(definition("a+b*2 > 1 and not (c is null or f(a || b))", false) ==
        "(((a + (b * 2)) > 1) AND (NOT ((c IS NULL) OR f((a || b)))))");
  CHECK(definition("a+b*2 > 1 and not (c is null or f(a || b))", true) ==
        "(a + b * 2) > 1 AND NOT (c IS NULL OR f(a || b))");
  CHECK(definition("a - (b - 1)", true) == "a - (b - 1)");
  CHECK(definition("0::numeric", false) == "(0)::numeric");
  CHECK(definition("(a + 1)::text", false) == "((a + 1))::text");
  CHECK(definition("(a + 1)::text", true) == "(a + 1)::text");
  CHECK(definition("case when a then 1 end", false) == "\nCASE\n    WHEN a THEN 1\nEND");
}

TEST_CASE("names are quoted only where they must be") {
  CHECK(quote_identifier("abc_1") == "abc_1");
  CHECK(quote_identifier("Abc") == "\"Abc\"");
  CHECK(quote_identifier("select") == "\"select\"");
  CHECK(quote_identifier("left") == "\"left\"");
  CHECK(quote_identifier("name") == "name");
  CHECK(quote_identifier("a\"b") == "\"a\"\"b\"");
  CHECK(quote_identifier("1a") == "\"1a\"");
  CHECK(quote_identifier("") == "\"\"");
}

TEST_CASE("what can't be written is refused") {
  Arena arena;
  CHECK_THROWS_AS(deparse(parse_sql("BEGIN", arena).statements[0].node), SqlError);
}

}  // namespace luma
