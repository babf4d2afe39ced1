#pragma once
// Partitioned tables and their partitions as catalog objects: keys, bounds, and the checks that
// come with them.
#include <string_view>

#include "sql/ast/ddl.h"
#include "sql/catalog/partition.h"
#include "sql/command/command_context.h"

namespace luma {

// PARTITION BY of a table whose columns are known; expressions' dependencies are added to it.
PartitionKey make_partition_key(CommandContext& context, Table& table,
                                const ast::PartitionSpec& spec);
// FOR VALUES ... or DEFAULT of a partition called `name`. Compares it with its siblings to be.
PartitionBound make_partition_bound(CommandContext& context, const Table& parent,
                                    const ast::PartitionBoundSpec& spec, std::string_view name);

// The partitioned table that is to get a partition: locked, its owner checked.
const Table& open_partition_parent(CommandContext& context, const ast::RangeVar& name);

// 0A000 unless the key holds all columns that the table is partitioned by; `kind` is "UNIQUE" or
// "PRIMARY KEY".
void require_partition_columns(const Table& table, const Index& index, std::string_view kind);

// Throws 23514 when the default partition of `parent` has rows that `bound` would take.
void check_default_partition(CommandContext& context, const Table& parent,
                             const PartitionBound& bound);
// Throws 23514 when rows of the table, or below it, do not belong into a partition with `bound`.
void check_partition_rows(CommandContext& context, const Table& parent, const Table& table,
                          const PartitionBound& bound);

// The table and all below it.
void lock_partition_tree(CommandContext& context, Oid table, TableLockMode mode);
// The foreign keys of `parent` for its new partition, which is put. Rows are not looked at; what
// they refer to is locked.
void copy_partition_foreign_keys(CommandContext& context, const Table& parent, Oid partition);

// ALTER TABLE ... ATTACH PARTITION, DETACH PARTITION.
void attach_partition(CommandContext& context, Oid parent, const ast::PartitionCmd& command);
// FINALIZE: what CONCURRENTLY left half done; there is never such a thing here.
void finish_detaching(CommandContext& context, Oid parent, const ast::PartitionCmd& command);
void detach_partition(CommandContext& context, Oid parent, const ast::PartitionCmd& command);

// ALTER INDEX ... ATTACH PARTITION.
void attach_index(CommandContext& context, const Index& parent_index,
                  const ast::PartitionCmd& command);

// The index of the partition that stands for `parent_index`: an equal one it has, or a new one,
// filled when `fill`.
void add_partition_index(CommandContext& context, Oid parent_index, Oid partition, bool fill);

}  // namespace luma
