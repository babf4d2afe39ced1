// Date/time items of jsonpath: .datetime(), their comparison and text.
#include <algorithm>

#include "engine/type/datetime_format.h"
#include "engine/type/datetime_template.h"
#include "sql/function/jsonpath_run.h"

namespace luma {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads the ISO formats that .datetime() knows, piece by piece.
class IsoReader {
 public:
  explicit IsoReader(std::string_view text) : text_(text) {}
  bool at_end() const { return at_ == text_.size(); }
  bool accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool number(size_t max_digits) {
    size_t begin = at_;
    while (at_ < text_.size() && at_ - begin < max_digits && is_digit(text_[at_])) ++at_;
    return at_ > begin;
  }
  bool date() { return number(4) && accept('-') && number(2) && accept('-') && number(2); }
  bool time() {
    if (!number(2) || !accept(':') || !number(2) || !accept(':') || !number(2)) return false;
    return !accept('.') || number(6);
  }
  // [ ]+HH[:MM]
  bool zone() {
    accept(' ');
    bool negative = at_ < text_.size() && text_[at_] == '-';
    if (!accept('+') && !accept('-')) return false;
    size_t begin = at_;
    if (!number(2)) return false;
    int hours = value(begin);
    int minutes = 0;
    if (accept(':')) {
      begin = at_;
      if (!number(2)) return false;
      minutes = value(begin);
    }
    east_secs_ = (hours * 60 + minutes) * 60 * (negative ? -1 : 1);
    return true;
  }
  int32_t east_secs() const { return east_secs_; }

 private:
  int value(size_t begin) const {
    int out = 0;
    for (char c : text_.substr(begin, at_ - begin)) out = out * 10 + (c - '0');
    return out;
  }
  std::string_view text_;
  size_t at_ = 0;
  int32_t east_secs_ = 0;
};

Oid iso_type(std::string_view text, int32_t& east_secs) {
  IsoReader reader(text);
  bool has_date = text.find('-') != std::string_view::npos && text.find('-') <= 4;
  if (has_date) {
    if (!reader.date()) return kInvalidOid;
    if (reader.at_end()) return type_oid::kDate;
    if (!reader.accept('T') && !reader.accept(' ')) return kInvalidOid;
  }
  if (!reader.time()) return kInvalidOid;
  if (reader.at_end()) return has_date ? type_oid::kTimestamp : type_oid::kTime;
  if (!reader.zone() || !reader.at_end()) return kInvalidOid;
  east_secs = reader.east_secs();
  return has_date ? type_oid::kTimestamptz : type_oid::kTimetz;
}

// What the fields of a template give.
struct TemplateParts {
  bool date = false, time = false;
};
TemplateParts template_parts(std::string_view format) {
  TemplateParts parts;
  for (const DateNode& node : parse_date_template(format)) {
    if (node.kind != DateNode::kField) continue;
    switch (node.keyword->field) {
      case DateField::kFixed:
        break;
      case DateField::kOffset:
      case DateField::kZone:
      case DateField::kZoneHours:
      case DateField::kZoneMinutes:
        throw unsupported("time zones in templates of jsonpath's .datetime()");
      case DateField::kMeridiem:
      case DateField::kMeridiemDots:
      case DateField::kFraction:
      case DateField::kHour24:
      case DateField::kHour12:
      case DateField::kMinute:
      case DateField::kMillis:
      case DateField::kMicros:
      case DateField::kSecond:
      case DateField::kSecondsOfDay:
        parts.time = true;
        break;
      default:
        parts.date = true;
    }
  }
  return parts;
}

bool has_date(Oid type) {
  return type == type_oid::kDate || type == type_oid::kTimestamp || type == type_oid::kTimestamptz;
}
bool has_zone(Oid type) { return type == type_oid::kTimestamptz || type == type_oid::kTimetz; }

int order_of(int64_t a, int64_t b) { return a < b ? -1 : a > b; }

std::string_view short_name(Oid type) {
  return type == type_oid::kDate        ? "date"
         : type == type_oid::kTime      ? "time"
         : type == type_oid::kTimetz    ? "timetz"
         : type == type_oid::kTimestamp ? "timestamp"
                                        : "timestamptz";
}

int64_t as_instant(const JsonPathValue& value, bool with_zone, const TimeZone* zone) {
  if (value.datetime_type == type_oid::kDate) {
    return with_zone ? date_to_timestamptz(value.datetime.i32, zone)
                     : date_to_timestamp(value.datetime.i32);
  }
  if (value.datetime_type == type_oid::kTimestamp && with_zone) {
    return timestamp_to_timestamptz(value.datetime.i64, zone);
  }
  return value.datetime.i64;
}

}  // namespace

std::optional<JsonPathValue> jsonpath_datetime(std::string_view text) {
  JsonPathValue value;
  value.datetime_type = iso_type(text, value.zone_east_secs);
  if (value.datetime_type == kInvalidOid) return std::nullopt;
  IoContext io;
  io.date_order = DateOrder::kYmd;
  try {
    if (value.datetime_type == type_oid::kDate) {
      value.datetime = Datum::of_int32(date_from_text(text, io));
    } else if (value.datetime_type == type_oid::kTime) {
      value.datetime = Datum::of_int64(time_from_text(text, io));
    } else if (value.datetime_type == type_oid::kTimetz) {
      value.datetime = Datum::of_timetz(timetz_from_text(text, io));
    } else if (value.datetime_type == type_oid::kTimestamp) {
      value.datetime = Datum::of_int64(timestamp_from_text(text, io));
    } else {
      value.datetime = Datum::of_int64(timestamptz_from_text(text, io));
    }
  } catch (const SqlError&) {
    return std::nullopt;  // fields out of range: no format fits
  }
  return value;
}

JsonPathValue jsonpath_datetime(std::string_view text, std::string_view format) {
  TemplateParts parts = template_parts(format);
  if (!parts.date && !parts.time) {
    throw sql_error(SqlState::kInvalidDatetimeFormat, "datetime format is not dated and not timed");
  }
  int64_t timestamp = to_timestamp(text, format, nullptr);
  JsonPathValue value;
  if (!parts.time) {
    value.datetime_type = type_oid::kDate;
    value.datetime = Datum::of_int32(timestamp_to_date(timestamp));
  } else if (!parts.date) {
    value.datetime_type = type_oid::kTime;
    value.datetime = Datum::of_int64(timestamp_to_time(timestamp));
  } else {
    value.datetime_type = type_oid::kTimestamp;
    value.datetime = Datum::of_int64(timestamp);
  }
  return value;
}

std::string_view jsonpath_datetime_type_name(Oid type) {
  return type == type_oid::kDate        ? "date"
         : type == type_oid::kTime      ? "time without time zone"
         : type == type_oid::kTimetz    ? "time with time zone"
         : type == type_oid::kTimestamp ? "timestamp without time zone"
                                        : "timestamp with time zone";
}

std::string jsonpath_datetime_text(const JsonPathValue& value) {
  std::string out;
  if (value.datetime_type == type_oid::kDate) {
    date_to_json_text(value.datetime.i32, out);
  } else if (value.datetime_type == type_oid::kTime) {
    time_to_text(value.datetime.i64, out);
  } else if (value.datetime_type == type_oid::kTimestamp) {
    timestamp_to_json_text(value.datetime.i64, out);
  } else if (value.datetime_type == type_oid::kTimestamptz) {
    timestamptz_to_json_text(value.datetime.i64, TimeZone::fixed(value.zone_east_secs), out);
  } else {
    timetz_to_text(value.datetime.timetz, out);
    // JSON shows the minutes of an offset always.
    size_t sign = out.find_last_of("+-");
    if (out.find(':', sign) == std::string::npos) out += ":00";
  }
  return out;
}

std::optional<int> jsonpath_compare_datetime(const JsonPathValue& a, const JsonPathValue& b,
                                             bool zone_allowed, const IoContext& io) {
  if (has_date(a.datetime_type) != has_date(b.datetime_type)) return std::nullopt;
  bool with_zone = has_zone(a.datetime_type) || has_zone(b.datetime_type);
  if (with_zone && has_zone(a.datetime_type) != has_zone(b.datetime_type) && !zone_allowed) {
    const JsonPathValue& plain = has_zone(a.datetime_type) ? b : a;
    const JsonPathValue& zoned = has_zone(a.datetime_type) ? a : b;
    throw sql_error(SqlState::kFeatureNotSupported,
                    "cannot convert value from {} to {} without time zone usage",
                    short_name(plain.datetime_type), short_name(zoned.datetime_type))
        .hint("Use *_tz() function for time zone support.");
  }
  const TimeZone* zone = io.time_zone;
  if (has_date(a.datetime_type)) {
    return order_of(as_instant(a, with_zone, zone), as_instant(b, with_zone, zone));
  }
  if (!with_zone) return order_of(a.datetime.i64, b.datetime.i64);
  auto zoned = [&](const JsonPathValue& value) {
    return value.datetime_type == type_oid::kTimetz
               ? value.datetime.timetz
               : time_to_timetz(value.datetime.i64, zone, io.now_micros);
  };
  return timetz_compare(zoned(a), zoned(b));
}

}  // namespace luma
