#include "sql/catalog/event_trigger.h"

#include <algorithm>

#include "sql/catalog/object_set.h"
#include "sql/catalog/virtual_row.h"

namespace luma {

bool has_event_triggers(const Catalog& catalog) {
  return catalog.local_objects()->has_event_triggers();
}

const EventTrigger* find_event_trigger(const Catalog& catalog, std::string_view name) {
  const ObjectSet& objects = *catalog.local_objects();
  Oid oid = objects.find_name(class_oid::kEventTrigger, kInvalidOid, name);
  const ObjectPtr* found = objects.find({class_oid::kEventTrigger, oid});
  return found == nullptr ? nullptr : static_cast<const EventTrigger*>(found->get());
}

std::vector<const EventTrigger*> all_event_triggers(const Catalog& catalog) {
  std::vector<const EventTrigger*> out;
  if (!has_event_triggers(catalog)) return out;
  catalog.local_objects()->for_each([&](const ObjectPtr& object) {
    if (object->kind == ObjectKind::kEventTrigger) {
      out.push_back(static_cast<const EventTrigger*>(object.get()));
    }
  });
  std::ranges::sort(out, {}, [](const EventTrigger* one) { return one->name; });
  return out;
}

void generate_pg_event_trigger(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for (const EventTrigger* one : all_event_triggers(scan.catalog())) {
    row.oid(one->oid).text(one->name).text(one->event).oid(one->owner).oid(one->function);
    row.letter(one->enabled).text_array(one->tags).emit();
  }
}

}  // namespace luma
