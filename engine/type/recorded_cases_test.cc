#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "engine/base/sql_error.h"
#include "engine/type/datetime.h"
#include "engine/type/datetime_arithmetic.h"
#include "engine/type/datetime_fields.h"
#include "engine/type/datetime_format.h"
#include "engine/type/float.h"
#include "engine/type/interval.h"
#include "engine/type/json.h"
#include "engine/type/jsonb.h"
#include "engine/type/number_format.h"
#include "engine/type/numeric.h"
#include "engine/type/timezone.h"

// Replays operations recorded from PostgreSQL 15 (tools/record_type_cases.py).
namespace luma {
namespace {

using Args = std::vector<std::string>;

struct Run {
  const Args& args;
  const IoContext& io;
  Arena& arena;
  const std::string& operator[](size_t i) const { return args[i]; }
};
// Returns "=text" or "NULL"; errors are thrown.
using Operation = std::string (*)(const Run& r);

std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
      continue;
    }
    char c = text[++i];
    out.push_back(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
  }
  return out;
}

std::vector<std::string> split(std::string_view line, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    size_t end = line.find(separator);
    parts.emplace_back(line.substr(0, end));
    if (end == std::string_view::npos) return parts;
    line.remove_prefix(end + 1);
  }
}

IoContext context_of(const std::string& settings) {
  static const std::map<std::string, DateStyle> kStyles = {{"ISO", DateStyle::kIso},
                                                           {"SQL", DateStyle::kSql},
                                                           {"Postgres", DateStyle::kPostgres},
                                                           {"German", DateStyle::kGerman}};
  static const std::map<std::string, DateOrder> kOrders = {
      {"MDY", DateOrder::kMdy}, {"DMY", DateOrder::kDmy}, {"YMD", DateOrder::kYmd}};
  static const std::map<std::string, IntervalStyle> kIntervals = {
      {"postgres", IntervalStyle::kPostgres},
      {"postgres_verbose", IntervalStyle::kPostgresVerbose},
      {"sql_standard", IntervalStyle::kSqlStandard},
      {"iso_8601", IntervalStyle::kIso8601}};
  auto parts = split(settings, ';');
  auto date = split(parts[0], ',');
  IoContext io;
  io.date_style = kStyles.at(date[0]);
  io.date_order = kOrders.at(date[1].substr(1));
  io.time_zone = TimeZone::find_setting(parts[1]);
  io.interval_style = kIntervals.at(parts[2]);
  return io;
}

// ---- values to results
std::string text(const std::string& value) { return "=" + value; }
std::string text(const std::optional<std::string>& value) { return value ? "=" + *value : "NULL"; }
std::string flag(bool value) { return value ? "=true" : "=false"; }
std::string date(const Run& r, int32_t v) {
  std::string out = "=";
  date_to_text(v, r.io, out);
  return out;
}
std::string time(int64_t v) {
  std::string out = "=";
  time_to_text(v, out);
  return out;
}
std::string stamp(const Run& r, int64_t v) {
  std::string out = "=";
  timestamp_to_text(v, r.io, out);
  return out;
}
std::string stamptz(const Run& r, int64_t v) {
  std::string out = "=";
  timestamptz_to_text(v, r.io, out);
  return out;
}
std::string interval(const Run& r, const Interval& v) {
  std::string out = "=";
  interval_to_text(v, r.io.interval_style, out);
  return out;
}
std::string numeric(const Datum& v) {
  std::string out = "=";
  numeric_append_text(v, out);
  return out;
}
std::string field(const Run& r, const FieldValue& v) {
  return v.is_null ? "NULL" : numeric(v.to_numeric(r.arena));
}
std::string part(const FieldValue& v) {
  if (v.is_null) return "NULL";
  std::string out = "=";
  append_float8(v.number, 1, out);
  return out;
}
std::string jsonb(JsonbView v) {
  std::string out = "=";
  jsonb_to_text(v, out);
  return out;
}
std::string jsonb(const Datum& v) { return jsonb(JsonbView(v)); }
std::string jsonb(const std::optional<JsonbView>& v) { return v ? jsonb(*v) : "NULL"; }
std::string json(const std::optional<std::string_view>& v) {
  return v ? "=" + std::string(*v) : "NULL";
}

// ---- arguments
int64_t ts(const Run& r, size_t i) { return timestamp_from_text(r[i], r.io); }
int64_t tz(const Run& r, size_t i) { return timestamptz_from_text(r[i], r.io); }
Interval iv(const Run& r, size_t i, int32_t typmod = -1) {
  return parse_interval(r[i], typmod, r.io.interval_style);
}
const std::string& js(const Run& r, size_t i) {
  validate_json_text(r[i]);
  return r[i];
}
Datum jb(const Run& r, size_t i) { return jsonb_from_text(r[i], r.arena); }
// A text[] literal without quotes.
std::vector<JsonPathStep> steps(const Run& r, size_t i) {
  std::vector<JsonPathStep> out;
  std::string_view body = std::string_view(r[i]).substr(1, r[i].size() - 2);
  if (body.empty()) return out;
  for (const std::string& s : split(body, ',')) {
    std::string_view step = r.arena.copy(s);
    while (step.starts_with(' ')) step.remove_prefix(1);
    out.push_back(step == "NULL" ? JsonPathStep() : JsonPathStep(step));
  }
  return out;
}
std::vector<std::string_view> path(const Run& r, size_t i) {
  std::vector<std::string_view> out;
  for (const auto& step : steps(r, i)) out.push_back(*step);
  return out;
}
constexpr int kFullPrecision = kIntervalFullPrecision;
int32_t range(int fields, int precision = kFullPrecision) { return fields << 16 | precision; }
std::string ranged(const Run& r, int32_t typmod) {
  return interval(r, apply_interval_typmod(iv(r, 0, typmod), typmod));
}
// What string_agg over no rows gives.
std::string list(const std::string& joined, bool any) { return any ? "=" + joined : "NULL"; }

const std::map<std::string, Operation>& operations() {
  using namespace interval_field;
  static const std::map<std::string, Operation> all = {
      {"date", [](const Run& r) { return date(r, date_from_text(r[0], r.io)); }},
      {"time", [](const Run& r) { return time(time_from_text(r[0], r.io)); }},
      {"timetz",
       [](const Run& r) {
         std::string out = "=";
         timetz_to_text(timetz_from_text(r[0], r.io), out);
         return out;
       }},
      {"timestamp", [](const Run& r) { return stamp(r, ts(r, 0)); }},
      {"timestamptz", [](const Run& r) { return stamptz(r, tz(r, 0)); }},
      {"interval", [](const Run& r) { return interval(r, iv(r, 0)); }},
      {"interval_hour", [](const Run& r) { return ranged(r, range(kHour)); }},
      {"interval_ym", [](const Run& r) { return ranged(r, range(kYear | kMonth)); }},
      {"interval_ds",
       [](const Run& r) { return ranged(r, range(kDay | kHour | kMinute | kSecond, 2)); }},
      {"interval_ms", [](const Run& r) { return ranged(r, range(kMinute | kSecond)); }},
      {"interval_mul",
       [](const Run& r) { return interval(r, interval_multiply(iv(r, 0), parse_float8(r[1]))); }},
      {"interval_div",
       [](const Run& r) { return interval(r, interval_divide(iv(r, 0), parse_float8(r[1]))); }},
      {"interval_cmp",
       [](const Run& r) { return text(std::to_string(interval_compare(iv(r, 0), iv(r, 1)))); }},
      {"justify_days", [](const Run& r) { return interval(r, justify_days(iv(r, 0))); }},
      {"justify_hours", [](const Run& r) { return interval(r, justify_hours(iv(r, 0))); }},
      {"justify_interval", [](const Run& r) { return interval(r, justify_interval(iv(r, 0))); }},
      {"ts_add", [](const Run& r) { return stamp(r, timestamp_add(ts(r, 0), iv(r, 1))); }},
      {"tz_add",
       [](const Run& r) {
         return stamptz(r, timestamptz_add(tz(r, 0), iv(r, 1), r.io.time_zone));
       }},
      {"ts_sub", [](const Run& r) { return interval(r, timestamp_subtract(ts(r, 0), ts(r, 1))); }},
      {"age", [](const Run& r) { return interval(r, timestamp_age(ts(r, 0), ts(r, 1))); }},
      {"time_add",
       [](const Run& r) { return time(time_add(time_from_text(r[0], r.io), iv(r, 1))); }},
      {"trunc", [](const Run& r) { return stamp(r, timestamp_trunc(r[0], ts(r, 1))); }},
      {"trunc_tz",
       [](const Run& r) { return stamptz(r, timestamptz_trunc(r[0], tz(r, 1), r.io.time_zone)); }},
      {"trunc_iv", [](const Run& r) { return interval(r, interval_trunc(r[0], iv(r, 1))); }},
      {"bin", [](const Run& r) { return stamp(r, timestamp_bin(iv(r, 0), ts(r, 1), ts(r, 2))); }},
      {"extract_date",
       [](const Run& r) { return field(r, extract_date(r[0], date_from_text(r[1], r.io))); }},
      {"extract_ts", [](const Run& r) { return field(r, extract_timestamp(r[0], ts(r, 1))); }},
      {"extract_tz",
       [](const Run& r) { return field(r, extract_timestamptz(r[0], tz(r, 1), r.io.time_zone)); }},
      {"extract_time",
       [](const Run& r) { return field(r, extract_time(r[0], time_from_text(r[1], r.io))); }},
      {"extract_timetz",
       [](const Run& r) { return field(r, extract_timetz(r[0], timetz_from_text(r[1], r.io))); }},
      {"extract_iv", [](const Run& r) { return field(r, extract_interval(r[0], iv(r, 1))); }},
      {"part_ts", [](const Run& r) { return part(extract_timestamp(r[0], ts(r, 1))); }},
      {"part_iv", [](const Run& r) { return part(extract_interval(r[0], iv(r, 1))); }},
      {"ts_at", [](const Run& r) { return stamptz(r, timestamp_at_zone(r[0], ts(r, 1))); }},
      {"tz_at", [](const Run& r) { return stamp(r, timestamptz_at_zone(r[0], tz(r, 1))); }},
      {"to_char_ts", [](const Run& r) { return text(to_char_timestamp(ts(r, 0), r[1])); }},
      {"to_char_tz",
       [](const Run& r) { return text(to_char_timestamptz(tz(r, 0), r[1], r.io.time_zone)); }},
      {"to_char_iv", [](const Run& r) { return text(to_char_interval(iv(r, 0), r[1])); }},
      {"to_date", [](const Run& r) { return date(r, to_date(r[0], r[1])); }},
      {"to_timestamp",
       [](const Run& r) { return stamptz(r, to_timestamp(r[0], r[1], r.io.time_zone)); }},
      {"num_int", [](const Run& r) { return text(to_char_int32(std::stoi(r[0]), r[1])); }},
      {"num_big", [](const Run& r) { return text(to_char_int64(std::stoll(r[0]), r[1])); }},
      {"num_float", [](const Run& r) { return text(to_char_float8(parse_float8(r[0]), r[1])); }},
      {"num_real", [](const Run& r) { return text(to_char_float4(parse_float4(r[0]), r[1])); }},
      {"num",
       [](const Run& r) { return text(to_char_numeric(numeric_from_text(r[0], r.arena), r[1])); }},
      {"to_number",
       [](const Run& r) {
         auto v = to_number(r[0], r[1], r.arena);
         return v ? numeric(*v) : "NULL";
       }},
      {"json", [](const Run& r) { return text(js(r, 0)); }},
      {"jsonb", [](const Run& r) { return jsonb(jb(r, 0)); }},
      {"jsonb_cmp",
       [](const Run& r) {
         Datum a = jb(r, 0), b = jb(r, 1);
         return text(std::to_string(jsonb_compare(JsonbView(a), JsonbView(b))));
       }},
      {"j_field", [](const Run& r) { return json(json_get_field(js(r, 0), r[1])); }},
      {"j_field_text",
       [](const Run& r) {
         auto v = json_get_field(js(r, 0), r[1]);
         std::string out = "=";
         return v && json_value_text(*v, out) ? out : "NULL";
       }},
      {"j_elem", [](const Run& r) { return json(json_get_element(js(r, 0), std::stoi(r[1]))); }},
      {"j_path", [](const Run& r) { return json(json_get_path(js(r, 0), path(r, 1))); }},
      {"j_typeof", [](const Run& r) { return text(std::string(json_typeof(js(r, 0)))); }},
      {"j_len", [](const Run& r) { return text(std::to_string(json_array_length(js(r, 0)))); }},
      {"j_strip",
       [](const Run& r) {
         std::string out = "=";
         json_strip_nulls(js(r, 0), out);
         return out;
       }},
      {"j_each",
       [](const Run& r) {
         std::string out;
         bool any = false;
         json_each_member(js(r, 0), "json_each", [&](std::string_view k, std::string_view v) {
           if (any) out += ';';
           any = true;
           out.append(k).append("=").append(v);
         });
         return list(out, any);
       }},
      {"j_elems",
       [](const Run& r) {
         std::string out;
         bool any = false;
         json_each_element(js(r, 0), "json_array_elements", [&](std::string_view v) {
           if (any) out += ';';
           any = true;
           out.append(v);
         });
         return list(out, any);
       }},
      {"j_keys",
       [](const Run& r) {
         std::string out;
         bool any = false;
         json_each_key(js(r, 0), [&](std::string_view k) {
           if (any) out += ';';
           any = true;
           out.append(k);
         });
         return list(out, any);
       }},
      {"b_field",
       [](const Run& r) {
         Datum a = jb(r, 0);
         return jsonb(jsonb_get_field(JsonbView(a), r[1]));
       }},
      {"b_field_text",
       [](const Run& r) {
         Datum a = jb(r, 0);
         auto v = jsonb_get_field(JsonbView(a), r[1]);
         std::string out = "=";
         return v && jsonb_value_text(*v, out) ? out : "NULL";
       }},
      {"b_elem",
       [](const Run& r) {
         Datum a = jb(r, 0);
         return jsonb(jsonb_get_element(JsonbView(a), std::stoi(r[1])));
       }},
      {"b_path",
       [](const Run& r) {
         Datum a = jb(r, 0);
         return jsonb(jsonb_get_path(JsonbView(a), path(r, 1)));
       }},
      {"b_typeof",
       [](const Run& r) {
         Datum a = jb(r, 0);
         return text(std::string(jsonb_typeof(JsonbView(a))));
       }},
      {"b_len",
       [](const Run& r) {
         Datum a = jb(r, 0);
         return text(std::to_string(jsonb_array_length(JsonbView(a))));
       }},
      {"b_strip",
       [](const Run& r) {
         Datum a = jb(r, 0);
         return jsonb(jsonb_strip_nulls(JsonbView(a), r.arena));
       }},
      {"b_each",
       [](const Run& r) {
         Datum a = jb(r, 0);
         std::string out;
         bool any = false;
         jsonb_each_member(JsonbView(a), "jsonb_each", [&](std::string_view k, JsonbView v) {
           if (any) out += ';';
           any = true;
           out.append(k).append("=");
           jsonb_to_text(v, out);
         });
         return list(out, any);
       }},
      {"b_elems",
       [](const Run& r) {
         Datum a = jb(r, 0);
         std::string out;
         bool any = false;
         jsonb_each_element(JsonbView(a), [&](JsonbView v) {
           if (any) out += ';';
           any = true;
           jsonb_to_text(v, out);
         });
         return list(out, any);
       }},
      {"b_keys",
       [](const Run& r) {
         Datum a = jb(r, 0);
         std::string out;
         bool any = false;
         jsonb_each_key(JsonbView(a), [&](std::string_view k) {
           if (any) out += ';';
           any = true;
           out.append(k);
         });
         return list(out, any);
       }},
      {"b_contains",
       [](const Run& r) {
         Datum a = jb(r, 0), b = jb(r, 1);
         return flag(jsonb_contains(JsonbView(a), JsonbView(b)));
       }},
      {"b_exists",
       [](const Run& r) {
         Datum a = jb(r, 0);
         return flag(jsonb_exists(JsonbView(a), r[1]));
       }},
      {"b_concat",
       [](const Run& r) {
         Datum a = jb(r, 0), b = jb(r, 1);
         return jsonb(jsonb_concat(JsonbView(a), JsonbView(b), r.arena));
       }},
      {"b_delete",
       [](const Run& r) {
         Datum a = jb(r, 0);
         return jsonb(jsonb_delete_key(JsonbView(a), r[1], r.arena));
       }},
      {"b_delete_at",
       [](const Run& r) {
         Datum a = jb(r, 0);
         return jsonb(jsonb_delete_element(JsonbView(a), std::stoi(r[1]), r.arena));
       }},
      {"b_delete_path",
       [](const Run& r) {
         Datum a = jb(r, 0);
         return jsonb(jsonb_delete_path(JsonbView(a), steps(r, 1), r.arena));
       }},
      {"b_set",
       [](const Run& r) {
         Datum a = jb(r, 0), v = jb(r, 2);
         return jsonb(jsonb_set(JsonbView(a), steps(r, 1), JsonbView(v), true, r.arena));
       }},
      {"b_replace",
       [](const Run& r) {
         Datum a = jb(r, 0), v = jb(r, 2);
         return jsonb(jsonb_set(JsonbView(a), steps(r, 1), JsonbView(v), false, r.arena));
       }},
      {"b_insert",
       [](const Run& r) {
         Datum a = jb(r, 0), v = jb(r, 2);
         return jsonb(jsonb_insert(JsonbView(a), steps(r, 1), JsonbView(v), false, r.arena));
       }},
      {"b_insert_after",
       [](const Run& r) {
         Datum a = jb(r, 0), v = jb(r, 2);
         return jsonb(jsonb_insert(JsonbView(a), steps(r, 1), JsonbView(v), true, r.arena));
       }},
      {"b_pretty",
       [](const Run& r) {
         Datum a = jb(r, 0);
         std::string out = "=";
         jsonb_pretty(JsonbView(a), out);
         return out;
       }},
  };
  return all;
}

std::string error_text(const SqlError& e) {
  return fmt::format("!{}|{}|{}|{}|{}", sql_state_code(e.state), e.message, e.detail_text,
                     e.hint_text, e.context_text);
}

// Returns how many lines differ and prints them.
int replay(const std::string& file_name) {
  std::string folder = __FILE__;
  folder.resize(folder.rfind('/'));
  std::ifstream file(file_name[0] == '/' ? file_name : folder + "/testdata/" + file_name);
  REQUIRE(file.is_open());
  int differences = 0, lines = 0;
  Arena arena;
  for (std::string line; std::getline(file, line); ++lines) {
    auto cells = split(line, '\t');
    IoContext io = context_of(cells[0]);
    Args args;
    for (size_t i = 2; i + 2 < cells.size(); ++i) args.push_back(unescape(cells[i]));
    std::string expected = unescape(cells.back()), result;
    arena.reset();
    try {
      result = operations().at(cells[1])(Run{args, io, arena});
    } catch (const SqlError& e) {
      result = error_text(e);
    }
    if (result == expected) continue;
    ++differences;
    std::cout << line << "\n  got: " << result << "\n";
  }
  CHECK(lines > 100);
  return differences;
}

TEST_CASE("date/time and number templates agree with the recorded answers", "[datetime]") {
  CHECK(replay("datetime_cases.tsv") == 0);
}

TEST_CASE("json and jsonb agree with the recorded answers", "[json]") {
  CHECK(replay("json_cases.tsv") == 0);
}

// For larger samples: LUMA_CASES=/tmp/x.tsv engine_type_test "[replay]"
TEST_CASE("any recorded file", "[.replay]") {
  const char* file = std::getenv("LUMA_CASES");
  REQUIRE(file != nullptr);
  CHECK(replay(file) == 0);
}

}  // namespace
}  // namespace luma
