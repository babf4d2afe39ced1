#pragma once
// Changes of where and how a table's rows are stored.
#include <functional>
#include <span>

#include "sql/command/command_context.h"

namespace luma {

// Gives a table (and its indexes) new, empty storage; the old one goes after commit.
void replace_storage(CommandContext& context, Oid table);

// 55006 when the transaction still has deferred checks or triggers of the relation's rows to run.
// `command` is what cannot be done now, in capitals.
void check_not_in_use(CommandContext& context, const Relation& relation, std::string_view command);

// After CatalogTransaction::drop(): storage of what was removed goes after commit, sequences are
// forgotten, and tables that lost the key of their rows are stored anew. Sends the cascade notice.
void finish_drop(CommandContext& context, const DropResult& result);

// Drops through the catalog, with locks on all relations that go, and finishes.
void drop_and_finish(CommandContext& context, const std::vector<ObjectAddress>& targets,
                     DropBehavior behavior);

// Stores the rows of `old_table` (a state before changes) as its present state in the catalog wants
// them: under new storage ids, each value as `mapping` (by attribute of the present state, over
// those of `from`; empty: as it is) says.
void rewrite_rows(CommandContext& context, const TableDescPtr& from, Oid table,
                  std::span<const Expr* const> mapping);

}  // namespace luma
