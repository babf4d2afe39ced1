#pragma once
// ALTER TABLE of tables with others below them, partitions or those that inherit, which change as
// well; and of these, whose inherited parts are not theirs to change.
//
// Each sub-command is done at once, for one table after the other. How often a column or a CHECK is
// inherited, and whether its table says it itself, is kept as PostgreSQL keeps it.
#include <string>
#include <string_view>
#include <vector>

#include "sql/command/alter_table.h"

namespace luma {

class FamilyAlterer {
 public:
  // `recurse`: false after ONLY.
  FamilyAlterer(CommandContext& context, Oid table, bool recurse)
      : context_(context), table_(table), recurse_(recurse) {}
  void run(const ast::AlterTableCmd& command);

 private:
  CatalogPtr view() const { return context_.ddl().view(); }
  const Table& now() const { return at(table_); }
  const Table& at(Oid table) const { return *view()->table(table); }
  bool is_partitioned_table() const { return now().relkind == 'p'; }
  void run_on(Oid table, const ast::AlterTableCmd& command);
  // Direct children, locked.
  std::vector<Oid> children(Oid table);
  // Everything below the table, locked.
  std::vector<Oid> below();
  void require_recursion(const char* message) const;
  bool run_as_partitioned(const ast::AlterTableCmd& command);

  // Columns.
  void run_everywhere(const ast::AlterTableCmd& command);
  void refuse_key_column(std::string_view name, std::string_view verb);
  void add_column(const ast::AlterTableCmd& command);
  void hand_down_new_checks(const Table& before);
  void add_column_keys(const ColumnPlan& plan);
  void add_child_column(Oid table, const ast::AlterTableCmd& command);
  void drop_column(const ast::AlterTableCmd& command);
  void leave_column(Oid table, const std::string& name, std::vector<ObjectAddress>& doomed);
  void alter_type(const ast::AlterTableCmd& command);

  // Constraints (family_constraints.cc).
  void add_constraint(const ast::AlterTableCmd& command);
  void add_key(const ast::Constraint& node);
  void add_check(const ast::AlterTableCmd& command, const ast::Constraint& node);
  // A CHECK that `table` has got, to those below it.
  void hand_down_check(Oid table, Oid check);
  void add_foreign_key(const ast::Constraint& node);
  void drop_constraint(const ast::AlterTableCmd& command);
  void leave_check(Oid table, const std::string& name, std::vector<ObjectAddress>& doomed);
  void validate_constraint(const ast::AlterTableCmd& command);
  void alter_constraint(const ast::AlterTableCmd& command);

  CommandContext& context_;
  Oid table_;
  bool recurse_;
};

// Throws when a sub-command changes what a table has from its parents.
void refuse_inherited_changes(const Catalog& catalog, const Table& table,
                              const ast::AlterTableStmt& statement);

}  // namespace luma
