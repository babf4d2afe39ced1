#pragma once
// Objects of a snapshot are shared and never change: who changes one puts a copy in its place.
#include <memory>

#include "sql/catalog/object.h"

namespace luma {

// A copy of the object's own kind.
std::shared_ptr<CatalogObject> clone_object(const CatalogObject& object);

}  // namespace luma
