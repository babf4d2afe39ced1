// Text input and output of the date/time types.
#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "engine/base/sql_error.h"
#include "engine/type/datetime.h"
#include "engine/type/datetime_parse.h"

namespace luma {
namespace {

constexpr const char* kMonthNames[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr const char* kDayNames[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr size_t kMaxZoneNameBytes = 10;

void put_two(std::string& out, int value) {
  if (value < 100) {
    out.push_back(static_cast<char>('0' + value / 10));
    out.push_back(static_cast<char>('0' + value % 10));
  } else {
    out += std::to_string(value);
  }
}

void put_year(std::string& out, int year) {
  if (year <= 0) year = 1 - year;
  if (year < 10000) {
    put_two(out, year / 100);
    put_two(out, year % 100);
  } else {
    out += std::to_string(year);
  }
}

void put_fraction(std::string& out, int micros) {
  if (micros == 0) return;
  char digits[7] = {'.'};
  for (int i = 6; i >= 1; --i, micros /= 10) digits[i] = static_cast<char>('0' + micros % 10);
  size_t size = 7;
  while (digits[size - 1] == '0') --size;
  out.append(digits, size);
}

void put_clock(std::string& out, int hour, int minute, int second, int micros) {
  put_two(out, hour);
  out.push_back(':');
  put_two(out, minute);
  out.push_back(':');
  put_two(out, second);
  put_fraction(out, micros);
}

void put_offset(std::string& out, int32_t east_secs, bool always_minutes) {
  int32_t absolute = std::abs(east_secs);
  out.push_back(east_secs < 0 ? '-' : '+');
  put_two(out, absolute / 3600);
  if (always_minutes || absolute % 3600 != 0) {
    out.push_back(':');
    put_two(out, absolute / 60 % 60);
  }
  if (absolute % 60 != 0) {
    out.push_back(':');
    put_two(out, absolute % 60);
  }
}

void put_iso_date(std::string& out, const CivilTime& t) {
  put_year(out, t.year);
  out.push_back('-');
  put_two(out, t.month);
  out.push_back('-');
  put_two(out, t.day);
}

void put_pair(std::string& out, int first, int second, char separator) {
  put_two(out, first);
  out.push_back(separator);
  put_two(out, second);
}

void put_styled_date(std::string& out, const CivilTime& t, const IoContext& io) {
  if (io.date_style == DateStyle::kIso) return put_iso_date(out, t);
  char separator = io.date_style == DateStyle::kGerman ? '.'
                   : io.date_style == DateStyle::kSql  ? '/'
                                                       : '-';
  bool day_first = io.date_style == DateStyle::kGerman || io.date_order == DateOrder::kDmy;
  put_pair(out, day_first ? t.day : t.month, day_first ? t.month : t.day, separator);
  out.push_back(separator);
  put_year(out, t.year);
}

void put_zone(std::string& out, const CivilTime& t, const IoContext& io) {
  if (io.date_style == DateStyle::kIso) return put_offset(out, t.zone.east_secs, false);
  out.push_back(' ');
  out += t.zone.abbreviation.substr(0, kMaxZoneNameBytes);
}

void put_datetime(std::string& out, const CivilTime& t, bool with_zone, const IoContext& io) {
  if (io.date_style == DateStyle::kPostgres) {
    out += kDayNames[weekday_of_julian(julian_day(t.year, t.month, t.day))];
    out.push_back(' ');
    if (io.date_order == DateOrder::kDmy) {
      put_two(out, t.day);
      out.push_back(' ');
      out += kMonthNames[t.month - 1];
    } else {
      out += kMonthNames[t.month - 1];
      out.push_back(' ');
      put_two(out, t.day);
    }
    out.push_back(' ');
    put_clock(out, t.hour, t.minute, t.second, t.micros);
    out.push_back(' ');
    put_year(out, t.year);
  } else {
    put_styled_date(out, t, io);
    out.push_back(' ');
    put_clock(out, t.hour, t.minute, t.second, t.micros);
  }
  if (with_zone) put_zone(out, t, io);
  if (t.year <= 0) out += " BC";
}

bool put_infinity(std::string& out, bool positive, bool negative) {
  if (positive) out += "infinity";
  if (negative) out += "-infinity";
  return positive || negative;
}

bool put_timestamp_infinity(std::string& out, int64_t t) {
  return put_infinity(out, t == kTimestampInfinity, t == kTimestampNegInfinity);
}

int64_t clock_micros(const CivilTime& t) {
  return t.hour * kMicrosPerHour + t.minute * kMicrosPerMinute + t.second * kMicrosPerSec +
         t.micros;
}

// Adds the text to an out-of-range error, as input functions report it.
int64_t timestamp_of_parsed(const ParsedDateTime& parsed, int32_t east_secs,
                            std::string_view text) {
  switch (parsed.special) {
    case ParsedDateTime::kInfinity:
      return kTimestampInfinity;
    case ParsedDateTime::kNegInfinity:
      return kTimestampNegInfinity;
    case ParsedDateTime::kEpoch:
      return kUnixEpochTimestamp;
    case ParsedDateTime::kNone:
      break;
  }
  const CivilTime& t = parsed.fields;
  int64_t result = 0;
  bool ok =
      julian_in_range(t.year, t.month) &&
      !__builtin_mul_overflow(int64_t{date_of(t.year, t.month, t.day)}, kMicrosPerDay, &result) &&
      !__builtin_add_overflow(result, clock_micros(t), &result) &&
      !__builtin_sub_overflow(result, east_secs * kMicrosPerSec, &result);
  if (!ok || !timestamp_in_range(result)) {
    throw sql_error(SqlState::kDatetimeFieldOverflow, "timestamp out of range: \"{}\"", text);
  }
  return result;
}

}  // namespace

int32_t date_from_text(std::string_view text, const IoContext& io) {
  ParsedDateTime parsed = parse_datetime_text(text, "date", io);
  switch (parsed.special) {
    case ParsedDateTime::kInfinity:
      return kDateInfinity;
    case ParsedDateTime::kNegInfinity:
      return kDateNegInfinity;
    case ParsedDateTime::kEpoch:
      return kUnixEpochDate;
    case ParsedDateTime::kNone:
      break;
  }
  const CivilTime& t = parsed.fields;
  int64_t date = 0;
  bool ok = julian_in_range(t.year, t.month);
  if (ok) date = date_of(t.year, t.month, t.day);
  if (!ok || !date_in_range(date)) {
    throw sql_error(SqlState::kDatetimeFieldOverflow, "date out of range: \"{}\"", text);
  }
  return static_cast<int32_t>(date);
}

int64_t time_from_text(std::string_view text, const IoContext& io) {
  return clock_micros(parse_time_text(text, "time", io).fields);
}

TimeTz timetz_from_text(std::string_view text, const IoContext& io) {
  CivilTime t = parse_time_text(text, "time with time zone", io).fields;
  return {clock_micros(t), -t.zone.east_secs, 0};
}

int64_t timestamp_from_text(std::string_view text, const IoContext& io) {
  return timestamp_of_parsed(parse_datetime_text(text, "timestamp", io), 0, text);
}

int64_t timestamptz_from_text(std::string_view text, const IoContext& io) {
  ParsedDateTime parsed = parse_datetime_text(text, "timestamp with time zone", io);
  return timestamp_of_parsed(parsed, parsed.fields.zone.east_secs, text);
}

void date_to_text(int32_t date, const IoContext& io, std::string& out) {
  if (put_infinity(out, date == kDateInfinity, date == kDateNegInfinity)) return;
  CivilTime t = civil_of_date(date);
  put_styled_date(out, t, io);
  if (t.year <= 0) out += " BC";
}

void time_to_text(int64_t time, std::string& out) {
  put_clock(out, static_cast<int>(time / kMicrosPerHour),
            static_cast<int>(time / kMicrosPerMinute % 60),
            static_cast<int>(time / kMicrosPerSec % 60), static_cast<int>(time % kMicrosPerSec));
}

void timetz_to_text(const TimeTz& time, std::string& out) {
  time_to_text(time.micros, out);
  put_offset(out, -time.zone_secs, false);
}

void timestamp_to_text(int64_t timestamp, const IoContext& io, std::string& out) {
  if (put_timestamp_infinity(out, timestamp)) return;
  put_datetime(out, civil_of_timestamp(timestamp), false, io);
}

void timestamptz_to_text(int64_t timestamptz, const IoContext& io, std::string& out) {
  if (put_timestamp_infinity(out, timestamptz)) return;
  put_datetime(out, civil_of_timestamptz(timestamptz, io.time_zone), true, io);
}

void date_to_json_text(int32_t date, std::string& out) { date_to_text(date, IoContext{}, out); }

void timestamp_to_json_text(int64_t timestamp, std::string& out) {
  if (put_timestamp_infinity(out, timestamp)) return;
  CivilTime t = civil_of_timestamp(timestamp);
  put_iso_date(out, t);
  out.push_back('T');
  put_clock(out, t.hour, t.minute, t.second, t.micros);
  if (t.year <= 0) out += " BC";
}

void timestamptz_to_json_text(int64_t timestamptz, const TimeZone* zone, std::string& out) {
  if (put_timestamp_infinity(out, timestamptz)) return;
  CivilTime t = civil_of_timestamptz(timestamptz, zone);
  put_iso_date(out, t);
  out.push_back('T');
  put_clock(out, t.hour, t.minute, t.second, t.micros);
  put_offset(out, t.zone.east_secs, true);
  if (t.year <= 0) out += " BC";
}

}  // namespace luma
