#pragma once
// The state of reading one date, time or timestamp: fields as the tokenizer cut them go in, in
// PostgreSQL's order of trying meanings, and what they tell is gathered. Used by datetime_parse.cc
// (words, zones, checks) and datetime_numbers.cc (dates, clocks, bare numbers); nobody else.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/type/datetime_parse.h"
#include "engine/type/datetime_tokens.h"

namespace luma::datetime_input {

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

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[noreturn]] inline void bad_format() { throw DateTimeFault::kBadFormat; }
[[noreturn]] inline void overflow() { throw DateTimeFault::kFieldOverflow; }

// A number that must fit an int; what follows it stays in `rest`.
int read_int(const std::string& text, std::string_view* rest);

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

}  // namespace luma::datetime_input
