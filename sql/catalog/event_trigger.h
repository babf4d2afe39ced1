#pragma once
// CREATE EVENT TRIGGER: a function that is called when definitions change. Immutable, thread-safe.
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/catalog.h"
#include "sql/catalog/object.h"

namespace luma {

struct EventTrigger : CatalogObject {
  EventTrigger() : CatalogObject(ObjectKind::kEventTrigger) {}
  std::string event;  // ddl_command_start, ddl_command_end, sql_drop, table_rewrite
  Oid function = kInvalidOid;
  char enabled = 'O';             // as Trigger::enabled
  std::vector<std::string> tags;  // WHEN TAG IN; empty: all
};

const EventTrigger* find_event_trigger(const Catalog& catalog, std::string_view name);
// By name, in which order they fire.
std::vector<const EventTrigger*> all_event_triggers(const Catalog& catalog);

}  // namespace luma
