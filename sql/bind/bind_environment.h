#pragma once
// What binding needs of the outside: the statement's catalog view, name resolution, settings.
#include <string_view>

#include "engine/row/table_desc.h"
#include "engine/type/type_info.h"
#include "sql/catalog/catalog.h"
#include "sql/catalog/name_resolution.h"

namespace luma {

class BindEnvironment {
 public:
  virtual ~BindEnvironment() = default;
  virtual const Catalog& catalog() const = 0;
  virtual const SearchPath& search_path() const = 0;
  // The path that a stored definition was written under.
  virtual SearchPath resolve_path(std::string_view setting) const = 0;
  // Storage description of a stored table; cached by the implementation.
  virtual TableDescPtr table_desc(const Table& table) = 0;
  virtual const IoContext& io() const = 0;
  // The setting of that name: without it queries that policies would change are refused.
  virtual bool row_security() const { return true; }
  // session_replication_role is replica: other rules count.
  virtual bool replays_changes() const { return false; }
};

}  // namespace luma
