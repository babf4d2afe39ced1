#pragma once
// Built-in functions that triggers call.
#include "engine/table/trigger_call.h"

namespace luma {

// `context` is the running statement's. Throws 39P01 when the trigger is of the wrong kind.
using BuiltinTrigger = TriggerResult (*)(ExecContext& context, const TriggerCall& call,
                                         Arena& arena);
// nullptr: no built-in function that triggers may call.
BuiltinTrigger find_builtin_trigger(Oid function);

}  // namespace luma
