#include "engine/type/datetime_parse.h"

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/type/datetime_tokens.h"

namespace luma {
namespace {

constexpr size_t kMaxDateBytes = 153;
constexpr int kMaxZoneHours = 15;
constexpr int64_t kUnixEpochSecsBefore2000 = 946684800;

// What an input has told so far.
enum Part : uint32_t {
  kYear = 1,
  kMonth = 2,
  kDay = 4,
  kHour = 8,
  kMinute = 16,
  kSecond = 32,
  kZone = 64,
  kDayOfYear = 128,
  kMeridiemPart = 256,
  kEraPart = 512,
  kWeekdayPart = 1024,
  kDstZone = 2048,
  kDynamicZone = 4096,
  kDstModifierPart = 8192,
  kReservedPart = 32768,
  kDateParts = kYear | kMonth | kDay,
  kTimeParts = kHour | kMinute | kSecond,
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

[[noreturn]] void bad_format() { throw DateTimeFault::kBadFormat; }
[[noreturn]] void overflow() { throw DateTimeFault::kFieldOverflow; }

int64_t local_unix_secs(const CivilTime& t) {
  int64_t days = julian_day(t.year, t.month, t.day) - kEpochJulian;
  return days * kSecsPerDay + t.hour * 3600 + t.minute * 60 + t.second + kUnixEpochSecsBefore2000;
}

// A number that must fit an int; what follows it stays in `rest`.
int read_int(const std::string& text, std::string_view* rest) {
  size_t pos = 0;
  int64_t value = 0;
  if (!read_int64(text, pos, &value) || value > INT32_MAX || value < INT32_MIN) overflow();
  *rest = std::string_view(text).substr(pos);
  return static_cast<int>(value);
}

int digits_value(std::string_view text) {
  int64_t value = 0;
  for (char c : text) {
    if (!is_digit(c)) break;
    value = std::min<int64_t>(value * 10 + (c - '0'), INT32_MAX);
  }
  return static_cast<int>(value);
}

class Decoder {
 public:
  Decoder(std::vector<TextField> fields, const IoContext& io, bool time_only)
      : fields_(std::move(fields)), io_(io), time_only_(time_only) {}

  ParsedDateTime run();

 private:
  // A word that says what the next number means.
  enum Pending : uint8_t { kNothing, kTimePending, kUnitPending };

  uint32_t decode_date_field(size_t i);
  uint32_t decode_time_only_date_field(size_t i);
  uint32_t decode_number(size_t i);
  uint32_t decode_labelled_number(const std::string& text);
  uint32_t decode_time_only_number(size_t i);
  uint32_t decode_word(const std::string& word, bool* skip);
  uint32_t decode_keyword(const Keyword& keyword, bool* skip);
  uint32_t decode_abbreviation(const ZoneAbbreviation& row);
  uint32_t decode_date(const std::string& text);
  uint32_t decode_single_number(const std::string& text, uint32_t seen);
  uint32_t choose_date_part(int value, size_t digits, uint32_t seen);
  uint32_t decode_run_together(std::string text, uint32_t seen);
  uint32_t decode_zoned_time(const std::string& text, uint32_t seen);
  void decode_clock(const std::string& text);
  uint32_t set_julian(int julian, std::string_view fraction);
  void check_date();
  void apply_meridiem();
  void resolve_zone();
  void resolve_time_only_zone();
  CivilTime zone_reference() const;
  CivilTime now_fields() const { return civil_of_timestamptz(io_.now_micros, io_.time_zone); }
  const TimeZone& session_zone() const { return io_.time_zone ? *io_.time_zone : TimeZone::utc(); }
  const TimeZone* named_zone(const std::string& name);

  std::vector<TextField> fields_;
  const IoContext& io_;
  const bool time_only_;
  ParsedDateTime result_;
  CivilTime& t_ = result_.fields;
  uint32_t seen_ = 0;
  size_t index_ = 0;  // of the field at hand
  Pending pending_ = kNothing;
  TimeUnit pending_unit_ = TimeUnit::kDay;
  bool has_month_name_ = false;
  bool is_julian_ = false;
  bool two_digit_year_ = false;
  bool before_christ_ = false;
  int meridiem_ = -1;  // 0 AM, 1 PM
  int day_of_year_ = 0;
  int32_t east_secs_ = 0;
  const TimeZone* named_zone_ = nullptr;
  const ZoneAbbreviation* dynamic_zone_ = nullptr;
};

ParsedDateTime Decoder::run() {
  t_.year = t_.month = t_.day = 0;
  for (size_t i = 0; i < fields_.size(); ++i) {
    uint32_t parts = 0;
    bool skip = false;
    index_ = i;
    switch (fields_[i].kind) {
      case FieldKind::kDate:
        parts = time_only_ ? decode_time_only_date_field(i) : decode_date_field(i);
        break;
      case FieldKind::kTime:
        if (pending_ != kNothing && !time_only_) {
          if (pending_ != kTimePending) bad_format();
          pending_ = kNothing;
        }
        decode_clock(fields_[i].text);
        parts = kTimeParts;
        if (!time_only_ && time_fields_overflow(t_.hour, t_.minute, t_.second, t_.micros))
          overflow();
        break;
      case FieldKind::kZone:
        east_secs_ = parse_zone_displacement(fields_[i].text);
        parts = kZone;
        break;
      case FieldKind::kNumber:
        parts = pending_ != kNothing ? decode_labelled_number(fields_[i].text)
                : time_only_         ? decode_time_only_number(i)
                                     : decode_number(i);
        break;
      case FieldKind::kString:
      case FieldKind::kSpecial:
        parts = decode_word(fields_[i].text, &skip);
        break;
    }
    if (skip) continue;
    if ((parts & seen_) != 0) bad_format();
    seen_ |= parts;
  }
  check_date();
  apply_meridiem();
  if (result_.special != ParsedDateTime::kNone) return result_;
  if (time_only_) {
    if (time_fields_overflow(t_.hour, t_.minute, t_.second, t_.micros)) overflow();
    if ((seen_ & kTimeParts) != kTimeParts) bad_format();
    resolve_time_only_zone();
  } else {
    if ((seen_ & kDateParts) != kDateParts) bad_format();
    resolve_zone();
  }
  t_.zone.east_secs = east_secs_;
  return result_;
}

const TimeZone* Decoder::named_zone(const std::string& name) {
  named_zone_ = TimeZone::find(name);
  return named_zone_;
}

uint32_t Decoder::decode_zoned_time(const std::string& text, uint32_t seen) {
  if ((seen_ & kTimeParts) == kTimeParts) bad_format();
  size_t dash = text.find('-');
  if (dash == std::string::npos) bad_format();
  east_secs_ = parse_zone_displacement(std::string_view(text).substr(dash));
  return decode_run_together(text.substr(0, dash), seen) | kZone;
}

uint32_t Decoder::decode_date_field(size_t i) {
  const std::string& text = fields_[i].text;
  if (pending_ == kUnitPending && pending_unit_ == TimeUnit::kJulian) {
    std::string_view rest;
    int value = read_int(text, &rest);
    if (value < 0) overflow();
    set_julian(value, {});
    east_secs_ = parse_zone_displacement(rest);
    pending_ = kNothing;
    return kDateParts | kTimeParts | kZone;
  }
  if (pending_ == kNothing && (seen_ & (kMonth | kDay)) != (kMonth | kDay))
    return decode_date(text);
  // The date is known: this is a zone name, or a time with a zone behind it.
  if (pending_ != kNothing || is_digit(text[0])) {
    if (pending_ != kNothing && pending_ != kTimePending) bad_format();
    pending_ = kNothing;
    return decode_zoned_time(text, seen_);
  }
  if (named_zone(text) == nullptr) {
    throw sql_error(SqlState::kInvalidParameterValue, "time zone \"{}\" not recognized", text);
  }
  return kZone;
}

uint32_t Decoder::decode_time_only_date_field(size_t i) {
  const std::string& text = fields_[i].text;
  if (i == 0 && fields_.size() >= 2 &&
      (fields_.back().kind == FieldKind::kDate || fields_[1].kind == FieldKind::kTime)) {
    return decode_date(text);
  }
  if (is_digit(text[0])) return decode_zoned_time(text, seen_ | kDateParts);
  if (named_zone(text) == nullptr) {
    throw sql_error(SqlState::kInvalidParameterValue, "time zone \"{}\" not recognized", text);
  }
  return kZone;
}

uint32_t Decoder::set_julian(int julian, std::string_view fraction) {
  civil_from_julian(julian, &t_.year, &t_.month, &t_.day);
  is_julian_ = true;
  if (fraction.empty()) return kDateParts;
  auto micros = static_cast<int64_t>(read_fraction(fraction) * kMicrosPerDay);
  t_.hour = static_cast<int>(micros / kMicrosPerHour);
  t_.minute = static_cast<int>(micros / kMicrosPerMinute % 60);
  t_.second = static_cast<int>(micros / kMicrosPerSec % 60);
  t_.micros = static_cast<int>(micros % kMicrosPerSec);
  return kDateParts | kTimeParts;
}

// A number that a word before it announced: "J2451187", "T1000", "y2024 m1 d5".
uint32_t Decoder::decode_labelled_number(const std::string& text) {
  std::string_view rest;
  int value = read_int(text, &rest);
  Pending label = pending_;
  bool may_have_fraction = label == kTimePending || pending_unit_ == TimeUnit::kJulian ||
                           pending_unit_ == TimeUnit::kSecond;
  if (!rest.empty() && (rest[0] != '.' || !may_have_fraction)) bad_format();
  result_.special = ParsedDateTime::kNone;
  pending_ = kNothing;
  if (label == kTimePending) {
    uint32_t parts = decode_run_together(text, seen_ | kDateParts);
    if (parts != kTimeParts) bad_format();
    return parts;
  }
  switch (pending_unit_) {
    case TimeUnit::kJulian:
      if (value < 0) overflow();
      return set_julian(value, rest);
    case TimeUnit::kYear:
      t_.year = value;
      return kYear;
    case TimeUnit::kMonth:
      // Behind an hour it is the minute.
      if ((seen_ & kMonth) && (seen_ & kHour)) {
        t_.minute = value;
        return kMinute;
      }
      t_.month = value;
      return kMonth;
    case TimeUnit::kDay:
      t_.day = value;
      return kDay;
    case TimeUnit::kHour:
      t_.hour = value;
      return kHour;
    case TimeUnit::kMinute:
      t_.minute = value;
      return kMinute;
    case TimeUnit::kSecond:
      t_.second = value;
      if (!rest.empty()) t_.micros = read_fraction_micros(rest);
      return kSecond;
    default:
      bad_format();
  }
}

uint32_t Decoder::decode_number(size_t i) {
  const std::string& text = fields_[i].text;
  size_t dot = text.find('.');
  bool has_dot = dot != std::string::npos;
  if (has_dot && (seen_ & kDateParts) == 0) return decode_date(text);
  if (has_dot && dot > 2) return decode_run_together(text, seen_);
  if (text.size() >= 6 && ((seen_ & kDateParts) == 0 || (seen_ & kTimeParts) == 0)) {
    return decode_run_together(text, seen_);
  }
  return decode_single_number(text, seen_);
}

uint32_t Decoder::decode_time_only_number(size_t i) {
  const std::string& text = fields_[i].text;
  size_t dot = text.find('.');
  if (dot != std::string::npos) {
    if (i == 0 && fields_.size() >= 2 && fields_.back().kind == FieldKind::kDate)
      return decode_date(text);
    if (dot <= 2) bad_format();
    return decode_run_together(text, seen_ | kDateParts);
  }
  if (text.size() > 4) return decode_run_together(text, seen_ | kDateParts);
  return decode_single_number(text, seen_ | kDateParts);
}

uint32_t Decoder::decode_abbreviation(const ZoneAbbreviation& row) {
  if (!row.zone.empty()) {
    dynamic_zone_ = &row;
    return kDynamicZone | kZone;
  }
  east_secs_ = row.east_secs;
  return row.is_dst ? kDstZone | kZone : kZone;
}

uint32_t Decoder::decode_word(const std::string& word, bool* skip) {
  if (const ZoneAbbreviation* row = find_zone_abbreviation(word)) return decode_abbreviation(*row);
  if (const Keyword* keyword = find_datetime_keyword(word)) return decode_keyword(*keyword, skip);
  if (named_zone(word) == nullptr) bad_format();
  return kZone;
}

uint32_t Decoder::decode_keyword(const Keyword& keyword, bool* skip) {
  auto set_date = [this](int day_shift) {
    result_.special = ParsedDateTime::kNone;
    CivilTime now = now_fields();
    civil_from_julian(julian_day(now.year, now.month, now.day) + day_shift, &t_.year, &t_.month,
                      &t_.day);
    return uint32_t{kDateParts};
  };
  bool date_word = keyword.kind == KeywordKind::kYesterday || keyword.kind == KeywordKind::kToday ||
                   keyword.kind == KeywordKind::kTomorrow || keyword.kind == KeywordKind::kEpoch ||
                   keyword.kind == KeywordKind::kInfinity ||
                   keyword.kind == KeywordKind::kNegInfinity ||
                   keyword.kind == KeywordKind::kMonth || keyword.kind == KeywordKind::kWeekday;
  if (time_only_ && date_word) bad_format();
  switch (keyword.kind) {
    case KeywordKind::kIgnored:
      *skip = true;
      return 0;
    case KeywordKind::kNow: {
      result_.special = ParsedDateTime::kNone;
      CivilTime now = now_fields();
      if (time_only_) {
        t_.hour = now.hour, t_.minute = now.minute, t_.second = now.second, t_.micros = now.micros;
        return kTimeParts;
      }
      t_ = now;
      is_julian_ = true;  // the year is exact as it is
      east_secs_ = now.zone.east_secs;
      return kDateParts | kTimeParts | kZone;
    }
    case KeywordKind::kYesterday:
      return set_date(-1);
    case KeywordKind::kToday:
      return set_date(0);
    case KeywordKind::kTomorrow:
      return set_date(1);
    case KeywordKind::kAllBalls:
      result_.special = ParsedDateTime::kNone;
      t_.hour = t_.minute = t_.second = 0;
      east_secs_ = 0;
      return kTimeParts | kZone;
    case KeywordKind::kEpoch:
      result_.special = ParsedDateTime::kEpoch;
      return kReservedPart;
    case KeywordKind::kInfinity:
      result_.special = ParsedDateTime::kInfinity;
      return kReservedPart;
    case KeywordKind::kNegInfinity:
      result_.special = ParsedDateTime::kNegInfinity;
      return kReservedPart;
    case KeywordKind::kMonth: {
      uint32_t parts = kMonth;
      // A number that looked like a month turns out to be the day.
      if ((seen_ & kMonth) && !has_month_name_ && !(seen_ & kDay) && t_.month >= 1 &&
          t_.month <= 31) {
        t_.day = t_.month;
        parts = kDay;
      }
      has_month_name_ = true;
      t_.month = keyword.value;
      return parts;
    }
    case KeywordKind::kDstModifier:
      east_secs_ += keyword.value;
      return kDstModifierPart | kDstZone;
    case KeywordKind::kMeridiem:
      meridiem_ = keyword.value;
      return kMeridiemPart;
    case KeywordKind::kEra:
      before_christ_ = keyword.value == 1;
      return kEraPart;
    case KeywordKind::kWeekday:
      return kWeekdayPart;
    case KeywordKind::kUnit:
      pending_ = kUnitPending;
      pending_unit_ = static_cast<TimeUnit>(keyword.value);
      return 0;
    case KeywordKind::kIsoTime: {
      if (!time_only_ && (seen_ & kDateParts) != kDateParts) bad_format();
      // Only a time may follow.
      FieldKind next = index_ + 1 < fields_.size() ? fields_[index_ + 1].kind : FieldKind::kString;
      if (next != FieldKind::kNumber && next != FieldKind::kTime && next != FieldKind::kDate)
        bad_format();
      pending_ = kTimePending;
      return 0;
    }
    case KeywordKind::kUnknown:
      break;
  }
  bad_format();
}

// A date whose parts are joined by punctuation.
uint32_t Decoder::decode_date(const std::string& text) {
  std::vector<std::string> pieces;
  size_t pos = 0;
  auto alnum = [](char c) { return is_digit(c) || is_alpha(c); };
  while (pos < text.size()) {
    while (pos < text.size() && !alnum(text[pos])) ++pos;
    if (pos == text.size()) bad_format();
    size_t begin = pos;
    bool digits = is_digit(text[pos]);
    while (pos < text.size() && (digits ? is_digit(text[pos]) : is_alpha(text[pos]))) ++pos;
    pieces.push_back(text.substr(begin, pos - begin));
    if (pos < text.size()) ++pos;
  }
  uint32_t seen = seen_, parts = 0;
  bool saved_month_name = has_month_name_;
  has_month_name_ = false;
  auto add = [&](uint32_t part) {
    if ((seen & part) != 0) bad_format();
    seen |= part;
    parts |= part;
  };
  for (std::string& piece : pieces) {
    if (!is_alpha(piece[0])) continue;
    const Keyword* keyword = find_datetime_keyword(piece);
    if (keyword != nullptr && keyword->kind == KeywordKind::kIgnored) continue;
    if (keyword == nullptr || keyword->kind != KeywordKind::kMonth) bad_format();
    t_.month = keyword->value;
    has_month_name_ = true;
    add(kMonth);
    piece.clear();
  }
  for (const std::string& piece : pieces) {
    if (piece.empty()) continue;
    add(decode_single_number(piece, seen));
  }
  has_month_name_ = saved_month_name;
  if ((seen & ~uint32_t{kDayOfYear | kZone}) != kDateParts) bad_format();
  return parts;
}

uint32_t Decoder::decode_single_number(const std::string& text, uint32_t seen) {
  std::string_view rest;
  int value = read_int(text, &rest);
  if (rest.size() == text.size()) bad_format();
  if (!rest.empty()) {
    if (rest[0] != '.') bad_format();
    if (text.size() - rest.size() > 2) return decode_run_together(text, seen | kDateParts);
    t_.micros = read_fraction_micros(rest);
  }
  if (text.size() == 3 && (seen & kDateParts) == kYear && value >= 1 && value <= 366) {
    day_of_year_ = value;
    return kDayOfYear | kMonth | kDay;
  }
  if ((seen & kDateParts) == kDateParts) return decode_run_together(text, seen);
  uint32_t part = choose_date_part(value, text.size(), seen);
  if (part == kYear) two_digit_year_ = text.size() <= 2;
  return part;
}

uint32_t Decoder::choose_date_part(int value, size_t digits, uint32_t seen) {
  auto year = [&] {
    t_.year = value;
    return uint32_t{kYear};
  };
  auto month = [&] {
    t_.month = value;
    return uint32_t{kMonth};
  };
  auto day = [&] {
    t_.day = value;
    return uint32_t{kDay};
  };
  bool year_first = digits >= 3 || io_.date_order == DateOrder::kYmd;
  switch (seen & kDateParts) {
    case 0:
      if (year_first) return year();
      return io_.date_order == DateOrder::kDmy ? day() : month();
    case kYear:
    case kDay:
      return month();
    case kMonth:
      return has_month_name_ && year_first ? year() : day();
    case kYear | kMonth:
      if (has_month_name_ && digits >= 3 && two_digit_year_) {
        // What was taken for the year is the day: 05-Jan-2024 in YMD order.
        t_.day = t_.year;
        t_.year = value;
        two_digit_year_ = false;
        return kDay;
      }
      return day();
    case kMonth | kDay:
      return year();
    default:
      bad_format();
  }
}

// yyyymmdd, yymmdd, hhmmss, hhmm; a fraction belongs to seconds.
uint32_t Decoder::decode_run_together(std::string text, uint32_t seen) {
  size_t dot = text.find('.');
  if (dot != std::string::npos) {
    t_.micros = static_cast<int>(std::rint(std::strtod(text.c_str() + dot, nullptr) * 1000000));
    text.resize(dot);
  } else if ((seen & kDateParts) != kDateParts && text.size() >= 6) {
    size_t n = text.size();
    t_.day = digits_value(std::string_view(text).substr(n - 2));
    t_.month = digits_value(std::string_view(text).substr(n - 4, 2));
    t_.year = digits_value(std::string_view(text).substr(0, n - 4));
    if (n - 4 == 2) two_digit_year_ = true;
    return kDateParts;
  }
  if ((seen & kTimeParts) == kTimeParts || (text.size() != 6 && text.size() != 4)) bad_format();
  t_.hour = digits_value(std::string_view(text).substr(0, 2));
  t_.minute = digits_value(std::string_view(text).substr(2, 2));
  t_.second = text.size() == 6 ? digits_value(std::string_view(text).substr(4, 2)) : 0;
  return kTimeParts;
}

void Decoder::decode_clock(const std::string& text) {
  size_t pos = 0;
  int64_t numbers[3] = {0, 0, 0};
  auto number = [&](int index) {
    if (!read_int64(text, pos, &numbers[index])) overflow();
    if (index > 0 && (numbers[index] > INT32_MAX || numbers[index] < INT32_MIN)) overflow();
  };
  number(0);
  if (pos >= text.size() || text[pos] != ':') bad_format();
  ++pos;
  number(1);
  t_.micros = 0;
  if (pos < text.size() && text[pos] == '.') {
    t_.micros = read_fraction_micros(std::string_view(text).substr(pos));
    numbers[2] = numbers[1], numbers[1] = numbers[0], numbers[0] = 0;
  } else if (pos < text.size() && text[pos] == ':') {
    ++pos;
    number(2);
    if (pos < text.size()) {
      if (text[pos] != '.') bad_format();
      t_.micros = read_fraction_micros(std::string_view(text).substr(pos));
    }
  } else if (pos < text.size()) {
    bad_format();
  }
  if (numbers[0] < 0 || numbers[1] < 0 || numbers[1] > 59 || numbers[2] < 0 || numbers[2] > 60 ||
      t_.micros < 0 || t_.micros > kMicrosPerSec || numbers[0] > INT32_MAX) {
    overflow();
  }
  t_.hour = static_cast<int>(numbers[0]);
  t_.minute = static_cast<int>(numbers[1]);
  t_.second = static_cast<int>(numbers[2]);
}

void Decoder::check_date() {
  if ((seen_ & kYear) && !is_julian_) {
    if (before_christ_) {
      if (t_.year <= 0) overflow();
      t_.year = 1 - t_.year;
    } else if (two_digit_year_) {
      if (t_.year < 0) overflow();
      if (t_.year < 70) {
        t_.year += 2000;
      } else if (t_.year < 100) {
        t_.year += 1900;
      }
    } else if (t_.year <= 0) {
      overflow();
    }
  }
  if (seen_ & kDayOfYear) {
    civil_from_julian(julian_day(t_.year, 1, 1) + day_of_year_ - 1, &t_.year, &t_.month, &t_.day);
  }
  if ((seen_ & kMonth) && (t_.month < 1 || t_.month > 12)) throw DateTimeFault::kMonthDayOverflow;
  if ((seen_ & kDay) && (t_.day < 1 || t_.day > 31)) throw DateTimeFault::kMonthDayOverflow;
  if ((seen_ & kDateParts) == kDateParts && t_.day > days_in_month(t_.year, t_.month)) overflow();
}

void Decoder::apply_meridiem() {
  if (meridiem_ < 0) return;
  if (t_.hour > 12) overflow();
  if (meridiem_ == 0 && t_.hour == 12) {
    t_.hour = 0;
  } else if (meridiem_ == 1 && t_.hour != 12) {
    t_.hour += 12;
  }
}

void Decoder::resolve_zone() {
  bool modified = (seen_ & kDstModifierPart) != 0;
  if (modified && (named_zone_ != nullptr || dynamic_zone_ != nullptr || !(seen_ & kZone)))
    bad_format();
  if (!julian_in_range(t_.year, t_.month)) return;  // the caller reports it
  if (named_zone_ != nullptr) {
    east_secs_ = named_zone_->at_local_unix(local_unix_secs(t_)).east_secs;
  } else if (dynamic_zone_ != nullptr) {
    east_secs_ = abbreviation_offset_at_local(*dynamic_zone_, local_unix_secs(t_)).east_secs;
  } else if (!(seen_ & kZone)) {
    east_secs_ = session_zone().at_local_unix(local_unix_secs(t_)).east_secs;
  }
}

// The day on which a time's zone is looked up: the one given, or today.
CivilTime Decoder::zone_reference() const {
  CivilTime reference = t_;
  if ((seen_ & kDateParts) == 0) {
    CivilTime now = now_fields();
    reference.year = now.year, reference.month = now.month, reference.day = now.day;
  } else if ((seen_ & kDateParts) != kDateParts) {
    bad_format();
  }
  return reference;
}

void Decoder::resolve_time_only_zone() {
  bool modified = (seen_ & kDstModifierPart) != 0;
  if (modified && (named_zone_ != nullptr || dynamic_zone_ != nullptr || !(seen_ & kZone)))
    bad_format();
  if (named_zone_ != nullptr) {
    if (!named_zone_->has_constant_offset() && (seen_ & kDateParts) != kDateParts) bad_format();
    CivilTime reference = named_zone_->has_constant_offset() ? CivilTime{} : t_;
    east_secs_ = named_zone_->at_local_unix(local_unix_secs(reference)).east_secs;
  } else if (dynamic_zone_ != nullptr) {
    east_secs_ =
        abbreviation_offset_at_local(*dynamic_zone_, local_unix_secs(zone_reference())).east_secs;
  } else if (!(seen_ & kZone)) {
    east_secs_ = session_zone().at_local_unix(local_unix_secs(zone_reference())).east_secs;
  }
}

ParsedDateTime parse(std::string_view text, std::string_view type_name, const IoContext& io,
                     bool time_only) {
  try {
    return Decoder(split_datetime_text(text, kMaxDateBytes), io, time_only).run();
  } catch (DateTimeFault fault) {
    throw_datetime_error(fault, text, type_name);
  }
}

}  // namespace

bool time_fields_overflow(int hour, int minute, int second, int micros) {
  if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
      micros < 0 || micros > kMicrosPerSec) {
    return true;
  }
  int64_t total =
      hour * kMicrosPerHour + minute * kMicrosPerMinute + second * kMicrosPerSec + micros;
  return total > kMicrosPerDay;
}

int32_t parse_zone_displacement(std::string_view view) {
  std::string text(view);
  if (text.empty() || (text[0] != '+' && text[0] != '-')) bad_format();
  size_t pos = 1;
  int64_t hours = 0, minutes = 0, seconds = 0;
  auto number = [&](int64_t* value) {
    if (!read_int64(text, pos, value) || *value > INT32_MAX || *value < INT32_MIN) {
      throw DateTimeFault::kZoneOverflow;
    }
  };
  number(&hours);
  if (pos < text.size() && text[pos] == ':') {
    ++pos;
    number(&minutes);
    if (pos < text.size() && text[pos] == ':') {
      ++pos;
      number(&seconds);
    }
  } else if (pos == text.size() && text.size() > 3) {
    minutes = hours % 100;
    hours /= 100;
  }
  if (hours < 0 || hours > kMaxZoneHours || minutes < 0 || minutes > 59 || seconds < 0 ||
      seconds > 59) {
    throw DateTimeFault::kZoneOverflow;
  }
  if (pos != text.size()) bad_format();
  auto total = static_cast<int32_t>(hours * 3600 + minutes * 60 + seconds);
  return text[0] == '-' ? -total : total;
}

ParsedDateTime parse_datetime_text(std::string_view text, std::string_view type_name,
                                   const IoContext& io) {
  return parse(text, type_name, io, false);
}

ParsedDateTime parse_time_text(std::string_view text, std::string_view type_name,
                               const IoContext& io) {
  return parse(text, type_name, io, true);
}

}  // namespace luma
