#pragma once
// OWNER TO for every kind of object.
#include "sql/command/command_context.h"

namespace luma {

// The relation with its indexes and the sequences it owns. Throws 42501 when the current user may
// not.
void change_relation_owner(CommandContext& context, Oid relation, Oid owner);
// Any object that has an owner.
void change_owner(CommandContext& context, const CatalogObject& object, Oid owner);

}  // namespace luma
