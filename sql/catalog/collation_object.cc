#include "sql/catalog/collation_object.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/object_set.h"

namespace luma {

std::optional<CollationObject> collation(const Catalog& catalog, Oid oid) {
  if (const ObjectPtr* found = catalog.local_objects()->find({class_oid::kCollation, oid})) {
    return static_cast<const CollationObject&>(**found);
  }
  const CollationFact* fact = find_collation_fact(oid);
  if (fact == nullptr) return std::nullopt;
  CollationObject made;
  made.oid = fact->oid;
  made.name = fact->name;
  made.schema = schema_oid::kPgCatalog;
  made.provider = fact->provider;
  made.deterministic = fact->deterministic;
  made.collate = fact->collate;
  made.ctype = fact->ctype;
  made.icu_locale = fact->icu_locale;
  made.version = fact->version;
  return made;
}

Oid collation_in(const Catalog& catalog, Oid schema, std::string_view name) {
  if (Oid found = catalog.local_objects()->find_name(class_oid::kCollation, schema, name)) {
    return found;
  }
  if (schema != schema_oid::kPgCatalog) return kInvalidOid;
  for (const CollationFact& fact : collation_facts()) {
    if (fact.name == name) return fact.oid;
  }
  return kInvalidOid;
}

Oid find_collation(const Catalog& catalog, const SearchPath& path, const QualifiedName& name) {
  if (!name.schema.empty()) {
    const Schema* schema = catalog.find_schema(name.schema);
    return schema == nullptr ? kInvalidOid : collation_in(catalog, schema->oid, name.name);
  }
  for (Oid schema : path.schemas) {
    if (schema == path.temp_schema && schema != kInvalidOid) continue;
    if (Oid found = collation_in(catalog, schema, name.name)) return found;
  }
  return kInvalidOid;
}

Oid require_collation(const Catalog& catalog, const SearchPath& path, const ast::NameList& name,
                      int location) {
  QualifiedName qualified;
  qualified.name = name.back();
  if (name.size() > 1) {
    qualified.schema = name[name.size() - 2];
    require_schema(catalog, path, qualified.schema, location);
  }
  if (Oid found = find_collation(catalog, path, qualified)) return found;
  throw sql_error(SqlState::kUndefinedObject,
                  "collation \"{}\" for encoding \"UTF8\" does not exist",
                  fmt::join(name.begin(), name.end(), "."))
      .at_byte(location);
}

std::string collation_name(const Catalog& catalog, Oid oid) {
  auto found = collation(catalog, oid);
  return found ? found->name : std::string();
}

std::vector<const CollationObject*> created_collations(const Catalog& catalog) {
  std::vector<const CollationObject*> out;
  catalog.local_objects()->for_each([&](const ObjectPtr& object) {
    if (object->kind != ObjectKind::kCollation) return;
    out.push_back(static_cast<const CollationObject*>(object.get()));
  });
  std::ranges::sort(out, {}, [](const CollationObject* one) { return one->oid; });
  return out;
}

}  // namespace luma
