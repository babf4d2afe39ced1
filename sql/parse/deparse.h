#pragma once
// Syntax trees back to SQL text. Thread-safe.
#include <string>
#include <string_view>

#include "sql/ast/node.h"

namespace luma {

// SQL in one line that parses to the same tree (locations aside), for expressions, type names,
// SELECT, VALUES, INSERT, UPDATE, DELETE and MERGE. Any other node throws 0A000.
std::string deparse(const ast::Node* node);

// As PostgreSQL shows definitions, with CASE in lines: operators have parentheses of their own, or
// where `pretty` only those that are needed.
std::string deparse_definition(const ast::Node* expression, bool pretty);

// The same for a query; it begins with a space.
std::string deparse_in_lines(const ast::Node* query, bool pretty);

// `name` in double quotes when PostgreSQL's grammar needs them, else as it is.
std::string quote_identifier(std::string_view name);

// `text` as a string constant, in E'' form when it has backslashes.
std::string quote_literal(std::string_view text);

}  // namespace luma
