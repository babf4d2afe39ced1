#include "sql/copy/value_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/type/datetime.h"
#include "engine/type/numeric.h"
#include "engine/type/powers_of_ten.h"
#include "sql/catalog/object.h"

namespace luma {

namespace {

constexpr int32_t kVarlenHeader = 4;

bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// Plain decimal integers that cannot overflow; others are for the type's input function.
bool read_integer(std::string_view text, int64_t& value) {
  bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 18) return false;
  int64_t sum = 0;
  for (char c : text) {
    if (!is_digit(c)) return false;
    sum = sum * 10 + (c - '0');
  }
  value = negative ? -sum : sum;
  return true;
}

bool two_digits(const char* text, int& value) {
  if (!is_digit(text[0]) || !is_digit(text[1])) return false;
  value = (text[0] - '0') * 10 + (text[1] - '0');
  return true;
}

// "2024-02-29"
bool read_date(std::string_view text, int32_t& date) {
  int century, year, month, day;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  if (!two_digits(text.data(), century) || !two_digits(text.data() + 2, year) ||
      !two_digits(text.data() + 5, month) || !two_digits(text.data() + 8, day)) {
    return false;
  }
  year += century * 100;
  if (year == 0 || month < 1 || month > 12 || day < 1) return false;
  if (day > 28 && day > days_in_month(year, month)) return false;
  date = date_of(year, month, day);
  return true;
}

// "10:20:30" or "10:20:30.123456"
bool read_time(std::string_view text, int64_t& micros) {
  int hour, minute, second;
  if (text.size() < 8 || text[2] != ':' || text[5] != ':') return false;
  if (!two_digits(text.data(), hour) || !two_digits(text.data() + 3, minute) ||
      !two_digits(text.data() + 6, second) || hour > 23 || minute > 59 || second > 59) {
    return false;
  }
  micros = hour * kMicrosPerHour + minute * kMicrosPerMinute + second * kMicrosPerSec;
  if (text.size() == 8) return true;
  if (text[8] != '.' || text.size() == 9 || text.size() > 15) return false;
  int64_t fraction;
  if (!is_digit(text[9]) || !read_integer(text.substr(9), fraction)) return false;
  micros += fraction * kPowersOfTen[15 - text.size()];
  return true;
}

// Date and time of day; `zone` is what follows them.
bool read_timestamp(std::string_view text, bool with_zone, int64_t& timestamp) {
  if (text.size() < 19 || (text[10] != ' ' && text[10] != 'T')) return false;
  int32_t date;
  if (!read_date(text.substr(0, 10), date)) return false;
  std::string_view time = text.substr(11);
  int64_t zone_secs = 0;
  if (with_zone) {
    size_t sign = time.find_first_of("+-", 8);
    if (sign == time.npos) return false;
    std::string_view zone = time.substr(sign);
    int hours, minutes = 0;
    if (zone.size() != 3 && (zone.size() != 6 || zone[3] != ':')) return false;
    if (!two_digits(zone.data() + 1, hours) || hours > 14) return false;
    if (zone.size() == 6 && (!two_digits(zone.data() + 4, minutes) || minutes > 59)) return false;
    zone_secs = (hours * 60 + minutes) * 60;
    if (zone[0] == '-') zone_secs = -zone_secs;
    time = time.substr(0, sign);
  }
  int64_t micros;
  if (!read_time(time, micros)) return false;
  timestamp = date * kMicrosPerDay + micros - zone_secs * kMicrosPerSec;
  return true;
}

bool read_double(std::string_view text, double& value) {
  if (text.empty() ||
      !(is_digit(text[0]) || (text[0] == '-' && text.size() > 1 && is_digit(text[1])))) {
    return false;
  }
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool is_ascii(std::string_view text) {
  uint64_t all = 0;
  size_t at = 0;
  for (uint64_t word; at + 8 <= text.size(); at += 8) {
    std::memcpy(&word, text.data() + at, sizeof word);
    all |= word;
  }
  for (; at < text.size(); ++at) all |= static_cast<unsigned char>(text[at]);
  return (all & 0x8080808080808080u) == 0;
}

}  // namespace

ValueReader::ValueReader(TypeRef type, const IoContext& io)
    : type_(&type_info(type.oid)), typmod_(type.typmod), io_(&io), path_(path_of(type)) {}

ValueReader::Path ValueReader::path_of(TypeRef type) {
  switch (type.oid) {
    case type_oid::kBool:
      return Path::kBool;
    case type_oid::kInt2:
      return Path::kInt2;
    case type_oid::kInt4:
      return Path::kInt4;
    case type_oid::kInt8:
      return Path::kInt8;
    case type_oid::kFloat8:
      return Path::kDouble;
    case type_oid::kText:
      return Path::kText;
    case type_oid::kVarchar:
      return type.typmod < 0 ? Path::kText : Path::kVarchar;
    case type_oid::kBpchar:
      return type.typmod < 0 ? Path::kText : Path::kBpchar;
    case type_oid::kNumeric:
      return Path::kNumeric;
    case type_oid::kDate:
      return Path::kDate;
    case type_oid::kTimestamp:
      return type.typmod < 0 ? Path::kTimestamp : Path::kGeneric;
    case type_oid::kTimestamptz:
      return type.typmod < 0 ? Path::kTimestamptz : Path::kGeneric;
    default:
      return Path::kGeneric;
  }
}

// "-123.45" of up to 18 digits, brought to the column's scale.
bool ValueReader::read_numeric(uint32_t row, std::string_view text) {
  bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 18) return false;
  int64_t scaled = 0;
  int scale = -1;
  for (char c : text) {
    if (c == '.' && scale < 0) {
      scale = 0;
      continue;
    }
    if (!is_digit(c)) return false;
    scaled = scaled * 10 + (c - '0');
    scale += scale >= 0 ? 1 : 0;
  }
  if (scale == 0 || text[0] == '.') return false;
  if (scale < 0) scale = 0;
  if (typmod_ >= 0) {
    int wanted = numeric_typmod_scale(typmod_);
    int precision = numeric_typmod_precision(typmod_);
    if (wanted < scale || wanted > 18) return false;
    if (__builtin_mul_overflow(scaled, kPowersOfTen[wanted - scale], &scaled)) return false;
    scale = wanted;
    if (precision <= 18 && scaled >= kPowersOfTen[precision]) return false;
  }
  return put(row, numeric_make_small(negative ? -scaled : scaled, scale).str);
}

// char(n) and varchar(n) of ASCII, where bytes are characters.
bool ValueReader::read_fixed_text(uint32_t row, std::string_view text, Arena& arena) {
  auto length = static_cast<size_t>(typmod_ - kVarlenHeader);
  if (text.size() > length) return false;
  if (path_ == Path::kVarchar || text.size() == length) {
    if (path_ == Path::kBpchar && !is_ascii(text)) return false;
    return put(row, StringRef(text));
  }
  if (!is_ascii(text)) return false;
  char* padded = arena.allocate_bytes(length);
  std::memcpy(padded, text.data(), text.size());
  std::memset(padded + text.size(), ' ', length - text.size());
  return put(row, StringRef(padded, static_cast<uint32_t>(length)));
}

bool ValueReader::read_fast(uint32_t row, std::string_view text, Arena& arena) {
  int64_t number;
  switch (path_) {
    case Path::kGeneric:
      return false;
    case Path::kBool:
      if (text.size() != 1 || (text[0] != 't' && text[0] != 'f')) return false;
      return put(row, text[0] == 't');
    case Path::kInt2:
      if (!read_integer(text, number) || number != static_cast<int16_t>(number)) return false;
      return put(row, static_cast<int16_t>(number));
    case Path::kInt4:
      if (!read_integer(text, number) || number != static_cast<int32_t>(number)) return false;
      return put(row, static_cast<int32_t>(number));
    case Path::kInt8:
      return read_integer(text, number) && put(row, number);
    case Path::kDouble: {
      double value;
      return read_double(text, value) && put(row, value);
    }
    case Path::kText:
      return put(row, StringRef(text));
    case Path::kVarchar:
    case Path::kBpchar:
      return read_fixed_text(row, text, arena);
    case Path::kNumeric:
      return read_numeric(row, text);
    case Path::kDate: {
      int32_t date;
      return read_date(text, date) && put(row, date);
    }
    case Path::kTimestamp:
      return read_timestamp(text, false, number) && put(row, number);
    case Path::kTimestamptz:
      return read_timestamp(text, true, number) && put(row, number);
  }
  return false;
}

void ValueReader::read_text(uint32_t row, std::string_view text, Arena& arena) {
  if (__builtin_expect(read_fast(row, text, arena), 1)) return;
  if (type_->input == nullptr) {
    throw unsupported("input of type {}", format_type(type_->oid));
  }
  Datum value = type_->input(text, *type_, typmod_, *io_, arena);
  store(row, apply_typmod(value, *type_, typmod_, false, arena));
}

void ValueReader::read_binary(uint32_t row, std::string_view bytes, Arena& arena) {
  if (type_->receive == nullptr) {
    throw sql_error(SqlState::kUndefinedFunction, "no binary input function available for type {}",
                    format_type(type_->oid));
  }
  Datum value = type_->receive(bytes, *type_, typmod_, *io_, arena);
  store(row, apply_typmod(value, *type_, typmod_, false, arena));
}

void ValueReader::store(uint32_t row, const Datum& value) {
  size_t size = physical_size(type_->physical);
  std::memcpy(data_ + row * size, &value, size);
}

}  // namespace luma
