#include "engine/type/datetime_parse.h"

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/type/datetime_decoder.h"
#include "engine/type/datetime_tokens.h"

namespace luma {
namespace datetime_input {
namespace {

constexpr int64_t kUnixEpochSecsBefore2000 = 946684800;

int64_t local_unix_secs(const CivilTime& t) {
  int64_t days = julian_day(t.year, t.month, t.day) - kEpochJulian;
  return days * kSecsPerDay + t.hour * 3600 + t.minute * 60 + t.second + kUnixEpochSecsBefore2000;
}

}  // namespace

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

}  // namespace datetime_input

namespace {

using datetime_input::bad_format;
using datetime_input::Decoder;
using datetime_input::is_digit;
using datetime_input::overflow;

constexpr size_t kMaxDateBytes = 153;
constexpr int kMaxZoneHours = 15;

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