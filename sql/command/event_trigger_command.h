#pragma once
// Private to sql/command: CREATE, ALTER, COMMENT ON and DROP EVENT TRIGGER.
#include "sql/ast/ast.h"
#include "sql/command/command.h"

namespace luma {

CommandResult create_event_trigger(const ast::CreateEventTrigStmt& statement,
                                   CommandContext& context);
// ENABLE, DISABLE
CommandResult alter_event_trigger(const ast::AlterEventTrigStmt& statement,
                                  CommandContext& context);
CommandResult rename_event_trigger(const ast::RenameStmt& statement, CommandContext& context);
CommandResult set_event_trigger_owner(const ast::AlterOwnerStmt& statement, Oid owner,
                                      CommandContext& context);
void comment_on_event_trigger(const ast::CommentStmt& statement, CommandContext& context);
CommandResult drop_event_triggers(const ast::DropStmt& statement, CommandContext& context);

}  // namespace luma
