#include "engine/type/numeric.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <string>

#include "engine/base/sql_error.h"
#include "engine/type/float.h"
#include "engine/type/numeric_sum.h"

namespace luma {
namespace {

struct OracleCase {
  const char* operation;
  const char* first;
  const char* second;
  const char* result;
};

constexpr OracleCase kCases[] = {
#define LUMA_CASE(...) {__VA_ARGS__},
#ifdef LUMA_NUMERIC_ORACLE
#include LUMA_NUMERIC_ORACLE
#else
#include "engine/type/numeric_oracle.inc"
#endif
#undef LUMA_CASE
};

std::string text_of(const Datum& value) {
  std::string out;
  numeric_append_text(value, out);
  return out;
}

struct BinaryOperation {
  std::string_view name;
  Datum (*run)(const Datum&, const Datum&, Arena&);
};
struct UnaryOperation {
  std::string_view name;
  Datum (*run)(const Datum&, Arena&);
};
constexpr BinaryOperation kBinary[] = {
    {"add", numeric_add},     {"sub", numeric_sub}, {"mul", numeric_mul},
    {"div", numeric_div},     {"mod", numeric_mod}, {"divtrunc", numeric_div_trunc},
    {"power", numeric_power}, {"log", numeric_log}, {"gcd", numeric_gcd},
    {"lcm", numeric_lcm},
};
constexpr UnaryOperation kUnary[] = {
    {"neg", numeric_neg},     {"abs", numeric_abs},     {"ceil", numeric_ceil},
    {"floor", numeric_floor}, {"sqrt", numeric_sqrt},   {"exp", numeric_exp},
    {"ln", numeric_ln},       {"log10", numeric_log10}, {"trimscale", numeric_trim_scale},
};

std::string run(const OracleCase& test, Arena& arena) {
  std::string_view name = test.operation;
  Datum a = numeric_from_text(test.first, arena);
  for (const UnaryOperation& operation : kUnary) {
    if (operation.name == name) return text_of(operation.run(a, arena));
  }
  if (name == "sign") return text_of(numeric_sign(a));
  if (name == "int8") return std::to_string(numeric_to_int64(a));
  if (name == "minscale")
    return numeric_min_scale(a) < 0 ? "NULL" : std::to_string(numeric_min_scale(a));
  if (name == "float8") {
    std::string out;
    append_float8(numeric_to_float8(a), 1, out);
    return out;
  }
  if (name == "round") return text_of(numeric_round(a, std::atoi(test.second), arena));
  if (name == "trunc") return text_of(numeric_trunc(a, std::atoi(test.second), arena));
  if (name == "typmod") return text_of(numeric_apply_typmod(a, std::atoi(test.second), arena));
  Datum b = numeric_from_text(test.second, arena);
  if (name == "cmp") return std::to_string(numeric_compare(a, b));
  for (const BinaryOperation& operation : kBinary) {
    if (operation.name == name) return text_of(operation.run(a, b, arena));
  }
  return "unknown operation";
}

Datum random_numeric(std::mt19937& random, Arena& arena) {
  static const char* const kSpecial[] = {"0",    "NaN",    "Infinity", "-Infinity", "0.000",
                                         "1e25", "-1e-25", "1e400",    "1e-400"};
  if (random() % 10 == 0) return numeric_from_text(kSpecial[random() % 9], arena);
  std::string text = random() % 2 == 0 ? "-" : "";
  for (unsigned i = random() % 25; i != 0; --i)
    text.push_back("0123456789"[random() % (i % 3 == 0 ? 10 : 2)]);
  text += "0.";
  for (unsigned i = random() % 25; i != 0; --i)
    text.push_back("0123456789"[random() % (i % 3 == 0 ? 10 : 2)]);
  return numeric_from_text(text, arena);
}

}  // namespace

TEST_CASE("numeric results are PostgreSQL's") {
  for (const OracleCase& test : kCases) {
    Arena arena;
    std::string result;
    try {
      result = run(test, arena);
    } catch (const SqlError& error) {
      result = "!" + sql_state_code(error.state);
    }
    INFO(test.operation << " " << test.first << " " << test.second);
    CHECK(result == test.result);
  }
}

TEST_CASE("numeric keys order like values, equal values hash alike") {
  std::mt19937 random(7);
  Arena arena;
  const TypeInfo& type = type_info(type_oid::kNumeric);
  std::vector<Datum> values;
  for (int i = 0; i < 300; ++i) values.push_back(random_numeric(random, arena));
  for (const Datum& a : values) {
    for (const Datum& b : values) {
      std::string key_a, key_b;
      type.key_encode(a, type, key_a);
      type.key_encode(b, type, key_b);
      int order = key_a.compare(key_b);
      int expected = numeric_compare(a, b);
      INFO(text_of(a) << " " << text_of(b));
      REQUIRE((order > 0) - (order < 0) == expected);
      if (expected == 0) REQUIRE(numeric_hash(a) == numeric_hash(b));
    }
  }
}

TEST_CASE("numeric binary form round-trips") {
  std::mt19937 random(8);
  Arena arena;
  const TypeInfo& type = type_info(type_oid::kNumeric);
  for (int i = 0; i < 500; ++i) {
    Datum value = random_numeric(random, arena);
    std::string bytes;
    type.send(value, type, {}, bytes);
    CHECK(text_of(type.receive(bytes, type, -1, {}, arena)) == text_of(value));
  }
}

TEST_CASE("numeric sums: scales, overflow into big form, windows, merging") {
  std::mt19937 random(9);
  Arena arena;
  for (int round = 0; round < 50; ++round) {
    NumericSum whole, left, right;
    Datum expected = numeric_from_int64(0);
    for (int i = 0; i < 40; ++i) {
      Datum value = random_numeric(random, arena);
      if (numeric_is_nan(value) || numeric_is_infinite(value)) continue;
      expected = numeric_add(expected, value, arena);
      whole.add(value);
      (i % 3 == 0 ? left : right).add(value);
    }
    left.merge(right);
    CHECK(text_of(whole.sum(arena).datum) == text_of(expected));
    CHECK(text_of(left.sum(arena).datum) == text_of(expected));
  }
  NumericSum window;
  CHECK(window.sum(arena).is_null);
  for (const char* text : {"1.5", "2.25", "9223372036854775807", "9223372036854775807"}) {
    window.add(numeric_from_text(text, arena));
  }
  CHECK(text_of(window.sum(arena).datum) == "18446744073709551617.75");
  CHECK(window.subtract(numeric_from_text("9223372036854775807", arena)));
  CHECK(window.subtract(numeric_from_text("1.5", arena)));
  CHECK_FALSE(window.subtract(numeric_from_text("2.25", arena)));

  NumericMoments moments;
  for (int i = 1; i <= 4; ++i) moments.add(numeric_from_int64(i));
  CHECK(text_of(moments.variance(true, arena).datum) == "1.6666666666666667");
  CHECK(text_of(moments.standard_deviation(false, arena).datum) == "1.1180339887498948");
}

TEST_CASE("numeric input and its errors") {
  Arena arena;
  auto read = [&](const char* text) { return text_of(numeric_from_text(text, arena)); };
  CHECK(read(" -00012.50 ") == "-12.50");
  CHECK(read("1.5e3") == "1500");
  CHECK(read("1e-5") == "0.00001");
  CHECK(read("12345678901234567890.123") == "12345678901234567890.123");
  CHECK(read("-0.0") == "0.0");
  CHECK(read("-9223372036854775808") == "-9223372036854775808");
  CHECK(read("+Inf") == "Infinity");
  for (const char* text : {"", ".", "1e", "1_0", "-nan", "1 2", "0x1"}) {
    CHECK_THROWS_WITH(read(text),
                      std::string("invalid input syntax for type numeric: \"") + text + "\"");
  }
  CHECK_THROWS_WITH(read("1e200000"), "value overflows numeric format");
  try {
    numeric_apply_typmod(numeric_from_int64(123), numeric_typmod(3, 1), arena);
    FAIL("no overflow");
  } catch (const SqlError& error) {
    CHECK(error.detail_text ==
          "A field with precision 3, scale 1 must round to an absolute value less than 10^2.");
  }
}

}  // namespace luma
