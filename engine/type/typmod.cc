#include "engine/type/typmod.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "engine/type/bit_string.h"
#include "engine/type/datetime.h"
#include "engine/type/interval.h"
#include "engine/type/numeric.h"
#include "engine/type/string.h"
#include "engine/type/type_info.h"

namespace luma {
namespace {

constexpr Oid kBitOid = 1560;
constexpr Oid kVarbitOid = 1562;
constexpr int32_t kMaxStringLength = 10485760;
constexpr int32_t kMaxBitLength = 83886080;
constexpr int kMaxTimePrecision = 6;
constexpr int32_t kVarlenHeader = 4;  // PostgreSQL counts it in the typmods of strings and numeric

SqlError invalid_parameter(std::string text) {
  return SqlError(SqlState::kInvalidParameterValue, std::move(text));
}

int32_t length_typmod(std::span<const int32_t> modifiers, const char* name, int32_t longest) {
  if (modifiers.size() != 1) throw invalid_parameter("invalid type modifier");
  int32_t length = modifiers[0];
  if (length < 1)
    throw invalid_parameter(fmt::format("length for type {} must be at least 1", name));
  if (length > longest)
    throw invalid_parameter(fmt::format("length for type {} cannot exceed {}", name, longest));
  return length;
}

int32_t time_typmod(std::span<const int32_t> modifiers, const char* name, const char* suffix) {
  if (modifiers.size() != 1) throw invalid_parameter("invalid type modifier");
  int32_t precision = modifiers[0];
  if (precision < 0) {
    throw invalid_parameter(
        fmt::format("{}({}){} precision must not be negative", name, precision, suffix));
  }
  return std::min(precision, kMaxTimePrecision);
}

int32_t numeric_modifiers(std::span<const int32_t> modifiers) {
  if (modifiers.empty() || modifiers.size() > 2)
    throw invalid_parameter("invalid NUMERIC type modifier");
  int32_t precision = modifiers[0];
  int32_t scale = modifiers.size() == 2 ? modifiers[1] : 0;
  if (precision < 1 || precision > kNumericMaxPrecision) {
    throw invalid_parameter(fmt::format("NUMERIC precision {} must be between 1 and {}", precision,
                                        kNumericMaxPrecision));
  }
  if (scale < -kNumericMaxPrecision || scale > kNumericMaxPrecision) {
    throw invalid_parameter(fmt::format("NUMERIC scale {} must be between -1000 and 1000", scale));
  }
  return numeric_typmod(precision, scale);
}

// Field masks that the grammar can produce, with their names.
struct IntervalFields {
  int mask;
  const char* name;
};

constexpr IntervalFields kIntervalFields[] = {
    {interval_field::kYear, "year"},
    {interval_field::kMonth, "month"},
    {interval_field::kDay, "day"},
    {interval_field::kHour, "hour"},
    {interval_field::kMinute, "minute"},
    {interval_field::kSecond, "second"},
    {interval_field::kYear | interval_field::kMonth, "year to month"},
    {interval_field::kDay | interval_field::kHour, "day to hour"},
    {interval_field::kDay | interval_field::kHour | interval_field::kMinute, "day to minute"},
    {interval_field::kDay | interval_field::kHour | interval_field::kMinute |
         interval_field::kSecond,
     "day to second"},
    {interval_field::kHour | interval_field::kMinute, "hour to minute"},
    {interval_field::kHour | interval_field::kMinute | interval_field::kSecond, "hour to second"},
    {interval_field::kMinute | interval_field::kSecond, "minute to second"},
    {interval_field::kAll, ""},
};

const char* interval_fields_name(int mask) {
  for (const IntervalFields& fields : kIntervalFields) {
    if (fields.mask == mask) return fields.name;
  }
  return nullptr;
}

int32_t interval_modifiers(std::span<const int32_t> modifiers) {
  if (modifiers.empty() || modifiers.size() > 2 || interval_fields_name(modifiers[0]) == nullptr) {
    throw invalid_parameter("invalid INTERVAL type modifier");
  }
  int32_t mask = modifiers[0];
  if (modifiers.size() == 1)
    return mask == interval_field::kAll ? -1 : mask << 16 | kIntervalFullPrecision;
  int32_t precision = modifiers[1];
  if (precision < 0)
    throw invalid_parameter(fmt::format("INTERVAL({}) precision must not be negative", precision));
  return mask << 16 | std::min(precision, kMaxTimePrecision);
}

std::string interval_typmod_text(int32_t typmod) {
  int mask = typmod >> 16 & interval_field::kAll;
  int precision = typmod & 0xFFFF;
  const char* fields = interval_fields_name(mask);
  if (fields == nullptr) {
    throw sql_error(SqlState::kInternalError, "invalid INTERVAL typmod: 0x{:x}",
                    static_cast<uint32_t>(typmod));
  }
  std::string text = *fields == '\0' ? "" : fmt::format(" {}", fields);
  if (precision != kIntervalFullPrecision) text += fmt::format("({})", precision);
  return text;
}

Datum fit_string(const Datum& value, int32_t limit, bool pad, bool explicit_cast, Arena& arena) {
  auto characters = static_cast<size_t>(limit);
  std::string_view text = value.str.view();
  size_t length = text.size() <= characters && !pad ? text.size() : utf8_length(text);
  if (length > characters) {
    size_t keep = utf8_prefix_bytes(text, characters);
    bool only_blanks = text.find_first_not_of(' ', keep) == std::string_view::npos;
    if (!explicit_cast && !only_blanks) {
      throw sql_error(SqlState::kStringDataRightTruncation, "value too long for type {}({})",
                      pad ? "character" : "character varying", limit);
    }
    // A prefix may share the bytes of the longer string, unless those are inline.
    return value.str.is_inline() || keep <= StringRef::kInlineBytes
               ? Datum::of_string(text.substr(0, keep))
               : Datum::of_string(StringRef(text.data(), static_cast<uint32_t>(keep)));
  }
  if (!pad || length == characters) return value;
  size_t total = text.size() + characters - length;
  char* bytes = arena.allocate_bytes(total);
  std::memcpy(bytes, text.data(), text.size());
  std::memset(bytes + text.size(), ' ', total - text.size());
  return Datum::of_string(StringRef(bytes, static_cast<uint32_t>(total)));
}

Datum apply_to_elements(const Datum& value, const TypeInfo& type, int32_t typmod,
                        bool explicit_cast, Arena& arena) {
  const TypeInfo& element = type_info(type.element);
  ArrayView array(value);
  ArrayBuilder builder(element.oid, element.physical);
  for (uint32_t i = 0; i < array.size(); ++i) {
    Value item = array.element(i);
    if (!item.is_null) item.datum = apply_typmod(item.datum, element, typmod, explicit_cast, arena);
    builder.add(item);
  }
  return builder.finish(array.dimensions(), arena);
}

// The SQL spelling of types whose internal name differs. `with_typmod` puts the modifier inside.
struct SqlName {
  Oid oid;
  const char* before;
  const char* after;
};

constexpr SqlName kSqlNames[] = {
    {type_oid::kBool, "boolean", ""},
    {type_oid::kChar, "\"char\"", ""},
    {type_oid::kInt2, "smallint", ""},
    {type_oid::kInt4, "integer", ""},
    {type_oid::kInt8, "bigint", ""},
    {type_oid::kFloat4, "real", ""},
    {type_oid::kFloat8, "double precision", ""},
    {type_oid::kBpchar, "character", ""},
    {type_oid::kVarchar, "character varying", ""},
    {type_oid::kTime, "time", " without time zone"},
    {type_oid::kTimetz, "time", " with time zone"},
    {type_oid::kTimestamp, "timestamp", " without time zone"},
    {type_oid::kTimestamptz, "timestamp", " with time zone"},
    {kVarbitOid, "bit varying", ""},
    {type_oid::kAny, "\"any\"", ""},
};

std::string format(Oid oid, int32_t typmod, bool typmod_given) {
  if (oid == kInvalidOid) return "-";
  const TypeInfo* type = find_type(oid);
  if (type == nullptr) return "???";
  if (type->is_array() || oid == type_oid::kRecordArray)
    return format(type->element, typmod, typmod_given) + "[]";
  if (typmod_given && typmod < 0) {
    if (oid == type_oid::kBpchar) return "bpchar";
    if (oid == kBitOid) return "\"bit\"";
  }
  std::string modifier = typmod_text(oid, typmod);
  for (const SqlName& name : kSqlNames) {
    if (name.oid == oid) return name.before + modifier + name.after;
  }
  return std::string(type->name) + modifier;
}

}  // namespace

int32_t parse_typmod(Oid type, std::span<const int32_t> modifiers) {
  const TypeInfo& info = type_info(type);
  switch (info.is_array() ? info.element : type) {
    case type_oid::kVarchar:
      return length_typmod(modifiers, "varchar", kMaxStringLength) + kVarlenHeader;
    case type_oid::kBpchar:
      return length_typmod(modifiers, "char", kMaxStringLength) + kVarlenHeader;
    case kBitOid:
      return length_typmod(modifiers, "bit", kMaxBitLength);
    case kVarbitOid:
      return length_typmod(modifiers, "varbit", kMaxBitLength);
    case type_oid::kNumeric:
      return numeric_modifiers(modifiers);
    case type_oid::kTime:
      return time_typmod(modifiers, "TIME", "");
    case type_oid::kTimetz:
      return time_typmod(modifiers, "TIME", " WITH TIME ZONE");
    case type_oid::kTimestamp:
      return time_typmod(modifiers, "TIMESTAMP", "");
    case type_oid::kTimestamptz:
      return time_typmod(modifiers, "TIMESTAMP", " WITH TIME ZONE");
    case type_oid::kInterval:
      return interval_modifiers(modifiers);
    default:
      throw sql_error(SqlState::kSyntaxError, "type modifier is not allowed for type \"{}\"",
                      format_type(type));
  }
}

std::string typmod_text(Oid type, int32_t typmod) {
  if (typmod < 0) return "";
  switch (type) {
    case type_oid::kVarchar:
    case type_oid::kBpchar:
      return typmod > kVarlenHeader ? fmt::format("({})", typmod - kVarlenHeader) : "";
    case kBitOid:
    case kVarbitOid:
    case type_oid::kTime:
    case type_oid::kTimetz:
    case type_oid::kTimestamp:
    case type_oid::kTimestamptz:
      return fmt::format("({})", typmod);
    case type_oid::kNumeric:
      return fmt::format("({},{})", numeric_typmod_precision(typmod), numeric_typmod_scale(typmod));
    case type_oid::kInterval:
      return interval_typmod_text(typmod);
    // Types without modifiers show what they were given, in PostgreSQL too.
    default:
      return fmt::format("({})", typmod);
  }
}

std::string format_type(Oid oid, int32_t typmod) { return format(oid, typmod, typmod >= 0); }

std::string format_type_with_typmod(Oid oid, int32_t typmod) { return format(oid, typmod, true); }

Datum apply_typmod(const Datum& value, const TypeInfo& type, int32_t typmod, bool explicit_cast,
                   Arena& arena) {
  if (typmod < 0) return value;
  Datum result = value;
  switch (type.oid) {
    case type_oid::kVarchar:
      if (typmod < kVarlenHeader) return value;
      return fit_string(value, typmod - kVarlenHeader, false, explicit_cast, arena);
    case type_oid::kBpchar:
      if (typmod < kVarlenHeader) return value;
      return fit_string(value, typmod - kVarlenHeader, true, explicit_cast, arena);
    case kBitOid:
    case kVarbitOid:
      return apply_bit_typmod(value, type.oid == kBitOid, typmod, explicit_cast, arena);
    case type_oid::kNumeric:
      return numeric_apply_typmod(value, typmod, arena);
    case type_oid::kTime:
      result.i64 = round_micros(value.i64, typmod);
      return result;
    case type_oid::kTimestamp:
    case type_oid::kTimestamptz:
      result.i64 = round_timestamp(value.i64, typmod);
      return result;
    case type_oid::kTimetz:
      result.timetz.micros = round_micros(value.timetz.micros, typmod);
      return result;
    case type_oid::kInterval:
      return Datum::of_interval(apply_interval_typmod(value.interval, typmod));
    default:
      return type.is_array() ? apply_to_elements(value, type, typmod, explicit_cast, arena) : value;
  }
}

}  // namespace luma
