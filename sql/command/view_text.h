#pragma once
// A view's query as it is stored: stars written out, output columns named, so that later changes of
// the tables below do not change what the view shows.
#include <string>
#include <vector>

#include "engine/base/arena.h"
#include "sql/ast/query.h"
#include "sql/command/command_context.h"

namespace luma {

// `column_names`: of the view, in order.
std::string view_text(CommandContext& context, const ast::Node* query,
                      const std::vector<std::string>& column_names);

// The stars of the SELECTs in `query` written out, in a tree of its own.
const ast::Node* without_stars(CommandContext& context, const ast::Node* query, Arena& arena);

// The same query with its outputs named anew.
std::string with_output_names(std::string_view definition,
                              const std::vector<std::string>& column_names);

// Tables, views and columns that the query reads, as dependencies of `view`.
std::vector<Dependency> view_dependencies(CommandContext& context, const ast::Node* query,
                                          const BoundQuery& bound, ObjectAddress view);

// Relations that the query's FROM lists name directly, found by `path`; names of CTEs are no
// relations. Calls visit(range variable, relation).
void for_each_named_relation(
    const Catalog& catalog, const SearchPath& path, const ast::Node* query,
    const std::function<void(const ast::RangeVar&, const Relation&)>& visit);

}  // namespace luma
