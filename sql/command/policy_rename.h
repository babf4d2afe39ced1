#pragma once
// Following renames in the conditions of policies: before the table or column itself is renamed.
#include <string>

#include "sql/command/command_context.h"

namespace luma {

// A column of `table`: its own policies are changed in `table`, those of others are put.
void rename_column_in_policies(CommandContext& context, Table& table, const std::string& old_name,
                               const std::string& new_name);
// Qualified columns of the relation follow its new name; the changed tables are put.
void rename_relation_in_policies(CommandContext& context, Oid relation,
                                 const std::string& new_name);

}  // namespace luma
