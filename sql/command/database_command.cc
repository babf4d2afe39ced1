// CREATE, ALTER and DROP DATABASE.
#include <algorithm>
#include <set>

#include "engine/base/ascii_case.h"
#include "sql/catalog/large_objects.h"
#include "sql/catalog/operations_state.h"
#include "sql/catalog/privileges.h"
#include "sql/catalog/session_catalog.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"

namespace luma {
namespace {

bool is_default(const ast::DefElem& option) { return option.arg == nullptr; }

void check_encoding(const ast::DefElem& option) {
  if (is_default(option)) return;
  std::string name = ascii_lower(option_text(option));
  std::erase_if(name, [](char c) { return c == '-' || c == '_'; });
  if (name == "utf8" || name == "unicode" || name == "6" || name == "1") return;
  throw unsupported("encoding \"{}\"", option_text(option)).at_byte(option.location);
}

void check_locale(const ast::DefElem& option) {
  if (is_default(option)) return;
  std::string name = ascii_lower(option_text(option));
  std::erase_if(name, [](char c) { return c == '-'; });
  if (name == "c" || name == "posix" || name == "c.utf8") return;
  throw unsupported("locale \"{}\"", option_text(option)).at_byte(option.location);
}

// Sets an option that both CREATE and ALTER take.
bool set_common_option(Database& database, const ast::DefElem& option) {
  if (option.defname == "is_template") {
    database.is_template = option_bool(option);
  } else if (option.defname == "allow_connections") {
    database.allow_connections = option_bool(option);
  } else if (option.defname == "connection_limit") {
    database.connection_limit = static_cast<int32_t>(option_int64(option));
    if (database.connection_limit < -1) {
      throw sql_error(SqlState::kInvalidParameterValue, "invalid connection limit: {}",
                      database.connection_limit);
    }
  } else {
    return false;
  }
  return true;
}

[[noreturn]] void throw_unknown_option(const ast::DefElem& option) {
  throw sql_error(SqlState::kSyntaxError, "option \"{}\" not recognized", option.defname)
      .at_byte(option.location);
}

void require_database_owner(CommandContext& context, const Database& database) {
  if (has_privileges_of(*context.ddl().view(), context.current_user(), database.owner)) return;
  throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of database {}", database.name);
}

std::string other_sessions(int count) {
  return count == 1 ? "There is 1 other session using the database."
                    : fmt::format("There are {} other sessions using the database.", count);
}

}  // namespace

namespace {

template <typename Visit>
void for_each_sequence(CommandContext& context, Oid database, Visit visit) {
  CatalogPtr catalog = context.ddl().snapshot_of(database);
  catalog->for_each_relation([&](const Relation& relation) {
    if (relation.kind == ObjectKind::kSequence && relation.persistence != 't') visit(relation.oid);
  });
}

}  // namespace

CommandResult create_database(const ast::CreatedbStmt& statement, CommandContext& context) {
  const Catalog& catalog = *context.ddl().view();
  const Role* user = catalog.role(context.current_user());
  if (!is_superuser_now(context) && (user == nullptr || !user->create_database)) {
    throw SqlError(SqlState::kInsufficientPrivilege, "permission denied to create database");
  }
  auto database = std::make_shared<Database>();
  database->name = truncated_name(statement.dbname);
  database->owner = context.current_user();
  std::string source_name = "template1";
  std::set<std::string_view> seen;
  for (const ast::Node* node : statement.options) {
    const auto& option = *ast::as<ast::DefElem>(node);
    if (!seen.insert(option.defname).second) {
      throw SqlError(SqlState::kSyntaxError, "conflicting or redundant options")
          .at_byte(option.location);
    }
    if (set_common_option(*database, option)) continue;
    if (option.defname == "template") {
      if (!is_default(option)) source_name = option_text(option);
    } else if (option.defname == "owner") {
      if (!is_default(option)) database->owner = require_role(catalog, option_text(option)).oid;
    } else if (option.defname == "encoding") {
      check_encoding(option);
    } else if (option.defname == "locale" || option.defname == "lc_collate" ||
               option.defname == "lc_ctype") {
      check_locale(option);
    } else if (option.defname == "tablespace") {
      if (is_default(option) || option_text(option) == "pg_default") continue;
      throw sql_error(SqlState::kUndefinedObject, "tablespace \"{}\" does not exist",
                      option_text(option));
    } else if (option.defname == "locale_provider") {
      if (option_text(option) != "libc")
        throw unsupported("locale provider \"{}\"", option_text(option));
    } else if (option.defname == "strategy") {
      std::string strategy = ascii_lower(option_text(option));
      if (strategy != "wal_log" && strategy != "file_copy") {
        throw sql_error(SqlState::kInvalidParameterValue, "invalid create database strategy \"{}\"",
                        option_text(option));
      }
    } else if (option.defname == "collation_version" || option.defname == "oid" ||
               option.defname == "icu_locale") {
      throw unsupported("CREATE DATABASE option \"{}\"", option.defname);
    } else {
      throw_unknown_option(option);
    }
  }
  if (!is_member_of(catalog, context.current_user(), database->owner)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be member of role \"{}\"",
                    catalog.role_name(database->owner));
  }
  const Database* source = catalog.find_database(source_name);
  if (source == nullptr) {
    throw sql_error(SqlState::kUndefinedDatabase, "template database \"{}\" does not exist",
                    source_name);
  }
  if (!source->is_template && !has_privileges_of(catalog, context.current_user(), source->owner)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "permission denied to copy database \"{}\"",
                    source_name);
  }
  if (catalog.find_database(database->name) != nullptr) {
    throw sql_error(SqlState::kDuplicateDatabase, "database \"{}\" already exists", database->name);
  }
  Oid source_oid = source->oid;
  if (int users = context.count_connections(source_oid); users > 0) {
    throw sql_error(SqlState::kObjectInUse,
                    "source database \"{}\" is being accessed by other users", source_name)
        .detail(other_sessions(users));
  }
  context.copy_storage(context.ddl().create_database(database, source_oid));
  for_each_sequence(context, source_oid, [&](Oid sequence) {
    SequenceState state = context.sequences().read(&context.transaction(), {source_oid, sequence});
    context.sequences().create(context.transaction(), {database->oid, sequence}, state.last_value,
                               state.is_called);
  });
  return {"CREATE DATABASE"};
}

namespace {

// Prepared transactions keep a database, large objects go with it.
void drop_what_operations_keep(CommandContext& context, Oid database, std::string_view name) {
  if (context.exec().session == nullptr) return;
  auto* state = dynamic_cast<OperationsState*>(&session_catalog(context.exec()).live_state());
  if (state == nullptr) return;
  auto prepared = std::ranges::count_if(
      state->prepared_transactions(),
      [&](const PreparedTransactionRow& row) { return row.database == database; });
  if (prepared > 0) {
    throw sql_error(SqlState::kObjectInUse, "database \"{}\" is being accessed by other users",
                    name)
        .detail(fmt::format("There {} {} prepared transaction{} using the database.",
                            prepared == 1 ? "is" : "are", prepared, prepared == 1 ? "" : "s"));
  }
  state->large_objects().remove_all(database);
}

}  // namespace

CommandResult alter_database(const ast::AlterDatabaseStmt& statement, CommandContext& context) {
  const Database& before = require_database(*context.ddl().view(), statement.dbname);
  require_database_owner(context, before);
  auto database = std::make_shared<Database>(before);
  for (const ast::Node* node : statement.options) {
    const auto& option = *ast::as<ast::DefElem>(node);
    if (set_common_option(*database, option)) continue;
    if (option.defname == "tablespace") {
      if (option_text(option) == "pg_default") continue;
      throw sql_error(SqlState::kUndefinedObject, "tablespace \"{}\" does not exist",
                      option_text(option));
    }
    throw_unknown_option(option);
  }
  context.ddl().put(std::move(database));
  return {"ALTER DATABASE"};
}

CommandResult alter_database_setting(const ast::AlterDatabaseSetStmt& statement,
                                     CommandContext& context) {
  const Database& before = require_database(*context.ddl().view(), statement.dbname);
  change_database_setting(context, before, *statement.setstmt);
  return {"ALTER DATABASE"};
}

void change_database_setting(CommandContext& context, const Database& before,
                             const ast::VariableSetStmt& set) {
  require_database_owner(context, before);
  auto database = std::make_shared<Database>(before);
  std::string prefix = fmt::format("{}=", set.name);
  std::erase_if(database->settings, [&](const std::string& entry) {
    return set.kind == ast::VariableSetKind::kResetAll || entry.starts_with(prefix);
  });
  if (set.kind == ast::VariableSetKind::kSetValue ||
      set.kind == ast::VariableSetKind::kSetCurrent) {
    database->settings.push_back(prefix + context.checked_setting(set));
  }
  context.ddl().put(std::move(database));
}

// The databases' own collation is part of the server and has no versions.
CommandResult refresh_database_collation(const ast::AlterDatabaseRefreshCollStmt& statement,
                                         CommandContext& context) {
  require_database_owner(context, require_database(*context.ddl().view(), statement.dbname));
  notice(context, "version has not changed");
  return {"ALTER DATABASE"};
}

CommandResult drop_database(const ast::DropdbStmt& statement, CommandContext& context) {
  const Catalog& catalog = *context.ddl().view();
  bool force = false;
  for (const ast::Node* node : statement.options) {
    const auto& option = *ast::as<ast::DefElem>(node);
    if (option.defname != "force") {
      throw sql_error(SqlState::kSyntaxError, "unrecognized DROP DATABASE option \"{}\"",
                      option.defname)
          .at_byte(option.location);
    }
    force = true;
  }
  const Database* database = catalog.find_database(statement.dbname);
  if (database == nullptr) {
    std::string text = fmt::format("database \"{}\" does not exist", statement.dbname);
    if (!statement.missing_ok) throw SqlError(SqlState::kUndefinedDatabase, text);
    notice(context, text + ", skipping");
    return {"DROP DATABASE"};
  }
  require_database_owner(context, *database);
  if (database->is_template) {
    throw SqlError(SqlState::kWrongObjectType, "cannot drop a template database");
  }
  if (database->oid == catalog.database_oid()) {
    throw SqlError(SqlState::kObjectInUse, "cannot drop the currently open database");
  }
  Oid oid = database->oid;
  std::string name = database->name;
  if (force) context.terminate_connections(oid);
  if (int users = context.count_connections(oid); users > 0) {
    throw sql_error(SqlState::kObjectInUse, "database \"{}\" is being accessed by other users",
                    name)
        .detail(other_sessions(users));
  }
  drop_what_operations_keep(context, oid, name);
  for_each_sequence(context, oid, [&](Oid sequence) {
    context.sequences().drop(context.transaction(), {oid, sequence});
  });
  context.ddl().drop_database(oid);
  return {"DROP DATABASE"};
}

}  // namespace luma
