// The only file that sees CLI11.
#include "server/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/base/sql_error.h"
#include "server/sql_settings.h"

namespace luma {
namespace {

SqlError config_error(std::string text) { return {SqlState::kConfigFileError, std::move(text)}; }

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT: before any thread exists
  return value == nullptr ? "" : value;
}

std::string read_password_file(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line)) {
    throw config_error(fmt::format("could not read a password from file \"{}\"", path));
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty()) throw config_error(fmt::format("password file \"{}\" is empty", path));
  return line;
}

std::string help_text(const ConfigurationRow& row) {
  std::string text(row.doc);
  if (!row.choices.empty()) text += " (" + std::string(row.choices) + ")";
  if (!row.default_value.empty() && row.kind != SettingKind::kBool) {
    text += " [" + std::string(row.default_value) + "]";
  }
  return text;
}

void apply_assignment(Configuration& configuration, const std::string& assignment) {
  size_t equals = assignment.find('=');
  std::string name = assignment.substr(0, equals);
  const ConfigurationRow* row = find_setting(name);
  if (row == nullptr) {
    throw config_error(
        fmt::format("unknown setting \"{}\"; did you mean \"{}\"?", name, nearest_setting(name)));
  }
  if (equals == assignment.npos)
    throw config_error(fmt::format("--set {} needs a value: {}=...", name, name));
  apply_setting(configuration, *row, assignment.substr(equals + 1));
}

std::string password_from(const std::string& password_file) {
  if (!password_file.empty()) return read_password_file(password_file);
  std::string from_file = environment("POSTGRES_PASSWORD_FILE");
  if (!from_file.empty()) return read_password_file(from_file);
  return environment("POSTGRES_PASSWORD");
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CLI::App app("LumaDB: a database server that speaks PostgreSQL's protocol", "lumadb");
  std::string config_file, preset, password_file;
  std::vector<std::string> assignments, sql_assignments;
  bool version = false, settings = false;
  app.add_option("--config", config_file, "Settings file (luma.toml)");
  app.add_option("--preset", preset, "Defaults for a purpose (fast|durable|low_memory)");
  app.add_option("--password-file", password_file,
                 "File whose first line is the superuser's password for a new database (also "
                 "POSTGRES_PASSWORD)");
  app.add_option("--set", assignments, "Any setting of luma.toml, as section.key=value")
      ->allow_extra_args(false);
  app.add_option("-c", sql_assignments,
                 "Any setting of PostgreSQL, as name=value (max_prepared_transactions=10)")
      ->allow_extra_args(false);
  app.add_flag("--version", version, "Print the version and exit");
  app.add_flag("--settings", settings, "Print the settings reference (Markdown) and exit");
  std::map<const ConfigurationRow*, std::string> texts;
  std::map<const ConfigurationRow*, bool> switches;
  for (const ConfigurationRow& row : setting_rows()) {
    if (row.flag.empty()) continue;
    if (row.kind == SettingKind::kBool) {
      app.add_flag(std::string(row.flag), switches[&row], help_text(row));
    } else {
      app.add_option(std::string(row.flag), texts[&row], help_text(row));
    }
  }
  CommandLine result;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    result.printed = app.help();
    return result;
  } catch (const CLI::ParseError& error) {
    throw config_error(std::string(error.what()) + " (lumadb --help lists the options)");
  }
  if (version) result.printed = fmt::format("lumadb {}\n", kServerVersion);
  if (settings) result.printed = configuration_reference();
  if (result.printed) return result;

  Configuration& configuration = result.configuration;
  configuration = default_configuration(preset);
  if (!config_file.empty()) {
    apply_toml_file(configuration, config_file);
    configuration.config_file = std::filesystem::absolute(config_file).lexically_normal().string();
  }
  if (std::string user = environment("POSTGRES_USER"); !user.empty())
    configuration.superuser = user;
  for (const std::string& assignment : assignments) apply_assignment(configuration, assignment);
  for (const std::string& assignment : sql_assignments) {
    size_t equals = assignment.find('=');
    if (equals == assignment.npos) {
      throw config_error(fmt::format("-c {} requires a value", assignment));
    }
    apply_sql_setting(configuration, assignment.substr(0, equals), assignment.substr(equals + 1));
  }
  for (const auto& [row, text] : texts) {
    if (app.count(std::string(row->flag)) > 0) apply_setting(configuration, *row, text);
  }
  for (const auto& [row, on] : switches) {
    if (on) apply_setting(configuration, *row, "true");
  }
  if (std::string password = password_from(password_file); !password.empty()) {
    configuration.superuser_password = password;
  }
  result.auth_given = configuration.auth == "trust";
  check_configuration(configuration);
  return result;
}

}  // namespace luma
