#pragma once
// INSERT, UPDATE, DELETE. Used once per statement.
#include <memory>
#include <string>
#include <vector>

#include "sql/bind/view_target.h"

namespace luma {

struct RuleStatement;

// The rows that a statement would change, for rules' actions: by attribute of its target, and what
// else its FROM has.
struct RuleRows {
  LogicalOp* plan = nullptr;
  std::vector<ColumnId> old_columns, new_columns;
  std::vector<std::shared_ptr<ScopeItem>> others;
};

class ModifyBinder {
 public:
  // `rule`: what the statement is among those that rules have made; null: no rule has been asked.
  ModifyBinder(Binder& binder, Scope* parent, const RuleStatement* rule = nullptr);
  BoundSelect bind(const ast::Node* node);
  // Instead of changing them. `names_rows`: whether anybody looks at the target's rows.
  RuleRows bind_rows(const ast::Node* node, bool names_rows);

 private:
  BoundSelect bind_insert(const ast::InsertStmt& insert);
  BoundSelect bind_update(const ast::UpdateStmt& update);
  BoundSelect bind_delete(const ast::DeleteStmt& remove);
  BoundSelect bind_merge(const ast::MergeStmt& merge);
  MergeAction bind_merge_action(const ast::MergeWhenClause& when, Scope* scope);
  void bind_merge_insert(const ast::MergeWhenClause& when, Scope* scope, MergeAction& action);

  void open_target(const ast::RangeVar& var);
  // Scans the target table and adds it to `scope`.
  LogicalOp* scan_target(Scope* scope, const ast::RangeVar& var);
  std::vector<int> insert_columns(const ast::InsertStmt& insert);
  LogicalOp* insert_values(const ast::SelectStmt& select, const std::vector<int>& columns,
                           Scope* scope);
  LogicalOp* insert_query(const ast::Node* query, const std::vector<int>& columns, Scope* scope);
  Expr* default_of(int attribute);
  void check_writable(int attribute, bool is_default, ast::OverridingKind overriding, int location,
                      bool update);
  void bind_on_conflict(const ast::OnConflictClause& clause, Scope* scope);
  // The unique indexes that ON CONFLICT (...) means; `row` are the columns that `scope` shows.
  std::vector<Oid> infer_arbiters(const ast::InferClause& infer, const std::vector<ColumnId>& row,
                                  Scope* scope);
  std::vector<Oid> named_arbiter(const ast::InferClause& infer);
  void bind_set_list(const ast::NodeList& targets, Scope* scope, std::vector<Expr*>& assignments,
                     LogicalOp** plan);
  // Row level security (bind_policies.cc).
  LogicalOp* with_policies(LogicalOp* scan);
  void finish_policies();
  void finish_conflict_policies(OnConflict& conflict, const std::shared_ptr<ScopeItem>& new_row);
  RequiredPrivilege& required() {
    return binder_.query_.privileges[static_cast<size_t>(privilege_)];
  }
  // `whole` (nullptr: NULL) after the part of the attribute that `steps` name got this value.
  Expr* assign_part(int attribute, const ast::NodeList& steps, Expr* whole, const ast::Node* item,
                    Expr* value, int location, Scope* scope);
  // What such a part is of; nothing where only assign_part() can tell.
  TypeRef part_type(int attribute, const ast::NodeList& steps);
  LogicalOp* bind_others(const ast::NodeList& from, Scope* scope);
  int attribute_of(std::string_view name, int location);
  // A condition that the row's latest version must still fulfil.
  void add_recheck(Expr* condition);
  // Columns of the stored row, then checks and generation expressions over them.
  void make_new_columns();
  void bind_constraints();
  std::shared_ptr<ScopeItem> row_item(const std::vector<ColumnId>& columns, std::string alias);
  // Tables that stand for others, too (bind_partitions.cc).
  void bind_leaves();
  void bind_leaf(const Table& table);
  Expr* bind_leaf_expression(const std::string& sql, Scope* scope, Clause clause);
  std::vector<ColumnId> new_columns_of(const Table& table);
  Scope* leaf_scope(const Table& table, const std::vector<ColumnId>& columns);
  void bind_returning(const ast::NodeList& list, Scope* scope, BoundSelect& out);
  BoundSelect finish(LogicalOp* input, WithOp* with, const ast::NodeList& returning, Scope* scope);

  // Rules (bind_rules.cc).
  LogicalOp* frame_rows(Scope* scope);
  LogicalOp* with_new_values(LogicalOp* plan, const std::vector<Expr*>& values,
                             std::vector<ColumnId>& columns);
  void keep_rows(LogicalOp* plan, WithOp* with, std::vector<ColumnId> new_columns,
                 const Scope& scope, size_t first_other);
  LogicalOp* without_excluded(LogicalOp* plan, const std::vector<Expr*>& values);
  LogicalOp* through_view(LogicalOp* plan, Scope* scope);
  LogicalOp* rows_without_target(LogicalOp* others);
  bool reads_target(const Expr* condition) const;
  std::shared_ptr<ScopeItem> returned_row(const RuleStatement& action, Scope* scope);
  void bind_returning_of_user(Scope* scope, BoundSelect& out);

  Binder& binder_;
  Scope* parent_;
  const RuleStatement* rule_;
  bool collects_rows_ = false, names_rows_ = true;
  RuleRows rows_;
  // What the statement's names see of a row: the table's columns, or the view's over them.
  std::shared_ptr<ScopeItem> target_item(const std::vector<ColumnId>& columns, std::string alias);
  std::string_view target_column_name(int attribute) const;

  const Table* table_ = nullptr;  // the stored one, below a view
  // The statement changes rows of several tables: partitions, or those that inherit from the table.
  bool family_ = false;
  std::unique_ptr<ViewTarget> view_;
  TableDescPtr desc_;
  std::string alias_;
  std::string target_schema_;          // "" when an alias hides it
  FilterOp* policy_filter_ = nullptr;  // row level security: which rows may be changed
  int32_t privilege_ = -1;             // what the statement needs of its target
  ModifyOp* modify_ = nullptr;
  // The parts of columns that INSERT names (a[1], c.f), parallel to its columns; whole ones: empty.
  std::vector<ast::NodeList> parts_;
  ast::OverridingKind overriding_ = ast::OverridingKind::kNotSet;
};

}  // namespace luma
