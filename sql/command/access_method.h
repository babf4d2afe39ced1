#pragma once
// Which access method a new table gets.
#include <string_view>

#include "engine/type/oid.h"
#include "sql/command/command_context.h"

namespace luma {

// `named` by USING, or "" for default_table_access_method. Throws 42704, 42809.
Oid table_access_method(CommandContext& context, std::string_view named);

}  // namespace luma
