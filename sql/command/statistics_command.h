#pragma once
// CREATE, ALTER and DROP STATISTICS.
#include "sql/ast/ddl.h"
#include "sql/catalog/extended_statistics.h"
#include "sql/command/command.h"
#include "sql/command/command_context.h"

namespace luma {

CommandResult create_statistics(const ast::CreateStatsStmt& statement, CommandContext& context);
CommandResult alter_statistics(const ast::AlterStatsStmt& statement, CommandContext& context);
CommandResult drop_statistics(const ast::DropStmt& statement, CommandContext& context);
CommandResult rename_statistics(const ast::RenameStmt& statement, CommandContext& context);
CommandResult move_statistics(const ast::AlterObjectSchemaStmt& statement, CommandContext& context);
// Of the current user's; throws 42704, and 42501 when it is somebody else's.
const ExtendedStatistics& require_own_statistics(CommandContext& context,
                                                 const QualifiedName& name);

}  // namespace luma
