#pragma once
// Objects that are found by a name in a schema and have nothing else in common: text search
// dictionaries and configurations, collations. What ALTER, DROP and COMMENT do to all of them.
#include <memory>
#include <string>
#include <string_view>

#include "sql/ast/ddl.h"
#include "sql/ast/utility.h"
#include "sql/command/command.h"
#include "sql/command/command_context.h"

namespace luma {

bool is_named_object(ast::ObjectType type);
// A copy to change and put. Throws 42704 when there is none, 42501 when somebody else owns it.
std::shared_ptr<CatalogObject> own_object_copy(CommandContext& context, ast::ObjectType type,
                                               const QualifiedName& name);
bool has_named_object(CommandContext& context, ast::ObjectType type, Oid schema,
                      std::string_view name);
// "ALTER COLLATION"
std::string alter_named_tag(ast::ObjectType type);

CommandResult drop_named_objects(const ast::DropStmt& statement, CommandContext& context);
CommandResult rename_named_object(const ast::RenameStmt& statement, CommandContext& context);
CommandResult move_named_object(const ast::AlterObjectSchemaStmt& statement,
                                CommandContext& context);

}  // namespace luma
