#pragma once
// SQL text to syntax trees. The grammar is PostgreSQL 15's; this folder is the only one that knows
// the library it comes from. Thread-safe: no state is kept between calls. Trees and their texts
// live in the caller's arena and do not refer to the SQL text.
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/arena.h"
#include "sql/ast/expression.h"
#include "sql/ast/node.h"

namespace luma {

enum class BackslashQuote : uint8_t { kOff, kOn, kSafeEncoding };

struct ParseOptions {
  bool standard_conforming_strings = true;
  BackslashQuote backslash_quote = BackslashQuote::kSafeEncoding;
  // Deepest nesting of nodes that is accepted, so that every later pass may recurse. A thread that
  // binds and plans needs a stack of 8 MiB for this default.
  int max_depth = 2500;
};

struct ParsedStatement {
  const ast::Node* node;
  int location;  // bytes; where the statement's text begins
  int length;    // bytes; without the semicolon
};

struct ParseResult {
  std::span<const ParsedStatement> statements;  // none when the text has only space and comments
};

// Throws SqlError: 42601 and the scanner's other errors with PostgreSQL's texts and at_byte, 22021
// for text that is not UTF-8, 54001 beyond max_depth.
ParseResult parse_sql(std::string_view sql, Arena& arena, const ParseOptions& options = {});

// A type name alone: "numeric(10,2)", "pg_catalog.int4[]". Same errors.
const ast::TypeName* parse_type_name(std::string_view text, Arena& arena,
                                     const ParseOptions& options = {});

// What PL/pgSQL takes for an expression: whatever may follow SELECT, as a SelectStmt. Locations
// refer to `text`. Same errors.
const ast::Node* parse_select_tail(std::string_view text, Arena& arena,
                                   const ParseOptions& options = {});

// An expression alone, as it follows SELECT: "a + 1". Locations refer to `text`. Same errors;
// anything that is more than one plain expression is a syntax error.
const ast::Node* parse_expression(std::string_view text, Arena& arena,
                                  const ParseOptions& options = {});

}  // namespace luma
