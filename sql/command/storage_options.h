#pragma once
// WITH (...) of tables, indexes and views: checked against PostgreSQL's lists and kept as text.
// They have no effect on LumaDB's storage but for what a comment at the row says.
#include <string>
#include <vector>

#include "engine/type/oid.h"
#include "sql/ast/ddl.h"

namespace luma {

enum class OptionOwner : uint8_t {
  kTable,
  kBtree,
  kHash,
  kGin,
  kView,
  kMaterializedView,
  kGist,
  kSpgist,
  kBrin
};
OptionOwner index_option_owner(Oid access_method);

// Adds or replaces (`reset`: removes) options in a "name=value" list. Throws 22023.
void change_options(std::vector<std::string>& current, const ast::NodeList& changes,
                    OptionOwner owner, bool reset);

}  // namespace luma
