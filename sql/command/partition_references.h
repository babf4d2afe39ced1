#pragma once
// Foreign keys to partitioned tables: for every partition the referring table has a constraint that
// belongs to the key and says which of the partition's columns and indexes stand for those of the
// partitioned table.
#include "sql/catalog/object.h"
#include "sql/command/command_context.h"

namespace luma {

// Adds what belongs to `key`, a foreign key of `table` that refers to a partitioned table.
void add_partition_references(CommandContext& context, Table& table, const Constraint& key);

// The foreign keys to `parent` for its new partition, which is put with its indexes, and for
// everything below it.
void reference_new_partition(CommandContext& context, Oid parent, Oid partition);

// A partition that is detached: 23503 when rows refer to its rows; afterwards nothing refers to it.
void remove_partition_references(CommandContext& context, Oid partition);

// Whether the constraint belongs to another foreign key of its table.
bool is_partition_reference(const Table& table, const Constraint& constraint);

}  // namespace luma
