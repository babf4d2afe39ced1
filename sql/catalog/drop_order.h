#pragma once
// What a statement has dropped, told from the catalog before and after it. Thread-safe.
#include <span>
#include <vector>

#include "sql/catalog/catalog.h"

namespace luma {

struct DroppedObject {
  ObjectAddress address;
  bool original = false;  // the statement dropped it by itself
  bool normal = false;    // it went because it needed something else that went
};

// Parts of tables (columns, constraints, ...) included, in the order in which PostgreSQL tells it:
// each before what depends on it. `named`: what the statement names, as far as it is known; what
// depends on nothing else that went counts as named, too.
std::vector<DroppedObject> dropped_objects(const Catalog& before, const Catalog& after,
                                           std::span<const ObjectAddress> named);

}  // namespace luma
