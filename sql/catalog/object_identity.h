#pragma once
// Names of objects that mean the same in every session, whatever its search path: for event
// triggers and pg_identify_object(). Thread-safe.
#include <optional>
#include <string>
#include <vector>

#include "sql/catalog/catalog.h"

namespace luma {

struct ObjectIdentity {
  std::string type;                   // "table", "table column", "function", ...
  std::optional<std::string> schema;  // of objects that are in one
  std::optional<std::string> name;    // of objects that their schema and name tell
  std::string identity;               // "public.f(integer)"
  // The same for pg_get_object_address().
  std::vector<std::string> names, arguments;
};

// nullopt: there is no such object.
std::optional<ObjectIdentity> identify_object(const Catalog& catalog, const ObjectAddress& address);

// "integer", "pg_catalog.text", "public.mood[]".
std::string qualified_type_name(const Catalog& catalog, Oid type);

}  // namespace luma
