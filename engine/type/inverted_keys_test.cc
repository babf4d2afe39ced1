#include "engine/type/inverted_keys.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/type/jsonb.h"
#include "engine/type/trigram.h"

namespace luma {
namespace {

using Kind = InvertedQuery::Kind;
constexpr Oid kJsonbOps = 10090, kJsonbPathOps = 10091, kTrigramOps = 15707;

std::vector<std::string> keys_of(Oid opclass, std::string_view json) {
  Arena arena;
  Datum value = jsonb_from_text(json, arena);
  std::vector<std::string> keys;
  find_inverted_keys(opclass)->extract(value, type_info(type_oid::kJsonb), keys);
  std::sort(keys.begin(), keys.end());
  return keys;
}

bool finds(Oid opclass, std::string_view document, std::string_view part) {
  Arena arena;
  Datum query = jsonb_from_text(part, arena);
  InvertedQuery wanted = find_inverted_keys(opclass)->search(7)->make(query, type_info(3802));
  std::vector<std::string> keys = keys_of(opclass, document);
  auto has = [&](const std::string& key) {
    return std::binary_search(keys.begin(), keys.end(), key);
  };
  if (wanted.kind == Kind::kAll) return true;
  if (wanted.kind == Kind::kKey) return has(wanted.key);
  REQUIRE(wanted.kind == Kind::kAnd);
  return std::all_of(wanted.parts.begin(), wanted.parts.end(),
                     [&](const InvertedQuery& part) { return has(part.key); });
}

std::vector<std::string> texts(const std::vector<Trigram>& trigrams) {
  std::vector<std::string> out;
  for (const Trigram& trigram : trigrams) {
    out.emplace_back(reinterpret_cast<const char*>(trigram.bytes.data()), 3);
  }
  return out;
}

}  // namespace

TEST_CASE("whatever contains a json value has all of its keys") {
  struct Row {
    std::string_view document, part;
  };
  for (const Row& row : {Row{R"({"a": {"b": [1, "x", null]}, "c": 2})", R"({"a": {"b": ["x"]}})"},
                         Row{R"({"a": 1.50})", R"({"a": 1.5})"}, Row{R"([1, [2, "y"]])", "[[2]]"},
                         Row{R"(["s"])", R"("s")"}, Row{R"("s")", R"("s")"}, Row{"{}", "{}"},
                         Row{R"({"a": []})", R"({"a": []})"}, Row{R"([1, 2])", "1"}}) {
    CAPTURE(row.document, row.part);
    CHECK(finds(kJsonbOps, row.document, row.part));
    CHECK(finds(kJsonbPathOps, row.document, row.part));
  }
  CHECK_FALSE(finds(kJsonbOps, R"({"a": 1})", R"({"b": 1})"));
  // The way to a value is part of its key only here.
  CHECK(finds(kJsonbOps, R"({"a": 1, "b": 2})", R"({"a": 2})"));
  CHECK_FALSE(finds(kJsonbPathOps, R"({"a": 1, "b": 2})", R"({"a": 2})"));
}

TEST_CASE("a pattern asks for the trigrams that its matches have") {
  CHECK(texts(pattern_trigrams("%foo%")) == std::vector<std::string>{"foo"});
  CHECK(texts(pattern_trigrams("Fo%")) == std::vector<std::string>{"  f", " fo"});
  CHECK(texts(pattern_trigrams("%x y%")) == std::vector<std::string>{"  y"});
  CHECK(pattern_trigrams("%a%").empty());
  CHECK(pattern_trigrams("%f_o%").empty());
  CHECK(texts(pattern_trigrams("\\%ab")) == std::vector<std::string>{"  a", " ab", "ab "});
}

TEST_CASE("operators that no key helps are not searched for") {
  constexpr int16_t kRegex = 5, kLike = 3;
  CHECK(find_inverted_keys(kTrigramOps)->search(kRegex) == nullptr);
  CHECK(find_inverted_keys(kTrigramOps)->search(kLike) != nullptr);
  CHECK(find_inverted_keys(1) == nullptr);
}

}  // namespace luma
