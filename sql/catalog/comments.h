#pragma once
// Comments on any object: those of users and those that PostgreSQL's built-in objects come with.
#include <optional>
#include <string>

#include "sql/catalog/catalog.h"

namespace luma {

// nullopt when there is none. class 0: the first class that has one (obj_description(oid)).
std::optional<std::string> object_comment(const Catalog& catalog, const ObjectAddress& address);

}  // namespace luma
