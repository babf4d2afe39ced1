#pragma once
// Renaming a table or a column in the stored query of a view (canonical_text.h wrote it: columns
// are qualified by the names of FROM items), so that the view goes on showing the same columns
// under the names it always had. Not thread-safe.
#include <functional>
#include <string>
#include <string_view>

#include "engine/base/arena.h"
#include "sql/ast/query.h"

namespace luma {

// Whether a table named in FROM is the one that changes.
using IsRenamedTable = std::function<bool(const ast::RangeVar&)>;

// Changes `query`, a copy that nobody else holds; new texts live in `arena`. Returns false, having
// changed nothing, where the query joins USING the column: it can only keep the old name by a list
// of column names after the table.
bool rename_column_in_query(const ast::SelectStmt& query, const IsRenamedTable& is_renamed,
                            std::string_view old_name, std::string_view new_name, Arena& arena);

// Columns of a table without alias follow its new name. The table itself is renamed by the caller
// afterwards.
void rename_table_in_query(const ast::SelectStmt& query, const IsRenamedTable& is_renamed,
                           std::string_view new_name, Arena& arena);

}  // namespace luma
