// pg_init_privs: what objects of the system may be used for from the start. Tools take their
// present privileges for somebody's doing only as far as they differ from it.
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/builtin_relations.h"
#include "sql/catalog/privileges.h"
#include "sql/catalog/virtual_row.h"

namespace luma {

void generate_pg_init_privs(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  auto emit = [&](Oid object, Oid class_id, const std::optional<Acl>& acl) {
    if (!acl.has_value()) return;
    row.oid(object).oid(class_id).int4(0).letter('i').acl(acl).emit();
  };
  builtin_objects().for_each(
      [&](const ObjectPtr& object) { emit(object->oid, object->class_id(), object->acl); });
  emit(schema_oid::kPublic, class_oid::kSchema, initial_public_acl());
  for (const ProcFact& function : proc_facts()) {
    emit(function.oid, class_oid::kProc, function_acl(scan.catalog(), function.oid));
  }
}

}  // namespace luma
