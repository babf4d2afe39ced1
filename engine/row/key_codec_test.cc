#include "engine/row/key_codec.h"

#include <catch2/catch.hpp>
#include <random>

#include "engine/base/sql_error.h"
#include "engine/row/row_codec.h"

namespace luma {
namespace {

const IoContext kIo;

Value parse(const TypeInfo& type, std::string_view text, Arena& arena) {
  return type.input(text, type, -1, kIo, arena);
}

struct Sample {
  Oid type;
  std::vector<std::string_view> texts;
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = {
      {type_oid::kBool, {"f", "t"}},
      {type_oid::kInt2, {"-32768", "-1", "0", "7", "32767"}},
      {type_oid::kInt4, {"-2147483648", "-5", "0", "3", "2147483647"}},
      {type_oid::kInt8, {"-9223372036854775808", "-1", "0", "255", "256", "9223372036854775807"}},
      {type_oid::kFloat8, {"-Infinity", "-1e300", "-0.5", "0", "1e-300", "2", "Infinity", "NaN"}},
      {type_oid::kNumeric, {"-1e20", "-1.5", "0", "0.001", "1", "1.01", "99999999999999999999"}},
      {type_oid::kText, {"", "a", "a longer string than the others", "aa", "ab", "b"}},
      {type_oid::kBytea, {"", "\\x00", "\\x0001", "\\x01", "\\xff", "\\xffff"}},
      {type_oid::kDate, {"-infinity", "1900-01-01", "2000-01-01", "2024-02-29", "infinity"}},
      {type_oid::kTimestamptz, {"1999-12-31 23:59:59+00", "2024-01-01 00:00:00.000001+00"}},
      {type_oid::kUuid,
       {"00000000-0000-0000-0000-000000000001", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}},
  };
  return all;
}

TEST_CASE("key order is value order") {
  Arena arena;
  for (const Sample& sample : samples()) {
    const TypeInfo& type = type_info(sample.type);
    std::vector<Value> values{Value::null()};
    for (std::string_view text : sample.texts) values.push_back(parse(type, text, arena));
    for (bool descending : {false, true}) {
      for (bool nulls_first : {false, true}) {
        KeyPart part;
        part.type = {sample.type, -1};
        part.physical = type.physical;
        part.descending = descending;
        part.nulls_first = nulls_first;
        KeyCodec codec(std::vector<KeyPart>{part, part});
        for (size_t a = 0; a < values.size(); ++a) {
          for (size_t b = 0; b < values.size(); ++b) {
            std::string key_a, key_b;
            codec.append(0, values[a], key_a);
            codec.append(0, values[b], key_b);
            // What follows must not disturb the order.
            codec.append(1, values[b], key_a);
            codec.append(1, values[a], key_b);
            int expected;
            if (a == 0 || b == 0) {
              expected = (a == b) ? 0 : ((a == 0) == nulls_first ? -1 : 1);
            } else {
              expected = a < b ? -1 : a > b;
              if (descending) expected = -expected;
            }
            int order = key_a.compare(key_b);
            INFO(type.name << " " << a << " " << b << (descending ? " desc" : ""));
            CHECK((order < 0 ? -1 : order > 0) == expected);
          }
        }
        if (codec.decodable_parts() != 2) continue;
        for (size_t a = 0; a < values.size(); ++a) {
          std::string key;
          codec.append(0, values[a], key);
          codec.append(1, values[values.size() - 1 - a], key);
          std::string_view rest = key;
          Value first = codec.decode(0, rest, arena);
          Value second = codec.decode(1, rest, arena);
          CHECK(rest.empty());
          CHECK(first.is_null == (a == 0));
          CHECK(second.is_null == (a == values.size() - 1));
          if (!first.is_null) CHECK(type.compare(first.datum, values[a].datum, type) == 0);
        }
      }
    }
  }
}

TEST_CASE("the end of a prefix") {
  std::string prefix = "ab" + std::string(2, static_cast<char>(255));
  make_prefix_end(prefix);
  CHECK(prefix == "ac");
  prefix = std::string(1, static_cast<char>(255));
  make_prefix_end(prefix);
  CHECK(prefix.empty());
}

TableDesc table_of(const std::vector<Oid>& types) {
  TableDesc table;
  for (Oid type : types) {
    ColumnDesc& column = table.columns.emplace_back();
    column.type = {type, -1};
    column.physical = type_info(type).physical;
  }
  return table;
}

TEST_CASE("rows come back as they were") {
  std::mt19937 random(20240101);
  Arena arena;
  for (int round = 0; round < 200; ++round) {
    std::vector<Oid> types;
    std::vector<Value> values;
    size_t count = 1 + random() % 20;
    for (size_t i = 0; i < count; ++i) {
      const Sample& sample = samples()[random() % samples().size()];
      types.push_back(sample.type);
      const TypeInfo& type = type_info(sample.type);
      values.push_back(random() % 4 == 0
                           ? Value::null()
                           : parse(type, sample.texts[random() % sample.texts.size()], arena));
      if (sample.type == type_oid::kText && round % 10 == 0) {
        values.back() = Datum::of_string(arena.copy(std::string(40000, 'x')));
      }
    }
    TableDesc table = table_of(types);
    StoredLayout layout(table);
    std::string bytes;
    encode_row(layout, values, bytes);
    StoredRow row(layout, bytes);
    std::vector<int32_t> columns;
    std::vector<uint32_t> targets;
    std::vector<PhysicalType> physical;
    for (uint32_t i = 0; i < count; ++i) {
      columns.push_back(static_cast<int32_t>(i));
      targets.push_back(i);
      physical.push_back(table.columns[i].physical);
    }
    RowDecoder decoder(layout, columns, targets);
    Chunk chunk(physical, 2);
    chunk.begin();
    decoder.attach(chunk);
    decoder.decode(bytes, 1);
    std::string again;
    encode_row(layout, chunk, 1, again);
    CHECK(again == bytes);
    for (uint32_t i = 0; i < count; ++i) {
      Value value = row.value(i);
      REQUIRE(value.is_null == values[i].is_null);
      REQUIRE(chunk.columns[i].is_null(1) == values[i].is_null);
      if (value.is_null) continue;
      const TypeInfo& type = type_info(types[i]);
      CHECK(type.compare(value.datum, values[i].datum, type) == 0);
      CHECK(type.compare(chunk.columns[i].value(1).datum, values[i].datum, type) == 0);
    }
  }
}

TEST_CASE("damaged rows are refused") {
  TableDesc table = table_of({type_oid::kText, type_oid::kInt8, type_oid::kText});
  StoredLayout layout(table);
  std::string bytes;
  std::vector<Value> values{Datum::of_string("one"), Datum::of_int64(2), Datum::of_string("three")};
  encode_row(layout, values, bytes);
  CHECK_THROWS_AS(StoredRow(layout, std::string_view(bytes).substr(0, 14)), SqlError);
  CHECK_THROWS_AS(StoredRow(layout, std::string_view(bytes).substr(0, bytes.size() - 1)).value(2),
                  SqlError);
}

}  // namespace
}  // namespace luma
