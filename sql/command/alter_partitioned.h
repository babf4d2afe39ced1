#pragma once
// ALTER TABLE of partitioned tables, which changes their partitions too, and of partitions, whose
// inherited parts are not theirs to change.
#include "sql/command/alter_table.h"

namespace luma {

void alter_partitioned_table(CommandContext& context, Oid table,
                             const ast::AlterTableStmt& statement);
// Throws when a sub-command changes what a partition has from its parent.
void refuse_inherited_changes(const Catalog& catalog, const Table& partition,
                              const ast::AlterTableStmt& statement);

}  // namespace luma
