#include "sql/session/statement_text.h"

#include <catch2/catch.hpp>

namespace luma {
namespace {

TEST_CASE("statements without their constants") {
  auto shown = [](std::string_view sql) { return text_of_statement(sql, false).shown; };
  CHECK(shown("select 1 + x, 'a''b', \"Q1\", $$a'b$$ from t1 ;") ==
        "select $1 + x, $2, \"Q1\", $3 from t1");
  CHECK(shown("select $2, 1.5e-3, .5, E'a\\'b', a[1:2], b'01'") ==
        "select $2, $3, $4, $5, a[$6:$7], $8");
  CHECK(shown("select 'unfinished") == "select $1");
  CHECK(text_of_statement("set work_mem = '1MB'", true).shown == "set work_mem = '1MB'");
}

TEST_CASE("spaces, comments, cases and constants make no other statement") {
  auto print = [](std::string_view sql) { return text_of_statement(sql, false).fingerprint; };
  CHECK(print("select a, 1 from t") == print("SELECT a ,  'x' /* c /* d */ */\n FROM T -- e"));
  CHECK(print("select a from t") != print("select b from t"));
  CHECK(print("select \"a\" from t") != print("select \"A\" from t"));
  CHECK(print("select ab") != print("select a b"));
  CHECK(text_of_statement("set a = 1", true).fingerprint !=
        text_of_statement("set a = 2", true).fingerprint);
}

}  // namespace
}  // namespace luma
