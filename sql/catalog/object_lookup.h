#pragma once
// Objects by an oid whose class is not known, as lookups in pg_depend and pg_description name them.
// Results live as long as the snapshot. Thread-safe.
#include <vector>

#include "sql/catalog/catalog.h"

namespace luma {

// Those with the oid, and those with a part that has it: a constraint, a default, a rule, a
// trigger, a policy, a member of an operator family, a row type or an array type. Each once.
std::vector<const CatalogObject*> objects_with_oid(const Catalog& catalog, Oid oid);

// Those that hold a dependency on something with the oid, schemas left out: what is in a schema is
// found by looking at everything. Each once.
std::vector<const CatalogObject*> dependents_of_oid(const Catalog& catalog, Oid oid);

// The view or materialized view whose query is the rule "_RETURN" with this oid.
const Table* view_of_rule(const Catalog& catalog, Oid rule);

}  // namespace luma
