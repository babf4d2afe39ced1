#pragma once
// Data definition and other commands that change the catalog: CREATE, ALTER, DROP, TRUNCATE,
// COMMENT, GRANT, roles, databases. PostgreSQL's rules, messages, notices and command tags.
// Thread-safe as far as the contexts are different ones.
#include <string>
#include <string_view>

#include "sql/ast/node.h"
#include "sql/command/command_context.h"

namespace luma {

struct CommandResult {
  std::string tag;  // "CREATE TABLE", "SELECT 3"
};

// True for statements run_command() takes, also those that it refuses as unsupported. SELECT ...
// INTO is one of them.
bool is_command(const ast::Node* statement);

// True for commands that PostgreSQL refuses inside a transaction block (25001): the session must
// run them in a transaction of their own.
bool needs_own_transaction(const ast::Node* statement);

// Runs one statement inside the context's transaction. `sql` is the text it was parsed from. Throws
// SqlError; the caller rolls back to the statement's start.
CommandResult run_command(const ast::Node* statement, std::string_view sql,
                          CommandContext& context);

}  // namespace luma
