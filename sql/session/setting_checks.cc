#include "sql/session/setting_checks.h"

#include <algorithm>
#include <cctype>

#include "engine/base/ascii_case.h"
#include "engine/base/simd_level.h"
#include "engine/base/sql_error.h"
#include "engine/type/encoding.h"
#include "engine/type/timezone.h"

namespace luma {
namespace {

[[noreturn]] void invalid(const SettingDefinition& definition, std::string_view value,
                          std::string detail = {}) {
  throw sql_error(SqlState::kInvalidParameterValue, "invalid value for parameter \"{}\": \"{}\"",
                  definition.name, value)
      .detail(std::move(detail));
}

}  // namespace

constexpr size_t kMaxNameBytes = 63;

std::optional<SqlError> notice_of_long_name(std::string_view setting, std::string_view value) {
  if (setting != "application_name" || value.size() <= kMaxNameBytes) return std::nullopt;
  return sql_error(SqlState::kNameTooLong, "identifier \"{}\" will be truncated to \"{}\"", value,
                   value.substr(0, kMaxNameBytes));
}

std::string check_ascii_name(const SettingDefinition&, std::string_view value) {
  std::string out(value.substr(0, kMaxNameBytes));
  for (char& c : out) {
    if (c < 32 || c > 126) c = '?';
  }
  return out;
}

std::string check_client_encoding(const SettingDefinition& definition, std::string_view value) {
  const TextEncoding* encoding = find_encoding(value);
  if (encoding == nullptr) invalid(definition, value);
  if (encoding->form == EncodingForm::kNone && encoding->id != kSqlAsciiEncoding) {
    throw sql_error(SqlState::kFeatureNotSupported, "invalid value for parameter \"{}\": \"{}\"",
                    definition.name, value)
        .detail(fmt::format("Conversion between {} and UTF8 is not supported.", encoding->name));
  }
  return std::string(encoding->name);
}

void parse_date_style(std::string_view text, DateStyle* style, DateOrder* order) {
  if (text.starts_with("ISO")) *style = DateStyle::kIso;
  if (text.starts_with("SQL")) *style = DateStyle::kSql;
  if (text.starts_with("Postgres")) *style = DateStyle::kPostgres;
  if (text.starts_with("German")) *style = DateStyle::kGerman;
  if (text.ends_with("YMD")) *order = DateOrder::kYmd;
  if (text.ends_with("DMY")) *order = DateOrder::kDmy;
  if (text.ends_with("MDY")) *order = DateOrder::kMdy;
}

// Keywords may name the style, the order or both; what is not named keeps its value, which the
// caller puts in front.
std::string check_date_style(const SettingDefinition& definition, std::string_view value) {
  std::vector<std::string> words;
  if (!split_identifier_list(value, &words)) invalid(definition, value, "List syntax is invalid.");
  std::string style, order;
  bool conflict = false;
  auto choose = [&](std::string& slot, std::string_view choice) {
    if (!slot.empty() && slot != choice) conflict = true;
    slot = choice;
  };
  bool order_implied = false;
  for (const std::string& raw : words) {
    std::string word = ascii_lower(raw);
    if (word == "iso") {
      choose(style, "ISO");
    } else if (word == "sql") {
      choose(style, "SQL");
    } else if (word.starts_with("postgres")) {
      choose(style, "Postgres");
    } else if (word == "german") {
      choose(style, "German");
      if (order.empty()) {
        order = "DMY";
        order_implied = true;
      }
    } else if (word == "ymd") {
      if (order_implied) order.clear();
      choose(order, "YMD");
      order_implied = false;
    } else if (word == "dmy" || word.starts_with("euro")) {
      if (order_implied) order.clear();
      choose(order, "DMY");
      order_implied = false;
    } else if (word == "mdy" || word == "us" || word.starts_with("noneuro")) {
      if (order_implied) order.clear();
      choose(order, "MDY");
      order_implied = false;
    } else if (word == "default") {
      if (style.empty()) style = "ISO";
      if (order.empty()) order = "MDY";
    } else {
      invalid(definition, value, fmt::format("Unrecognized key word: \"{}\".", raw));
    }
  }
  if (conflict) invalid(definition, value, "Conflicting \"datestyle\" specifications.");
  return style + ", " + order;
}

std::string check_time_zone(const SettingDefinition& definition, std::string_view value) {
  const TimeZone* zone = TimeZone::find_setting(value);
  if (zone == nullptr) invalid(definition, value);
  return zone->name();
}

std::string check_simd(const SettingDefinition& definition, std::string_view value) {
  const std::optional<SimdLevel> level = simd_level_of(value);
  if (level && *level > simd_levels().back()) {
    std::string list = "auto";
    for (SimdLevel available : simd_levels()) {
      list += ", " + std::string(simd_level_name(available));
    }
    invalid(definition, value, "This machine has: " + list + ".");
  }
  return std::string(value);
}

std::string check_table_access_method(const SettingDefinition& definition, std::string_view value) {
  if (value == "heap" || value == "columnar") return std::string(value);
  throw sql_error(SqlState::kInvalidParameterValue, "invalid value for parameter \"{}\": \"{}\"",
                  definition.name, value)
      .detail(value.empty() ? fmt::format("{} cannot be empty.", definition.name)
                            : fmt::format("Table access method \"{}\" does not exist.", value));
}

std::string check_search_path(const SettingDefinition& definition, std::string_view value) {
  std::vector<std::string> names;
  if (!split_identifier_list(value, &names)) invalid(definition, value, "List syntax is invalid.");
  return std::string(value);
}

}  // namespace luma
