#pragma once
// All settings (GUCs): PostgreSQL 15's, from the catalog's facts, and LumaDB's own. What a setting
// accepts and how it is shown is here; who has which value is session_settings.h. Immutable after
// the first use, thread-safe.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/live_state.h"

namespace luma {

enum class SettingType : uint8_t { kBool, kInteger, kReal, kString, kEnum };
// Who may change it, and when (pg_settings.context).
enum class SettingContext : uint8_t {
  kInternal,
  kPostmaster,
  kSighup,
  kSuperuserBackend,
  kBackend,
  kSuperuser,
  kUser
};

struct SettingDefinition {
  std::string name;  // PostgreSQL's spelling ("DateStyle")
  SettingType type = SettingType::kString;
  SettingContext context = SettingContext::kUser;
  std::string unit;  // "", "kB", "8kB", "ms", ...
  double minimum = 0, maximum = 0;
  std::vector<std::string> choices;  // enums, canonical spelling
  std::string boot_value;            // as stored: integers in the base unit, booleans on/off
  std::string category, short_description, extra_description;
  bool boot_is_null = false;
  bool reported = false;       // ParameterStatus
  bool is_list = false;        // SET takes several values; elements are quoted as identifiers
  bool affects_plans = false;  // a cached plan depends on it
  // Turns a valid text into the stored form; throws 22023 for others. Null: no further rule.
  using Check = std::string (*)(const SettingDefinition& definition, std::string_view value);
  Check check = nullptr;
};

// Settings that only superusers and members of pg_read_all_settings may look at.
bool is_secret_setting(std::string_view name);

class SettingRegistry {
 public:
  static const SettingRegistry& instance();

  // Any case; nullptr when unknown.
  const SettingDefinition* find(std::string_view name) const;
  // Ordered by name, case-insensitively.
  std::span<const SettingDefinition> all() const { return definitions_; }

 private:
  SettingRegistry();
  std::vector<SettingDefinition> definitions_;
};

// What SET stores for `value`; throws 22023 with PostgreSQL's texts.
std::string check_setting_value(const SettingDefinition& definition, std::string_view value);
// What SHOW prints for a stored value ("4MB").
std::string display_setting_value(const SettingDefinition& definition, std::string_view stored);
// A row of pg_settings.
SettingRow setting_row(const SettingDefinition& definition, std::string_view stored,
                       std::string_view reset, std::string_view source);

// "on", "off", "t", "1", ...: unique prefixes as PostgreSQL takes them; false when it is none.
bool parse_setting_bool(std::string_view text, bool* value);
// `a, "B c"`: an identifier list; false when malformed. Unquoted names are folded to lower case.
bool split_identifier_list(std::string_view text, std::vector<std::string>* names);

inline constexpr std::string_view kServerVersionText = "15.20";
inline constexpr int kServerVersionNumber = 150020;

}  // namespace luma
