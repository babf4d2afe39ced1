// CREATE EXTENSION: plpgsql's name is known, as in every PostgreSQL database.
#include "sql/command/command_target.h"
#include "sql/command/commands.h"

namespace luma {

CommandResult create_extension(const ast::CreateExtensionStmt& statement, CommandContext& context) {
  std::string_view name = statement.extname;
  if (name == "plpgsql") {
    if (!statement.if_not_exists) {
      throw sql_error(SqlState::kDuplicateObject, "extension \"{}\" already exists", name);
    }
    context.notice({.state = SqlState::kDuplicateObject,
                    .message = fmt::format("extension \"{}\" already exists, skipping", name)});
    return {"CREATE EXTENSION"};
  }
  throw sql_error(SqlState::kFeatureNotSupported, "extension \"{}\" is not available", name)
      .detail("LumaDB has no extensions; what it offers is built in.");
}

}  // namespace luma
