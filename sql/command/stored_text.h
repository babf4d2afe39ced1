#pragma once
// Following renames in stored SQL text: defaults, generated columns, checks, index keys and
// predicates, views. All of it must be called before the object itself is renamed, while names
// still resolve.
#include <string>

#include "sql/command/command_context.h"

namespace luma {

// Changes one node of a stored text in place; `path` is the one under which names in it resolve.
// Returns whether it changed anything.
using TextEdit = std::function<bool(ast::Node& node, const SearchPath& path, Arena& arena)>;

// Applies `edit` to every stored text of the database and puts the objects that it changed.
void edit_stored_text(CommandContext& context, const TextEdit& edit);

// The relation gets another name or schema (the other stays as it is).
void follow_relation_rename(CommandContext& context, const Relation& relation,
                            const std::string& new_schema, const std::string& new_name);
void follow_schema_rename(CommandContext& context, const std::string& old_name,
                          const std::string& new_name);
void follow_type_rename(CommandContext& context, const Type& type, const std::string& new_schema,
                        const std::string& new_name);
// 0A000 when a text calls what may be another function of the same name.
void follow_function_rename(CommandContext& context, const Function& function,
                            const std::string& new_schema, const std::string& new_name);
// A column of a table or view. Texts of the table itself are changed in `table`, others are put.
void follow_column_rename(CommandContext& context, Table& table, int16_t column,
                          const std::string& new_name);

}  // namespace luma
