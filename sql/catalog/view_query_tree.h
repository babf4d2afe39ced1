#pragma once
// A view's query as pg_rewrite.ev_action shows it: a query node in the form of PostgreSQL's node
// trees, with the target list that clients read from it to learn which column of which table each
// column of the view is. Pure; throws what the parser throws.
#include <string>

#include "sql/catalog/catalog.h"

namespace luma {

std::string view_query_tree(const Catalog& catalog, const Table& view);

}  // namespace luma
