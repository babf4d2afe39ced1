#include "sql/parse/literal_rows.h"

#include <catch2/catch.hpp>

namespace luma {
namespace {

std::string repeat(std::string_view row, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + std::string(row);
  return out;
}

}  // namespace

TEST_CASE("rows of literals are found") {
  LiteralRows rows;
  std::string sql = "INSERT INTO s.\"T 1\" (a, b)\n Values " +
                    repeat(" ( -5 , 'it''s' ,NULL,tRuE,1.5e3, 5000000000)", 9) +
                    " on conflict do nothing;";
  REQUIRE(find_literal_rows(sql, rows));
  CHECK(rows.one_row ==
        "INSERT INTO s.\"T 1\" (a, b)\n Values ('','','','','','') on conflict do nothing;");
  CHECK(rows.one_row.substr(rows.literal_offset(5), 3) == "'')");
  REQUIRE(rows.size() == 9);
  using K = RowLiteralKind;
  CHECK(rows.kinds ==
        std::vector<K>{K::kInteger, K::kString, K::kNull, K::kBool, K::kNumeric, K::kBigint});
  CHECK(rows.literals[6].view() == "-5");
  CHECK(rows.literals[7].view() == "it''s");
  CHECK(rows.literals[7].has_doubled_quote);
  CHECK(rows.literals[9].view() == "t");

  // Numbers of several kinds make one column, NULL goes with all.
  sql = "insert into t values (1, null), (1, 'x')," + repeat("(2147483648, null)", 6) + ",(.5,'')";
  REQUIRE(find_literal_rows(sql, rows));
  CHECK(rows.kinds == std::vector<K>{K::kNumeric, K::kString});
}

TEST_CASE("what is more than rows of literals is left alone") {
  LiteralRows rows;
  for (std::string_view row : {"(1+1)",
                               "(1::int)",
                               "(default)",
                               "(E'x')",
                               "('a' 'b')",
                               "(- 5)",
                               "(--5\n)",
                               "(+5)",
                               "(1.2.3)",
                               "(0x10)",
                               "(1_000)",
                               "(now())",
                               "()",
                               "(1,)",
                               "($1)",
                               "(1 /* x */)",
                               "(date 'x')",
                               "('a'",
                               "(.)",
                               "(1e)",
                               "(truex)",
                               "($$x$$)",
                               "('x' collate \"C\")",
                               "((1))"}) {
    INFO(row);
    CHECK(!find_literal_rows("insert into some_table values " + repeat(row, 20), rows));
  }
  std::string many = repeat("(1)", 20);
  CHECK(find_literal_rows("insert into some_table values " + many, rows));
  CHECK(!find_literal_rows("insert into some_table values " + many + ",", rows));
  CHECK(!find_literal_rows("insert into some_table values " + many + ",(1,2)", rows));
  CHECK(!find_literal_rows("insert into some_table values " + many + ",('x')", rows));
  CHECK(!find_literal_rows("insert into some_table values " + repeat("(1)", 3), rows));
  CHECK(!find_literal_rows("insert into some_table select x from y values " + many, rows));
  CHECK(!find_literal_rows("insert /* c */ into some_table values " + many, rows));
  CHECK(!find_literal_rows("update some_table set values " + many, rows));
  CHECK(!find_literal_rows("insert into some_table values " + repeat("('\xFF')", 20), rows));
}

}  // namespace luma
