#pragma once
// Tells engine/type what the catalog's enums, domains and composite types are.
#include "sql/catalog/catalog.h"

namespace luma {

// Defines all types of a snapshot; cheap to repeat. Thread-safe.
void define_user_types(const Catalog& catalog);

}  // namespace luma
