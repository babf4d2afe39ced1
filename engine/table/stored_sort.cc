#include "engine/table/stored_sort.h"

namespace luma {
namespace {

std::vector<PhysicalType> types_of(const TableDesc& table) {
  std::vector<PhysicalType> types;
  for (const ColumnDesc& column : table.columns) types.push_back(column.physical);
  return types;
}

std::vector<SortColumn> columns_of(const TableDesc& table) {
  std::vector<SortColumn> columns;
  for (const StoredOrder& order : table.stored_order) {
    const ColumnDesc& column = table.columns[static_cast<size_t>(order.column)];
    SortColumn& added =
        columns.emplace_back(SortColumn::ascending(KeyType::of(column.type, column.physical)));
    added.descending = order.descending;
    added.nulls_first = order.nulls_first;
  }
  return columns;
}

}  // namespace

StoredSort::StoredSort(ExecContext& context, const TableDesc& table)
    : context_(context),
      order_(table.stored_order),
      sorter_(types_of(table), columns_of(table)),
      out_(types_of(table)) {
  sorter_.open(context);
}

void StoredSort::add(const Chunk& rows) {
  keys_.clear();
  payload_.clear();
  for (const StoredOrder& order : order_) {
    keys_.push_back(&rows.columns[static_cast<size_t>(order.column)]);
  }
  for (const Vector& column : rows.columns) payload_.push_back(&column);
  sorter_.append(context_, keys_, payload_, rows.size);
}

const Chunk* StoredSort::next() {
  if (!is_finished_) sorter_.finish(context_);
  is_finished_ = true;
  return sorter_.next(context_, out_) ? &out_ : nullptr;
}

}  // namespace luma
