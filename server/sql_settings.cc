#include "server/sql_settings.h"

#include <filesystem>

#include "engine/base/sql_error.h"
#include "sql/session/setting_registry.h"

namespace luma {

namespace {

// Where configuration and PostgreSQL mean the same thing in the same form.
struct SameSetting {
  std::string_view sql_name, own_name;
};
constexpr SameSetting kSameSettings[] = {
    {"listen_addresses", "server.listen"},
    {"port", "server.port"},
    {"unix_socket_directories", "server.socket_dir"},
    {"max_connections", "server.max_connections"},
    {"superuser_reserved_connections", "server.superuser_reserved_connections"},
    {"ssl_cert_file", "server.tls_cert"},
    {"ssl_key_file", "server.tls_key"},
    {"log_statement", "log.statement"},
    {"log_min_duration_statement", "log.min_duration_ms"},
    {"log_connections", "log.connections"},
};

SqlError config_error(std::string text) { return {SqlState::kConfigFileError, std::move(text)}; }

std::string text_of(const Configuration& configuration, const ConfigurationRow& row) {
  if (auto field = std::get_if<bool Configuration::*>(&row.field)) {
    return configuration.**field ? "on" : "off";
  }
  if (auto field = std::get_if<int64_t Configuration::*>(&row.field)) {
    return std::to_string(configuration.**field);
  }
  return configuration.*std::get<std::string Configuration::*>(row.field);
}

}  // namespace

void apply_sql_setting(Configuration& configuration, std::string_view name,
                       std::string_view value) {
  const SettingDefinition* definition = SettingRegistry::instance().find(name);
  if (definition == nullptr) {
    if (name.find('.') == name.npos) {
      throw config_error(fmt::format("unrecognized configuration parameter \"{}\"", name));
    }
    configuration.sql_settings.emplace_back(name, value);
    return;
  }
  if (definition->context == SettingContext::kInternal) {
    throw config_error(fmt::format("parameter \"{}\" cannot be changed", definition->name));
  }
  std::string stored;
  try {
    stored = check_setting_value(*definition, value);
  } catch (const SqlError& error) {
    throw config_error(error.detail_text.empty()
                           ? error.message
                           : fmt::format("{} ({})", error.message, error.detail_text));
  }
  for (const SameSetting& same : kSameSettings) {
    if (same.sql_name != definition->name) continue;
    return apply_setting(configuration, *find_setting(same.own_name), stored);
  }
  configuration.sql_settings.emplace_back(definition->name, value);
}

std::vector<std::pair<std::string, std::string>> initial_sql_settings(
    const Configuration& configuration) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const SameSetting& same : kSameSettings) {
    settings.emplace_back(same.sql_name, text_of(configuration, *find_setting(same.own_name)));
  }
  if (configuration.tls_cert.empty()) {
    // The defaults name files that nobody asked for.
    std::erase_if(settings, [](const auto& each) { return each.first.starts_with("ssl_"); });
  } else {
    settings.emplace_back("ssl", "on");
  }
  if (!configuration.in_memory) {
    std::error_code error;
    std::filesystem::path path = std::filesystem::absolute(configuration.data_dir, error);
    settings.emplace_back("data_directory",
                          error ? configuration.data_dir : path.lexically_normal().string());
  }
  if (!configuration.config_file.empty()) {
    // The rules of who may come in stand in the same file.
    settings.emplace_back("config_file", configuration.config_file);
    settings.emplace_back("hba_file", configuration.config_file);
  }
  settings.emplace_back(
      "authentication_timeout",
      fmt::format("{}s", std::max<int64_t>(1, configuration.authentication_timeout_ms / 1000)));
  if (configuration.work_mem > 0) {
    settings.emplace_back("work_mem", fmt::format("{}kB", configuration.work_mem / 1024));
  }
  settings.insert(settings.end(), configuration.sql_settings.begin(),
                  configuration.sql_settings.end());
  return settings;
}

}  // namespace luma
