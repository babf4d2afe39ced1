// SET, RESET, SHOW.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/ast/ast.h"
#include "sql/catalog/name_resolution.h"
#include "sql/catalog/privileges.h"
#include "sql/session/session_parts.h"
#include "sql/session/setting_checks.h"
#include "sql/session/setting_registry.h"

namespace luma {
namespace {

// One argument of SET as text.
std::string argument_text(const ast::Node* node) {
  if (const auto* value = ast::try_as<ast::AConst>(node)) {
    switch (value->kind) {
      case ast::ConstKind::kInteger:
        return fmt::format("{}", value->ival);
      case ast::ConstKind::kBoolean:
        return value->boolval ? "on" : "off";
      case ast::ConstKind::kNull:
        return "";
      default:
        return std::string(value->text);
    }
  }
  if (const auto* cast = ast::try_as<ast::TypeCast>(node)) {
    return "interval '" + argument_text(cast->arg) + "'";
  }
  if (const auto* value = ast::try_as<ast::String>(node)) return std::string(value->sval);
  if (const auto* value = ast::try_as<ast::Integer>(node)) return fmt::format("{}", value->ival);
  if (const auto* value = ast::try_as<ast::Float>(node)) return std::string(value->fval);
  throw unsupported("this value of SET");
}

}  // namespace

std::string SqlSession::set_value_text(const ast::VariableSetStmt& statement) const {
  const SettingDefinition* definition = SettingRegistry::instance().find(statement.name);
  bool list = definition != nullptr && definition->is_list;
  if (statement.args.size() > 1 && !list) {
    throw sql_error(SqlState::kInvalidParameterValue, "SET {} takes only one argument",
                    statement.name);
  }
  std::string text;
  for (const ast::Node* argument : statement.args) {
    if (!text.empty()) text += ", ";
    std::string item = argument_text(argument);
    bool quote = list && definition->name != "DateStyle" &&
                 !(ast::is<ast::AConst>(argument) &&
                   ast::as<ast::AConst>(argument)->kind != ast::ConstKind::kString);
    text += quote ? quote_identifier(item) : item;
  }
  return text;
}

void SqlSession::set_variable(const ast::VariableSetStmt& statement, std::string& tag) {
  using Kind = ast::VariableSetKind;
  tag = statement.kind == Kind::kReset || statement.kind == Kind::kResetAll ? "RESET" : "SET";
  if (statement.kind == Kind::kSetMulti) {
    bool transaction = statement.name == "TRANSACTION";
    bool snapshot = statement.name == "TRANSACTION SNAPSHOT";
    if (snapshot && statement.is_local) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "SET LOCAL TRANSACTION SNAPSHOT is not implemented");
    }
    if ((transaction || snapshot) && !in_block()) {
      warn(SqlState::kNoActiveSqlTransaction,
           "SET TRANSACTION can only be used in transaction blocks");
    }
    if (snapshot) return live_->import_snapshot(argument_text(statement.args[0]));
    for (const ast::Node* node : statement.args) {
      const auto* option = ast::as<ast::DefElem>(node);
      std::string value = argument_text(option->arg);
      if (value == "1") value = "on";
      if (value == "0") value = "off";
      std::string name = std::string(transaction ? "" : "default_") + std::string(option->defname);
      settings_.set(name, value, false, is_superuser());
    }
    environment_.refresh();
    return;
  }
  if (statement.is_local && !in_block()) {
    warn(SqlState::kNoActiveSqlTransaction, "SET LOCAL can only be used in transaction blocks");
  }
  switch (statement.kind) {
    case Kind::kSetValue:
      if (auto told = notice_of_long_name(statement.name, set_value_text(statement))) {
        notice(MessageLevel::kNotice, *told);
      }
      settings_.set(statement.name, set_value_text(statement), statement.is_local, is_superuser());
      break;
    case Kind::kSetDefault:
    case Kind::kReset:
      settings_.reset(statement.name, statement.is_local, is_superuser());
      break;
    case Kind::kSetCurrent:  // only means something in ALTER ... SET ... FROM CURRENT
      break;
    case Kind::kResetAll:
      settings_.reset_all();
      break;
    case Kind::kSetMulti:
      break;
  }
  environment_.refresh();
  if (statement.name == "application_name" || statement.kind == Kind::kResetAll) {
    std::string name = *settings_.show("application_name", false);
    activity_.edit([&](ActivityRow& row) { row.application_name = name; });
  }
}

bool SqlSession::sees_setting(std::string_view name) const {
  return !is_secret_setting(name) ||
         has_privileges_of(environment_.catalog(), environment_.current_user_oid(),
                           kReadAllSettingsRole);
}

void SqlSession::require_visible_setting(std::string_view name) const {
  const SettingDefinition* definition = SettingRegistry::instance().find(name);
  if (definition == nullptr || sees_setting(definition->name)) return;
  throw sql_error(SqlState::kInsufficientPrivilege,
                  "must be superuser or have privileges of pg_read_all_settings to examine \"{}\"",
                  definition->name);
}

void SqlSession::show_variable(const ast::VariableShowStmt& statement, RowReceiver& receiver) {
  std::vector<std::vector<std::string>> rows;
  if (statement.name == "all") {
    for (SessionSettings::Shown& shown : settings_.show_all()) {
      if (!sees_setting(shown.name)) continue;
      rows.push_back({std::move(shown.name), std::move(shown.value), std::move(shown.description)});
    }
  } else {
    require_visible_setting(statement.name);
    rows.push_back({*settings_.show(statement.name, false)});
  }
  emit_text_rows(*utility_columns(&statement), rows, receiver);
}

}  // namespace luma
