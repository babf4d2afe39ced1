#include "engine/type/datetime_tokens.h"

#include <cctype>
#include <cmath>
#include <cstdlib>

#include "engine/base/ascii_case.h"
#include "engine/base/sql_error.h"

namespace luma {
namespace {

constexpr size_t kMaxFields = 25;
constexpr size_t kKeywordBytes = 10;

bool digit(char c) { return c >= '0' && c <= '9'; }
bool alpha(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool alnum(char c) { return digit(c) || alpha(c); }
bool space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool punct(char c) { return std::ispunct(static_cast<unsigned char>(c)) != 0; }
constexpr int unit(TimeUnit u) { return static_cast<int>(u); }

constexpr Keyword kKeywords[] = {
    {"-infinity", KeywordKind::kNegInfinity, 0},
    {"ad", KeywordKind::kEra, 0},
    {"allballs", KeywordKind::kAllBalls, 0},
    {"am", KeywordKind::kMeridiem, 0},
    {"apr", KeywordKind::kMonth, 4},
    {"april", KeywordKind::kMonth, 4},
    {"at", KeywordKind::kIgnored, 0},
    {"aug", KeywordKind::kMonth, 8},
    {"august", KeywordKind::kMonth, 8},
    {"bc", KeywordKind::kEra, 1},
    {"d", KeywordKind::kUnit, unit(TimeUnit::kDay)},
    {"dec", KeywordKind::kMonth, 12},
    {"december", KeywordKind::kMonth, 12},
    {"dow", KeywordKind::kUnit, unit(TimeUnit::kDow)},
    {"doy", KeywordKind::kUnit, unit(TimeUnit::kDoy)},
    {"dst", KeywordKind::kDstModifier, 3600},
    {"epoch", KeywordKind::kEpoch, 0},
    {"feb", KeywordKind::kMonth, 2},
    {"february", KeywordKind::kMonth, 2},
    {"fri", KeywordKind::kWeekday, 5},
    {"friday", KeywordKind::kWeekday, 5},
    {"h", KeywordKind::kUnit, unit(TimeUnit::kHour)},
    {"infinity", KeywordKind::kInfinity, 0},
    {"isodow", KeywordKind::kUnit, unit(TimeUnit::kIsoDow)},
    {"isoyear", KeywordKind::kUnit, unit(TimeUnit::kIsoYear)},
    {"j", KeywordKind::kUnit, unit(TimeUnit::kJulian)},
    {"jan", KeywordKind::kMonth, 1},
    {"january", KeywordKind::kMonth, 1},
    {"jd", KeywordKind::kUnit, unit(TimeUnit::kJulian)},
    {"jul", KeywordKind::kMonth, 7},
    {"julian", KeywordKind::kUnit, unit(TimeUnit::kJulian)},
    {"july", KeywordKind::kMonth, 7},
    {"jun", KeywordKind::kMonth, 6},
    {"june", KeywordKind::kMonth, 6},
    {"m", KeywordKind::kUnit, unit(TimeUnit::kMonth)},
    {"mar", KeywordKind::kMonth, 3},
    {"march", KeywordKind::kMonth, 3},
    {"may", KeywordKind::kMonth, 5},
    {"mm", KeywordKind::kUnit, unit(TimeUnit::kMinute)},
    {"mon", KeywordKind::kWeekday, 1},
    {"monday", KeywordKind::kWeekday, 1},
    {"nov", KeywordKind::kMonth, 11},
    {"november", KeywordKind::kMonth, 11},
    {"now", KeywordKind::kNow, 0},
    {"oct", KeywordKind::kMonth, 10},
    {"october", KeywordKind::kMonth, 10},
    {"on", KeywordKind::kIgnored, 0},
    {"pm", KeywordKind::kMeridiem, 1},
    {"s", KeywordKind::kUnit, unit(TimeUnit::kSecond)},
    {"sat", KeywordKind::kWeekday, 6},
    {"saturday", KeywordKind::kWeekday, 6},
    {"sep", KeywordKind::kMonth, 9},
    {"sept", KeywordKind::kMonth, 9},
    {"september", KeywordKind::kMonth, 9},
    {"sun", KeywordKind::kWeekday, 0},
    {"sunday", KeywordKind::kWeekday, 0},
    {"t", KeywordKind::kIsoTime, 0},
    {"thu", KeywordKind::kWeekday, 4},
    {"thur", KeywordKind::kWeekday, 4},
    {"thurs", KeywordKind::kWeekday, 4},
    {"thursday", KeywordKind::kWeekday, 4},
    {"today", KeywordKind::kToday, 0},
    {"tomorrow", KeywordKind::kTomorrow, 0},
    {"tue", KeywordKind::kWeekday, 2},
    {"tues", KeywordKind::kWeekday, 2},
    {"tuesday", KeywordKind::kWeekday, 2},
    {"wed", KeywordKind::kWeekday, 3},
    {"wednesday", KeywordKind::kWeekday, 3},
    {"weds", KeywordKind::kWeekday, 3},
    {"y", KeywordKind::kUnit, unit(TimeUnit::kYear)},
    {"yesterday", KeywordKind::kYesterday, 0},
};

struct UnitWord {
  std::string_view name;
  IntervalWord kind;
  TimeUnit unit;
};
constexpr IntervalWord kU = IntervalWord::kUnit;
constexpr UnitWord kUnitWords[] = {
    {"@", IntervalWord::kIgnored, TimeUnit::kDay},
    {"ago", IntervalWord::kAgo, TimeUnit::kDay},
    {"c", kU, TimeUnit::kCentury},
    {"cent", kU, TimeUnit::kCentury},
    {"centuries", kU, TimeUnit::kCentury},
    {"century", kU, TimeUnit::kCentury},
    {"d", kU, TimeUnit::kDay},
    {"day", kU, TimeUnit::kDay},
    {"days", kU, TimeUnit::kDay},
    {"dec", kU, TimeUnit::kDecade},
    {"decade", kU, TimeUnit::kDecade},
    {"decades", kU, TimeUnit::kDecade},
    {"decs", kU, TimeUnit::kDecade},
    {"h", kU, TimeUnit::kHour},
    {"hour", kU, TimeUnit::kHour},
    {"hours", kU, TimeUnit::kHour},
    {"hr", kU, TimeUnit::kHour},
    {"hrs", kU, TimeUnit::kHour},
    {"m", kU, TimeUnit::kMinute},
    {"microsecon", kU, TimeUnit::kMicrosecond},
    {"mil", kU, TimeUnit::kMillennium},
    {"millennia", kU, TimeUnit::kMillennium},
    {"millennium", kU, TimeUnit::kMillennium},
    {"millisecon", kU, TimeUnit::kMillisecond},
    {"mils", kU, TimeUnit::kMillennium},
    {"min", kU, TimeUnit::kMinute},
    {"mins", kU, TimeUnit::kMinute},
    {"minute", kU, TimeUnit::kMinute},
    {"minutes", kU, TimeUnit::kMinute},
    {"mon", kU, TimeUnit::kMonth},
    {"mons", kU, TimeUnit::kMonth},
    {"month", kU, TimeUnit::kMonth},
    {"months", kU, TimeUnit::kMonth},
    {"ms", kU, TimeUnit::kMillisecond},
    {"msec", kU, TimeUnit::kMillisecond},
    {"msecond", kU, TimeUnit::kMillisecond},
    {"mseconds", kU, TimeUnit::kMillisecond},
    {"msecs", kU, TimeUnit::kMillisecond},
    {"qtr", kU, TimeUnit::kQuarter},
    {"quarter", kU, TimeUnit::kQuarter},
    {"s", kU, TimeUnit::kSecond},
    {"sec", kU, TimeUnit::kSecond},
    {"second", kU, TimeUnit::kSecond},
    {"seconds", kU, TimeUnit::kSecond},
    {"secs", kU, TimeUnit::kSecond},
    {"timezone", kU, TimeUnit::kTimezone},
    {"timezone_h", kU, TimeUnit::kTimezoneHour},
    {"timezone_m", kU, TimeUnit::kTimezoneMinute},
    {"us", kU, TimeUnit::kMicrosecond},
    {"usec", kU, TimeUnit::kMicrosecond},
    {"usecond", kU, TimeUnit::kMicrosecond},
    {"useconds", kU, TimeUnit::kMicrosecond},
    {"usecs", kU, TimeUnit::kMicrosecond},
    {"w", kU, TimeUnit::kWeek},
    {"week", kU, TimeUnit::kWeek},
    {"weeks", kU, TimeUnit::kWeek},
    {"y", kU, TimeUnit::kYear},
    {"year", kU, TimeUnit::kYear},
    {"years", kU, TimeUnit::kYear},
    {"yr", kU, TimeUnit::kYear},
    {"yrs", kU, TimeUnit::kYear},
};

template <typename Row, size_t n>
const Row* find_row(const Row (&rows)[n], std::string_view word) {
  word = word.substr(0, kKeywordBytes);
  size_t low_index = 0, high_index = n;
  while (low_index < high_index) {
    size_t middle = (low_index + high_index) / 2;
    int order = word.compare(rows[middle].name);
    if (order == 0) return &rows[middle];
    if (order < 0) {
      high_index = middle;
    } else {
      low_index = middle + 1;
    }
  }
  return nullptr;
}

// Cuts the text into fields; every reader starts at pos_ and leaves it behind what it took.
class Splitter {
 public:
  Splitter(std::string_view text, size_t max_bytes) : text_(text), max_bytes_(max_bytes) {}

  std::vector<TextField> run() {
    while (pos_ < text_.size()) {
      char c = text_[pos_];
      if (space(c)) {
        ++pos_;
      } else if (digit(c)) {
        begin();
        number_or_date();
        finish();
      } else if (c == '.') {
        begin();
        take();
        take_digits();
        finish();
      } else if (alpha(c)) {
        begin();
        word_or_date();
        finish();
      } else if (c == '+' || c == '-') {
        begin();
        signed_field();
        finish();
      } else if (punct(c)) {
        ++pos_;
      } else {
        throw DateTimeFault::kBadFormat;
      }
    }
    return std::move(fields_);
  }

 private:
  char peek() const { return pos_ < text_.size() ? text_[pos_] : '\0'; }
  void take() {
    field_.text.push_back(ascii_lower(text_[pos_++]));
    if (++used_bytes_ >= max_bytes_) throw DateTimeFault::kBadFormat;
  }
  void take_digits() {
    while (digit(peek())) take();
  }
  void begin() { field_ = {FieldKind::kNumber, {}}; }
  void finish() {
    if (fields_.size() >= kMaxFields) throw DateTimeFault::kBadFormat;
    ++used_bytes_;
    fields_.push_back(std::move(field_));
  }

  void number_or_date() {
    take_digits();
    char delimiter = peek();
    if (delimiter == ':') {
      field_.kind = FieldKind::kTime;
      while (digit(peek()) || peek() == ':' || peek() == '.') take();
      return;
    }
    if (delimiter != '-' && delimiter != '/' && delimiter != '.') return;
    take();
    if (!digit(peek())) {
      field_.kind = FieldKind::kDate;
      while (alnum(peek()) || peek() == delimiter) take();
      return;
    }
    field_.kind = delimiter == '.' ? FieldKind::kNumber : FieldKind::kDate;
    take_digits();
    if (peek() != delimiter) return;
    field_.kind = FieldKind::kDate;
    while (digit(peek()) || peek() == delimiter) take();
  }

  // A word; or a date with a month name, or a zone name: both have punctuation inside.
  void word_or_date() {
    field_.kind = FieldKind::kString;
    while (alpha(peek())) take();
    char c = peek();
    bool more = c == '-' || c == '/' || c == '.';
    if (c == '+' || digit(c)) more = find_datetime_keyword(field_.text) == nullptr;
    if (!more) return;
    field_.kind = FieldKind::kDate;
    do {
      take();
      c = peek();
    } while (c == '+' || c == '-' || c == '/' || c == '_' || c == '.' || c == ':' || alnum(c));
  }

  void signed_field() {
    take();
    while (space(peek())) ++pos_;
    if (digit(peek())) {
      field_.kind = FieldKind::kZone;
      while (digit(peek()) || peek() == ':' || peek() == '.' || peek() == '-') take();
    } else if (alpha(peek())) {
      field_.kind = FieldKind::kSpecial;
      while (alpha(peek())) take();
    } else {
      throw DateTimeFault::kBadFormat;
    }
  }

  std::string_view text_;
  size_t max_bytes_;
  size_t pos_ = 0;
  size_t used_bytes_ = 0;
  TextField field_{FieldKind::kNumber, {}};
  std::vector<TextField> fields_;
};

}  // namespace

void throw_datetime_error(DateTimeFault fault, std::string_view text, std::string_view type_name) {
  switch (fault) {
    case DateTimeFault::kFieldOverflow:
      throw sql_error(SqlState::kDatetimeFieldOverflow,
                      "date/time field value out of range: \"{}\"", text);
    case DateTimeFault::kMonthDayOverflow:
      throw sql_error(SqlState::kDatetimeFieldOverflow,
                      "date/time field value out of range: \"{}\"", text)
          .hint("Perhaps you need a different \"datestyle\" setting.");
    case DateTimeFault::kIntervalOverflow:
      throw sql_error(SqlState::kIntervalFieldOverflow, "interval field value out of range: \"{}\"",
                      text);
    case DateTimeFault::kZoneOverflow:
      throw sql_error(SqlState::kInvalidTimeZoneDisplacementValue,
                      "time zone displacement out of range: \"{}\"", text);
    case DateTimeFault::kBadFormat:
      break;
  }
  throw sql_error(SqlState::kInvalidDatetimeFormat, "invalid input syntax for type {}: \"{}\"",
                  type_name, text);
}

const Keyword* find_datetime_keyword(std::string_view word) { return find_row(kKeywords, word); }

IntervalWord find_interval_word(std::string_view word, TimeUnit* unit_out) {
  const UnitWord* row = find_row(kUnitWords, word);
  if (row == nullptr) return IntervalWord::kUnknown;
  *unit_out = row->unit;
  return row->kind;
}

bool find_time_unit(std::string_view name, TimeUnit* unit_out) {
  std::string word(name);
  for (char& c : word) c = ascii_lower(c);
  if (find_interval_word(word, unit_out) == IntervalWord::kUnit) return true;
  const Keyword* keyword = find_datetime_keyword(word);
  if (keyword == nullptr) return false;
  if (keyword->kind == KeywordKind::kEpoch) {
    *unit_out = TimeUnit::kEpoch;
    return true;
  }
  if (keyword->kind != KeywordKind::kUnit) return false;
  *unit_out = static_cast<TimeUnit>(keyword->value);
  return true;
}

std::vector<TextField> split_datetime_text(std::string_view text, size_t max_bytes) {
  return Splitter(text, max_bytes).run();
}

bool read_int64(const std::string& text, size_t& pos, int64_t* value) {
  errno = 0;
  char* end = nullptr;
  *value = std::strtoll(text.c_str() + pos, &end, 10);
  pos = end - text.c_str();
  return errno == 0;
}

double read_fraction(std::string_view text) {
  if (text.size() == 1) return 0;
  std::string copy(text);
  char* end = nullptr;
  errno = 0;
  double value = std::strtod(copy.c_str(), &end);
  if (*end != '\0' || errno != 0) throw DateTimeFault::kBadFormat;
  return value;
}

int read_fraction_micros(std::string_view text) {
  return static_cast<int>(std::rint(read_fraction(text) * 1000000));
}

}  // namespace luma
