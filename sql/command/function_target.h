#pragma once
// Private to sql/command: the functions that commands name, their types and bodies.
#include <string>
#include <string_view>

#include "sql/ast/object.h"
#include "sql/command/command_context.h"

namespace luma {

// Types in definitions of functions: also "table.column%TYPE".
TypeRef resolve_routine_type(CommandContext& context, const ast::TypeName& name);

// By name and input types, or by a name that only one function has. nullptr when there is none and
// `missing_ok`; else 42883, 42725 and 42809 for another kind.
const Function* find_function(CommandContext& context, const ast::ObjectWithArgs& object,
                              ast::ObjectType type, bool missing_ok);
const Function& require_function(CommandContext& context, const ast::ObjectWithArgs& object,
                                 ast::ObjectType type);
void require_owner(CommandContext& context, const Function& function);

// "ALTER FUNCTION", "ALTER PROCEDURE", "ALTER ROUTINE".
std::string function_tag(ast::ObjectType type);

// RETURN x or BEGIN ATOMIC ... END as statements in one text.
std::string sql_body_text(const ast::Node& body);

// With check_function_bodies: parses the body and binds what can be bound. Errors point into `sql`,
// the CREATE statement, where the body stands there as it is.
void check_function_body(CommandContext& context, const Function& function, std::string_view sql);

}  // namespace luma
