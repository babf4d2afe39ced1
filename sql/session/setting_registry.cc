#include "sql/session/setting_registry.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "engine/base/ascii_case.h"
#include "engine/base/sql_error.h"
#include "engine/type/timezone.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/session/setting_checks.h"

namespace luma {
namespace {

struct Unit {
  std::string_view name;
  double base;  // bytes or milliseconds
};
constexpr Unit kMemoryUnits[] = {
    {"TB", 1099511627776.0}, {"GB", 1073741824.0}, {"MB", 1048576.0}, {"kB", 1024.0}, {"B", 1.0}};
constexpr Unit kTimeUnits[] = {{"d", 86400000.0}, {"h", 3600000.0}, {"min", 60000.0},
                               {"s", 1000.0},     {"ms", 1.0},      {"us", 0.001}};

bool is_memory_unit(std::string_view unit) { return unit.ends_with("B"); }

// Size of the setting's base unit in bytes or milliseconds.
double base_of(std::string_view unit) {
  if (is_memory_unit(unit)) {
    double factor = 1;
    if (unit.size() > 2 && unit[0] >= '0' && unit[0] <= '9') {
      size_t digits = unit.find_first_not_of("0123456789");
      factor = std::atof(std::string(unit.substr(0, digits)).c_str());
      unit.remove_prefix(digits);
    }
    for (const Unit& row : kMemoryUnits) {
      if (row.name == unit) return row.base * factor;
    }
    return 1;
  }
  for (const Unit& row : kTimeUnits) {
    if (row.name == unit) return row.base;
  }
  return 1;
}

std::span<const Unit> units_for(std::string_view unit) {
  return is_memory_unit(unit) ? std::span<const Unit>(kMemoryUnits)
                              : std::span<const Unit>(kTimeUnits);
}

[[noreturn]] void invalid(const SettingDefinition& definition, std::string_view value,
                          std::string hint = {}) {
  throw sql_error(SqlState::kInvalidParameterValue, "invalid value for parameter \"{}\": \"{}\"",
                  definition.name, value)
      .hint(std::move(hint));
}

std::string unit_hint(const SettingDefinition& definition) {
  if (definition.unit.empty()) return {};
  return is_memory_unit(definition.unit)
             ? R"(Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".)"
             : R"(Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".)";
}

// A number with an optional unit, in the setting's base unit.
double parse_number(const SettingDefinition& definition, std::string_view text) {
  std::string copy(text);
  char* end = nullptr;
  const char* begin = copy.c_str();
  double number = std::strtod(begin, &end);
  if (definition.type == SettingType::kInteger) {
    // Octal and hexadecimal integers are accepted, as PostgreSQL does.
    char* integer_end = nullptr;
    long long integer = std::strtoll(begin, &integer_end, 0);
    if (integer_end >= end || (*integer_end != '.' && *integer_end != 'e' && *integer_end != 'E')) {
      number = static_cast<double>(integer);
      end = integer_end;
    }
  }
  if (end == begin || std::isnan(number)) invalid(definition, text);
  while (*end == ' ') ++end;
  std::string_view unit(end);
  while (!unit.empty() && unit.back() == ' ') unit.remove_suffix(1);
  if (unit.empty()) return number;
  if (definition.unit.empty()) invalid(definition, text);
  for (const Unit& row : units_for(definition.unit)) {
    if (row.name == unit) return number * row.base / base_of(definition.unit);
  }
  invalid(definition, text, unit_hint(definition));
}

std::string format_real(double value) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%g", value);
  return buffer.data();
}

std::string check_number(const SettingDefinition& definition, std::string_view text) {
  double number = parse_number(definition, text);
  bool integer = definition.type == SettingType::kInteger;
  if (integer) number = std::nearbyint(number);
  if (number < definition.minimum || number > definition.maximum) {
    std::string space = definition.unit.empty() ? "" : " ";
    std::string shown =
        integer ? fmt::format("{}", static_cast<int64_t>(number)) : format_real(number);
    std::string low = integer ? fmt::format("{}", static_cast<int64_t>(definition.minimum))
                              : format_real(definition.minimum);
    std::string high = integer ? fmt::format("{}", static_cast<int64_t>(definition.maximum))
                               : format_real(definition.maximum);
    throw sql_error(SqlState::kInvalidParameterValue,
                    "{}{}{} is outside the valid range for parameter \"{}\" ({} .. {})", shown,
                    space, definition.unit, definition.name, low, high);
  }
  return integer ? fmt::format("{}", static_cast<int64_t>(number)) : fmt::format("{}", number);
}

std::string check_enum(const SettingDefinition& definition, std::string_view text) {
  std::string wanted(text);
  for (const std::string& choice : definition.choices) {
    if (strcasecmp(choice.c_str(), wanted.c_str()) == 0) return choice;
  }
  // Settings that began as booleans still take every boolean word.
  bool value = false;
  if (parse_setting_bool(text, &value) && text.size() > 0) {
    std::string_view word = value ? "on" : "off";
    if (std::find(definition.choices.begin(), definition.choices.end(), word) !=
        definition.choices.end()) {
      return std::string(word);
    }
  }
  std::string list;
  for (const std::string& choice : definition.choices) {
    if (!list.empty()) list += ", ";
    list += choice;
  }
  invalid(definition, text, "Available values: " + list + ".");
}

std::string display_with_unit(const SettingDefinition& definition, std::string_view stored) {
  double value = std::atof(std::string(stored).c_str());
  if (value <= 0 || definition.unit.empty())
    return std::string(stored) + (value == 0 || definition.unit.empty() ? "" : "");
  double absolute = value * base_of(definition.unit);
  for (const Unit& row : units_for(definition.unit)) {
    double quotient = absolute / row.base;
    if (quotient >= 1 && std::abs(quotient - std::nearbyint(quotient)) < 1e-9) {
      return fmt::format("{}{}", static_cast<int64_t>(std::nearbyint(quotient)), row.name);
    }
  }
  return fmt::format("{}{}", stored, definition.unit);
}

SettingType type_of(std::string_view word) {
  if (word == "bool") return SettingType::kBool;
  if (word == "integer") return SettingType::kInteger;
  if (word == "real") return SettingType::kReal;
  if (word == "enum") return SettingType::kEnum;
  return SettingType::kString;
}

constexpr std::string_view kContextNames[] = {
    "internal", "postmaster", "sighup", "superuser-backend", "backend", "superuser", "user"};

SettingContext context_of(std::string_view word) {
  for (size_t i = 0; i < std::size(kContextNames); ++i) {
    if (kContextNames[i] == word) return static_cast<SettingContext>(i);
  }
  return SettingContext::kInternal;
}

constexpr std::string_view kTypeNames[] = {"bool", "integer", "real", "string", "enum"};

SettingDefinition definition_of(const SettingFact& fact) {
  SettingDefinition d;
  d.name = fact.name;
  d.type = type_of(fact.type);
  d.context = context_of(fact.context);
  d.unit = fact.unit;
  d.minimum = fact.min_value.empty() ? 0 : std::atof(std::string(fact.min_value).c_str());
  d.maximum = fact.max_value.empty() ? 0 : std::atof(std::string(fact.max_value).c_str());
  d.choices.assign(fact.enum_values.begin(), fact.enum_values.end());
  d.boot_value = fact.boot_value;
  d.boot_is_null = fact.boot_is_null;
  d.category = fact.category;
  d.short_description = fact.short_desc;
  d.extra_description = fact.extra_desc;
  return d;
}

// Settings of LumaDB's own.
struct OwnSetting {
  std::string_view name;
  SettingType type;
  SettingContext context;
  std::string_view unit;
  double minimum, maximum;
  std::string_view boot_value;
  std::string_view description;
  std::string_view choices = {};  // of enums, separated by '|'
  SettingDefinition::Check check = nullptr;
};
const OwnSetting kOwnSettings[] = {
    {"luma.disabled_passes", SettingType::kString, SettingContext::kUser, "", 0, 0, "",
     "Optimizer passes that are left out, separated by commas."},
    {"luma.inline_cost_limit", SettingType::kInteger, SettingContext::kUser, "", 0, 2147483647,
     "40", "Estimated cost up to which a statement runs on the event loop."},
    {"luma.plan_cache_size", SettingType::kInteger, SettingContext::kUser, "", 0, 100000, "256",
     "Plans that a session keeps for repeated statements."},
    {"luma.query_memory_limit", SettingType::kInteger, SettingContext::kUser, "kB", 0, 2147483647,
     "0", "Memory that one statement may use; 0 is no limit of its own."},
    {"luma.retention_naptime", SettingType::kInteger, SettingContext::kPostmaster, "s", 0, 86400,
     "60", "Time between looks at tables with retention; 0 is never."},
    {"luma.simd", SettingType::kEnum, SettingContext::kPostmaster, "", 0, 0, "auto",
     "Instructions that loops over vectors use; auto is the best that the machine has.",
     "auto|sse2|avx2|avx512", check_simd},
    {"luma.spill_above", SettingType::kInteger, SettingContext::kUser, "", -1, 2147483647, "-1",
     "Bytes that an operator keeps before it spills, whatever work_mem says; -1 leaves it to "
     "that."},
    {"luma.text_search_directory", SettingType::kString, SettingContext::kSuperuser, "", 0, 0, "",
     "Directory of word lists for text search besides those that are built in."},
};

// PostgreSQL's facts that LumaDB answers differently or knows more of.
struct Override {
  std::string_view name;
  std::string_view boot_value;
  bool replace_boot;
  bool reported, is_list, affects_plans;
  SettingDefinition::Check check;
};
const Override kOverrides[] = {
    {"application_name", "", false, true, false, false, check_ascii_name},
    {"client_encoding", "UTF8", true, true, false, false, check_client_encoding},
    {"DateStyle", "ISO, MDY", true, true, true, true, check_date_style},
    {"default_transaction_read_only", "", false, true, false, false, nullptr},
    {"in_hot_standby", "off", true, true, false, false, nullptr},
    {"integer_datetimes", "on", true, true, false, false, nullptr},
    {"IntervalStyle", "", false, true, false, true, nullptr},
    {"server_encoding", "UTF8", true, true, false, false, nullptr},
    {"server_version", kServerVersionText, true, true, false, false, nullptr},
    {"server_version_num", "150020", true, false, false, false, nullptr},
    {"standard_conforming_strings", "", false, true, false, true, nullptr},
    {"TimeZone", "Etc/UTC", true, true, false, true, check_time_zone},
    {"log_timezone", "Etc/UTC", true, false, false, false, check_time_zone},
    {"search_path", "", false, false, true, true, check_search_path},
    {"default_table_access_method", "", false, false, false, false, check_table_access_method},
    {"row_security", "", false, false, false, true, nullptr},
    {"bytea_output", "", false, false, false, true, nullptr},
    {"extra_float_digits", "", false, false, false, true, nullptr},
    {"backslash_quote", "", false, false, false, true, nullptr},
    {"array_nulls", "", false, false, false, true, nullptr},
    {"transform_null_equals", "", false, false, false, true, nullptr},
    {"default_text_search_config", "pg_catalog.english", true, false, false, true, nullptr},
    {"lc_monetary", "C.UTF-8", true, false, false, true, nullptr},
    {"lc_numeric", "C.UTF-8", true, false, false, true, nullptr},
    {"lc_time", "C.UTF-8", true, false, false, true, nullptr},
    {"lc_messages", "C.UTF-8", true, false, false, false, nullptr},
    {"lc_collate", "C.UTF-8", true, false, false, false, nullptr},
    {"lc_ctype", "C.UTF-8", true, false, false, false, nullptr},
    {"temp_tablespaces", "", false, false, true, false, nullptr},
    {"local_preload_libraries", "", false, false, true, false, nullptr},
    {"session_preload_libraries", "", false, false, true, false, nullptr},
    {"shared_preload_libraries", "", false, false, true, false, nullptr},
    {"max_stack_depth", "2048", true, false, false, false, nullptr},
    {"timezone_abbreviations", "Default", true, false, false, true, nullptr},
    {"wal_level", "replica", true, false, false, false, nullptr},
    {"luma.disabled_passes", "", false, false, false, true, nullptr},
};

}  // namespace

bool parse_setting_bool(std::string_view text, bool* value) {
  std::string lower = ascii_lower(text);
  auto prefix = [&](std::string_view word, size_t minimum) {
    return lower.size() >= minimum && word.starts_with(lower);
  };
  if (prefix("true", 1) || prefix("yes", 1) || lower == "on" || lower == "1") {
    *value = true;
    return true;
  }
  if (prefix("false", 1) || prefix("no", 1) || prefix("off", 2) || lower == "0") {
    *value = false;
    return true;
  }
  return false;
}

bool split_identifier_list(std::string_view text, std::vector<std::string>* names) {
  size_t i = 0;
  auto skip_space = [&] {
    while (i < text.size() && std::isspace(static_cast<unsigned char>(text[i]))) ++i;
  };
  skip_space();
  if (i == text.size()) return true;
  for (;;) {
    std::string name;
    if (text[i] == '"') {
      for (++i;; ++i) {
        if (i == text.size()) return false;
        if (text[i] == '"') {
          if (i + 1 < text.size() && text[i + 1] == '"') {
            ++i;
          } else {
            break;
          }
        }
        name.push_back(text[i]);
      }
      ++i;
    } else {
      while (i < text.size() && text[i] != ',' &&
             !std::isspace(static_cast<unsigned char>(text[i]))) {
        name.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(text[i++]))));
      }
      if (name.empty()) return false;
    }
    names->push_back(std::move(name));
    skip_space();
    if (i == text.size()) return true;
    if (text[i++] != ',') return false;
    skip_space();
    if (i == text.size()) return false;
  }
}

bool is_secret_setting(std::string_view name) {
  static constexpr std::string_view kSecret[] = {"config_file",
                                                 "data_directory",
                                                 "dynamic_library_path",
                                                 "external_pid_file",
                                                 "hba_file",
                                                 "ident_file",
                                                 "jit_provider",
                                                 "krb_server_keyfile",
                                                 "log_directory",
                                                 "log_filename",
                                                 "primary_conninfo",
                                                 "session_preload_libraries",
                                                 "shared_preload_libraries",
                                                 "ssl_ciphers",
                                                 "ssl_dh_params_file",
                                                 "ssl_ecdh_curve",
                                                 "ssl_max_protocol_version",
                                                 "ssl_min_protocol_version",
                                                 "ssl_passphrase_command",
                                                 "unix_socket_directories"};
  return std::ranges::binary_search(kSecret, name);
}

const SettingRegistry& SettingRegistry::instance() {
  static const SettingRegistry registry;
  return registry;
}

SettingRegistry::SettingRegistry() {
  for (const SettingFact& fact : setting_facts()) definitions_.push_back(definition_of(fact));
  for (const OwnSetting& own : kOwnSettings) {
    SettingDefinition d;
    d.name = own.name;
    d.type = own.type;
    d.context = own.context;
    d.unit = own.unit;
    d.minimum = own.minimum;
    d.maximum = own.maximum;
    d.boot_value = own.boot_value;
    d.category = "LumaDB";
    d.short_description = own.description;
    for (std::string_view left = own.choices; !left.empty();) {
      const size_t end = std::min(left.find('|'), left.size());
      d.choices.emplace_back(left.substr(0, end));
      left.remove_prefix(std::min(end + 1, left.size()));
    }
    d.check = own.check;
    definitions_.push_back(std::move(d));
  }
  // Not in pg_settings, but SET and SHOW know them.
  for (std::string_view name : {"session_authorization", "role", "is_superuser", "seed"}) {
    bool known = std::any_of(definitions_.begin(), definitions_.end(),
                             [&](const SettingDefinition& d) { return d.name == name; });
    if (known) continue;
    SettingDefinition d;
    d.name = name;
    d.category = "hidden";
    d.context = name == "is_superuser" ? SettingContext::kInternal : SettingContext::kUser;
    d.reported = name == "is_superuser" || name == "session_authorization";
    d.affects_plans = name == "role" || name == "session_authorization";
    d.boot_value = name == "role" ? "none" : name == "seed" ? "0" : "";
    if (name == "is_superuser") d.type = SettingType::kBool;
    definitions_.push_back(std::move(d));
  }
  std::sort(definitions_.begin(), definitions_.end(), [](const auto& a, const auto& b) {
    return strcasecmp(a.name.c_str(), b.name.c_str()) < 0;
  });
  for (const Override& row : kOverrides) {
    auto* d = const_cast<SettingDefinition*>(find(row.name));
    LUMA_CHECK(d != nullptr);
    if (row.replace_boot) {
      d->boot_value = row.boot_value;
      d->boot_is_null = false;
    }
    d->reported |= row.reported;
    d->is_list |= row.is_list;
    d->affects_plans |= row.affects_plans;
    if (row.check != nullptr) d->check = row.check;
  }
  for (SettingDefinition& d : definitions_) {
    if (d.name.starts_with("enable_") || d.category.starts_with("Query Tuning")) {
      d.affects_plans = true;
    }
  }
}

const SettingDefinition* SettingRegistry::find(std::string_view name) const {
  std::string key(name);
  auto it = std::lower_bound(definitions_.begin(), definitions_.end(), key,
                             [](const SettingDefinition& d, const std::string& k) {
                               return strcasecmp(d.name.c_str(), k.c_str()) < 0;
                             });
  if (it == definitions_.end() || strcasecmp(it->name.c_str(), key.c_str()) != 0) return nullptr;
  return &*it;
}

std::string check_setting_value(const SettingDefinition& definition, std::string_view value) {
  std::string stored;
  switch (definition.type) {
    case SettingType::kBool: {
      bool flag = false;
      if (!parse_setting_bool(value, &flag)) {
        throw sql_error(SqlState::kInvalidParameterValue,
                        "parameter \"{}\" requires a Boolean value", definition.name);
      }
      stored = flag ? "on" : "off";
      break;
    }
    case SettingType::kInteger:
    case SettingType::kReal:
      stored = check_number(definition, value);
      break;
    case SettingType::kEnum:
      stored = check_enum(definition, value);
      break;
    case SettingType::kString:
      stored = value;
      break;
  }
  return definition.check == nullptr ? stored : definition.check(definition, stored);
}

std::string display_setting_value(const SettingDefinition& definition, std::string_view stored) {
  bool number = definition.type == SettingType::kInteger || definition.type == SettingType::kReal;
  return number ? display_with_unit(definition, stored) : std::string(stored);
}

SettingRow setting_row(const SettingDefinition& definition, std::string_view stored,
                       std::string_view reset, std::string_view source) {
  SettingRow row;
  row.name = definition.name;
  row.setting = stored;
  if (!definition.unit.empty()) row.unit = definition.unit;
  row.category = definition.category;
  row.short_desc = definition.short_description;
  if (!definition.extra_description.empty()) row.extra_desc = definition.extra_description;
  row.context = kContextNames[static_cast<size_t>(definition.context)];
  row.vartype = kTypeNames[static_cast<size_t>(definition.type)];
  row.source = source;
  if (definition.type == SettingType::kInteger) {
    row.min_value = fmt::format("{}", static_cast<int64_t>(definition.minimum));
    row.max_value = fmt::format("{}", static_cast<int64_t>(definition.maximum));
  } else if (definition.type == SettingType::kReal) {
    row.min_value = format_real(definition.minimum);
    row.max_value = format_real(definition.maximum);
  }
  row.enum_values = definition.choices;
  if (!definition.boot_is_null) row.boot_value = definition.boot_value;
  row.reset_value = reset;
  return row;
}

}  // namespace luma
