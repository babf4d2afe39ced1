#pragma once
// The function that a trigger or an event trigger is to call.
#include "sql/ast/node.h"
#include "sql/command/command_context.h"

namespace luma {

// A function without arguments, found by the search path, which the user may execute. Throws 42883,
// and 42P17 when it does not return `result` (trigger or event_trigger).
Oid trigger_function(CommandContext& context, const ast::NameList& names, Oid result);

}  // namespace luma
