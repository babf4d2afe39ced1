#pragma once
// INSERT, UPDATE, DELETE. Used once per statement.
#include <memory>
#include <string>
#include <vector>

#include "sql/bind/binder.h"

namespace luma {

class ModifyBinder {
 public:
  ModifyBinder(Binder& binder, Scope* parent);
  BoundSelect bind(const ast::Node* node);

 private:
  BoundSelect bind_insert(const ast::InsertStmt& insert);
  BoundSelect bind_update(const ast::UpdateStmt& update);
  BoundSelect bind_delete(const ast::DeleteStmt& remove);

  void open_target(const ast::RangeVar& var);
  // Scans the target table and adds it to `scope`.
  LogicalOp* scan_target(Scope* scope, const ast::RangeVar& var);
  std::vector<int> insert_columns(const ast::InsertStmt& insert);
  LogicalOp* insert_values(const ast::SelectStmt& select, const std::vector<int>& columns,
                           Scope* scope);
  LogicalOp* insert_query(const ast::Node* query, const std::vector<int>& columns, Scope* scope);
  void fill_missing_columns(bool explicit_only);
  Expr* default_of(int attribute);
  void check_writable(int attribute, bool is_default, ast::OverridingKind overriding, int location,
                      bool update);
  void bind_on_conflict(const ast::OnConflictClause& clause, Scope* scope,
                        const ast::RangeVar& var);
  std::vector<Oid> infer_arbiters(const ast::InferClause& infer, Scope* scope);
  void bind_set_list(const ast::NodeList& targets, Scope* scope, std::vector<Expr*>& assignments,
                     LogicalOp** plan);
  int attribute_of(std::string_view name, int location);
  // Columns of the stored row, then checks and generation expressions over them.
  void make_new_columns();
  void bind_constraints();
  std::shared_ptr<ScopeItem> row_item(const std::vector<ColumnId>& columns, std::string alias);
  void bind_returning(const ast::NodeList& list, Scope* scope, BoundSelect& out);
  BoundSelect finish(LogicalOp* input, WithOp* with, const ast::NodeList& returning, Scope* scope);

  Binder& binder_;
  Scope* parent_;
  const Table* table_ = nullptr;
  TableDescPtr desc_;
  std::string alias_;
  ModifyOp* modify_ = nullptr;
  ast::OverridingKind overriding_ = ast::OverridingKind::kNotSet;
};

}  // namespace luma
