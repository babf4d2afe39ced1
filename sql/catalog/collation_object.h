#pragma once
// Collations: the predefined ones and those that CREATE COLLATION makes. Immutable, thread-safe.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/ast/node.h"
#include "sql/catalog/catalog.h"
#include "sql/catalog/name_resolution.h"

namespace luma {

struct CollationObject : CatalogObject {
  CollationObject() : CatalogObject(ObjectKind::kCollation) {}
  Oid schema = kInvalidOid;
  char provider = 'c';  // d the database's, c libc, i icu
  bool deterministic = true;
  std::string collate, ctype;  // of libc
  std::string icu_locale;
  std::string version;  // "" = none
};

// Of either origin. nullopt and kInvalidOid: there is none.
std::optional<CollationObject> collation(const Catalog& catalog, Oid oid);
Oid find_collation(const Catalog& catalog, const SearchPath& path, const QualifiedName& name);
Oid collation_in(const Catalog& catalog, Oid schema, std::string_view name);
// Throws 42704 at `location`, 3F000.
Oid require_collation(const Catalog& catalog, const SearchPath& path, const ast::NameList& name,
                      int location);
std::string collation_name(const Catalog& catalog, Oid oid);                     // "" = none
std::vector<const CollationObject*> created_collations(const Catalog& catalog);  // in order of oid

}  // namespace luma
