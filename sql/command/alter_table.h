#pragma once
// Private to sql/command: the state of one ALTER TABLE statement while its sub-commands run.
//
// Sub-commands change the catalog at once, in PostgreSQL's order of passes; work on rows is
// collected and done at the end, in one go over the table where that is possible.
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "engine/base/arena.h"
#include "sql/ast/ddl.h"
#include "sql/bind/binder.h"
#include "sql/command/constraint_build.h"
#include "sql/function/event_trigger_data.h"

namespace luma {

class TableAlterer {
 public:
  // `table`: locked, its owner checked.
  TableAlterer(CommandContext& context, Oid table);

  // Which pass a sub-command belongs to.
  enum Pass : uint8_t {
    kDrop,
    kAlterType,
    kAddColumn,
    kColumnAttributes,
    kAddIndexConstraint,
    kAddOtherConstraint,
    kMiscellaneous,
    kPassCount
  };
  static Pass pass_of(const ast::AlterTableCmd& command);
  void run(const ast::AlterTableCmd& command);
  // Sub-commands that others have asked for (constraints of an added column), then the rows.
  void finish();

 private:
  // A change of the table: f(Table&) on a copy, which is put.
  template <typename Change>
  void change(Change&& f) {
    std::shared_ptr<Table> table = copy();
    f(*table);
    put(std::move(table));
  }
  std::shared_ptr<Table> copy() const;
  const Table& now() const;
  void put(std::shared_ptr<Table> table);
  void require_table(std::string_view action) const;

  // Columns (alter_column.cc).
  void add_column(const ast::AlterTableCmd& command);
  void add_domain_value(int16_t number);
  bool add_instantly(int16_t column, const ast::Node* default_node);
  void drop_column(const ast::AlterTableCmd& command);
  void set_default(const ast::AlterTableCmd& command);
  void set_not_null(int16_t column);
  void drop_not_null(std::string_view name);
  void drop_expression(const ast::AlterTableCmd& command);
  void set_statistics(const ast::AlterTableCmd& command);
  void set_storage(const ast::AlterTableCmd& command);
  void add_identity(const ast::AlterTableCmd& command);
  void set_identity(const ast::AlterTableCmd& command);
  void drop_identity(const ast::AlterTableCmd& command);
  void rebuild_indexes_with(int16_t column);

  // ALTER COLUMN TYPE (alter_type.cc).
  void alter_type(const ast::AlterTableCmd& command);
  void refuse_type_change(const Column& column) const;
  bool is_stored_alike(TypeRef from, TypeRef to) const;
  Expr* conversion(const Column& column, TypeRef target, const ast::Node* using_node);
  void convert_default(Table& table, int16_t column);
  void adapt_constraints(int16_t column, bool rewritten);
  void adapt_indexes(int16_t column, bool rewritten);

  // Constraints (alter_constraint.cc).
  void add_constraint(const PendingConstraint& pending);
  void validate_constraint(std::string_view name);
  void drop_constraint(const ast::AlterTableCmd& command);
  void alter_constraint(const ast::Constraint& node);
  void add_key_constraint(const PendingConstraint& pending);
  bool may_cluster() const;

  // The table itself (alter_table.cc).
  void run_on_table(const ast::AlterTableCmd& command);
  void set_options(const ast::AlterTableCmd& command);
  void set_persistence(char persistence);
  void cluster_on(std::string_view index_name);
  void set_row_security(bool Table::*flag, bool value);
  void set_replica_identity(const ast::ReplicaIdentityStmt& node);

  // Rows.
  void drop_parts(const std::vector<ObjectAddress>& parts, ast::DropBehavior behavior);
  void set_access_method(Oid method);
  // The rows are to be stored anew; `reason` as event triggers are told (rewrite_reason).
  void rewrite_for(int32_t reason);
  void rewrite();
  void validate_rows();

  CommandContext& context_;
  Oid table_;
  TableDescPtr from_;  // the stored rows as they are until finish()
  bool rewrite_ = false;
  int32_t rewrite_reason_ = 0;           // for event triggers
  std::map<int16_t, Expr*> new_values_;  // over from_'s columns
  std::vector<std::unique_ptr<PlanContext>> expressions_;
  std::set<int16_t> not_null_;            // to be looked at
  std::set<Oid> checks_, foreign_keys_;   // constraints to be looked at
  std::set<Oid> new_indexes_;             // to be filled
  std::set<Oid> stale_indexes_;           // to be stored anew
  std::vector<PendingConstraint> later_;  // of added columns
};

}  // namespace luma
