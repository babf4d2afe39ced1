#pragma once
// Keeps a columnar index (TableDesc::copies) in step with its table: whatever changes a row changes
// the copy's row in the same transaction, so both are the same at every snapshot.
//
// The copy is a columnar table of its own, keyed by hidden row ids. Which of them belongs to a row
// stands in the row map (row_map_key()), by the key of the row. One thread.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/columnar/columnar_load.h"
#include "engine/columnar/columnar_rows.h"
#include "engine/exec/operator.h"
#include "engine/row/row_codec.h"
#include "engine/row/table_desc.h"
#include "engine/txn/id_allocator.h"
#include "engine/txn/transaction.h"

namespace luma {

class ColumnarCopyWriter {
 public:
  // `updated`: by attribute, the columns that update() may change; empty: any.
  ColumnarCopyWriter(const ColumnarCopyDesc& copy, const std::vector<bool>& updated);

  // Starts a statement.
  void begin(ExecContext& context);
  // Rows of a chunk whose columns are the table's attributes; `row_key` is complete, with its
  // storage id. `loads`: they may go straight to a segment.
  void insert(const Chunk& rows, uint32_t row, std::string_view row_key, bool loads);
  void insert_all(const Chunk& rows, const std::vector<std::string_view>& row_keys, bool loads);
  // 55006 or a wait when the copy's row is being moved right now.
  void update(const Chunk& rows, uint32_t row, std::string_view old_key, std::string_view new_key);
  void remove(std::string_view row_key);
  // At the statement's end. Without it, what insert() has loaded is forgotten.
  void finish();
  void abandon() { loader_.reset(); }

 private:
  ColumnarLoader& loader();
  void put_delta(const Chunk& rows, uint32_t row, uint64_t row_id);
  void put_map(std::string_view row_key, uint64_t row_id);
  // Of a stored row, which is locked against those who move rows.
  uint64_t lock_row_of(std::string_view row_key);

  TableDescPtr rows_;
  StoredLayout layout_;
  StoredRows stored_;
  bool affected_ = true;  // by update()
  ExecContext* context_ = nullptr;
  Transaction* txn_ = nullptr;
  IdAllocator::Counter* row_ids_ = nullptr;
  std::unique_ptr<ColumnarLoader> loader_;
  std::string key_, row_, map_key_;
};

// Fills a copy that has no rows yet from the table's newest rows. The caller keeps writers away.
void build_columnar_copy(ExecContext& context, const TableDescPtr& table,
                         const ColumnarCopyDesc& copy);

}  // namespace luma
