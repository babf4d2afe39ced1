// to_date() and to_timestamp(): text read along a template.
#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <cstdlib>

#include "engine/base/ascii_case.h"
#include "engine/base/sql_error.h"
#include "engine/type/datetime_fields.h"
#include "engine/type/datetime_format.h"
#include "engine/type/datetime_parse.h"
#include "engine/type/datetime_template.h"
#include "engine/type/datetime_tokens.h"

namespace luma {
namespace {

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
SqlError format_error(std::string text) {
  return sql_error(SqlState::kInvalidDatetimeFormat, "{}", text);
}

enum class Convention : uint8_t { kNone, kGregorian, kIsoWeek };

Convention convention_of(DateField field) {
  switch (field) {
    case DateField::kIsoDayOfYear:
    case DateField::kIsoDay:
    case DateField::kIsoWeek:
    case DateField::kIsoYear:
      return Convention::kIsoWeek;
    case DateField::kDayOfYear:
    case DateField::kDayOfMonth:
    case DateField::kDayOfWeek:
    case DateField::kMonthName:
    case DateField::kMonthAbbreviation:
    case DateField::kMonthNumber:
    case DateField::kRomanMonth:
    case DateField::kWeekOfYear:
    case DateField::kWeekOfMonth:
    case DateField::kYearComma:
    case DateField::kYear:
      return Convention::kGregorian;
    default:
      return Convention::kNone;
  }
}

// What the text said; zero means not given.
struct Found {
  Convention convention = Convention::kNone;
  int hour = 0, minute = 0, second = 0, seconds_of_day = 0, millis = 0, micros = 0;
  int pm = 0, bc = 0;
  bool clock12 = false;
  int year = 0, year_digits = 0, century = 0, month = 0, day = 0;
  int weekday = 0;  // 1 = Sunday
  int day_of_year = 0, week = 0, week_of_month = 0, julian = 0;
  int zone_sign = 0, zone_hours = 0, zone_minutes = 0;
  int fraction_digits = -1;  // of FF1 to FF6
};

class TemplateReader {
 public:
  TemplateReader(std::string_view text, const std::vector<DateNode>& nodes)
      : text_(text), nodes_(nodes) {}

  Found run() {
    for (size_t i = 0; i < nodes_.size() && pos_ < text_.size(); ++i) {
      node_ = &nodes_[i];
      next_ = i + 1 < nodes_.size() ? &nodes_[i + 1] : nullptr;
      bool is_field = node_->kind == DateNode::kField;
      bool is_fixed_mark = is_field && node_->keyword->field == DateField::kFixed;
      if (!fixed_ && !is_fixed_mark && (is_field || i == 0)) skip_spaces();
      if (!is_field) {
        skip_template_char();
        continue;
      }
      set_convention();
      read_field();
      if (fixed_) continue;
      extra_ = 0;
      skip_spaces();
    }
    return found_;
  }

 private:
  char peek() const { return pos_ < text_.size() ? text_[pos_] : '\0'; }
  std::string_view keyword() const { return node_->keyword->name; }
  void skip_spaces() {
    for (; is_space(peek()); ++pos_) ++extra_;
  }
  void skip_char() {
    if (pos_ >= text_.size()) return;
    auto c = static_cast<unsigned char>(peek());
    pos_ = std::min<size_t>(text_.size(), pos_ + (c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4));
  }

  // Separators match leniently unless the template begins with FX.
  void skip_template_char() {
    if (node_->kind == DateNode::kText) {
      if (!fixed_ && extra_ > 0) {
        --extra_;
      } else {
        skip_char();
      }
      return;
    }
    if (fixed_) return skip_char();
    --extra_;
    if (is_space(peek()) || is_separator_char(peek())) {
      ++pos_;
      ++extra_;
    }
  }

  void set_convention() {
    Convention wanted = convention_of(node_->keyword->field);
    if (wanted == Convention::kNone) return;
    if (found_.convention != Convention::kNone && found_.convention != wanted) {
      throw format_error("invalid combination of date conventions")
          .hint("Do not mix Gregorian and ISO week date conventions in a formatting template.");
    }
    found_.convention = wanted;
  }

  void store(int* to, int value) {
    if (*to != 0 && *to != value) {
      throw format_error(
          fmt::format("conflicting values for \"{}\" field in formatting string", keyword()))
          .detail("This value contradicts a previous setting for the same field type.");
    }
    *to = value;
  }

  // Whether digits may run on until something that is no digit.
  bool next_is_separator() const {
    if (node_->ordinal || next_ == nullptr) return true;
    if (next_->kind == DateNode::kField) return !next_->keyword->is_digit;
    return !(next_->text.size() == 1 && is_digit(next_->text[0]));
  }

  // Returns how many characters the number took.
  int integer(int* to, int width) {
    // Skipped blanks count as part of a number of fixed width: blanks alone mean zero.
    size_t begin = pos_;
    while (is_space(peek())) ++pos_;
    size_t number_begin = pos_;
    bool greedy = node_->fill || next_is_separator();
    std::string part(
        text_.substr(pos_, greedy ? std::string_view::npos : static_cast<size_t>(width)));
    char* end = nullptr;
    errno = 0;
    long value = std::strtol(part.c_str(), &end, 10);
    int used = static_cast<int>(end - part.c_str());
    if (!greedy) {
      const char* hint = "If your source string is not fixed-width, try using the \"FM\" modifier.";
      if (static_cast<int>(part.size()) < width) {
        throw format_error(
            fmt::format("source string too short for \"{}\" formatting field", keyword()))
            .detail(fmt::format("Field requires {} characters, but only {} remain.", width,
                                part.size()))
            .hint(hint);
      }
      if (used > 0 && used < width) {
        throw format_error(fmt::format("invalid value \"{}\" for \"{}\"", part, keyword()))
            .detail(fmt::format("Field requires {} characters, but only {} could be parsed.", width,
                                used))
            .hint(hint);
      }
    }
    pos_ = greedy && used == 0 ? begin : pos_ + static_cast<size_t>(used);
    if (pos_ == begin) {
      std::string shown(
          text_.substr(number_begin, greedy ? static_cast<size_t>(width) : part.size()));
      throw format_error(fmt::format("invalid value \"{}\" for \"{}\"", shown, keyword()))
          .detail("Value must be an integer.");
    }
    if (errno == ERANGE || value < INT32_MIN || value > INT32_MAX) {
      throw sql_error(SqlState::kDatetimeFieldOverflow,
                      "value for \"{}\" in source string is out of range", keyword())
          .detail(fmt::format("Value must be in the range {} to {}.", INT32_MIN, INT32_MAX));
    }
    if (to != nullptr) store(to, static_cast<int>(value));
    return static_cast<int>(pos_ - begin);
  }
  int integer(int* to) { return integer(to, static_cast<int>(keyword().size())); }

  void skip_ordinal() {
    if (!node_->ordinal) return;
    skip_char();
    skip_char();
  }

  // Which of `names` the text begins with, in any case.
  template <typename Names>
  int choice(const Names& names, size_t clip) {
    int index = 0;
    for (std::string_view name : names) {
      name = name.substr(0, clip);
      if (text_.size() - pos_ >= name.size()) {
        bool same = true;
        for (size_t i = 0; i < name.size() && same; ++i)
          same = ascii_lower(text_[pos_ + i]) == ascii_lower(name[i]);
        if (same) {
          pos_ += name.size();
          return index;
        }
      }
      ++index;
    }
    std::string_view word = text_.substr(pos_);
    size_t end = 0;
    while (end < word.size() && !is_space(word[end])) ++end;
    throw format_error(
        fmt::format("invalid value \"{}\" for \"{}\"", word.substr(0, end), keyword()))
        .detail("The given value did not match any of the allowed values for this field.");
  }
  static constexpr size_t kWhole = std::string_view::npos;

  void read_field();
  void read_year();
  void read_zone_hours();
  void fraction(int* to, int width) {
    int used = integer(to, width);
    for (; used < (width > 3 || node_->keyword->field == DateField::kFraction ? 6 : 3); ++used)
      *to *= 10;
    skip_ordinal();
  }

  std::string_view text_;
  const std::vector<DateNode>& nodes_;
  const DateNode* node_ = nullptr;
  const DateNode* next_ = nullptr;
  size_t pos_ = 0;
  int extra_ = 0;  // characters skipped beyond what the template asked for
  bool fixed_ = false;
  Found found_;
};

void TemplateReader::read_year() {
  int digits = node_->keyword->width;
  int used = integer(&found_.year);
  if (digits < 4 && used < 4) {
    // The year nearest to 2020 that ends in these digits.
    int& y = found_.year;
    if (y < 70) {
      y += 2000;
    } else if (y < 100) {
      y += 1900;
    } else if (y < 520) {
      y += 2000;
    } else if (y < 1000) {
      y += 1000;
    }
  }
  found_.year_digits = digits;
  skip_ordinal();
}

void TemplateReader::read_zone_hours() {
  char c = peek();
  if (c == '+' || c == '-' || c == ' ') {
    found_.zone_sign = c == '-' ? -1 : 1;
    ++pos_;
  } else {
    // A minus may have been taken for a separator.
    found_.zone_sign = extra_ > 0 && pos_ > 0 && text_[pos_ - 1] == '-' ? -1 : 1;
  }
  integer(&found_.zone_hours, 2);
}

void TemplateReader::read_field() {
  static constexpr std::string_view kMeridiemDots[] = {"a.m.", "p.m."};
  static constexpr std::string_view kMeridiem[] = {"am", "pm"};
  static constexpr std::string_view kEraDots[] = {"a.d.", "b.c."};
  static constexpr std::string_view kEra[] = {"ad", "bc"};
  // Longest first, or "I" would match them all.
  static constexpr std::string_view kRoman[] = {"XII", "XI", "X",  "IX",  "VIII", "VII",
                                                "VI",  "V",  "IV", "III", "II",   "I"};
  switch (node_->keyword->field) {
    case DateField::kFixed:
      fixed_ = true;
      break;
    case DateField::kMeridiemDots:
    case DateField::kMeridiem:
      store(&found_.pm, node_->keyword->field == DateField::kMeridiem
                            ? choice(kMeridiem, kWhole)
                            : choice(kMeridiemDots, kWhole));
      found_.clock12 = true;
      break;
    case DateField::kHour12:
      integer(&found_.hour, 2);
      found_.clock12 = true;
      skip_ordinal();
      break;
    case DateField::kHour24:
      integer(&found_.hour, 2);
      skip_ordinal();
      break;
    case DateField::kMinute:
      integer(&found_.minute);
      skip_ordinal();
      break;
    case DateField::kSecond:
      integer(&found_.second);
      skip_ordinal();
      break;
    case DateField::kMillis:
      fraction(&found_.millis, 3);
      break;
    case DateField::kFraction:
      found_.fraction_digits = node_->keyword->width;
      [[fallthrough]];
    case DateField::kMicros:
      fraction(&found_.micros, node_->keyword->width);
      break;
    case DateField::kSecondsOfDay:
      integer(&found_.seconds_of_day);
      skip_ordinal();
      break;
    case DateField::kZone:
    case DateField::kOffset:
      throw sql_error(SqlState::kFeatureNotSupported,
                      "formatting field \"{}\" is only supported in to_char", keyword());
    case DateField::kZoneHours:
      read_zone_hours();
      break;
    case DateField::kZoneMinutes:
      if (found_.zone_sign == 0) found_.zone_sign = 1;
      integer(&found_.zone_minutes, 2);
      break;
    case DateField::kEraDots:
      store(&found_.bc, choice(kEraDots, kWhole));
      break;
    case DateField::kEra:
      store(&found_.bc, choice(kEra, kWhole));
      break;
    case DateField::kMonthName:
      store(&found_.month, choice(kFullMonthNames, kWhole) + 1);
      break;
    case DateField::kMonthAbbreviation:
      store(&found_.month, choice(kFullMonthNames, 3) + 1);
      break;
    case DateField::kMonthNumber:
      integer(&found_.month);
      skip_ordinal();
      break;
    case DateField::kDayName:
      store(&found_.weekday, choice(kFullDayNames, kWhole) + 1);
      break;
    case DateField::kDayAbbreviation:
      store(&found_.weekday, choice(kFullDayNames, 3) + 1);
      break;
    case DateField::kDayOfYear:
      integer(&found_.day_of_year);
      skip_ordinal();
      break;
    case DateField::kIsoDayOfYear:
      integer(&found_.day_of_year, 3);
      skip_ordinal();
      break;
    case DateField::kDayOfMonth:
      integer(&found_.day);
      skip_ordinal();
      break;
    case DateField::kDayOfWeek:
      integer(&found_.weekday);
      skip_ordinal();
      break;
    case DateField::kIsoDay:
      integer(&found_.weekday, 1);
      if (++found_.weekday > 7) found_.weekday = 1;
      skip_ordinal();
      break;
    case DateField::kWeekOfYear:
    case DateField::kIsoWeek:
      integer(&found_.week);
      skip_ordinal();
      break;
    case DateField::kQuarter:
      integer(nullptr);
      skip_ordinal();
      break;
    case DateField::kCentury:
      integer(&found_.century);
      skip_ordinal();
      break;
    case DateField::kYearComma: {
      int thousands = 0, rest = 0, used = 0;
      std::string copy(text_.substr(pos_));
      if (std::sscanf(copy.c_str(), "%d,%03d%n", &thousands, &rest, &used) < 2) {
        throw format_error("invalid input string for \"Y,YYY\"");
      }
      store(&found_.year, rest + thousands * 1000);
      found_.year_digits = 4;
      pos_ += static_cast<size_t>(used);
      skip_ordinal();
      break;
    }
    case DateField::kYear:
    case DateField::kIsoYear:
      read_year();
      break;
    case DateField::kRomanMonth:
      store(&found_.month, 12 - choice(kRoman, kWhole));
      break;
    case DateField::kWeekOfMonth:
      integer(&found_.week_of_month);
      skip_ordinal();
      break;
    case DateField::kJulian:
      integer(&found_.julian);
      skip_ordinal();
      break;
  }
}

struct Moment {
  CivilTime fields;
  bool has_zone = false;
  int32_t east_secs = 0;
  int fraction_digits = -1;
};

// Turns what was found into a calendar time.
class Assembler {
 public:
  Assembler(const Found& found, std::string_view text) : f_(found), text_(text) {
    t_.year = 0;
    t_.month = t_.day = 1;
  }

  Moment run() {
    clock();
    year();
    days();
    check();
    Moment moment{t_, f_.zone_sign != 0, 0, f_.fraction_digits};
    if (moment.has_zone) {
      if (f_.zone_hours < 0 || f_.zone_hours > 15 || f_.zone_minutes < 0 || f_.zone_minutes >= 60) {
        throw_datetime_error(DateTimeFault::kZoneOverflow, text_, "timestamp");
      }
      moment.east_secs = f_.zone_sign * (f_.zone_hours * 3600 + f_.zone_minutes * 60);
    }
    return moment;
  }

 private:
  void clock() {
    if (f_.seconds_of_day != 0) {
      t_.hour = f_.seconds_of_day / 3600;
      t_.minute = f_.seconds_of_day / 60 % 60;
      t_.second = f_.seconds_of_day % 60;
    }
    if (f_.second != 0) t_.second = f_.second;
    if (f_.minute != 0) t_.minute = f_.minute;
    if (f_.hour != 0) t_.hour = f_.hour;
    t_.micros = f_.millis * 1000 + f_.micros;
    if (!f_.clock12) return;
    if (t_.hour < 1 || t_.hour > 12) {
      throw format_error(fmt::format("hour \"{}\" is invalid for the 12-hour clock", t_.hour))
          .hint("Use the 24-hour clock, or give an hour between 1 and 12.");
    }
    if (f_.pm != 0 && t_.hour < 12) {
      t_.hour += 12;
    } else if (f_.pm == 0 && t_.hour == 12) {
      t_.hour = 0;
    }
  }

  void year() {
    int century = f_.bc != 0 ? -f_.century : f_.century;
    if (f_.year != 0) {
      has_year_ = true;
      if (f_.century != 0 && f_.year_digits <= 2) {
        // The year is the last two digits within the century.
        t_.year = f_.year % 100;
        if (t_.year != 0) {
          t_.year =
              century >= 0 ? t_.year + (century - 1) * 100 : (century + 1) * 100 - t_.year + 1;
        } else {
          t_.year = century * 100 + (century >= 0 ? 0 : 1);
        }
      } else {
        t_.year = f_.bc != 0 ? -f_.year : f_.year;
        if (t_.year < 0) ++t_.year;
      }
    } else if (f_.century != 0) {
      has_year_ = true;
      t_.year = century >= 0 ? (century - 1) * 100 + 1 : century * 100 + 1;
    }
  }

  void set_julian(int32_t julian) {
    civil_from_julian(julian, &t_.year, &t_.month, &t_.day);
    has_year_ = has_month_ = has_day_ = true;
  }

  void days() {
    int day_of_year = f_.day_of_year, day = f_.day;
    bool iso = f_.convention == Convention::kIsoWeek;
    if (f_.julian != 0) set_julian(f_.julian);
    if (f_.week != 0) {
      if (iso) {
        int32_t monday = julian_of_iso_week(t_.year, f_.week);
        // Days count from Sunday = 1; ISO weeks end with Sunday.
        int shift = f_.weekday == 0 ? 0 : f_.weekday > 1 ? f_.weekday - 2 : 6;
        set_julian(monday + shift);
      } else {
        day_of_year = (f_.week - 1) * 7 + 1;
      }
    }
    if (f_.week_of_month != 0) day = (f_.week_of_month - 1) * 7 + 1;
    if (day != 0) {
      t_.day = day;
      has_day_ = true;
    }
    if (f_.month != 0) {
      t_.month = f_.month;
      has_month_ = true;
    }
    if (day_of_year == 0 || (t_.month > 1 && t_.day > 1)) return;
    if (t_.year == 0 && f_.bc == 0) {
      throw format_error("cannot calculate day of year without year information");
    }
    if (iso) return set_julian(julian_of_iso_week(t_.year, 1) - 1 + day_of_year);
    int month = 1, rest = day_of_year;
    while (month <= 12 && rest > days_in_month(t_.year, month))
      rest -= days_in_month(t_.year, month++);
    if (t_.month <= 1) t_.month = month;
    if (t_.day <= 1) t_.day = rest;
    has_month_ = has_day_ = true;
  }

  void check() const {
    bool bad = (has_month_ && (t_.month < 1 || t_.month > 12)) ||
               (has_day_ && (t_.day < 1 || t_.day > 31));
    if (!bad && has_year_ && has_month_ && has_day_)
      bad = t_.day > days_in_month(t_.year, t_.month);
    bad = bad || t_.hour < 0 || t_.hour >= 24 || t_.minute < 0 || t_.minute >= 60 ||
          t_.second < 0 || t_.second >= 60 || t_.micros < 0 || t_.micros >= kMicrosPerSec;
    if (bad) throw_datetime_error(DateTimeFault::kFieldOverflow, text_, "timestamp");
  }

  const Found& f_;
  std::string_view text_;
  CivilTime t_;
  bool has_year_ = false, has_month_ = false, has_day_ = false;
};

Moment read_moment(std::string_view text, std::string_view format) {
  std::vector<DateNode> nodes = parse_date_template(format);
  Found found = TemplateReader(text, nodes).run();
  return Assembler(found, text).run();
}

}  // namespace

int32_t to_date(std::string_view text, std::string_view format) {
  CivilTime t = read_moment(text, format).fields;
  if (!julian_in_range(t.year, t.month) || !date_in_range(date_of(t.year, t.month, t.day))) {
    throw sql_error(SqlState::kDatetimeFieldOverflow, "date out of range: \"{}\"", text);
  }
  return date_of(t.year, t.month, t.day);
}

int64_t to_timestamp(std::string_view text, std::string_view format, const TimeZone* zone) {
  Moment moment = read_moment(text, format);
  int64_t result = moment.has_zone
                       ? timestamp_of_civil(moment.fields) - moment.east_secs * kMicrosPerSec
                       : timestamptz_of_civil(moment.fields, zone);
  if (!timestamp_in_range(result))
    throw sql_error(SqlState::kDatetimeFieldOverflow, "timestamp out of range");
  return round_timestamp(result, moment.fraction_digits);
}

}  // namespace luma
