#pragma once
// WITH CHECK OPTION of a view.
#include "sql/command/command_context.h"

namespace luma {

// Throws 0A000 when the view has the option and rows cannot be written through it.
void require_checkable(CommandContext& context, const Table& view);

}  // namespace luma
