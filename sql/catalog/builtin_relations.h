#pragma once
// The system schemas, relations and views as catalog objects: the layer below every snapshot.
// Columns come from facts; views carry SQL of ours. Built at first use; immutable, thread-safe.
#include <span>
#include <string_view>

#include "sql/catalog/object_set.h"

namespace luma {

const ObjectSet& builtin_objects();

// A system view written in SQL (builtin_views.inc), bound like a user's view with search_path
// pg_catalog.
struct BuiltinView {
  std::string_view schema;
  std::string_view name;
  std::string_view sql;
};
std::span<const BuiltinView> builtin_views();

// The privileges on schema public in a new database.
Acl initial_public_acl();

// pg_class.relisshared: the same rows in every database.
bool is_shared_relation(Oid relation);

}  // namespace luma
