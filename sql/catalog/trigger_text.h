#pragma once
// SQL text of triggers, for pg_get_triggerdef and information_schema.
#include <string>

#include "sql/catalog/name_resolution.h"

namespace luma {

// CREATE [CONSTRAINT] TRIGGER ...; the table's name is qualified unless pretty and visible.
std::string trigger_definition(const Catalog& catalog, const SearchPath& path, const Table& table,
                               const Trigger& trigger, bool pretty);
// "EXECUTE FUNCTION f('x')".
std::string trigger_action(const Catalog& catalog, const SearchPath& path, const Trigger& trigger);

}  // namespace luma
