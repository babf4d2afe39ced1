#pragma once
// What binding made of each node of a syntax tree: the way back from bound expressions to text, for
// definitions that are stored in PostgreSQL's spelling. Filled by a Binder that is told to; nodes
// and expressions are those of the statement and its plan and must outlive the record.
#include <memory>
#include <string>
#include <unordered_map>

#include "sql/ast/node.h"
#include "sql/bind/scope.h"

namespace luma {

struct BindRecord {
  // An expression as such, before whatever it stands in converts it.
  std::unordered_map<const ast::Node*, const Expr*> expressions;
  // A function call with its arguments converted: for aggregates and the like `expressions` only
  // has the column that their result becomes.
  std::unordered_map<const ast::Node*, const Expr*> calls;
  // The FROM item that a column reference found, and the column's name there; no item for the
  // merged column of a FULL JOIN. Only to be compared with those in `items`.
  struct ColumnName {
    const ScopeItem* item = nullptr;
    std::string name;
  };
  std::unordered_map<const ast::Node*, ColumnName> columns;
  // What a table, subquery, function or aliased join in FROM is to the rest of the query.
  std::unordered_map<const ast::Node*, std::shared_ptr<const ScopeItem>> items;
};

}  // namespace luma
