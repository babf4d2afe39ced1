// Kernels against results recorded from PostgreSQL 15.
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <set>

#include "engine/base/sql_error.h"
#include "engine/exec/evaluator.h"
#include "sql/function/kernel_row.h"

namespace luma {

namespace {

const KernelRow& find_row(std::string_view signature) {
  for (auto family : all_kernel_families()) {
    for (const KernelRow& row : family) {
      if (row.signature == signature) return row;
    }
  }
  throw std::runtime_error("no kernel " + std::string(signature));
}

std::vector<std::string> signature_types(std::string_view signature) {
  std::vector<std::string> types;
  std::string_view list = signature.substr(signature.find('(') + 1);
  list.remove_suffix(1);
  while (!list.empty()) {
    size_t comma = list.find(',');
    types.emplace_back(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return types;
}

struct Session {
  Arena arena;
  IoContext io;
  EvalContext context;
  Session() {
    context.io = &io;
    context.arena = &arena;
  }
  Value parse(std::string_view text, const TypeInfo& type) {
    if (text == "NULL") return Value::null();
    return copy_datum(type.input(text, type, -1, io, arena), type.physical, arena);
  }
  std::string print(const Value& value, std::string_view type_name) {
    if (value.is_null) return "NULL";
    const TypeInfo& type = *find_type(type_name);
    std::string out;
    type.output(value.datum, type, io, out);
    return out;
  }
  Expr* call(std::string_view signature, std::vector<std::string> types, size_t count,
             std::string_view result) {
    Expr* expr = arena.make<Expr>();
    const TypeInfo* type = find_type(result);
    REQUIRE(type != nullptr);
    expr->kind = ExprKind::kFunction;
    expr->type = {type->oid, -1};
    expr->physical = type->physical;
    expr->implementation = find_row(signature).implementation;
    if (types.empty()) types = signature_types(signature);
    std::vector<Expr*> args;
    for (size_t i = 0; i < count; ++i)
      args.push_back(make_slot(arena, static_cast<uint32_t>(i), {find_type(types[i])->oid, -1}));
    expr->args = copy_span(arena, args);
    return expr;
  }
  void fill(Chunk& chunk, const Expr& expr, const std::vector<std::string>& row, uint32_t at) {
    for (size_t i = 0; i < row.size(); ++i) {
      chunk.columns[i].set_value(at, parse(row[i], type_info(expr.args[i]->type.oid)));
    }
  }
  Chunk chunk_for(const Expr& expr) {
    std::vector<PhysicalType> physicals;
    for (const Expr* arg : expr.args) physicals.push_back(arg->physical);
    Chunk chunk(physicals);
    chunk.begin();
    return chunk;
  }
};

std::string describe(const SqlError& error) {
  return sql_state_code(error.state) + ": " + error.message;
}

// Calls the kernel with flat arguments and with constants; both must agree.
std::string call(std::string_view signature, const std::vector<std::string>& args,
                 std::string_view result, const std::vector<std::string>& types = {}) {
  Session session;
  try {
    Expr* expr = session.call(signature, types, args.size(), result);
    Chunk chunk = session.chunk_for(*expr);
    for (uint32_t row = 0; row < 3; ++row) session.fill(chunk, *expr, args, row);
    chunk.size = 3;
    ExprEvaluator evaluator(*expr);
    const Vector& out = evaluator.evaluate(session.context, chunk);
    std::string flat = session.print(out.value(0), result);
    CHECK(flat == session.print(out.value(2), result));
    return flat;
  } catch (const SqlError& error) {
    return describe(error);
  }
}

std::string aggregate(std::string_view signature, const std::vector<std::vector<std::string>>& rows,
                      std::string_view result, const std::vector<std::string>& types = {}) {
  Session session;
  try {
    size_t count = rows.empty() ? signature_types(signature).size() : rows[0].size();
    Expr* expr = session.call(signature, types, count, result);
    expr->kind = ExprKind::kAggregate;
    const AggregateFunction& function = *find_row(signature).implementation.aggregate;
    Chunk chunk = session.chunk_for(*expr);
    for (uint32_t row = 0; row < rows.size(); ++row) session.fill(chunk, *expr, rows[row], row);
    std::vector<const Vector*> args;
    for (Vector& column : chunk.columns) args.push_back(&column);
    AggregateCall call{session.context, *expr, session.arena};
    auto* state = static_cast<std::byte*>(session.arena.allocate(function.state_bytes));
    function.init(call, state);
    std::vector<std::byte*> states(rows.size(), state);
    function.update(call, states.data(), args, static_cast<uint32_t>(rows.size()));
    std::string text = session.print(function.finalize(call, state), result);
    if (function.destroy != nullptr) function.destroy(state);
    // The same in two halves that are merged.
    if (function.combine != nullptr && rows.size() > 1) {
      std::byte* halves[2];
      for (int half = 0; half < 2; ++half) {
        halves[half] = static_cast<std::byte*>(session.arena.allocate(function.state_bytes));
        function.init(call, halves[half]);
      }
      for (size_t row = 0; row < rows.size(); ++row) states[row] = halves[row % 2];
      function.update(call, states.data(), args, static_cast<uint32_t>(rows.size()));
      function.combine(call, halves[0], halves[1]);
      CHECK(session.print(function.finalize(call, halves[0]), result) == text);
      for (std::byte* half : halves) {
        if (function.destroy != nullptr) function.destroy(half);
      }
    }
    return text;
  } catch (const SqlError& error) {
    return describe(error);
  }
}

std::string table(std::string_view signature, const std::vector<std::string>& args,
                  std::vector<std::string> results, const std::vector<std::string>& types = {}) {
  Session session;
  try {
    Expr* expr = session.call(signature, types, args.size(), results[0]);
    std::vector<Value> values;
    for (size_t i = 0; i < args.size(); ++i)
      values.push_back(session.parse(args[i], type_info(expr->args[i]->type.oid)));
    auto state = find_row(signature).implementation.table(session.context, *expr, values);
    if (!state) return "";
    std::vector<PhysicalType> physicals;
    for (const std::string& name : results) physicals.push_back(find_type(name)->physical);
    Chunk chunk(physicals, 2);
    std::string out;
    while (true) {
      chunk.begin();
      state->next(session.context, chunk);
      if (chunk.size == 0) return out;
      for (uint32_t row = 0; row < chunk.size; ++row) {
        if (!out.empty()) out += ";";
        for (size_t c = 0; c < results.size(); ++c) {
          out += (c == 0 ? "" : "|") + session.print(chunk.columns[c].value(row), results[c]);
        }
      }
    }
  } catch (const SqlError& error) {
    return describe(error);
  }
}

}  // namespace

TEST_CASE("signatures are unique") {
  std::set<std::string_view> seen;
  for (auto family : all_kernel_families()) {
    for (const KernelRow& row : family) {
      INFO(row.signature);
      CHECK(seen.insert(row.signature).second);
    }
  }
}

TEST_CASE("integers") {
  CHECK(call("int4pl(int4,int4)", {"1", "2"}, "int4") == "3");
  CHECK(call("int4pl(int4,int4)", {"2147483647", "1"}, "int4") == "22003: integer out of range");
  CHECK(call("int4pl(int4,int4)", {"NULL", "1"}, "int4") == "NULL");
  CHECK(call("int8mul(int8,int8)", {"9223372036854775807", "2"}, "int8") ==
        "22003: bigint out of range");
  CHECK(call("int4div(int4,int4)", {"7", "0"}, "int4") == "22012: division by zero");
  CHECK(call("int4div(int4,int4)", {"-7", "2"}, "int4") == "-3");
  CHECK(call("int4div(int4,int4)", {"-2147483648", "-1"}, "int4") == "22003: integer out of range");
  CHECK(call("int4mod(int4,int4)", {"-7", "2"}, "int4") == "-1");
  CHECK(call("int2um(int2)", {"-32768"}, "int2") == "22003: smallint out of range");
  CHECK(call("int2(int4)", {"40000"}, "int2") == "22003: smallint out of range");
  CHECK(call("lcm(int4,int4)", {"4", "6"}, "int4") == "12");
  CHECK(call("int84lt(int8,int4)", {"-5", "3"}, "bool") == "t");
}

TEST_CASE("floats") {
  CHECK(call("float8eq(float8,float8)", {"NaN", "NaN"}, "bool") == "t");
  CHECK(call("float8gt(float8,float8)", {"NaN", "Infinity"}, "bool") == "t");
  CHECK(call("float8mul(float8,float8)", {"1e308", "10"}, "float8") ==
        "22003: value out of range: overflow");
  CHECK(call("float8mul(float8,float8)", {"1e-300", "1e-300"}, "float8") ==
        "22003: value out of range: underflow");
  CHECK(call("int4(float8)", {"2.5"}, "int4") == "2");
  CHECK(call("int4(float8)", {"3e9"}, "int4") == "22003: integer out of range");
  CHECK(call("power(float8,float8)", {"-8", "0.5"}, "float8") ==
        "2201F: a negative number raised to a non-integer power yields a complex result");
  CHECK(call("sind(float8)", {"30"}, "float8") == "0.5");
  CHECK(call("tand(float8)", {"45"}, "float8") == "1");
  CHECK(call("width_bucket(float8,float8,float8,int4)", {"5.35", "0.024", "10.06", "5"}, "int4") ==
        "3");
}

TEST_CASE("texts") {
  CHECK(call("substring(text,int4,int4)", {"Thomas", "-1", "4"}, "text") == "Th");
  CHECK(call("substring(text,int4,int4)", {"abc", "1", "-1"}, "text") ==
        "22011: negative substring length not allowed");
  CHECK(call("lpad(text,int4,text)", {"hi", "5", "xy"}, "text") == "xyxhi");
  CHECK(call("rpad(text,int4,text)", {"äbc", "2", "xy"}, "text") == "äb");
  CHECK(call("initcap(text)", {"hi THOMAS o'neil ÄRGER"}, "text") == "Hi Thomas O'Neil Ärger");
  CHECK(call("translate(text,text,text)", {"12345", "143", "ax"}, "text") == "a2x5");
  CHECK(call("split_part(text,text,int4)", {"abc,def,ghi", ",", "-2"}, "text") == "def");
  CHECK(call("split_part(text,text,int4)", {"a", ",", "0"}, "text") ==
        "22023: field position must not be zero");
  CHECK(call("left(text,int4)", {"abcde", "-2"}, "text") == "abc");
  CHECK(call("right(text,int4)", {"abcde", "-2"}, "text") == "cde");
  CHECK(call("btrim(text,text)", {"xyxtrimyyx", "xyz"}, "text") == "trim");
  CHECK(call("reverse(text)", {"añb"}, "text") == "bña");
  CHECK(call("overlay(text,text,int4,int4)", {"Txxxxas", "hom", "2", "4"}, "text") == "Thomas");
  CHECK(call("bpchareq(bpchar,bpchar)", {"a ", "a"}, "bool") == "t");
  CHECK(call("format(text,any)", {"Hello %s, %I %L %%", "a", "B c", "it's"}, "text",
             {"text", "text", "text", "text"}) == "Hello a, \"B c\" 'it''s' %");
  CHECK(call("format(text,any)", {"|%-5s|%2$3s|", "a", "b"}, "text", {"text", "text", "text"}) ==
        "|a    |  b|");
  CHECK(call("format(text,any)", {"%s", "NULL"}, "text", {"text", "text"}) == "");
  CHECK(call("concat_ws(text,any)", {",", "1", "NULL", "t"}, "text",
             {"text", "int4", "text", "bool"}) == "1,t");
  CHECK(call("quote_ident(text)", {"select"}, "text") == "\"select\"");
  CHECK(call("quote_literal(text)", {"a\\b'c"}, "text") == "E'a\\\\b''c'");
  CHECK(call("md5(text)", {"abc"}, "text") == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(call("encode(bytea,text)", {"\\x010203", "base64"}, "text") == "AQID");
  CHECK(call("decode(text,text)", {"AQIDBA==", "base64"}, "bytea") == "\\x01020304");
  CHECK(call("decode(text,text)", {"abcde", "base64"}, "bytea") ==
        "22023: invalid base64 end sequence");
  CHECK(call("unistr(text)", {"\\0441\\+01F600"}, "text") == "с😀");
}

TEST_CASE("patterns") {
  CHECK(call("textlike(text,text)", {"abc", "_b%"}, "bool") == "t");
  CHECK(call("textlike(text,text)", {"abcbd", "%b_"}, "bool") == "t");
  CHECK(call("textlike(text,text)", {"a", "a\\"}, "bool") == "f");
  CHECK(call("textlike(text,text)", {"ab", "a\\"}, "bool") ==
        "22025: LIKE pattern must not end with escape character");
  CHECK(call("texticlike(text,text)", {"ÄB", "ä%"}, "bool") == "t");
  CHECK(call("textregexeq(text,text)", {"a\nb", "a.b"}, "bool") == "t");
  CHECK(call("textregexeq(text,text)", {"a", "("}, "bool") ==
        "2201B: invalid regular expression: parentheses () not balanced");
  CHECK(call("textregexeq(text,text)", {"a", "a**"}, "bool") ==
        "2201B: invalid regular expression: quantifier operand invalid");
  CHECK(call("textregexeq(text,text)", {"foo bar", "\\mbar\\M"}, "bool") == "t");
  CHECK(call("regexp_match(text,text)", {"abcd", "ab|abcd"}, "_text") == "{abcd}");
  CHECK(call("regexp_match(text,text)", {"foobarbequebaz", "ba(r|rb|rbe)"}, "_text") == "{rbe}");
  CHECK(call("substring(text,text)", {"XY1234Z", "Y*([0-9]{1,3})"}, "text") == "123");
  CHECK(call("substring(text,text)", {"XY1234Z", "Y*?([0-9]{1,3})"}, "text") == "1");
  CHECK(call("regexp_replace(text,text,text,text)", {"foobar", "o*", "X", "g"}, "text") ==
        "XfXXbXaXrX");
  CHECK(call("regexp_replace(text,text,text)", {"abc", "(b)", "[\\1&\\\\]"}, "text") == "a[b&\\]c");
  CHECK(call("regexp_split_to_array(text,text)", {"the quick", "\\s*"}, "_text") ==
        "{t,h,e,q,u,i,c,k}");
  CHECK(call("regexp_count(text,text)", {"ABCABCAXYaxy", "A."}, "int4") == "3");
  CHECK(call("substring(text,text,text)", {"abcdefg", "a#\"(b_d)#\"%", "#"}, "text") == "bcd");
  CHECK(call("similar_to_escape(text)", {"a(b|c)*"}, "text") == "^(?:a(?:b|c)*)$");
}

TEST_CASE("numeric and datetime") {
  CHECK(call("numeric_div(numeric,numeric)", {"1", "3"}, "numeric") == "0.33333333333333333333");
  CHECK(call("round(numeric,int4)", {"2.345", "2"}, "numeric") == "2.35");
  CHECK(call("timestamp_pl_interval(timestamp,interval)", {"2024-01-31 00:00:00", "1 mon"},
             "timestamp") == "2024-02-29 00:00:00");
  CHECK(call("extract(text,timestamp)", {"epoch", "2001-02-16 20:38:40.12"}, "numeric") ==
        "982355920.120000");
  CHECK(call("date_part(text,date)", {"dow", "2024-02-29"}, "float8") == "4");
  CHECK(call("date_trunc(text,timestamp)", {"month", "2024-02-29 10:00"}, "timestamp") ==
        "2024-02-01 00:00:00");
  CHECK(call("age(timestamp,timestamp)", {"2001-04-10", "1957-06-13"}, "interval") ==
        "43 years 9 mons 27 days");
  CHECK(call("date_lt_timestamp(date,timestamp)", {"2024-01-01", "2024-01-01 00:00:01"}, "bool") ==
        "t");
  CHECK(call("to_char(timestamp,text)", {"2024-02-29 13:05:00", "YYYY-MM-DD HH12:MI AM"}, "text") ==
        "2024-02-29 01:05 PM");
  CHECK(call("overlaps(timestamp,timestamp,timestamp,timestamp)",
             {"2001-02-16", "2001-12-21", "2001-10-30", "2002-10-30"}, "bool") == "t");
}

TEST_CASE("numbers as text") {
  CHECK(call("to_char(int4,text)", {"-1234", "9,999.99"}, "text") == "-1,234.00");
  CHECK(call("to_number(text,text)", {"12,454.8-", "99G999D9S"}, "numeric") == "-12454.8");
}

TEST_CASE("arrays and json") {
  CHECK(call("array_cat(anycompatiblearray,anycompatiblearray)", {"{1,2}", "{{3,4}}"}, "_int4",
             {"_int4", "_int4"}) == "{{1,2},{3,4}}");
  CHECK(call("array_prepend(anycompatible,anycompatiblearray)", {"1", "[5:6]={1,2}"}, "_int4",
             {"int4", "_int4"}) == "[5:7]={1,1,2}");
  CHECK(call("array_to_string(anyarray,text,text)", {"{1,NULL,3}", ",", "*"}, "text",
             {"_int4", "text", "text"}) == "1,*,3");
  CHECK(call("string_to_array(text,text,text)", {"a,b,", ",", "b"}, "_text") == "{a,NULL,\"\"}");
  CHECK(call("arraycontains(anyarray,anyarray)", {"{1,NULL}", "{NULL}"}, "bool",
             {"_int4", "_int4"}) == "f");
  CHECK(call("array_remove(anycompatiblearray,anycompatible)", {"{1,2,NULL,2}", "2"}, "_int4",
             {"_int4", "int4"}) == "{1,NULL}");
  CHECK(call("json_build_object(any)", {"a", "1", "b", "x"}, "json",
             {"text", "int4", "text", "text"}) == "{\"a\" : 1, \"b\" : \"x\"}");
  CHECK(call("jsonb_extract_path_text(jsonb,_text)", {"{\"a\":[1,{\"b\":\"c\"}]}", "{a,1,b}"},
             "text") == "c");
  CHECK(call("jsonb_contains(jsonb,jsonb)", {"{\"a\":[1,2]}", "{\"a\":[2]}"}, "bool") == "t");
}

TEST_CASE("aggregates") {
  CHECK(aggregate("sum(int4)", {{"1"}, {"NULL"}, {"41"}}, "int8") == "42");
  CHECK(aggregate("sum(int8)", {{"9223372036854775807"}, {"9223372036854775807"}}, "numeric") ==
        "18446744073709551614");
  CHECK(aggregate("sum(int4)", {{"NULL"}}, "int8") == "NULL");
  CHECK(aggregate("avg(int4)", {{"1"}, {"2"}, {"2"}}, "numeric") == "1.6666666666666667");
  CHECK(aggregate("count(any)", {{"1"}, {"NULL"}}, "int8", {"int4"}) == "1");
  CHECK(aggregate("min(text)", {{"b"}, {"a rather long text value"}, {"c"}}, "text") ==
        "a rather long text value");
  CHECK(aggregate("max(float8)", {{"1"}, {"NaN"}, {"2"}}, "float8") == "NaN");
  CHECK(aggregate("var_samp(int4)", {{"1"}, {"2"}, {"4"}}, "numeric") == "2.3333333333333333");
  CHECK(aggregate("stddev(float8)", {{"1"}, {"2"}, {"4"}}, "float8") == "1.5275252316519468");
  CHECK(aggregate("corr(float8,float8)", {{"1", "2"}, {"2", "4"}, {"3", "7"}}, "float8")
            .substr(0, 14) == "0.993399267798");
  CHECK(aggregate("string_agg(text,text)", {{"a", ","}, {"NULL", ","}, {"b", ";"}}, "text") ==
        "a;b");
  CHECK(aggregate("array_agg(anynonarray)", {{"1"}, {"NULL"}}, "_int4", {"int4"}) == "{1,NULL}");
  CHECK(aggregate("array_agg(anyarray)", {{"{1,2}"}, {"{3,4}"}}, "_int4", {"_int4"}) ==
        "{{1,2},{3,4}}");
  CHECK(aggregate("json_object_agg(any,any)", {{"a", "1"}, {"b", "NULL"}}, "json",
                  {"text", "int4"}) == "{ \"a\" : 1, \"b\" : null }");
  CHECK(aggregate("percentile_cont(float8,float8)",
                  {{"0.5", "1"}, {"0.5", "2"}, {"0.5", "4"}, {"0.5", "8"}}, "float8") == "3");
  CHECK(aggregate("mode(anyelement)", {{"1"}, {"2"}, {"2"}, {"3"}}, "int4", {"int4"}) == "2");
  CHECK(aggregate("bool_and(bool)", {{"t"}, {"f"}}, "bool") == "f");
}

TEST_CASE("table functions") {
  CHECK(table("generate_series(int4,int4,int4)", {"1", "10", "4"}, {"int4"}) == "1;5;9");
  CHECK(table("generate_series(int4,int4)", {"2147483646", "2147483647"}, {"int4"}) ==
        "2147483646;2147483647");
  CHECK(table("generate_series(int4,int4,int4)", {"1", "2", "0"}, {"int4"}) ==
        "22023: step size cannot equal zero");
  CHECK(table("generate_series(numeric,numeric,numeric)", {"1", "2", "0.5"}, {"numeric"}) ==
        "1;1.5;2.0");
  CHECK(table("generate_series(timestamp,timestamp,interval)",
              {"2024-01-31", "2024-03-31", "1 mon"},
              {"timestamp"}) == "2024-01-31 00:00:00;2024-02-29 00:00:00;2024-03-29 00:00:00");
  CHECK(table("unnest(anyarray)", {"{a,NULL,c}"}, {"text"}, {"_text"}) == "a;NULL;c");
  CHECK(table("regexp_matches(text,text,text)", {"foobar", "o*", "g"}, {"_text"}) ==
        "{\"\"};{oo};{\"\"};{\"\"};{\"\"};{\"\"}");
  CHECK(table("jsonb_each_text(jsonb)", {"{\"a\":1,\"b\":null}"}, {"text", "text"}) ==
        "a|1;b|NULL");
}

TEST_CASE("kernel speed", "[.bench]") {
  Session session;
  auto measure = [&](std::string_view signature, std::vector<std::string> left, std::string right,
                     uint32_t count) {
    Expr* expr = session.call(signature, {}, 2, signature.starts_with("int8pl") ? "int8" : "bool");
    Chunk chunk = session.chunk_for(*expr);
    for (uint32_t row = 0; row < count; ++row)
      session.fill(chunk, *expr, {left[row % left.size()], right}, row);
    chunk.size = count;
    ExprEvaluator evaluator(*expr, count);
    std::vector<uint32_t> selection(kVectorSize);
    auto time = [&](auto&& run) {
      int rounds = count == 1 ? 1000000 : 20000;
      auto start = std::chrono::steady_clock::now();
      for (int i = 0; i < rounds; ++i) run();
      auto nanos =
          std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start)
              .count();
      return nanos / rounds / count;
    };
    double evaluate = time([&] { evaluator.evaluate(session.context, chunk); });
    fmt::print("{} count={}: evaluate {:.3f} ns/row", signature, count, evaluate);
    if (expr->implementation.select != nullptr) {
      fmt::print(", select {:.3f} ns/row",
                 time([&] { evaluator.select(session.context, chunk, selection.data()); }));
    }
    fmt::print("\n");
  };
  for (uint32_t count : {kVectorSize, 1u}) {
    measure("int8pl(int8,int8)", {"1", "2", "3"}, "4", count);
    measure("int8lt(int8,int8)", {"1", "2", "7", "5"}, "4", count);
    measure("float8lt(float8,float8)", {"1", "2", "7", "5"}, "4", count);
    measure("texteq(text,text)", {"short", "another text here", "a long text value here"},
            "a long text value here", count);
  }
}

}  // namespace luma
