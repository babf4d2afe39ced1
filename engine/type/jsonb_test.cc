#include "engine/type/jsonb.h"

#include <catch2/catch.hpp>

#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "engine/type/record.h"

namespace luma {
namespace {

std::string text_of(const Datum& value) {
  std::string out;
  jsonb_to_text(JsonbView(value), out);
  return out;
}

TEST_CASE("jsonb keys order like the values, equal values hash equally", "[jsonb]") {
  const char* ascending[] = {"[]",
                             "null",
                             "\"a\"",
                             "\"b\"",
                             "-1",
                             "1.50",
                             "2",
                             "false",
                             "true",
                             "[null]",
                             "[1]",
                             "[[]]",
                             "[{}]",
                             "[1, 2]",
                             "{}",
                             "{\"a\": 1}",
                             "{\"a\": 2}",
                             "{\"b\": 0}",
                             "{\"a\": 0, \"b\": 0}"};
  Arena arena;
  std::string last_key;
  for (const char* text : ascending) {
    INFO(text);
    std::string key;
    Datum value = jsonb_from_text(text, arena);
    jsonb_to_key(JsonbView(value), key);
    CHECK(key > last_key);
    last_key = key;
    CHECK(text_of(value) == text);
  }
  Datum a = jsonb_from_text("{\"x\": [1.0], \"yy\": 2}", arena),
        b = jsonb_from_text("{\"yy\":2.00,\"x\":[1]}", arena);
  CHECK(jsonb_compare(JsonbView(a), JsonbView(b)) == 0);
  CHECK(jsonb_hash(JsonbView(a)) == jsonb_hash(JsonbView(b)));
}

TEST_CASE("large objects are searched by key", "[jsonb]") {
  JsonbBuilder builder;
  builder.begin_object();
  for (int i = 999; i >= 0; --i) {
    builder.key("k" + std::to_string(i));
    builder.number(std::to_string(i));
  }
  builder.end_object();
  Arena arena;
  Datum value = builder.finish(arena);
  for (int i = 0; i < 1000; ++i) {
    auto found = JsonbView(value).find("k" + std::to_string(i));
    REQUIRE(found);
    std::string text;
    jsonb_to_text(*found, text);
    REQUIRE(text == std::to_string(i));
  }
  CHECK(!JsonbView(value).find("k1000"));
}

TEST_CASE("SQL values become JSON", "[jsonb]") {
  Arena arena;
  IoContext io;
  auto both = [&](const Value& value, Oid oid) {
    std::string out;
    value_to_json(value, {oid, -1}, io, nullptr, out);
    return out + " | " + text_of(to_jsonb(value, {oid, -1}, io, nullptr, arena));
  };
  auto of = [&](const char* text, Oid oid) {
    const TypeInfo& type = type_info(oid);
    return both(type.input(text, type, -1, io, arena), oid);
  };
  CHECK(both(Value::null(), type_oid::kInt4) == "null | null");
  CHECK(of("t", type_oid::kBool) == "true | true");
  CHECK(of("1.50", type_oid::kNumeric) == "1.50 | 1.50");
  CHECK(of("NaN", type_oid::kNumeric) == "\"NaN\" | \"NaN\"");
  CHECK(of("1e20", type_oid::kFloat8) == "1e+20 | 100000000000000000000");
  CHECK(of("-Infinity", type_oid::kFloat8) == "\"-Infinity\" | \"-Infinity\"");
  CHECK(of("a\"b", type_oid::kText) == "\"a\\\"b\" | \"a\\\"b\"");
  CHECK(of("2024-01-05 10:00", type_oid::kTimestamp) ==
        "\"2024-01-05T10:00:00\" | \"2024-01-05T10:00:00\"");
  CHECK(of("2024-01-05 10:00", type_oid::kTimestamptz) ==
        "\"2024-01-05T10:00:00+00:00\" | \"2024-01-05T10:00:00+00:00\"");
  CHECK(of("{{1,2},{3,NULL}}", type_oid::kInt4Array) == "[[1,2],[3,null]] | [[1, 2], [3, null]]");
  CHECK(of("{}", type_oid::kInt4Array) == "[] | []");
  CHECK(of("{\"b\":1 , \"a\":2}", type_oid::kJson) == "{\"b\":1 , \"a\":2} | {\"a\": 2, \"b\": 1}");
  RecordBuilder record;
  record.add({type_oid::kInt4, -1}, PhysicalType::kInt32, Datum::of_int32(1));
  record.add({type_oid::kText, -1}, PhysicalType::kVarlen, Value::null());
  CHECK(both(record.finish(arena), type_oid::kRecord) ==
        "{\"f1\":1,\"f2\":null} | {\"f1\": 1, \"f2\": null}");
}

TEST_CASE("deep nesting is refused, not fatal", "[jsonb]") {
  Arena arena;
  std::string deep(kMaxJsonDepth, '[');
  CHECK_NOTHROW(jsonb_from_text(deep + std::string(kMaxJsonDepth, ']'), arena));
  CHECK_THROWS_AS(validate_json_text(deep + "["), SqlError);
}

TEST_CASE("binary jsonb carries a version", "[jsonb]") {
  const TypeInfo& type = *find_type("jsonb");
  Arena arena;
  IoContext io;
  std::string wire;
  Datum value = jsonb_from_text("{\"a\":1}", arena);
  type.send(value, type, io, wire);
  CHECK(wire == "\x01{\"a\": 1}");
  CHECK(text_of(type.receive(wire, type, -1, io, arena)) == "{\"a\": 1}");
  CHECK_THROWS_AS(type.receive("\x02{}", type, -1, io, arena), SqlError);
}

}  // namespace
}  // namespace luma
