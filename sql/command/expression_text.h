#pragma once
// Expressions of definitions (defaults, checks, generated columns, index keys and predicates):
// bound once to check them, then kept as SQL text in PostgreSQL's spelling.
#include <string>
#include <vector>

#include "engine/row/table_desc.h"
#include "sql/ast/node.h"
#include "sql/bind/scope.h"
#include "sql/command/command_context.h"

namespace luma {

struct Expr;

struct StoredExpression {
  std::string sql;
  TypeRef type;
  Oid collation = kInvalidOid;
  char volatility = 'i';         // i immutable, s stable, v volatile
  std::vector<int16_t> columns;  // attnums it reads, ascending
  // What else it needs: relations that regclass constants name (sequences of nextval), functions
  // and types of users.
  std::vector<ObjectAddress> objects;
  bool is_null = false;  // the constant NULL
};

// Binds `node` over the columns of `table` (for Clause::kDefault over none), coerced to `target`
// when that has an oid. `column` names the column of a default in errors. Throws what PostgreSQL
// throws for column references, subqueries and the like where the clause forbids them.
StoredExpression store_expression(CommandContext& context, const Table& table,
                                  const ast::Node* node, Clause clause, TypeRef target,
                                  std::string_view column = {});

// Edges from `dependent`, which has the expression, to the objects that it needs.
void depend_on_objects(const StoredExpression& stored, const ObjectAddress& dependent,
                       std::vector<Dependency>& out);

// Names in stored text are qualified unless they are in pg_catalog: readers have other search
// paths.
const SearchPath& naming_path();
// The text of an expression tree as it is stored, with PostgreSQL's outer parentheses.
std::string stored_form(const ast::Node* node);

// A description of the table's columns only, enough to bind expressions over them.
TableDesc columns_only_desc(const Table& table);

// 'i', 's' or 'v': the least stable function below.
char expression_volatility(const Expr& expr);

}  // namespace luma
