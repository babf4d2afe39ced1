#pragma once
// The storage parameter sort_key of columnar tables: 'ts, device desc nulls last'. Pure functions.
#include <string_view>
#include <vector>

#include "engine/row/table_desc.h"
#include "sql/catalog/object.h"

namespace luma {

// Throws 42601 for what is no list of columns, 42703 for one that the table does not have, 42883
// for a type without an order.
std::vector<StoredOrder> parse_sort_key(const Table& table, std::string_view text);
// Of the table's parameter; empty when it has none.
std::vector<StoredOrder> sort_key_of(const Table& table);

}  // namespace luma
