#pragma once
// Functions of the catalog in the form that binding and execution know: entries like those of the
// registry, whose kernels hand the call to the session (routine_caller.h).
#include "engine/base/arena.h"
#include "sql/catalog/object.h"
#include "sql/function/entry.h"

namespace luma {

inline bool is_user_function(const FunctionEntry& entry) { return entry.oid >= kFirstUserOid; }

// Lives in `arena`, with everything it refers to.
const FunctionEntry* user_function_entry(const Function& function, Arena& arena);
// For expressions that are to outlive the arena they were bound in. Built-in entries stay as they
// are.
const FunctionEntry* copy_entry(const FunctionEntry* entry, Arena& arena);

}  // namespace luma
