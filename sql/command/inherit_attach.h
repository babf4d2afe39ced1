#pragma once
// Making a table that is there a child of another one, or a partition, and undoing that: its
// columns and CHECKs become one with the parent's.
#include "sql/ast/ddl.h"
#include "sql/catalog/object.h"
#include "sql/command/command_context.h"

namespace luma {

// `child` has the columns of `parent` and what is demanded of them: counts them as inherited, too.
// `as_partition`: has no others, and they are no longer its own. Throws 42804, 42P21.
void merge_existing_columns(const Table& parent, Table& child, bool as_partition);
// The same for CHECKs. Throws 42804, 42P17.
void merge_existing_checks(const Table& parent, Table& child, bool as_partition);

// ALTER TABLE ... INHERIT, NO INHERIT.
void inherit_from(CommandContext& context, Oid child, const ast::RangeVar& parent);
void disinherit_from(CommandContext& context, Oid child, const ast::RangeVar& parent);

}  // namespace luma
