// SECURITY LABEL: there is no provider of labels, as in a PostgreSQL server that has loaded none.
#include "sql/command/commands.h"

namespace luma {

CommandResult set_security_label(const ast::SecLabelStmt& statement, CommandContext&) {
  if (statement.provider.empty()) {
    throw SqlError(SqlState::kInvalidParameterValue,
                   "no security label providers have been loaded");
  }
  throw sql_error(SqlState::kInvalidParameterValue, "security label provider \"{}\" is not loaded",
                  statement.provider);
}

}  // namespace luma
