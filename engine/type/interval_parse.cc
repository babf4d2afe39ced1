// Text -> interval: verbose, SQL standard and ISO 8601 forms.
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/type/datetime.h"
#include "engine/type/datetime_tokens.h"
#include "engine/type/interval.h"

namespace luma {
namespace {

constexpr size_t kMaxIntervalBytes = 256;
constexpr int kDaysPerMonth = 30;

[[noreturn]] void bad_format() { throw DateTimeFault::kBadFormat; }
[[noreturn]] void overflow() { throw DateTimeFault::kFieldOverflow; }

// Sums up the parts of an interval; fractions go to the next smaller part.
struct Sum {
  int64_t micros = 0;
  int32_t days = 0, months = 0, years = 0;

  void add_micros(int64_t value) {
    if (__builtin_add_overflow(micros, value, &micros)) overflow();
  }
  static void add_scaled(int32_t& part, int64_t value, int32_t scale) {
    int32_t scaled;
    if (value > INT32_MAX || value < INT32_MIN ||
        __builtin_mul_overflow(static_cast<int32_t>(value), scale, &scaled) ||
        __builtin_add_overflow(part, scaled, &part)) {
      overflow();
    }
  }
  void add_clock(int64_t value, double fraction, int64_t scale) {
    int64_t scaled;
    if (__builtin_mul_overflow(value, scale, &scaled)) overflow();
    add_micros(scaled);
    add_fraction_micros(fraction, scale);
  }
  void add_fraction_micros(double fraction, int64_t scale) {
    if (fraction == 0) return;
    fraction *= static_cast<double>(scale);
    auto whole = static_cast<int64_t>(fraction);
    fraction -= static_cast<double>(whole);
    if (fraction > 0.5) {
      ++whole;
    } else if (fraction < -0.5) {
      --whole;
    }
    add_micros(whole);
  }
  void add_days(int64_t value, int32_t scale) { add_scaled(days, value, scale); }
  void add_fraction_days(double fraction, int scale) {
    if (fraction == 0) return;
    fraction *= scale;
    int whole = static_cast<int>(fraction);
    add_days(whole, 1);
    add_fraction_micros(fraction - whole, kMicrosPerDay);
  }
  void add_months(int64_t value) { add_scaled(months, value, 1); }
  void add_years(int64_t value, double fraction, int32_t scale) {
    add_scaled(years, value, scale);
    add_scaled(months, static_cast<int64_t>(std::rint(fraction * scale * 12)), 1);
  }
  void negate() {
    if (micros == INT64_MIN || days == INT32_MIN || months == INT32_MIN || years == INT32_MIN)
      overflow();
    micros = -micros, days = -days, months = -months, years = -years;
  }
  Interval total() const {
    int64_t all_months = int64_t{years} * 12 + months;
    if (all_months > INT32_MAX || all_months < INT32_MIN) {
      throw sql_error(SqlState::kDatetimeFieldOverflow, "interval out of range");
    }
    return {micros, days, static_cast<int32_t>(all_months)};
  }
};

uint32_t unit_bit(TimeUnit unit) { return 1u << static_cast<int>(unit); }
const uint32_t kAllSeconds = unit_bit(TimeUnit::kSecond) | unit_bit(TimeUnit::kMillisecond) |
                             unit_bit(TimeUnit::kMicrosecond);
const uint32_t kClockParts = unit_bit(TimeUnit::kHour) | unit_bit(TimeUnit::kMinute) | kAllSeconds;

// Reads hh:mm[:ss[.f]] or mm:ss.f.
int64_t read_clock(const std::string& text, int fields) {
  size_t pos = 0;
  int64_t parts[3] = {0, 0, 0};
  auto number = [&](int index) {
    if (!read_int64(text, pos, &parts[index])) overflow();
    if (index > 0 && (parts[index] > INT32_MAX || parts[index] < INT32_MIN)) overflow();
  };
  number(0);
  if (pos >= text.size() || text[pos] != ':') bad_format();
  ++pos;
  number(1);
  int fraction = 0;
  auto shift = [&] { parts[2] = parts[1], parts[1] = parts[0], parts[0] = 0; };
  if (pos == text.size()) {
    if (fields == (interval_field::kMinute | interval_field::kSecond)) shift();
  } else if (text[pos] == '.') {
    fraction = read_fraction_micros(std::string_view(text).substr(pos));
    shift();
  } else if (text[pos] == ':') {
    ++pos;
    number(2);
    if (pos < text.size()) {
      if (text[pos] != '.') bad_format();
      fraction = read_fraction_micros(std::string_view(text).substr(pos));
    }
  } else {
    bad_format();
  }
  if (parts[0] < 0 || parts[1] < 0 || parts[1] > 59 || parts[2] < 0 || parts[2] > 60 ||
      fraction < 0 || fraction > kMicrosPerSec) {
    overflow();
  }
  int64_t total;
  if (__builtin_mul_overflow(parts[0], kMicrosPerHour, &total) ||
      __builtin_add_overflow(
          total, parts[1] * kMicrosPerMinute + parts[2] * kMicrosPerSec + fraction, &total)) {
    overflow();
  }
  return total;
}

// What a number without a unit means at the end of the text.
TimeUnit default_unit(int fields) {
  using namespace interval_field;
  if (fields == kYear) return TimeUnit::kYear;
  if (fields == kMonth || fields == (kYear | kMonth)) return TimeUnit::kMonth;
  if (fields == kDay) return TimeUnit::kDay;
  if (fields == kHour || fields == (kDay | kHour)) return TimeUnit::kHour;
  if (fields == kMinute || fields == (kHour | kMinute) || fields == (kDay | kHour | kMinute)) {
    return TimeUnit::kMinute;
  }
  return TimeUnit::kSecond;
}

class IntervalDecoder {
 public:
  IntervalDecoder(std::vector<TextField> fields, int range, IntervalStyle style)
      : fields_(std::move(fields)), range_(range) {
    // SQL standard: one leading sign rules all fields.
    if (style == IntervalStyle::kSqlStandard && !fields_.empty() && fields_[0].text[0] == '-') {
      force_negative_ = true;
      for (size_t i = 1; i < fields_.size(); ++i) {
        char c = fields_[i].text[0];
        if (c == '-' || c == '+') force_negative_ = false;
      }
    }
  }

  Interval run() {
    // Backwards, so that a unit is known before its number.
    for (size_t i = fields_.size(); i-- > 0;) {
      uint32_t parts = decode(fields_[i]);
      if ((parts & seen_) != 0) bad_format();
      seen_ |= parts;
    }
    if (seen_ == 0) bad_format();
    if (ago_) sum_.negate();
    return sum_.total();
  }

 private:
  uint32_t decode(const TextField& field) {
    switch (field.kind) {
      case FieldKind::kTime:
        return decode_clock(field.text, false);
      case FieldKind::kZone:
        if (field.text.find(':') != std::string::npos) {
          try {
            return decode_clock(field.text.substr(1), field.text[0] == '-');
          } catch (DateTimeFault) {
            // Not a signed time: read as a number below.
          }
        }
        return decode_number(field.text);
      case FieldKind::kDate:
      case FieldKind::kNumber:
        return decode_number(field.text);
      case FieldKind::kString:
      case FieldKind::kSpecial:
        break;
    }
    TimeUnit unit;
    switch (find_interval_word(field.text, &unit)) {
      case IntervalWord::kIgnored:
        return 0;
      case IntervalWord::kAgo:
        ago_ = true;
        has_unit_ = true;
        unit_ = TimeUnit::kEpoch;  // no number may follow directly
        return 0;
      case IntervalWord::kUnit:
        has_unit_ = true;
        unit_ = unit;
        return 0;
      case IntervalWord::kUnknown:
        break;
    }
    bad_format();
  }

  uint32_t decode_clock(const std::string& text, bool negative) {
    int64_t micros = read_clock(text, range_);
    if (negative) micros = -micros;
    if (force_negative_ && micros > 0) micros = -micros;
    sum_.micros = micros;
    set_next(TimeUnit::kDay);
    return kClockParts;
  }

  void set_next(TimeUnit unit) {
    has_unit_ = true;
    unit_ = unit;
  }

  uint32_t decode_number(const std::string& text) {
    if (!has_unit_) {
      has_unit_ = true;
      unit_ = default_unit(range_);
    }
    bool negative = text[0] == '-';
    size_t pos = 0;
    int64_t value = 0;
    double fraction = 0;
    if (!read_int64(text, pos, &value)) overflow();
    if (pos < text.size() && text[pos] == '-') {  // years-months
      ++pos;
      int64_t months = 0;
      if (!read_int64(text, pos, &months) || months < 0 || months >= 12) overflow();
      if (pos != text.size()) bad_format();
      unit_ = TimeUnit::kMonth;
      if (__builtin_mul_overflow(value, int64_t{12}, &value) ||
          __builtin_add_overflow(value, negative ? -months : months, &value)) {
        overflow();
      }
    } else if (pos < text.size() && text[pos] == '.') {
      fraction = read_fraction(std::string_view(text).substr(pos));
      if (negative) fraction = -fraction;
    } else if (pos != text.size()) {
      bad_format();
    }
    if (force_negative_) {
      if (value > 0) value = -value;
      if (fraction > 0) fraction = -fraction;
    }
    return add(value, fraction);
  }

  uint32_t add(int64_t value, double fraction) {
    uint32_t parts = unit_bit(unit_);
    switch (unit_) {
      case TimeUnit::kMicrosecond:
        sum_.add_clock(value, fraction, 1);
        break;
      case TimeUnit::kMillisecond:
        sum_.add_clock(value, fraction, 1000);
        break;
      case TimeUnit::kSecond:
        sum_.add_clock(value, fraction, kMicrosPerSec);
        if (fraction != 0) parts = kAllSeconds;
        break;
      case TimeUnit::kMinute:
        sum_.add_clock(value, fraction, kMicrosPerMinute);
        break;
      case TimeUnit::kHour:
        sum_.add_clock(value, fraction, kMicrosPerHour);
        unit_ = TimeUnit::kDay;
        break;
      case TimeUnit::kDay:
        sum_.add_days(value, 1);
        sum_.add_fraction_micros(fraction, kMicrosPerDay);
        break;
      case TimeUnit::kWeek:
        sum_.add_days(value, 7);
        sum_.add_fraction_days(fraction, 7);
        break;
      case TimeUnit::kMonth:
        sum_.add_months(value);
        sum_.add_fraction_days(fraction, kDaysPerMonth);
        break;
      case TimeUnit::kYear:
        sum_.add_years(value, fraction, 1);
        break;
      case TimeUnit::kDecade:
        sum_.add_years(value, fraction, 10);
        break;
      case TimeUnit::kCentury:
        sum_.add_years(value, fraction, 100);
        break;
      case TimeUnit::kMillennium:
        sum_.add_years(value, fraction, 1000);
        break;
      default:
        bad_format();
    }
    return parts;
  }

  std::vector<TextField> fields_;
  int range_;
  bool force_negative_ = false;
  bool ago_ = false;
  bool has_unit_ = false;
  TimeUnit unit_ = TimeUnit::kSecond;
  uint32_t seen_ = 0;
  Sum sum_;
};

// ISO 8601 durations: with designators (P1Y2M), basic (P00021015T103020) and extended
// (P0002-10-15).
class IsoDecoder {
 public:
  explicit IsoDecoder(std::string_view text) : text_(text) {}

  Interval run() {
    if (text_.size() < 2 || text_[0] != 'P') bad_format();
    pos_ = 1;
    bool date_part = true, has_field = false;
    while (!at_end()) {
      if (peek() == 'T') {
        ++pos_;
        date_part = false;
        has_field = false;
        continue;
      }
      size_t begin = pos_;
      read_number();
      char unit = peek();
      if (unit != '\0') ++pos_;
      if (date_part) {
        if (add_date_unit(unit)) {
          has_field = true;
          continue;
        }
        if (alternative_date(unit, begin, has_field)) return sum_.total();
        date_part = false;
        has_field = false;
        continue;
      }
      if (!add_time_unit(unit)) {
        alternative_time(unit, begin, has_field);
        return sum_.total();
      }
      has_field = true;
    }
    return sum_.total();
  }

 private:
  bool at_end() const { return pos_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[pos_]; }

  void read_number() {
    char c = peek();
    if (!(std::isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '.')) bad_format();
    char* end = nullptr;
    errno = 0;
    double value = std::strtod(text_.c_str() + pos_, &end);
    size_t next = end - text_.c_str();
    if (next == pos_ || errno != 0) bad_format();
    if (std::isnan(value) || value < -1.0e15 || value > 1.0e15) overflow();
    pos_ = next;
    value_ = static_cast<int64_t>(value);
    fraction_ = value - static_cast<double>(value_);
  }

  bool add_date_unit(char unit) {
    switch (unit) {
      case 'Y':
        sum_.add_years(value_, fraction_, 1);
        return true;
      case 'M':
        add_months();
        return true;
      case 'W':
        sum_.add_days(value_, 7);
        sum_.add_fraction_days(fraction_, 7);
        return true;
      case 'D':
        add_days();
        return true;
      default:
        return false;
    }
  }
  bool add_time_unit(char unit) {
    switch (unit) {
      case 'H':
        sum_.add_clock(value_, fraction_, kMicrosPerHour);
        return true;
      case 'M':
        sum_.add_clock(value_, fraction_, kMicrosPerMinute);
        return true;
      case 'S':
        sum_.add_clock(value_, fraction_, kMicrosPerSec);
        return true;
      default:
        return false;
    }
  }
  void add_months() {
    sum_.add_months(value_);
    sum_.add_fraction_days(fraction_, kDaysPerMonth);
  }
  void add_days() {
    sum_.add_days(value_, 1);
    sum_.add_fraction_micros(fraction_, kMicrosPerDay);
  }

  size_t integer_width(size_t begin) const {
    if (text_[begin] == '-') ++begin;
    size_t end = begin;
    while (end < text_.size() && std::isdigit(static_cast<unsigned char>(text_[end]))) ++end;
    return end - begin;
  }

  // True when the text is over, false when the time part follows.
  bool alternative_date(char unit, size_t begin, bool has_field) {
    if (unit != 'T' && unit != '\0' && unit != '-') bad_format();
    if (unit != '-' && integer_width(begin) == 8 && !has_field) {
      sum_.add_years(value_ / 10000, 0, 1);
      sum_.add_months(value_ / 100 % 100);
      sum_.add_days(value_ % 100, 1);
      sum_.add_fraction_micros(fraction_, kMicrosPerDay);
      return unit == '\0';
    }
    if (has_field) bad_format();
    sum_.add_years(value_, fraction_, 1);
    if (unit == '\0') return true;
    if (unit == 'T') return false;
    read_number();
    add_months();
    if (at_end()) return true;
    char next = text_[pos_++];
    if (next == 'T') return false;
    if (next != '-') bad_format();
    read_number();
    add_days();
    if (at_end()) return true;
    if (text_[pos_++] != 'T') bad_format();
    return false;
  }

  void alternative_time(char unit, size_t begin, bool has_field) {
    if (unit != '\0' && unit != ':') bad_format();
    if (unit == '\0' && integer_width(begin) == 6 && !has_field) {
      sum_.add_clock(value_ / 10000, 0, kMicrosPerHour);
      sum_.add_clock(value_ / 100 % 100, 0, kMicrosPerMinute);
      sum_.add_clock(value_ % 100, 0, kMicrosPerSec);
      sum_.add_fraction_micros(fraction_, 1);
      return;
    }
    if (has_field) bad_format();
    sum_.add_clock(value_, fraction_, kMicrosPerHour);
    if (unit == '\0') return;
    read_number();
    sum_.add_clock(value_, fraction_, kMicrosPerMinute);
    if (at_end()) return;
    if (text_[pos_++] != ':') bad_format();
    read_number();
    sum_.add_clock(value_, fraction_, kMicrosPerSec);
    if (!at_end()) bad_format();
  }

  std::string text_;
  size_t pos_ = 0;
  int64_t value_ = 0;
  double fraction_ = 0;
  Sum sum_;
};

}  // namespace

Interval parse_interval(std::string_view text, int32_t typmod, IntervalStyle style) {
  int range = typmod >= 0 ? (typmod >> 16) & interval_field::kAll : interval_field::kAll;
  DateTimeFault fault;
  try {
    try {
      return IntervalDecoder(split_datetime_text(text, kMaxIntervalBytes), range, style).run();
    } catch (DateTimeFault first) {
      if (first != DateTimeFault::kBadFormat) throw;
    }
    return IsoDecoder(text).run();
  } catch (DateTimeFault last) {
    fault = last == DateTimeFault::kFieldOverflow ? DateTimeFault::kIntervalOverflow : last;
  }
  throw_datetime_error(fault, text, "interval");
}

}  // namespace luma
