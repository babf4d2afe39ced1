#pragma once
// Private to sql/command: ALTER ... [NO] DEPENDS ON EXTENSION: what goes with an extension without
// being a part of it.
#include "sql/ast/ast.h"
#include "sql/command/command.h"

namespace luma {

CommandResult depend_on_extension(const ast::AlterObjectDependsStmt& statement,
                                  CommandContext& context);

}  // namespace luma
