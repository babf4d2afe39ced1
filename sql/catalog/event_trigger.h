#pragma once
// CREATE EVENT TRIGGER: a function that is called when definitions change. Immutable, thread-safe.
// Pointers that lookups return live as long as the catalog they came from.
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/catalog.h"

namespace luma {

namespace type_oid {
inline constexpr Oid kEventTrigger = 3838;
}

struct EventTrigger : CatalogObject {
  EventTrigger() : CatalogObject(ObjectKind::kEventTrigger) {}
  std::string event;  // ddl_command_start, ddl_command_end, sql_drop, table_rewrite
  Oid function = kInvalidOid;
  char enabled = 'O';             // as Trigger::enabled
  std::vector<std::string> tags;  // WHEN TAG IN; empty: all
};

bool has_event_triggers(const Catalog& catalog);
// nullptr: there is none.
const EventTrigger* find_event_trigger(const Catalog& catalog, std::string_view name);
// By name, as they fire.
std::vector<const EventTrigger*> all_event_triggers(const Catalog& catalog);

}  // namespace luma
