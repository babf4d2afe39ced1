#pragma once
// Constraints of tables from their definitions. All functions change a copy of a table, which the
// caller puts; rows are not looked at.
#include <string>
#include <vector>

#include "sql/command/column_build.h"

namespace luma {

// Each returns the oid of the constraint it added.
Oid add_check(CommandContext& context, Table& table, const PendingConstraint& pending,
              std::vector<std::string>& taken_names);

// 42P16: all that a partitioned table demands, its partitions do.
SqlError no_inherit_on_partitioned(const Table& table);

// PRIMARY KEY or UNIQUE: also makes the index and returns it, not yet put. A primary key makes its
// columns NOT NULL; with `cluster` the rows are keyed by it where possible. `command` is what a
// message of level DEBUG says.
struct AddedKey {
  Oid constraint = kInvalidOid;
  std::shared_ptr<Index> index;
};
AddedKey add_key(CommandContext& context, Table& table, const PendingConstraint& pending,
                 bool cluster, std::string_view command = "ALTER TABLE / ADD");
// ADD CONSTRAINT ... USING INDEX. The changed index is returned, not yet put.
AddedKey add_key_using_index(CommandContext& context, Table& table,
                             const PendingConstraint& pending);

// EXCLUDE: the index is returned, not yet put.
AddedKey add_exclusion(CommandContext& context, Table& table, const PendingConstraint& pending);
// 42710 when the table has a constraint of that name.
void require_new_constraint_name(const Table& table, std::string_view name);

// `self` stands for the referenced table when that is `table` itself. Takes the lock on the
// referenced table.
Oid add_foreign_key(CommandContext& context, Table& table, const PendingConstraint& pending);
// The comparison of each pair of columns; throws 42804 when their types don't fit.
std::vector<Oid> foreign_key_operators(CommandContext& context, const Table& table,
                                       const Table& referenced, const Constraint& constraint);

}  // namespace luma
