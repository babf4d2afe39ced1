#pragma once
// relfrozenxid and datfrozenxid. Versions of rows carry no transaction numbers that could run out,
// so nothing is ever older than what runs now.
#include "engine/type/oid.h"
#include "sql/catalog/session_catalog.h"

namespace luma {

// As xid: the oldest number that may still run.
Oid frozen_number(const SessionCatalog& session);

}  // namespace luma
