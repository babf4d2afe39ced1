#pragma once
// Private to sql/command: CREATE, ALTER, COMMENT ON and DROP OPERATOR CLASS and OPERATOR FAMILY.
#include "sql/ast/ast.h"
#include "sql/command/command.h"

namespace luma {

CommandResult create_operator_class(const ast::CreateOpClassStmt& statement,
                                    CommandContext& context);
CommandResult create_operator_family(const ast::CreateOpFamilyStmt& statement,
                                     CommandContext& context);
// ADD, DROP
CommandResult alter_operator_family(const ast::AlterOpFamilyStmt& statement,
                                    CommandContext& context);

// operator_class_target.cc; `type` says whether it is a class or a family.
CommandResult rename_operator_class(const ast::RenameStmt& statement, CommandContext& context);
CommandResult move_operator_class(const ast::AlterObjectSchemaStmt& statement,
                                  CommandContext& context);
CommandResult set_operator_class_owner(const ast::AlterOwnerStmt& statement, Oid owner,
                                       CommandContext& context);
void comment_on_operator_class(const ast::CommentStmt& statement, CommandContext& context);
CommandResult drop_operator_classes(const ast::DropStmt& statement, CommandContext& context);

// 42704 when there is none.
Oid require_index_method(std::string_view name);
Oid require_operator_family(CommandContext& context, Oid access_method, const QualifiedName& name);

}  // namespace luma
