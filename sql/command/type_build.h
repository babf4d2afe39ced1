#pragma once
// Parts that the commands about types share.
#include <memory>

#include "sql/ast/ddl.h"
#include "sql/catalog/catalog.h"
#include "sql/command/command_context.h"

namespace luma {

// A type with its name, owner, schema and oids, not yet in the catalog. Throws 42710 when the name
// is taken, 42501 and 3F000 for the schema.
std::shared_ptr<Type> new_type(CommandContext& context, const QualifiedName& name, char kind);

// A type of users of this kind ('e' enum, 'd' domain) that the current user owns: 42704, 42809,
// 42501.
const Type& require_own_type(CommandContext& context, const QualifiedName& name, char kind);

// The columns of users' tables that hold values of `type`, as such or inside of other types.
struct TypeUse {
  Oid table = kInvalidOid;
  int16_t column = 0;
  // The type itself or a domain over it; otherwise it is an element, field or base of the column's.
  bool direct = false;
};
// Whether values of `type` have values of `wanted` inside, or are such.
bool holds_type(Oid type, Oid wanted);
std::vector<TypeUse> uses_of_type(const Catalog& catalog, Oid type);

}  // namespace luma
