#pragma once
// ALTER, COMMENT ON and GRANT ON LARGE OBJECT.
#include "sql/command/command_context.h"
#include "sql/command/granter.h"

namespace luma {

void change_large_object_owner(CommandContext& context, const ast::Node* number, Oid owner);
void comment_on_large_object(CommandContext& context, const ast::Node* number,
                             std::string_view text);
void change_large_object_acl(const Granter& granter, CommandContext& context,
                             const ast::Node* number);

}  // namespace luma
