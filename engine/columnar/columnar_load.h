#pragma once
// Writes many new rows straight into segments, inside the running transaction: the files are on
// disk before it can commit, their entries are among its buffered writes, and files of segments
// that do not get committed (rollback, rollback to a savepoint) are removed. One statement; used by
// one thread. In the background, other threads encode full row groups and end full segments.
#include <cstdint>
#include <future>
#include <memory>
#include <vector>

#include "engine/base/memory_budget.h"
#include "engine/columnar/columnar_table.h"
#include "engine/row/table_desc.h"
#include "engine/txn/id_allocator.h"
#include "engine/txn/transaction.h"
#include "engine/vector/vector.h"

namespace luma {

class ColumnarLoader {
 public:
  // `memory` may be null; row groups become smaller when it has not enough.
  ColumnarLoader(TableDescPtr table, Transaction& txn, IdAllocator& ids, MemoryBudget* memory,
                 bool in_background);
  // Without finish() the rows are gone.
  ~ColumnarLoader();

  // Adds row `row` of a chunk whose columns are the table's attributes; returns its row id.
  uint64_t add(const Chunk& rows, uint32_t row);
  void add_all(const Chunk& rows);
  // The row ids that the next rows get, when add_all() follows for `count` of them: this and those
  // behind it.
  uint64_t next_row_ids(uint32_t count);
  // Makes the rows part of the transaction.
  void finish();

 private:
  // The files of one statement: unlinked, unless committed, when the transaction forgets them.
  class Files;
  uint32_t room();
  void account();
  void finish_segment();
  // Waits for the segment that is being ended.
  void wait();
  void add_segment(uint64_t file_id, const SegmentSummary& summary);

  TableDescPtr table_;
  Transaction& txn_;
  IdAllocator& ids_;
  MemoryBudget* memory_;
  const bool in_background_;
  size_t charged_bytes_ = 0;
  std::shared_ptr<RowIdRange> range_;
  uint64_t next_row_id_ = 0, row_ids_left_ = 0;
  std::shared_ptr<Files> files_;
  std::unique_ptr<SegmentWriter> writer_;
  uint64_t file_id_ = 0;
  std::vector<SegmentInfo> segments_;
  std::vector<uint64_t> row_ids_;

  uint64_t ending_file_id_ = 0;
  size_t ending_bytes_ = 0;
  std::future<SegmentSummary> ending_;  // last: ends before what it uses
};

}  // namespace luma
