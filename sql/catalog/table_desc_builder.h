#pragma once
// Turns a Table of the catalog into the storage layer's TableDesc. Expressions (index keys,
// predicates) are stored as SQL text; the binder supplies the binding.
#include <string_view>

#include "engine/base/arena.h"
#include "engine/row/table_desc.h"
#include "sql/catalog/catalog.h"

namespace luma {

class ExpressionBinder {
 public:
  virtual ~ExpressionBinder() = default;
  // Binds `sql` over the columns of `table` (kSlot, slot = attnum - 1); the result lives in
  // `arena`.
  virtual const Expr* bind_over_table(const Catalog& catalog, const Table& table,
                                      std::string_view sql, Arena& arena) = 0;
  // The column's default or generation expression, converted to its type.
  virtual const Expr* bind_column_value(const Catalog& catalog, const Table& table,
                                        const Column& column, Arena& arena) {
    return bind_over_table(catalog, table, column.default_sql, arena);
  }
  // A trigger's condition over the old row's attributes, then the new row's. Null where no trigger
  // will fire.
  virtual const Expr* bind_trigger_condition(const Catalog& /*catalog*/, const Table& /*table*/,
                                             std::string_view /*sql*/, Arena& /*arena*/) {
    return nullptr;
  }
  // What is behind a columnar table; null where nothing stores one (its rows are ordinary then).
  virtual std::shared_ptr<ColumnarTable> columnar_table(uint32_t /*storage_id*/) { return nullptr; }
};

// Throws what binding throws; XX000 for a table without storage (views have none: they have
// descriptions for the sake of their triggers).
TableDescPtr build_table_desc(const Catalog& catalog, const Table& table, ExpressionBinder& binder);

// The table that a constraint of `child` was declared for: a partitioned one above it, or `child`.
const Table& declaring_table(const Catalog& catalog, const Table& child, const Constraint& own);

}  // namespace luma
