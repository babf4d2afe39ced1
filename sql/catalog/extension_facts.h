#pragma once
// Extensions that CREATE EXTENSION knows: what their control files would say. What they consist of
// is sql/function/extension.h. Immutable, thread-safe.
#include <span>
#include <string_view>

#include "engine/type/oid.h"

namespace luma {

// plpgsql's own oid: it is in every database from the beginning.
inline constexpr Oid kPlpgsqlExtension = 13559;

struct ExtensionFact {
  std::string_view name, version, comment;
  bool relocatable = true;
  bool superuser = true;  // to create it, unless it is trusted
  bool trusted = true;    // a CREATE privilege on the database is enough
  std::string_view schema = {};
};

std::span<const ExtensionFact> extension_facts();
const ExtensionFact* find_extension_fact(std::string_view name);

}  // namespace luma
