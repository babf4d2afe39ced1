#pragma once
// Sorts new rows of a columnar table by its sort key before they get their row ids, so that they
// lie in segments in that order. Beyond work_mem in temporary files. One thread.
#include "engine/exec/sorter.h"
#include "engine/row/table_desc.h"

namespace luma {

class StoredSort {
 public:
  static bool applies(const TableDesc& table) {
    return table.columnar != nullptr && !table.stored_order.empty();
  }
  // applies(table); `context` outlives this.
  StoredSort(ExecContext& context, const TableDesc& table);
  ~StoredSort() { sorter_.close(); }

  // Rows with one column for each attribute.
  void add(const Chunk& rows);
  // All rows in order, a chunk at a time; nullptr at the end. After the last add().
  const Chunk* next();

 private:
  ExecContext& context_;
  std::vector<StoredOrder> order_;
  Sorter sorter_;
  std::vector<const Vector*> keys_, payload_;
  Chunk out_;
  bool is_finished_ = false;
};

}  // namespace luma
