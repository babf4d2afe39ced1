#include <catch2/catch.hpp>
#include <cstdlib>

#include "engine/base/sql_error.h"
#include "engine/base/sql_state.h"
#include "sql/copy/copy_reader.h"
#include "sql/copy/row_writer.h"

namespace luma {
namespace {

struct Case {
  std::string_view options;
  std::string_view input;
  std::string_view result;
};

constexpr Case kCases[] = {
#include "sql/copy/testdata/input_cases.inc"
};

CopyOptions csv_options() {
  CopyOptions options;
  options.format = CopyFormat::kCsv;
  options.delimiter = ',';
  options.null_text = "";
  return options;
}

CopyOptions options_named(std::string_view name) {
  CopyOptions options = name.starts_with("csv") ? csv_options() : CopyOptions{};
  if (name == "bar") {
    options.delimiter = '|';
    options.null_text = "";
  } else if (name == "csv_escape") {
    options.escape = '\\';
  } else if (name == "csv_quote") {
    options.quote = options.escape = '\'';
    options.null_text = "NULL";
  } else if (name == "csv_header") {
    options.header = CopyHeader::kLine;
  } else if (name == "csv_match" || name == "text_header") {
    options.header = CopyHeader::kMatch;
  }
  return options;
}

const IoContext kIo;

std::vector<CopyColumn> case_columns(std::string_view name) {
  std::vector<CopyColumn> columns = {{"a", {type_oid::kInt4, -1}, 0, false, false},
                                     {"b", {type_oid::kText, -1}, 1, false, false},
                                     {"c", {type_oid::kText, -1}, 2, false, false}};
  columns[1].force_null = columns[2].force_not_null = name == "csv_quote";
  return columns;
}

// Reads `input`, cut into pieces of `piece` bytes after a first one of `first`, and shows the rows
// in `out_options`, or the error.
std::string copy_through(const CopyOptions& options, const std::vector<CopyColumn>& columns,
                         std::string_view bytes, size_t first, size_t piece,
                         const CopyOptions& out_options = {}) {
  std::string out;
  std::vector<CopyRowWriter::Column> shown;
  CopyReader::Input input;
  for (const CopyColumn& column : columns) {
    shown.push_back({column.name, column.type, false});
    input.slots.push_back(type_info(column.type.oid).physical);
  }
  CopyRowWriter writer(out_options, shown, kIo);
  writer.append_header(out);
  input.options = options;
  input.columns = columns;
  input.relation = "r";
  input.io = &kIo;
  input.emit = [&](RowBatch& batch) {
    for (uint32_t row = 0; row < batch.chunk.size; ++row) {
      writer.append_row(batch.chunk, row, out);
    }
  };
  try {
    auto reader = CopyReader::make(std::move(input));
    size_t at = std::min(first, bytes.size());
    // Copies, so that nothing may refer to an earlier piece.
    if (at > 0) reader->feed(std::string(bytes.substr(0, at)));
    for (; at < bytes.size(); at += piece) reader->feed(std::string(bytes.substr(at, piece)));
    reader->finish();
  } catch (const SqlError& error) {
    return fmt::format("{}: {} @ {}", sql_state_code(error.state), error.message,
                       error.context_text);
  }
  writer.append_trailer(out);
  return out;
}

TEST_CASE("copy reads text and csv as PostgreSQL does, however the input is cut") {
  for (const Case& c : kCases) {
    CopyOptions options = options_named(c.options);
    std::vector<CopyColumn> columns = case_columns(c.options);
    INFO(c.options << ": " << Catch::StringMaker<std::string>::convert(std::string(c.input)));
    CHECK(copy_through(options, columns, c.input, c.input.size(), 1) == c.result);
    CHECK(copy_through(options, columns, c.input, 0, 1) == c.result);
    for (size_t first = 1; first < c.input.size(); ++first) {
      std::string got = copy_through(options, columns, c.input, first, c.input.size());
      if (got != c.result) {
        INFO("cut at " << first);
        CHECK(got == c.result);
        break;
      }
    }
  }
}

std::vector<CopyColumn> columns_of(std::vector<TypeRef> types) {
  std::vector<CopyColumn> columns;
  for (TypeRef type : types) {
    columns.push_back({"c" + std::to_string(columns.size()), type,
                       static_cast<uint32_t>(columns.size()), false, false});
  }
  return columns;
}

TEST_CASE("copy finds the ends of fields wherever they lie in a long line") {
  std::vector<CopyColumn> columns;
  for (uint32_t i = 0; i < 4; ++i) {
    columns.push_back({"c" + std::to_string(i), {type_oid::kText, -1}, i, false, false});
  }
  for (size_t size = 3; size < 140; ++size) {
    const std::string x(size, 'x'), y(size / 3, 'y');
    const std::string rows = fmt::format("{0},{1},\"a,{0}\"\"\",{1}\n,{0},,{0}\n", x, y);
    const std::string wanted =
        fmt::format("{0}\t{1}\ta,{0}\"\t{1}\n{2}\t{0}\t{2}\t{0}\n", x, y, "\\N");
    std::string got = copy_through(csv_options(), columns, rows, rows.size(), 1);
    CHECK(got == wanted);
    std::string tabs = fmt::format("{0}\t{1}\\t{0}\t\t{0}\n", x, y);
    CHECK(copy_through({}, columns, tabs, tabs.size(), 1) == tabs);
  }
}

TEST_CASE("copy reads values by their types") {
  auto through = [](TypeRef type, std::string_view text) {
    return copy_through({}, columns_of({type}), std::string(text) + "\n", 0, 1000);
  };
  auto numeric = [](int precision, int scale) {
    return TypeRef{type_oid::kNumeric, ((precision << 16) | scale) + 4};
  };
  CHECK(through({type_oid::kNumeric, -1}, "-12.50") == "-12.50\n");
  CHECK(through({type_oid::kNumeric, -1}, "-0") == "0\n");
  CHECK(through({type_oid::kNumeric, -1}, ".5") == "0.5\n");
  CHECK(through({type_oid::kNumeric, -1}, "5.") == "5\n");
  CHECK(through({type_oid::kNumeric, -1}, "1e3") == "1000\n");
  CHECK(through({type_oid::kNumeric, -1}, "12345678901234567890.12") ==
        "12345678901234567890.12\n");
  CHECK(through(numeric(5, 2), "1.5") == "1.50\n");
  CHECK(through(numeric(5, 2), "1.555") == "1.56\n");
  CHECK(through(numeric(5, 2), "999.99") == "999.99\n");
  CHECK(through(numeric(5, 2), "1000") ==
        "22003: numeric field overflow @ COPY r, line 1, column c0: \"1000\"");
  CHECK(through(numeric(20, 0), "123456789012345678") == "123456789012345678\n");
  CHECK(through({type_oid::kDate, -1}, "2024-02-29") == "2024-02-29\n");
  CHECK(through({type_oid::kDate, -1}, "2023-02-29") ==
        "22008: date/time field value out of range: \"2023-02-29\" @ COPY r, line 1, column c0: "
        "\"2023-02-29\"");
  CHECK(through({type_oid::kDate, -1}, "Feb 3 2020") == "2020-02-03\n");
  CHECK(through({type_oid::kTimestamp, -1}, "2024-02-29 23:59:59.5") == "2024-02-29 23:59:59.5\n");
  CHECK(through({type_oid::kTimestamp, -1}, "1999-12-31T23:59:59.123456") ==
        "1999-12-31 23:59:59.123456\n");
  CHECK(through({type_oid::kTimestamp, 0}, "1999-12-31 23:59:59.6") == "2000-01-01 00:00:00\n");
  CHECK(through({type_oid::kTimestamptz, -1}, "2024-01-01 00:00:00+02") ==
        "2023-12-31 22:00:00+00\n");
  CHECK(through({type_oid::kTimestamptz, -1}, "2024-01-01 00:00:00.25-05:30") ==
        "2024-01-01 05:30:00.25+00\n");
  CHECK(through({type_oid::kFloat8, -1}, "1e300") == "1e+300\n");
  CHECK(through({type_oid::kFloat8, -1}, "-0.1") == "-0.1\n");
  CHECK(through({type_oid::kFloat8, -1}, " nan ") == "NaN\n");
  CHECK(through({type_oid::kBool, -1}, "yes") == "t\n");
  CHECK(through({type_oid::kVarchar, 4 + 3}, "abc") == "abc\n");
  CHECK(through({type_oid::kVarchar, 4 + 3}, "abc ") == "abc\n");
  CHECK(through({type_oid::kVarchar, 4 + 3}, "\xC3\xA9\xC3\xA9\xC3\xA9") ==
        "\xC3\xA9\xC3\xA9\xC3\xA9\n");
  CHECK(through({type_oid::kVarchar, 4 + 3}, "abcd") ==
        "22001: value too long for type character varying(3) @ COPY r, line 1, column c0: "
        "\"abcd\"");
  CHECK(through({type_oid::kBpchar, 4 + 15}, "abc") == "abc            \n");
  CHECK(through({type_oid::kBpchar, 4 + 3}, "\xC3\xA9") == "\xC3\xA9  \n");
  CHECK(through({type_oid::kInt2, -1}, "40000") ==
        "22003: value \"40000\" is out of range for type smallint @ COPY r, line 1, column c0: "
        "\"40000\"");
  CHECK(through({type_oid::kInt4Array, -1}, "{1,NULL}") == "{1,NULL}\n");
  CHECK(through({type_oid::kBytea, -1}, "\\\\x00ff") == "\\\\x00ff\n");
}

TEST_CASE("copy writes escapes and quotes where PostgreSQL does") {
  std::vector<CopyColumn> columns = columns_of({{type_oid::kText, -1}, {type_oid::kInt4, -1}});
  std::string_view input = "a\\\\b\\tc\\nd\\re\\bf\t1\n\\N\t\\N\n\t2\n,\"\t3\n\\\\.\t4\n";
  CHECK(copy_through({}, columns, input, 0, 1000) == input);
  CHECK(copy_through({}, columns, input, 0, 1000, csv_options()) ==
        "\"a\\b\tc\nd\re\bf\",1\n,\n\"\",2\n\",\"\"\",3\n\\.,4\n");
  CopyOptions header = csv_options();
  header.header = CopyHeader::kLine;
  std::vector<CopyColumn> one = columns_of({{type_oid::kText, -1}});
  CHECK(copy_through({}, one, "\\\\.\n", 0, 1000, header) == "c0\n\"\\.\"\n");
}

TEST_CASE("copy binary makes a round trip, however it is cut") {
  CopyOptions binary;
  binary.format = CopyFormat::kBinary;
  std::vector<CopyColumn> columns =
      columns_of({{type_oid::kInt4, -1}, {type_oid::kText, -1}, {type_oid::kNumeric, -1}});
  std::string_view text = "1\ta long enough text value\t12.5\n\\N\t\\N\t\\N\n-7\t\t0\n";
  std::string bytes = copy_through({}, columns, text, 0, 1000, binary);
  CHECK(bytes.substr(0, 11) == std::string_view("PGCOPY\n\377\r\n\0", 11));
  for (size_t first = 0; first < bytes.size(); ++first) {
    CHECK(copy_through(binary, columns, bytes, first, 7) == text);
  }
  auto fails = [&](std::string_view input) {
    return copy_through(binary, columns, input, 0, 1000);
  };
  CHECK(fails("1\t2\n") == "22P04: COPY file signature not recognized @ COPY r, line 0");
  CHECK(fails(bytes + "x") == "22P04: received copy data after EOF marker @ COPY r, line 4");
  CHECK(fails(std::string_view(bytes).substr(0, 30)) ==
        "22P04: unexpected EOF in COPY data @ COPY r, line 1, column c1");
  CHECK(fails(bytes.substr(0, 19) + std::string("\0\2", 2)) ==
        "22P04: row field count is 2, expected 3 @ COPY r, line 1");
  CHECK(fails(bytes.substr(0, 19) + std::string("\0\3\0\0\0\2ab\0\0", 10)).substr(0, 6) ==
        "22P04:");
}

TEST_CASE("copy hands rows out in batches") {
  std::string input;
  for (int i = 0; i < 5000; ++i) input += std::to_string(i) + "\n";
  CHECK(copy_through({}, columns_of({{type_oid::kInt8, -1}}), input, 100, 1000) == input);
}

// Run by hand: LUMA_BENCH=1 sql_copy_test "[.bench]"
TEST_CASE("copy reading speed", "[.bench]") {
  auto measure = [](const char* name, std::vector<TypeRef> types, std::string_view row,
                    const CopyOptions& options) {
    std::string block;
    int rows_per_block = 0;
    while (block.size() < 65536) {
      block += row;
      ++rows_per_block;
    }
    CopyReader::Input input;
    input.options = options;
    input.columns = columns_of(types);
    for (TypeRef type : types) input.slots.push_back(type_info(type.oid).physical);
    input.relation = "r";
    input.io = &kIo;
    uint64_t rows = 0;
    input.emit = [&](RowBatch& batch) { rows += batch.chunk.size; };
    auto reader = CopyReader::make(std::move(input));
    auto start = std::chrono::steady_clock::now();
    while (rows < 2000000) reader->feed(block);
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    WARN(name << ": " << seconds.count() / static_cast<double>(rows) * 1e9 << " ns a row, "
              << static_cast<double>(rows) / seconds.count() / 1e6 << " M rows/s, "
              << static_cast<double>(rows) / rows_per_block * static_cast<double>(block.size()) /
                     seconds.count() / 1e6
              << " MB/s");
  };
  TypeRef i4{type_oid::kInt4, -1}, date{type_oid::kDate, -1};
  TypeRef money{type_oid::kNumeric, ((15 << 16) | 2) + 4};
  auto fixed = [](int n) { return TypeRef{type_oid::kBpchar, n + 4}; };
  CopyOptions bar;
  bar.delimiter = '|';
  measure("pgbench_accounts", {i4, i4, i4, fixed(84)}, "1234567\t12\t0\t\n", {});
  std::vector<TypeRef> lineitem = {
      i4,       i4,       i4,   i4,   money, money,     money,     money,
      fixed(1), fixed(1), date, date, date,  fixed(25), fixed(10), {type_oid::kVarchar, 44 + 4}};
  std::string_view row =
      "1|155190|7706|1|17.00|21168.23|0.04|0.02|N|O|1996-03-13|1996-02-12|1996-03-22|DELIVER IN "
      "PERSON|TRUCK|egular courts above the\n";
  measure("lineitem text", lineitem, row, bar);
  std::string comma(row);
  std::replace(comma.begin(), comma.end(), '|', ',');
  measure("lineitem csv", lineitem, comma, csv_options());
}

}  // namespace
}  // namespace luma
