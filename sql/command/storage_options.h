#pragma once
// WITH (...) of tables, indexes and views: checked against PostgreSQL's lists and kept as text.
// They have no effect on LumaDB's storage but for what a comment at the row says.
#include <string>
#include <vector>

#include "engine/type/oid.h"
#include "sql/ast/ddl.h"
#include "sql/catalog/object.h"

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
  kBrin,
  kPartitioned
};
OptionOwner index_option_owner(Oid access_method);

// Retention and new partitions are for tables whose partitions are ranges of a time: throws 22023
// for others.
void require_partition_options(const Table& table);

// A sort key is for columnar tables (22023), of columns that there are and that have an order.
void require_sort_key(const Table& table);
// 2BP01 when the column is part of it: it cannot be dropped or renamed.
void refuse_sort_key_change(const Table& table, int16_t column);

// Adds or replaces (`reset`: removes) options in a "name=value" list. Throws 22023.
void change_options(std::vector<std::string>& current, const ast::NodeList& changes,
                    OptionOwner owner, bool reset);

}  // namespace luma
