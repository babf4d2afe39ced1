#pragma once
// Whether a role may run a query: the privileges that binding collected, against a snapshot's
// access control lists. Pure functions; thread-safe.
#include <span>

#include "engine/base/sql_error.h"
#include "sql/catalog/catalog.h"
#include "sql/plan/logical.h"

namespace luma {

// Throws 42501 "permission denied for table t" for the first privilege that `role`, or the owner of
// the view that stands in between, lacks.
void check_privileges(const Catalog& catalog, Oid role,
                      std::span<const RequiredPrivilege> privileges,
                      std::span<const Oid> functions);

// "permission denied for <kind> <name>".
SqlError permission_denied(const Relation& relation);

}  // namespace luma
