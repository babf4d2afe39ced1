#pragma once
// Which views can be written through, and how their columns map to the relation below: PostgreSQL's
// rules for automatically updatable views, decided on the view's stored text. Pure functions over a
// snapshot.
#include <set>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "sql/ast/query.h"
#include "sql/catalog/name_resolution.h"

namespace luma {

struct ViewShape {
  // What makes the view read-only, as an error's detail; "" = it can be written through. The other
  // members are set in that case only.
  std::string_view obstacle;
  const ast::SelectStmt* query = nullptr;  // in the arena given
  const ast::RangeVar* from = nullptr;
  const Table* below = nullptr;
  // By live column of the view: the column below, or why there is none.
  struct ColumnSource {
    const Column* column = nullptr;
    std::string_view obstacle;
  };
  std::vector<ColumnSource> columns;

  bool has_updatable_columns() const;
};

// `path`: the one the view was written under.
ViewShape shape_of_view(const Catalog& catalog, const Table& view, const SearchPath& path,
                        Arena& arena);

// Bits of pg_relation_is_updatable().
constexpr int32_t kUpdateEvent = 4, kInsertEvent = 8, kDeleteEvent = 16;
// What can be done to a relation or, through a view, to at least one of `columns` (attribute
// numbers; nullptr: any).
int32_t updatable_events(const Catalog& catalog, Oid relation, Oid temp_schema,
                         const std::set<int16_t>* columns);

}  // namespace luma
