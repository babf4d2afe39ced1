#include "engine/type/datetime.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/base/sql_error.h"
#include "engine/type/datetime_arithmetic.h"
#include "engine/type/interval.h"
#include "engine/type/timezone.h"

namespace luma {
namespace {

std::string shown(std::string_view type_name, const Datum& value, const IoContext& io) {
  const TypeInfo& type = *find_type(type_name);
  std::string out;
  type.output(value, type, io, out);
  return out;
}

TEST_CASE("keys of date/time types order like the values and read back", "[datetime]") {
  const std::map<std::string, std::vector<std::string>> ascending = {
      {"date",
       {"-infinity", "4713-01-01 BC", "1999-12-31", "2000-01-01", "2024-02-29", "infinity"}},
      {"time", {"00:00", "00:00:00.000001", "12:00", "24:00"}},
      {"timetz", {"10:00+05", "10:00+04", "09:00+03", "06:00+00", "07:00+01", "23:00-05"}},
      {"timestamp",
       {"-infinity", "0001-01-01 BC", "1999-12-31 23:59:59.999999", "2000-01-01", "infinity"}},
      {"timestamptz", {"-infinity", "2024-01-01 00:00+02", "2024-01-01 00:00+01", "infinity"}},
      {"interval",
       {"-1 mon", "-29 days", "0", "1 day", "24:00:01", "29 days 23:00", "1 mon", "31 days"}}};
  Arena arena;
  IoContext io;
  for (const auto& [name, texts] : ascending) {
    const TypeInfo& type = *find_type(name);
    std::string last_key;
    std::vector<Datum> values;
    for (const std::string& text : texts) values.push_back(type.input(text, type, -1, io, arena));
    if (name == "timetz") {
      std::sort(values.begin(), values.end(),
                [&](const Datum& a, const Datum& b) { return type.compare(a, b, type) < 0; });
    }
    for (size_t i = 0; i < values.size(); ++i) {
      INFO(name << " " << texts[i]);
      std::string key;
      type.key_encode(values[i], type, key);
      CHECK(key > last_key);
      if (i > 0) CHECK(type.compare(values[i - 1], values[i], type) < 0);
      if (type.key_decode != nullptr) {
        std::string_view rest = key;
        Datum again = type.key_decode(rest, type, arena);
        CHECK(rest.empty());
        CHECK(type.compare(again, values[i], type) == 0);
      }
      std::string wire;
      type.send(values[i], type, io, wire);
      CHECK(shown(name, type.receive(wire, type, -1, io, arena), io) == shown(name, values[i], io));
      last_key = key;
    }
  }
}

TEST_CASE("equal intervals hash equally", "[datetime]") {
  const TypeInfo& type = *find_type("interval");
  Datum month = Datum::of_interval(parse_interval("1 mon")),
        days = Datum::of_interval(parse_interval("29 days 24:00"));
  CHECK(type.compare(month, days, type) == 0);
  CHECK(type.hash(month, type) == type.hash(days, type));
}

TEST_CASE("words for the present follow the session's clock and zone", "[datetime]") {
  IoContext io;
  io.time_zone = TimeZone::find("America/New_York");
  io.now_micros = timestamptz_from_text("2024-03-10 03:30:00+00", io);  // still the 9th in New York
  std::string out;
  date_to_text(date_from_text("today", io), io, out);
  out += ' ';
  date_to_text(date_from_text("tomorrow", io), io, out);
  out += ' ';
  timestamp_to_text(timestamp_from_text("yesterday 04:05", io), io, out);
  out += ' ';
  timestamptz_to_text(timestamptz_from_text("now", io), io, out);
  out += ' ';
  time_to_text(time_from_text("now", io), out);
  CHECK(out == "2024-03-09 2024-03-10 2024-03-08 04:05:00 2024-03-09 22:30:00-05 22:30:00");
}

TEST_CASE("zones are found as SET TimeZone finds them", "[timezone]") {
  auto name = [](const char* text) {
    const TimeZone* zone = TimeZone::find_setting(text);
    return zone == nullptr ? std::string("none") : zone->name();
  };
  CHECK(name("america/new_york") == "America/New_York");
  CHECK(name("utc") == "UTC");
  CHECK(name("est5edt") == "EST5EDT");
  CHECK(name("-5") == "<-05>+05");
  CHECK(name("+02") == "<+02>-02");
  CHECK(name("5.5") == "<+05:30>-05:30");
  CHECK(name("INTERVAL '-03:30'") == "<-03:30>+03:30");
  CHECK(name("<+03>-03") == "<+03>-03");
  CHECK(name("Foo/Bar") == "none");
  CHECK(name("200") == "none");
  CHECK(name("") == "none");
  CHECK(TimeZone::names().size() > 400);
}

TEST_CASE("offsets follow the rules beyond the file's last transition", "[timezone]") {
  const TimeZone* zone = TimeZone::find("Europe/Berlin");
  IoContext io;
  auto hours = [&](const char* text) {
    return zone->at(timestamptz_from_text(text, io)).east_secs / 3600;
  };
  CHECK(hours("2024-07-01 00:00Z") == 2);
  CHECK(hours("2060-01-01 00:00Z") == 1);
  CHECK(hours("2060-07-01 00:00Z") == 2);
  CHECK(hours("9999-07-01 00:00Z") == 2);
  CHECK(hours("290000-01-01 00:00Z") == 1);
  CHECK(zone->at(timestamptz_from_text("2060-07-01 00:00Z", io)).abbreviation == "CEST");
}

TEST_CASE("calendar arithmetic is its own inverse", "[datetime]") {
  for (int32_t date = kMinDate; date < kEndDate - 20000000; date += 9973) {
    CivilTime t = civil_of_date(date);
    REQUIRE(date_of(t.year, t.month, t.day) == date);
    REQUIRE((t.day >= 1 && t.day <= days_in_month(t.year, t.month)));
  }
}

}  // namespace
}  // namespace luma
