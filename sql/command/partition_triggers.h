#pragma once
// Row triggers of partitioned tables: every partition has a copy of its own, which is what fires.
#include <functional>

#include "sql/catalog/object.h"
#include "sql/command/command_context.h"

namespace luma {

// The copy of `trigger`, a row trigger of `parent`, for a partition, and for everything below that.
// With `replace` it takes the place of a trigger of that name.
void add_partition_trigger(CommandContext& context, const Table& parent, const Trigger& trigger,
                           Oid partition, bool replace);

// The row triggers of `parent` for its new partition, which is put, and everything below it.
void copy_partition_triggers(CommandContext& context, Oid parent, Oid partition);

// A partition that is detached loses what it had from its parent.
void remove_partition_triggers(CommandContext& context, Oid partition);

// Calls change(trigger) for each copy of the trigger below its table, and puts the tables.
void change_trigger_copies(CommandContext& context, Oid table, Oid trigger,
                           const std::function<void(Table&, Trigger&)>& change);

// The partitioned table whose trigger this one is a copy of; nullptr when it is none.
const Table* table_of_parent_trigger(const Catalog& catalog, const Table& table,
                                     const Trigger& trigger);

// What CREATE TRIGGER does with a trigger of the name that is there, in tables and partitions:
// 42710 unless it is to be replaced, else it is taken out and `trigger` gets its identity.
void replace_trigger(Table& table, Trigger& trigger, bool replace, bool in_partition);

// The constraint that a constraint trigger stands for.
void add_trigger_constraint(CommandContext& context, Table& table, Trigger& trigger);

// Triggers fire by name.
void sort_triggers(Table& table);

}  // namespace luma
