#pragma once
// Columns of a relation made from a query: views, CREATE TABLE AS.
#include <vector>

#include "sql/ast/node.h"
#include "sql/catalog/object.h"
#include "sql/plan/logical.h"

namespace luma {

// Names from `aliases` as far as they go. Throws 42601 with `too_many` when there are more aliases
// than columns, 42701 for a repeated name, 42P16 for a pseudo-type.
std::vector<Column> columns_of_query(const BoundQuery& query, const ast::NameList& aliases,
                                     std::string_view too_many);

}  // namespace luma
