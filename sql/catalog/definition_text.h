#pragma once
// SQL text of definitions: what pg_get_indexdef, pg_get_constraintdef and pg_get_viewdef show.
// Stored expressions are deparsed text with PostgreSQL's parentheses; `pretty` drops the outermost
// pair.
#include <string>

#include "sql/catalog/name_resolution.h"

namespace luma {

// CREATE INDEX ...; table names are qualified unless pretty and visible.
std::string index_definition(const Catalog& catalog, const SearchPath& path, const Index& index,
                             bool pretty);
// One key column or expression (1-based); "" beyond the last.
std::string index_column_definition(const Catalog& catalog, const SearchPath& path,
                                    const Index& index, int column, bool pretty);
// Without "CONSTRAINT name".
std::string constraint_definition(const Catalog& catalog, const SearchPath& path,
                                  const Table& table, const Constraint& constraint, bool pretty);
std::string view_definition(const Catalog& catalog, const SearchPath& path, const Table& view,
                            bool pretty);

// pg_get_ruledef().
std::string rule_definition(const Catalog& catalog, const SearchPath& path, const Table& table,
                            const Rule& rule, bool pretty);

// A stored expression as it is shown: names in casts lose their schema where the search path finds
// them (nextval('public.s'::regclass) -> nextval('s'::regclass)); `pretty` drops parentheses that
// AND, OR and the whole text don't need.
std::string shown_expression(const Catalog& catalog, const SearchPath& path,
                             std::string_view expression, bool pretty);

// `(a > 0)` -> `a > 0` when the parentheses enclose the whole text.
std::string_view without_outer_parentheses(std::string_view expression);

}  // namespace luma
