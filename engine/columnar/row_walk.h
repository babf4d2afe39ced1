#pragma once
// Every row of a table in key order, as its stored bytes, whichever way the table is stored. For
// work that is not a query: building indexes, checking constraints, counting. One thread.
#include <memory>
#include <string>
#include <string_view>

#include "engine/columnar/columnar_cursor.h"
#include "engine/row/row_codec.h"
#include "engine/row/table_desc.h"
#include "engine/txn/transaction.h"

namespace luma {

class RowWalk {
 public:
  // `table` outlives this.
  RowWalk(const TableDesc& table, Transaction& txn, ReadView view, bool fill_cache = true);

  // False at the end, and ever after. What key() and row() return is valid until the next call.
  bool next();
  std::string_view key() const { return key_; }
  std::string_view row() const { return row_; }

 private:
  bool next_ordinary();
  bool next_columnar();
  const TableDesc& table_;
  std::unique_ptr<TxnIterator> iterator_;
  bool started_ = false, done_ = false;
  std::string_view key_, row_;
  // Of columnar tables.
  std::unique_ptr<StoredLayout> layout_;
  std::vector<int32_t> attributes_;
  std::unique_ptr<ColumnarCursor> cursor_;
  uint32_t at_ = 0;
  std::vector<Value> values_;
  std::string own_key_, own_row_;
};

}  // namespace luma
