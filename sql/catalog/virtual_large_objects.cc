// pg_largeobject and pg_largeobject_metadata.
#include "sql/catalog/large_objects.h"
#include "sql/catalog/operations_state.h"
#include "sql/catalog/virtual_row.h"

namespace luma {

void generate_pg_largeobject(const VirtualScan& scan, VirtualRowSink& sink) {
  auto* state = dynamic_cast<OperationsState*>(&scan.session.live_state());
  if (state == nullptr) return;
  VirtualRow row(scan, sink);
  state->large_objects().for_each_page([&](Oid oid, int32_t page, std::string_view bytes) {
    row.oid(oid).int4(page).text(bytes).emit();
  });
}

void generate_pg_largeobject_metadata(const VirtualScan& scan, VirtualRowSink& sink) {
  auto* state = dynamic_cast<OperationsState*>(&scan.session.live_state());
  if (state == nullptr) return;
  VirtualRow row(scan, sink);
  state->large_objects().for_each(
      [&](const LargeObjectInfo& info) { row.oid(info.oid).oid(info.owner).acl(info.acl).emit(); });
}

}  // namespace luma
