#include "sql/parse/parser.h"

#include <pg_query.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <thread>
#include <typeindex>
#include <vector>

#include "sql/ast/dispatch.h"
#include "sql/ast/tree.h"

namespace luma {
namespace {

constexpr const char* kCorpus[] = {
#include "sql/parse/corpus.inc"
};

SqlError error_of(std::string_view sql, const ParseOptions& options = {}) {
  Arena arena;
  try {
    parse_sql(sql, arena, options);
  } catch (const SqlError& error) {
    return error;
  }
  FAIL("no error: " << sql.substr(0, 100));
  return {SqlState::kInternalError, ""};
}

// PostgreSQL's name of an enumerator.
std::string enumerator_name(std::type_index type, int value) {
  static const std::map<std::pair<std::type_index, int>, std::string> kNames = {
#define LUMA_ENUM_VALUE(type, ours, theirs) \
  {{typeid(ast::type), static_cast<int>(ast::type::ours)}, #theirs},
#include "sql/parse/enum_values.inc"
#undef LUMA_ENUM_VALUE
  };
  auto found = kNames.find({type, value});
  return found == kNames.end() ? "unknown enumerator" : found->second;
}

// What our tree and the library's JSON have in common, counted: kinds of nodes where any node may
// stand, booleans that are true, enumerators, positive integers, and texts.
using Fingerprint = std::map<std::string, int>;

struct TreeCounter {
  Fingerprint& counts;

  void text(std::string_view value) const {
    if (!value.empty()) ++counts["'" + std::string(value)];
  }

  void node(const ast::Node* node) const {
    if (node == nullptr) return;
    std::string name(ast::node_name(node->tag));
    if (name == "ListNode") name = "List";
    if (name[0] == 'A' && isupper(name[1]) != 0) name.insert(1, "_");
    ++counts[name];
    if (const auto* constant = ast::try_as<ast::AConst>(node); constant && constant->isnull()) {
      ++counts["true"];
    }
    fields(node);
  }

  void fields(const ast::Node* node) const {
    ast::dispatch(node, [&]<typename T>(const T& typed) { T::for_fields(typed, *this); });
  }

  template <typename Field>
  void operator()(const char*, const Field& field) const {
    if constexpr (std::is_same_v<Field, const ast::Node*>) {
      node(field);
    } else if constexpr (ast::kIsNodePointer<Field>) {
      if (field != nullptr) fields(field);
    } else if constexpr (std::is_same_v<Field, ast::NodeList>) {
      for (const ast::Node* item : field) node(item);
    } else if constexpr (std::is_same_v<Field, ast::NameList>) {
      for (std::string_view item : field) {
        ++counts["String"];
        text(item);
      }
    } else if constexpr (std::is_same_v<Field, ast::List<int32_t>>) {
      for (int32_t item : field) {
        ++counts["Integer"];
        if (item > 0) ++counts["#" + std::to_string(item)];
      }
    } else if constexpr (std::is_same_v<Field, std::string_view>) {
      text(field);
    } else if constexpr (std::is_same_v<Field, char>) {
      if (field != 0) text({&field, 1});
    } else if constexpr (std::is_same_v<Field, bool>) {
      if (field) ++counts["true"];
    } else if constexpr (std::is_same_v<Field, ast::ConstKind>) {
      return;
    } else if constexpr (std::is_enum_v<Field>) {
      ++counts[enumerator_name(typeid(Field), static_cast<int>(field))];
    } else if constexpr (std::is_integral_v<Field>) {
      if (field > 0) ++counts["#" + std::to_string(field)];
    }
  }
};

void count_json(const nlohmann::json& json, Fingerprint& counts) {
  static const std::regex kEnumerator("[A-Z]+[A-Za-z]*_[A-Za-z_]+|CTEMaterialize.*|LockWait.*");
  if (json.is_array()) {
    for (const auto& item : json) count_json(item, counts);
  }
  if (!json.is_object()) return;
  for (const auto& [key, value] : json.items()) {
    if (value.is_object() && isupper(key[0]) != 0) ++counts[key];
    if (value.is_boolean() && value.get<bool>() && key != "is_local") ++counts["true"];
    if (value.is_number_integer() && value.get<int64_t>() > 0 && key != "location") {
      ++counts["#" + std::to_string(value.get<int64_t>())];
    }
    if (value.is_string()) {
      auto text = value.get<std::string>();
      if (std::regex_match(text, kEnumerator)) {
        ++counts[text];
      } else if (!text.empty()) {
        ++counts["'" + text];
      }
    }
    count_json(value, counts);
  }
}

std::string to_text(const Fingerprint& counts) {
  std::string out;
  for (const auto& [key, count] : counts) out += fmt::format("{}={} ", key, count);
  return out;
}

}  // namespace

TEST_CASE("every node, boolean and text of the raw tree arrives") {
  for (const char* sql : kCorpus) {
    INFO(sql);
    Arena arena;
    ParseResult result = parse_sql(sql, arena);
    REQUIRE(result.statements.size() == 1);
    Fingerprint ours;
    TreeCounter{ours}.node(result.statements[0].node);

    PgQueryParseResult reference = pg_query_parse(sql);
    REQUIRE(reference.error == nullptr);
    Fingerprint theirs;
    auto json = nlohmann::json::parse(reference.parse_tree);
    count_json(json["stmts"][0]["stmt"], theirs);
    // VAR_SET and LOCAL: is_local of a SET statement is not that of a column.
    for (const char* key : {"VariableSetStmt"}) {
      if (json["stmts"][0]["stmt"].contains(key) &&
          json["stmts"][0]["stmt"][key].value("is_local", false)) {
        ++theirs["true"];
      }
    }
    pg_query_free_parse_result(reference);
    CHECK(to_text(ours) == to_text(theirs));
  }
}

TEST_CASE("copies are equal and independent") {
  Arena to;
  for (const char* sql : kCorpus) {
    INFO(sql);
    std::string before;
    const ast::Node* copied = nullptr;
    {
      Arena from;
      const ast::Node* node = parse_sql(sql, from).statements[0].node;
      copied = ast::copy(node, to);
      CHECK(ast::equal(node, copied));
      before = ast::dump(node);
    }
    CHECK(ast::dump(copied) == before);
  }
}

TEST_CASE("different statements are not equal") {
  Arena arena;
  for (size_t i = 1; i < std::size(kCorpus); ++i) {
    INFO(kCorpus[i]);
    CHECK(!ast::equal(parse_sql(kCorpus[i - 1], arena).statements[0].node,
                      parse_sql(kCorpus[i], arena).statements[0].node));
  }
}

TEST_CASE("the text of each statement is located") {
  Arena arena;
  std::string sql = "SELECT 1; \n SELECT 'ä' ;; -- end\n COMMIT -- done";
  ParseResult result = parse_sql(sql, arena);
  REQUIRE(result.statements.size() == 3);
  auto text = [&](size_t i) {
    return sql.substr(result.statements[i].location, result.statements[i].length);
  };
  CHECK(text(0) == "SELECT 1");
  CHECK(text(1) == " \n SELECT 'ä' ");
  CHECK(text(2).find("COMMIT") != std::string::npos);
  CHECK(parse_sql("", arena).statements.empty());
  CHECK(parse_sql(" ; -- nothing", arena).statements.empty());
}

TEST_CASE("errors carry state, text, hint and byte offset") {
  SqlError error = error_of("SELECT 'ä' FROM FROM t");
  CHECK(error.state == SqlState::kSyntaxError);
  CHECK(error.message == "syntax error at or near \"FROM\"");
  CHECK(error.byte_offset == 17);
  CHECK(error_of("SELECT 1 +").message == "syntax error at end of input");
  CHECK(error_of("SELECT 'abc").message == "unterminated quoted string at or near \"'abc\"");
  CHECK(error_of("SELECT /* x").message == "unterminated /* comment at or near \"/* x\"");
  error = error_of("SELECT E'\\u12'");
  CHECK(error.state == SqlState::kInvalidEscapeSequence);
  CHECK(error.hint_text == "Unicode escapes must be \\uXXXX or \\UXXXXXXXX.");
  CHECK(error_of("SELECT * FROM a.b.c.d").state == SqlState::kSyntaxError);
  CHECK(error_of("SET x = $1").message == "syntax error at or near \"$1\"");
  CHECK(error_of("CREATE ROLE joe PASSWORD $2").byte_offset == 25);
}

TEST_CASE("only UTF-8 without NUL is accepted") {
  CHECK(error_of(std::string_view("SELECT 1\0", 9)).message ==
        "invalid byte sequence for encoding \"UTF8\": 0x00");
  SqlError error = error_of("SELECT '\xC3(abcdefgh'");
  CHECK(error.state == SqlState::kCharacterNotInRepertoire);
  CHECK(error.message == "invalid byte sequence for encoding \"UTF8\": 0xc3 0x28");
  CHECK(error_of("SELECT '\xED\xA0\x80'").message ==
        "invalid byte sequence for encoding \"UTF8\": 0xed 0xa0 0x80");
  CHECK(error_of("SELECT 1 \xF0\x9F").message ==
        "invalid byte sequence for encoding \"UTF8\": 0xf0 0x9f");
}

TEST_CASE("string settings are parameters of the call") {
  Arena arena;
  ParseOptions off;
  off.standard_conforming_strings = false;
  CHECK(ast::dump(parse_sql("SELECT 'a\\tb'", arena, off).statements[0].node).find("\"a\tb\"") !=
        std::string::npos);
  CHECK(ast::dump(parse_sql("SELECT 'a\\tb'", arena).statements[0].node).find("a\\\\tb") !=
        std::string::npos);
  ParseOptions no_backslash_quote;
  no_backslash_quote.backslash_quote = BackslashQuote::kOff;
  CHECK(error_of("SELECT E'\\''", no_backslash_quote).state ==
        SqlState::kNonstandardUseOfEscapeCharacter);
}

TEST_CASE("deep input is refused, wide input is not") {
  auto repeat = [](std::string_view text, size_t times) {
    std::string out;
    for (size_t i = 0; i < times; ++i) out += text;
    return out;
  };
  constexpr size_t kMany = 100000;
  SqlError error = error_of("SELECT 1" + repeat("+1", kMany));
  CHECK(error.state == SqlState::kStatementTooComplex);
  CHECK(error.message == "stack depth limit exceeded");
  CHECK(error.hint_text.find("max_stack_depth") != std::string::npos);
  CHECK(error_of("SELECT 1" + repeat(" UNION ALL SELECT 1", kMany)).state ==
        SqlState::kStatementTooComplex);
  error_of("SELECT " + repeat("(", kMany));
  error_of("SELECT " + repeat("(", kMany) + "1" + repeat(")", kMany));
  error_of("SELECT " + repeat("NOT ", kMany) + "true");
  error_of("SELECT " + repeat("(SELECT ", kMany) + "1" + repeat(")", kMany));
  error_of("SELECT a" + repeat("::int", kMany));
  error_of("SELECT * FROM t" + repeat(" JOIN t ON true", kMany));

  Arena arena;
  const ast::Node* node = parse_sql("SELECT a" + repeat(" AND a", kMany), arena).statements[0].node;
  size_t nodes = 0;
  ast::walk(node, [&](const ast::Node*) { return ++nodes > 0; });
  CHECK(nodes > kMany);
  parse_sql("SELECT 1 IN (1" + repeat(",1", kMany) + ")", arena);
  parse_sql("SELECT 1" + repeat("+1", 1000), arena);
}

TEST_CASE("threads parse independently") {
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&good, t] {
      for (int i = 0; i < 500; ++i) {
        Arena arena;
        ParseOptions options;
        options.standard_conforming_strings = t % 2 == 0;
        std::string text = ast::dump(parse_sql("SELECT '\\\\'", arena, options).statements[0].node);
        bool expected = text.find(t % 2 == 0 ? "\"\\\\\\\\\"" : "\"\\\\\"") != std::string::npos;
        try {
          parse_sql("SELECT 1 +", arena);
        } catch (const SqlError& error) {
          if (expected && error.byte_offset == 10) ++good;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 2000);
}

TEST_CASE("types and expressions can be parsed alone") {
  Arena arena;
  CHECK(ast::dump(parse_type_name("numeric(10,2)[]", arena)) ==
        "(TypeName names:[\"pg_catalog\" \"numeric\"] typmods:[(AConst kind:1 ival:10) (AConst "
        "kind:1 ival:2)] array_bounds:[-1])");
  CHECK_THROWS_AS(parse_type_name("int; DROP TABLE t", arena), SqlError);
  CHECK(ast::is<ast::AExpr>(parse_expression("a + 1", arena)));
  CHECK_THROWS_AS(parse_expression("a, b", arena), SqlError);
  CHECK_THROWS_AS(parse_expression("a FROM t", arena), SqlError);
  CHECK_THROWS_AS(parse_expression("a LIMIT 1", arena), SqlError);
}

TEST_CASE("a shared assignment source stays shared") {
  Arena arena;
  const auto* update = ast::as<ast::UpdateStmt>(
      parse_sql("UPDATE t SET (a, b) = (SELECT 1, 2)", arena).statements[0].node);
  auto source = [&](size_t i) {
    const auto* target = ast::as<ast::ResTarget>(update->target_list[i]);
    return ast::as<ast::MultiAssignRef>(target->val)->source;
  };
  CHECK(source(0) == source(1));
}

}  // namespace luma
