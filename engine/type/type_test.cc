// Codecs of all built-in types but dates and JSON: text forms, errors, keys, arrays, records,
// typmods.
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "engine/type/float.h"
#include "engine/type/record.h"
#include "engine/type/string.h"
#include "engine/type/type_info.h"
#include "engine/type/typmod.h"
#include "engine/type/user_type.h"

namespace luma {
namespace {

const IoContext kIo;

// Text in, text out.
std::string convert(std::string_view type_name, std::string_view text) {
  Arena arena;
  const TypeInfo& type = *find_type(type_name);
  std::string out;
  type.output(type.input(text, type, -1, kIo, arena), type, kIo, out);
  return out;
}

// "SQLSTATE message" or "SQLSTATE message / detail" of the error that `run` throws.
template <typename Run>
std::string error_of(Run run) {
  try {
    run();
  } catch (const SqlError& error) {
    return sql_state_code(error.state) + " " + error.message +
           (error.detail_text.empty() ? "" : " / " + error.detail_text);
  }
  return "no error";
}

std::string input_error(std::string_view type, std::string_view text) {
  return error_of([&] { convert(type, text); });
}

}  // namespace

TEST_CASE("registry holds PostgreSQL's types with codecs bound") {
  CHECK(find_type(Oid{23})->name == "int4");
  CHECK(find_type("_text")->oid == 1009);
  CHECK(find_type(Oid{16000}) == nullptr);
  CHECK(find_type("no such type") == nullptr);
  CHECK(find_type("gtsvector")->input == nullptr);
  CHECK(find_type("_gtsvector")->input == nullptr);
  CHECK(find_type("_numeric")->compare != nullptr);
  CHECK(find_type("int4")->array == 1007);
  for (size_t i = 1; i < all_types().size(); ++i)
    CHECK(all_types()[i - 1].oid < all_types()[i].oid);
}

TEST_CASE("scalar text forms") {
  CHECK(convert("bool", " Tr ") == "t");
  CHECK(convert("bool", "off") == "f");
  CHECK(convert("int4", " -42 ") == "-42");
  CHECK(convert("int8", "-9223372036854775808") == "-9223372036854775808");
  CHECK(convert("oid", "-1") == "4294967295");
  CHECK(convert("xid", "12x") == "12");
  CHECK(convert("tid", "(7,3)") == "(7,3)");
  CHECK(convert("pg_lsn", "16/b374D848") == "16/B374D848");
  CHECK(convert("float8", "1e23") == "9.999999999999999e+22");
  CHECK(convert("float8", "9007199254740993") == "9.007199254740992e+15");
  CHECK(convert("float8", "100000000000000") == "100000000000000");
  CHECK(convert("float8", "0.0001") == "0.0001");
  CHECK(convert("float8", "5e-324") == "5e-324");
  CHECK(convert("float8", "-inf") == "-Infinity");
  CHECK(convert("float8", "-0") == "-0");
  CHECK(convert("float4", "1e6") == "1e+06");
  CHECK(convert("float4", "0.1") == "0.1");
  CHECK(convert("money", "-$1,234.565") == "-$1,234.57");
  CHECK(convert("uuid", "{A0EEBC99-9C0B4EF8-BB6D6BB9-BD380A11}") ==
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
  CHECK(convert("bytea", "a\\\\b\\001") == "\\x615c6201");
  CHECK(convert("name", std::string(70, 'x')) == std::string(63, 'x'));
  CHECK(convert("int2vector", " 1 2  3") == "1 2 3");
  CHECK(convert("regclass", "-") == "-");
  CHECK(convert("char", "\\351") == "\\351");
  CHECK(convert("char", "ab") == "a");
  CHECK(convert("money", "") == "$0.00");
  std::string text;
  append_float8(1.0 / 3, 0, text);
  CHECK(text == "0.333333333333333");
}

TEST_CASE("input errors have PostgreSQL's texts") {
  CHECK(input_error("int4", "x") == "22P02 invalid input syntax for type integer: \"x\"");
  CHECK(input_error("int4", "") == "22P02 invalid input syntax for type integer: \"\"");
  CHECK(input_error("int4", "1 2") == "22P02 invalid input syntax for type integer: \"1 2\"");
  CHECK(input_error("int2", "40000") == "22003 value \"40000\" is out of range for type smallint");
  CHECK(input_error("int8", "9223372036854775808") ==
        "22003 value \"9223372036854775808\" is out of range for type bigint");
  CHECK(input_error("oid", "4294967296") ==
        "22003 value \"4294967296\" is out of range for type oid");
  CHECK(input_error("float8", "abc") ==
        "22P02 invalid input syntax for type double precision: \"abc\"");
  CHECK(input_error("float8", "1e400") ==
        "22003 \"1e400\" is out of range for type double precision");
  CHECK(input_error("float4", "1e-60") == "22003 \"1e-60\" is out of range for type real");
  CHECK(input_error("bool", "maybe") == "22P02 invalid input syntax for type boolean: \"maybe\"");
  CHECK(input_error("uuid", "123") == "22P02 invalid input syntax for type uuid: \"123\"");
  CHECK(input_error("bytea", "\\x1g") == "22023 invalid hexadecimal digit: \"g\"");
  CHECK(input_error("bytea", "\\x123") == "22023 invalid hexadecimal data: odd number of digits");
  CHECK(input_error("bytea", "\\9") == "22P02 invalid input syntax for type bytea");
  CHECK(error_of([] { verify_utf8("ok \xC3("); }) ==
        "22021 invalid byte sequence for encoding \"UTF8\": 0xc3 0x28");
}

TEST_CASE("array literals") {
  CHECK(convert("_int4", " { 1 , 2,NULL } ") == "{1,2,NULL}");
  CHECK(convert("_int4", "{}") == "{}");
  CHECK(convert("_int4", "[0:1]={1,2}") == "[0:1]={1,2}");
  CHECK(convert("_int4", "[1:2] [1:1] = {{1},{2}}") == "{{1},{2}}");
  CHECK(convert("_text", "{a b , \"c,\" ,\"\", null, \"null\", \\\"q}") ==
        "{\"a b\",\"c,\",\"\",NULL,\"null\",\"\\\"q\"}");
  CHECK(convert("_text", "{{{a,b},{c,d}},{{e,f},{g,h}}}") == "{{{a,b},{c,d}},{{e,f},{g,h}}}");
  CHECK(convert("_numeric", "{1.50,12345678901234567890123.5}") ==
        "{1.50,12345678901234567890123.5}");
  auto malformed = [](std::string text, std::string detail) {
    CHECK(input_error("_int4", text) ==
          "22P02 malformed array literal: \"" + text + "\" / " + detail);
  };
  malformed("1", "Array value must start with \"{\" or dimension information.");
  malformed("{1,2", "Unexpected end of input.");
  malformed("{1}}", "Junk after closing right brace.");
  malformed("{1,{2}}", "Unexpected \"{\" character.");
  malformed("{{1},2}", "Unexpected array element.");
  malformed("{{1},{2,3}}",
            "Multidimensional arrays must have sub-arrays with matching dimensions.");
  malformed("{1,,2}", "Unexpected \",\" character.");
  malformed("{1,}", "Unexpected \"}\" character.");
  malformed("{{}}", "Unexpected \"}\" character.");
  malformed("{\"1\" 2}", "Unexpected array element.");
  malformed("[0:2]={1,2}", "Specified array dimensions do not match array contents.");
  malformed("[1:2={1,2}", "Missing \"]\" after array dimensions.");
  malformed("[1:2]{1,2}", "Missing \"=\" after array dimensions.");
  malformed("[a:b]={1}", "\"[\" must introduce explicitly-specified array dimensions.");
  CHECK(input_error("_int4", "[2:1]={1,2}") == "2202E upper bound cannot be less than lower bound");
  CHECK(input_error("_int4", "{{{{{{{1}}}}}}}") ==
        "54000 number of array dimensions (7) exceeds the maximum allowed (6)");
}

TEST_CASE("array views and binary form") {
  Arena arena;
  const TypeInfo& type = *find_type("_text");
  Datum value =
      type.input("[2:3][0:1]={{a,NULL},{\"a string of some length\",b}}", type, -1, kIo, arena);
  ArrayView view(value);
  CHECK(view.size() == 4);
  CHECK(view.element(1).is_null);
  int32_t subscripts[] = {3, 0};
  CHECK(view.at(subscripts).datum.str.view() == "a string of some length");
  subscripts[0] = 4;
  CHECK(view.at(subscripts).is_null);
  std::string bytes, out;
  type.send(value, type, kIo, bytes);
  Datum again = type.receive(bytes, type, -1, kIo, arena);
  type.output(again, type, kIo, out);
  CHECK(out == "[2:3][0:1]={{a,NULL},{\"a string of some length\",b}}");
  CHECK(type.compare(value, again, type) == 0);
  CHECK(type.hash(value, type) == type.hash(again, type));
}

TEST_CASE("record forms") {
  Arena arena;
  const TypeInfo& record = *find_type("record");
  const TypeRef fields[] = {{type_oid::kInt4, -1}, {type_oid::kText, -1}};
  auto round_trip = [&](std::string_view text) {
    Datum value = parse_record(text, fields, kIo, arena);
    std::string bytes, out;
    record.send(value, record, kIo, bytes);
    record.output(receive_record(bytes, fields, kIo, arena), record, kIo, out);
    return out;
  };
  CHECK(round_trip("(,)") == "(,)");
  CHECK(round_trip("(1,\"\")") == "(1,\"\")");
  CHECK(round_trip(" ( 1 , a ) ") == "(1,\" a \")");
  CHECK(round_trip("(1,\"a\"\"b\\\\c\")") == "(1,\"a\"\"b\\\\c\")");
  auto malformed = [&](std::string text, std::string detail) {
    CHECK(error_of([&] { parse_record(text, fields, kIo, arena); }) ==
          "22P02 malformed record literal: \"" + text + "\" / " + detail);
  };
  malformed("1,a)", "Missing left parenthesis.");
  malformed("(1)", "Too few columns.");
  malformed("(1,a,b)", "Too many columns.");
  malformed("(1,a", "Unexpected end of input.");
  malformed("(1,a) x", "Junk after right parenthesis.");
  RecordBuilder other;
  other.add({type_oid::kText, -1}, Datum::of_string(std::string_view("x")));
  Datum value = parse_record("(1,a)", fields, kIo, arena);
  Datum unlike = other.finish(arena);
  CHECK(error_of([&] { compare_records(value, unlike); }) ==
        "42804 cannot compare dissimilar column types integer and text at record column 1");
  CHECK(compare_records(value, parse_record("(1,)", fields, kIo, arena)) < 0);
}

TEST_CASE("keys order like values and decode") {
  const std::pair<const char*, std::vector<const char*>> samples[] = {
      {"bool", {"f", "t"}},
      {"char", {"", "a", "\xE9"}},
      {"int2", {"-32768", "-1", "0", "7", "32767"}},
      {"int4", {"-2147483648", "-1", "0", "7", "2147483647"}},
      {"int8", {"-9223372036854775808", "-1", "0", "7"}},
      {"oid", {"0", "7", "4294967295"}},
      {"xid8", {"0", "18446744073709551615"}},
      {"float4", {"-inf", "-1.5", "-0", "0", "1e-40", "2", "inf", "nan"}},
      {"float8", {"-inf", "-1.5", "-0", "0", "1e-310", "2", "inf", "nan"}},
      {"text", {"", "a", "a\x01", "ab", "b", "\xC3\xA9", "a longer text than twelve bytes"}},
      {"bpchar", {"a", "a  ", "a b", "b"}},
      {"bytea", {"\\x", "\\x00", "\\x0000", "\\x0001", "\\x00ff", "\\x01", "\\xff"}},
      {"uuid", {"00000000-0000-0000-0000-000000000001", "f0000000-0000-0000-0000-000000000000"}},
      {"money", {"-5", "0", "12.34"}},
      {"_int4", {"{}", "{1}", "{1,2}", "{1,NULL}", "[0:1]={1,2}", "{{1,2}}", "{NULL}", "{2}"}},
      {"_text", {"{}", "{a}", "{a,\"\"}", "{\"\"}", "{ab}", "{NULL}"}},
      {"_numeric", {"{1}", "{1.0}", "{-1,2}", "{-1.5}"}},
      {"oidvector", {"", "9", "1 2", "1 3", "1 2 3"}},
  };
  auto sign = [](int order) { return (order > 0) - (order < 0); };
  for (const auto& [name, texts] : samples) {
    Arena arena;
    const TypeInfo& type = *find_type(name);
    for (const char* a_text : texts) {
      Datum a = type.input(a_text, type, -1, kIo, arena);
      std::string a_key;
      type.key_encode(a, type, a_key);
      if (type.key_decode != nullptr && type.oid != type_oid::kNumericArray) {
        std::string_view rest = a_key;
        std::string before, after;
        type.output(a, type, kIo, before);
        type.output(type.key_decode(rest, type, arena), type, kIo, after);
        CHECK(rest.empty());
        CHECK(before == after);
      }
      for (const char* b_text : texts) {
        Datum b = type.input(b_text, type, -1, kIo, arena);
        std::string b_key;
        type.key_encode(b, type, b_key);
        INFO(name << ": " << a_text << " / " << b_text);
        int order = sign(type.compare(a, b, type));
        CHECK(sign(a_key.compare(b_key)) == order);
        if (order == 0) CHECK(type.hash(a, type) == type.hash(b, type));
        if (order != 0) CHECK_FALSE(b_key.starts_with(a_key));
      }
    }
  }
}

TEST_CASE("typmods") {
  auto typmod = [](Oid oid, std::vector<int32_t> list) { return parse_typmod(oid, list); };
  CHECK(format_type(type_oid::kVarchar, typmod(type_oid::kVarchar, {10})) ==
        "character varying(10)");
  CHECK(format_type(type_oid::kVarcharArray, 14) == "character varying(10)[]");
  CHECK(format_type(type_oid::kNumeric, typmod(type_oid::kNumeric, {5, -2})) == "numeric(5,-2)");
  CHECK(format_type(type_oid::kTimestamptz, 3) == "timestamp(3) with time zone");
  CHECK(format_type(type_oid::kInterval,
                    typmod(type_oid::kInterval, {1 << 3 | 1 << 10 | 1 << 11 | 1 << 12, 3})) ==
        "interval day to second(3)");
  CHECK(format_type(type_oid::kBpchar) == "character");
  CHECK(format_type_with_typmod(type_oid::kBpchar, -1) == "bpchar");
  CHECK(format_type(0) == "-");
  CHECK(format_type(999) == "???");
  CHECK(format_type(1002) == "\"char\"[]");
  CHECK(error_of([&] { typmod(type_oid::kNumeric, {1001}); }) ==
        "22023 NUMERIC precision 1001 must be between 1 and 1000");
  CHECK(error_of([&] { typmod(type_oid::kVarchar, {0}); }) ==
        "22023 length for type varchar must be at least 1");
  CHECK(error_of([&] { typmod(type_oid::kText, {4}); }) ==
        "42601 type modifier is not allowed for type \"text\"");

  Arena arena;
  auto fit = [&](Oid oid, const char* text, int32_t mod, bool is_explicit) {
    return std::string(apply_typmod(Datum::of_string(std::string_view(text)), type_info(oid), mod,
                                    is_explicit, arena)
                           .str.view());
  };
  CHECK(fit(type_oid::kVarchar, "abc", 6, true) == "ab");
  CHECK(fit(type_oid::kVarchar, "ab   ", 6, false) == "ab");
  CHECK(fit(type_oid::kBpchar, "\xC3\xA9", 7, false) == "\xC3\xA9  ");
  CHECK(error_of([&] { fit(type_oid::kVarchar, "abc", 6, false); }) ==
        "22001 value too long for type character varying(2)");
  CHECK(error_of([&] { fit(type_oid::kBpchar, "abc", 6, false); }) ==
        "22001 value too long for type character(2)");
}

TEST_CASE("user-defined types") {
  constexpr Oid kMood = 20000, kMoodArray = 20001, kPair = 20002, kPairArray = 20003,
                kDomain = 20004;
  define_user_type({.oid = kMood,
                    .name = "mood",
                    .type_type = 'e',
                    .array = kMoodArray,
                    .labels = {{20010, 1, "sad"}, {20012, 3, "happy"}, {20013, 2, "ok"}}});
  define_user_type({.oid = kPair,
                    .name = "pair",
                    .type_type = 'c',
                    .array = kPairArray,
                    .fields = {{type_oid::kInt4, -1}, {kMood, -1}}});
  define_user_type({.oid = kDomain, .name = "d", .type_type = 'd', .base = {kMoodArray, -1}});
  Arena arena;
  auto through = [&](Oid oid, std::string_view text) {
    const TypeInfo& type = type_info(oid);
    Datum value = type.input(text, type, -1, kIo, arena);
    std::string bytes, key, out;
    type.send(value, type, kIo, bytes);
    type.key_encode(value, type, key);
    type.output(type.receive(bytes, type, -1, kIo, arena), type, kIo, out);
    return out;
  };
  CHECK(through(kMood, "ok") == "ok");
  CHECK(through(kMoodArray, "{sad,NULL,happy}") == "{sad,NULL,happy}");
  CHECK(through(kPairArray, "{\"(1,ok)\"}") == "{\"(1,ok)\"}");
  CHECK(through(kDomain, "{ok}") == "{ok}");
  const TypeInfo& mood = type_info(kMood);
  CHECK(mood.compare(Datum::of_oid(20012), Datum::of_oid(20013), mood) > 0);
  CHECK(error_of([&] { through(kMood, "x"); }) == "22P02 invalid input value for enum mood: \"x\"");
}

}  // namespace luma
