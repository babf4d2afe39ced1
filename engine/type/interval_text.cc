// interval -> text in the four interval styles.
#include <fmt/format.h>

#include <cstdlib>

#include "engine/type/datetime.h"
#include "engine/type/interval.h"

namespace luma {
namespace {

struct Parts {
  int64_t years, months, days, hours, minutes, seconds, micros;

  bool clock_nonzero() const { return hours != 0 || minutes != 0 || seconds != 0 || micros != 0; }
  bool clock_negative() const { return hours < 0 || minutes < 0 || seconds < 0 || micros < 0; }
  bool clock_positive() const { return hours > 0 || minutes > 0 || seconds > 0 || micros > 0; }
};

Parts parts_of(const Interval& v) {
  return {v.months / 12,
          v.months % 12,
          v.days,
          v.micros / kMicrosPerHour,
          v.micros / kMicrosPerMinute % 60,
          v.micros / kMicrosPerSec % 60,
          v.micros % kMicrosPerSec};
}

uint64_t magnitude(int64_t v) {
  return v < 0 ? uint64_t{0} - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
}

void put_seconds(std::string& out, const Parts& p, bool two_digits) {
  if (two_digits) {
    fmt::format_to(std::back_inserter(out), "{:02}", magnitude(p.seconds));
  } else {
    fmt::format_to(std::back_inserter(out), "{}", magnitude(p.seconds));
  }
  if (p.micros == 0) return;
  fmt::format_to(std::back_inserter(out), ".{:06}", magnitude(p.micros));
  while (out.back() == '0') out.pop_back();
}

void put_postgres(std::string& out, const Parts& p) {
  bool empty = true, after_negative = false;
  auto put = [&](int64_t value, const char* unit) {
    if (value == 0) return;
    fmt::format_to(std::back_inserter(out), "{}{}{} {}{}", empty ? "" : " ",
                   after_negative && value > 0 ? "+" : "", value, unit, value != 1 ? "s" : "");
    after_negative = value < 0;
    empty = false;
  };
  put(p.years, "year");
  put(p.months, "mon");
  put(p.days, "day");
  if (!empty && !p.clock_nonzero()) return;
  fmt::format_to(std::back_inserter(out), "{}{}{:02}:{:02}:", empty ? "" : " ",
                 p.clock_negative() ? "-"
                 : after_negative   ? "+"
                                    : "",
                 magnitude(p.hours), magnitude(p.minutes));
  put_seconds(out, p, true);
}

void put_verbose(std::string& out, const Parts& p) {
  bool empty = true, ago = false;
  auto put = [&](int64_t value, const char* unit) {
    if (value == 0) return;
    if (empty) {
      ago = value < 0;
      value = std::abs(value);
    } else if (ago) {
      value = -value;
    }
    fmt::format_to(std::back_inserter(out), " {} {}{}", value, unit, value == 1 ? "" : "s");
    empty = false;
  };
  out.push_back('@');
  put(p.years, "year");
  put(p.months, "mon");
  put(p.days, "day");
  put(p.hours, "hour");
  put(p.minutes, "min");
  if (p.seconds != 0 || p.micros != 0) {
    out.push_back(' ');
    if (p.seconds < 0 || p.micros < 0) {
      if (empty) {
        ago = true;
      } else if (!ago) {
        out.push_back('-');
      }
    } else if (ago) {
      out.push_back('-');
    }
    put_seconds(out, p, false);
    out += magnitude(p.seconds) != 1 || p.micros != 0 ? " secs" : " sec";
    empty = false;
  }
  if (empty) out += " 0";
  if (ago) out += " ago";
}

void put_sql_standard(std::string& out, Parts p) {
  bool negative = p.years < 0 || p.months < 0 || p.days < 0 || p.clock_negative();
  bool positive = p.years > 0 || p.months > 0 || p.days > 0 || p.clock_positive();
  bool year_month = p.years != 0 || p.months != 0;
  bool day_time = p.days != 0 || p.clock_nonzero();
  auto to = std::back_inserter(out);
  if (!negative && !positive) {
    out.push_back('0');
    return;
  }
  if ((negative && positive) || (year_month && day_time)) {
    // Not expressible in the standard's form: every part gets its sign.
    fmt::format_to(to, "{}{}-{} {}{} {}{}:{:02}:", p.years < 0 || p.months < 0 ? '-' : '+',
                   magnitude(p.years), magnitude(p.months), p.days < 0 ? '-' : '+',
                   magnitude(p.days), p.clock_negative() ? '-' : '+', magnitude(p.hours),
                   magnitude(p.minutes));
    put_seconds(out, p, true);
    return;
  }
  if (negative) out.push_back('-');
  if (year_month) {
    fmt::format_to(to, "{}-{}", magnitude(p.years), magnitude(p.months));
    return;
  }
  if (p.days != 0) fmt::format_to(to, "{} ", magnitude(p.days));
  fmt::format_to(to, "{}:{:02}:", magnitude(p.hours), magnitude(p.minutes));
  put_seconds(out, p, true);
}

void put_iso(std::string& out, const Parts& p) {
  auto put = [&](int64_t value, char unit) {
    if (value != 0) fmt::format_to(std::back_inserter(out), "{}{}", value, unit);
  };
  size_t begin = out.size();
  out.push_back('P');
  put(p.years, 'Y');
  put(p.months, 'M');
  put(p.days, 'D');
  if (p.clock_nonzero()) {
    out.push_back('T');
    put(p.hours, 'H');
    put(p.minutes, 'M');
    if (p.seconds != 0 || p.micros != 0) {
      if (p.seconds < 0 || p.micros < 0) out.push_back('-');
      put_seconds(out, p, false);
      out.push_back('S');
    }
  }
  if (out.size() == begin + 1) out += "T0S";
}

}  // namespace

void interval_to_text(const Interval& value, IntervalStyle style, std::string& out) {
  Parts parts = parts_of(value);
  switch (style) {
    case IntervalStyle::kPostgres:
      return put_postgres(out, parts);
    case IntervalStyle::kPostgresVerbose:
      return put_verbose(out, parts);
    case IntervalStyle::kSqlStandard:
      return put_sql_standard(out, parts);
    case IntervalStyle::kIso8601:
      return put_iso(out, parts);
  }
}

}  // namespace luma
