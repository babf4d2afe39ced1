#pragma once
// What INSERT, UPDATE and DELETE have in common; of any other node, nothing.
#include "sql/ast/ast.h"

namespace luma::ast {

inline const RangeVar* target_of(const Node* node) {
  if (const auto* insert = try_as<InsertStmt>(node)) return insert->relation;
  if (const auto* update = try_as<UpdateStmt>(node)) return update->relation;
  if (const auto* remove = try_as<DeleteStmt>(node)) return remove->relation;
  return nullptr;
}

inline const WithClause* with_clause_of(const Node* node) {
  if (const auto* insert = try_as<InsertStmt>(node)) return insert->with_clause;
  if (const auto* update = try_as<UpdateStmt>(node)) return update->with_clause;
  if (const auto* remove = try_as<DeleteStmt>(node)) return remove->with_clause;
  return nullptr;
}

inline NodeList returning_list_of(const Node* node) {
  if (const auto* insert = try_as<InsertStmt>(node)) return insert->returning_list;
  if (const auto* update = try_as<UpdateStmt>(node)) return update->returning_list;
  if (const auto* remove = try_as<DeleteStmt>(node)) return remove->returning_list;
  return {};
}

}  // namespace luma::ast
