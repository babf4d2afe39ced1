#include "sql/catalog/object_lookup.h"

#include <algorithm>

#include "sql/catalog/builtin_relations.h"
#include "sql/catalog/object_set.h"

namespace luma {
namespace {

constexpr Oid kClasses[] = {
    class_oid::kRelation,  class_oid::kType,     class_oid::kProc,         class_oid::kSchema,
    class_oid::kCast,      class_oid::kOperator, class_oid::kOpClass,      class_oid::kOpFamily,
    class_oid::kExtension, class_oid::kTsDict,   class_oid::kTsConfig,     class_oid::kStatisticExt,
    class_oid::kCollation, class_oid::kRole,     class_oid::kEventTrigger,
};
constexpr Oid kParts[] = {class_oid::kConstraint, class_oid::kAttrDef, class_oid::kRewrite,
                          class_oid::kTrigger,    class_oid::kPolicy,  class_oid::kAmOp,
                          class_oid::kAmProc};

const CatalogObject* find(const Catalog& catalog, ObjectId id) {
  if (const ObjectPtr* found = catalog.local_objects()->find(id)) return found->get();
  if (id.oid >= kFirstUserOid) return nullptr;
  const ObjectPtr* found = builtin_objects().find(id);
  return found == nullptr ? nullptr : found->get();
}

void add(const CatalogObject* object, std::vector<const CatalogObject*>& out) {
  if (object != nullptr && std::ranges::find(out, object) == out.end()) out.push_back(object);
}

}  // namespace

std::vector<const CatalogObject*> objects_with_oid(const Catalog& catalog, Oid oid) {
  std::vector<const CatalogObject*> out;
  if (oid == kInvalidOid) return out;
  for (Oid class_id : kClasses) add(find(catalog, {class_id, oid}), out);
  for (Oid class_id : kParts) {
    const ObjectId* holder = catalog.local_objects()->holder({class_id, oid});
    if (holder != nullptr) add(find(catalog, *holder), out);
  }
  add(catalog.table_of_row_type(oid), out);
  add(catalog.type_of_array(oid), out);
  return out;
}

std::vector<const CatalogObject*> dependents_of_oid(const Catalog& catalog, Oid oid) {
  std::vector<const CatalogObject*> out;
  auto add_linked = [&](Oid class_id) {
    for (ObjectId id :
         catalog.local_objects()->linked(ObjectSet::Link::kDependent, {class_id, oid})) {
      add(find(catalog, id), out);
    }
  };
  for (Oid class_id : kClasses) add_linked(class_id);
  for (Oid class_id : kParts) add_linked(class_id);
  return out;
}

const Table* view_of_rule(const Catalog& catalog, Oid rule) {
  const ObjectId* holder = catalog.local_objects()->holder({class_oid::kRewrite, rule});
  const Table* table = holder == nullptr ? nullptr : catalog.table(holder->oid);
  return table != nullptr && table->rule_oid == rule ? table : nullptr;
}

}  // namespace luma
