#pragma once
// Single rows of tables, whichever way they are stored: ordinary ones come from the transaction,
// those of columnar tables from the delta or from a segment. This is what operators use that work
// on rows by key. One thread.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/columnar/columnar_table.h"
#include "engine/row/row_codec.h"
#include "engine/row/table_desc.h"
#include "engine/txn/transaction.h"

namespace luma {

class StoredRows {
 public:
  // `table` outlives this.
  explicit StoredRows(const TableDesc& table);
  ~StoredRows();
  StoredRows(StoredRows&&) noexcept;

  // Like Transaction::get_stamped() for the row `key`: its bytes, or false. `out` is valid until
  // the next call.
  bool get(Transaction& txn, std::string_view key, KvValue* out,
           ReadView view = ReadView::kStatement);
  // From now on other attributes may read as NULL: for readers, not for who writes the row again.
  void want(std::span<const int32_t> attributes);
  void remove(Transaction& txn, std::string_view key) const;
  // Like Transaction::check_unchanged_since_snapshot(), after locking the row.
  void check_unchanged_since_snapshot(Transaction& txn, std::string_view key);
  bool is_columnar() const { return columnar_ != nullptr; }

 private:
  class Columnar;
  std::unique_ptr<Columnar> columnar_;
};

// What segments of a table hold, by attribute.
std::vector<ColumnSpec> segment_columns(const TableDesc& table);

}  // namespace luma
