#pragma once
// CREATE EVENT TRIGGER: a function that is called when definitions change. Immutable, thread-safe.
#include <string>
#include <vector>

#include "sql/catalog/object.h"

namespace luma {

struct EventTrigger : CatalogObject {
  EventTrigger() : CatalogObject(ObjectKind::kEventTrigger) {}
  std::string event;  // ddl_command_start, ddl_command_end, sql_drop, table_rewrite
  Oid function = kInvalidOid;
  char enabled = 'O';             // as Trigger::enabled
  std::vector<std::string> tags;  // WHEN TAG IN; empty: all
};

}  // namespace luma
