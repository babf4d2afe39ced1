// luma.toml into a Configuration; the only file that sees toml++.
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "engine/base/sql_error.h"
#include "server/configuration.h"
#include "server/sql_settings.h"

namespace luma {
namespace {

SqlError config_error(std::string text) { return {SqlState::kConfigFileError, std::move(text)}; }

std::string place(const std::string& source, const toml::node& node) {
  return fmt::format("{}:{}", source, node.source().begin.line);
}

std::string text_of(const toml::node& node, const std::string& name, const std::string& source) {
  if (auto text = node.value_exact<std::string>()) return *text;
  if (auto number = node.value_exact<int64_t>()) return std::to_string(*number);
  if (auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  throw config_error(fmt::format("{}: {} must be a text, a whole number or a truth value",
                                 place(source, node), name));
}

std::vector<std::string> texts_of(const toml::node& node, const std::string& name,
                                  const std::string& source) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return {text_of(node, name, source)};
  std::vector<std::string> texts;
  for (const toml::node& element : *array) texts.push_back(text_of(element, name, source));
  return texts;
}

HbaRule hba_rule(const toml::table& table, const std::string& source) {
  HbaRule rule;
  for (auto&& [key, node] : table) {
    std::string name(key.str());
    if (name == "type") {
      rule.type = text_of(node, name, source);
    } else if (name == "database") {
      rule.databases = texts_of(node, name, source);
    } else if (name == "user") {
      rule.users = texts_of(node, name, source);
    } else if (name == "address") {
      rule.address = text_of(node, name, source);
    } else if (name == "method") {
      rule.method = text_of(node, name, source);
    } else {
      static const std::string kKeys[] = {"type", "database", "user", "address", "method"};
      throw config_error(fmt::format("{}: unknown setting \"hba.{}\"; did you mean \"hba.{}\"?",
                                     place(source, node), name, nearest_name(name, kKeys)));
    }
  }
  if (rule.method.empty())
    throw config_error(fmt::format("{}: [[hba]] needs a method", place(source, table)));
  if (rule.method == "scram") rule.method = "scram-sha-256";
  return rule;
}

void apply_section(Configuration& configuration, std::string_view section, const toml::table& table,
                   const std::string& source) {
  for (auto&& [key, node] : table) {
    std::string name = fmt::format("{}.{}", section, key.str());
    const ConfigurationRow* row = find_setting(name);
    if (row == nullptr) {
      throw config_error(fmt::format("{}: unknown setting \"{}\"; did you mean \"{}\"?",
                                     place(source, node), name, nearest_setting(name)));
    }
    try {
      apply_setting(configuration, *row, text_of(node, name, source));
    } catch (SqlError& error) {
      if (!error.message.starts_with(source))
        error.message = place(source, node) + ": " + error.message;
      throw;
    }
  }
}

void apply_sql_section(Configuration& configuration, const toml::table& table,
                       const std::string& source) {
  for (auto&& [key, node] : table) {
    try {
      apply_sql_setting(configuration, key.str(), text_of(node, std::string(key.str()), source));
    } catch (SqlError& error) {
      if (!error.message.starts_with(source))
        error.message = place(source, node) + ": " + error.message;
      throw;
    }
  }
}

}  // namespace

void apply_toml_text(Configuration& configuration, std::string_view text,
                     const std::string& source) {
  toml::table root;
  try {
    root = toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    throw config_error(fmt::format("{}:{}: {}", source, error.source().begin.line,
                                   std::string(error.description())));
  }
  std::vector<std::string> sections{"hba", "sql"};
  for (const ConfigurationRow& row : setting_rows()) {
    if (sections.back() != row.section) sections.emplace_back(row.section);
  }
  for (auto&& [key, node] : root) {
    std::string name(key.str());
    if (name == "hba" && node.is_array_of_tables()) {
      for (const toml::node& rule : *node.as_array()) {
        configuration.hba.push_back(hba_rule(*rule.as_table(), source));
      }
    } else if (name == "sql" && node.is_table()) {
      apply_sql_section(configuration, *node.as_table(), source);
    } else if (name != "hba" && node.is_table() &&
               std::find(sections.begin(), sections.end(), name) != sections.end()) {
      apply_section(configuration, name, *node.as_table(), source);
    } else {
      std::string nearest =
          node.is_table() ? "[" + nearest_name(name, sections) + "]" : nearest_setting(name);
      throw config_error(fmt::format("{}: unknown {} \"{}\"; did you mean \"{}\"?",
                                     place(source, node), node.is_table() ? "section" : "setting",
                                     name, nearest));
    }
  }
}

void apply_toml_file(Configuration& configuration, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || !text)
    throw config_error(fmt::format("could not read configuration file \"{}\"", path));
  apply_toml_text(configuration, text.str(), path);
}

}  // namespace luma
