#pragma once
// Names of array types: "_" and the element's name, with more underscores in front while another
// type has that name, as in PostgreSQL. The name index knows which one it is.
#include <string>

#include "sql/catalog/catalog.h"

namespace luma {

inline constexpr size_t kLongestTypeName = 63;

// The next name to try after `name`, which is the element's at first.
inline std::string next_array_type_name(const std::string& name) {
  return ("_" + name).substr(0, kLongestTypeName);
}

inline std::string array_type_name(const Catalog& catalog, Oid schema, const std::string& element,
                                   Oid array) {
  std::string name = next_array_type_name(element);
  for (int tries = 0; tries < 8 && catalog.find_type_oid(schema, name) != array; ++tries) {
    name = next_array_type_name(name);
  }
  return catalog.find_type_oid(schema, name) == array ? name : next_array_type_name(element);
}

// The name of a new type: that of an array type is free, the array type gets another one.
inline bool is_free_type_name(const Catalog& catalog, Oid schema, std::string_view name) {
  Oid found = catalog.find_type_oid(schema, name);
  if (found == kInvalidOid || catalog.type_of_array(found) != nullptr) return true;
  const Table* table = catalog.table_of_row_type(found);
  return table != nullptr && table->array_type == found;
}

}  // namespace luma
