#pragma once
// What happens to the texts of rules when a table or one of its columns gets another name.
#include <string>

#include "sql/command/command_context.h"

namespace luma {

// `table` is the copy that is being changed; rules of others are put back.
void rename_column_in_rules(CommandContext& context, Table& table, const std::string& old_name,
                            const std::string& new_name);
// Only what qualifies columns; the relations themselves are renamed with all other texts.
void rename_relation_in_rules(CommandContext& context, Oid relation, const std::string& new_name);

}  // namespace luma
