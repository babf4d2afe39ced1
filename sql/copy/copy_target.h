#pragma once
// What COPY reads or writes: its relation, columns and the privileges to do so.
#include <string>
#include <vector>

#include "sql/ast/utility.h"
#include "sql/catalog/catalog.h"
#include "sql/copy/copy_options.h"
#include "sql/lower/planner.h"

namespace luma {

// A table that may be copied from or to. Throws 42P01, 42809, 42501.
const Table& open_copy_table(const ast::CopyStmt& copy, PlannerContext& context);
// 0-based attributes named by the column list, or all that are neither dropped nor generated.
// Throws 42703, 42701, 42P10.
std::vector<int> copy_attributes(const Table& table, const ast::NameList& columns);
// 42501 unless the current user may SELECT from / INSERT into these columns.
void check_copy_privilege(const Table& table, const std::vector<int>& attributes, bool is_from,
                          PlannerContext& context);
// 0A000 when policies decide which rows the current user may store.
void refuse_row_security(const Table& table, PlannerContext& context);
// COPY with a file of the server: throws 42501, 0A000 (PROGRAM), 42602 (a relative name).
void check_copy_file(const ast::CopyStmt& copy, PlannerContext& context);

// Marks in the FORCE_... lists: flag i is set when `names` has columns[i]. Throws 42703, 42701, and
// 42P10 "<option> column "x" not referenced by COPY". `table` may be null (COPY of a query).
std::vector<bool> force_flags(const std::vector<std::string>& names, std::string_view option,
                              const std::vector<std::string>& columns, const Table* table);

}  // namespace luma
