#pragma once
// What belongs to a role or mentions it in privileges: reasons not to drop it, and REASSIGN/DROP
// OWNED.
#include <string>
#include <vector>

#include "sql/command/command_context.h"

namespace luma {

// "owner of table t\nprivileges for schema s", "" when there is nothing. This database and the
// shared objects.
std::string role_dependents(CommandContext& context, Oid role);

std::vector<ObjectPtr> objects_owned_by(CommandContext& context, Oid role);

}  // namespace luma
