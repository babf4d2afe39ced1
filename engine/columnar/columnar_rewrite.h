#pragma once
// Moves rows of the delta into segments, and rewrites segments of which the delta hides much.
//
// Safe beside everything else: it reads a snapshot, writes and syncs the new files, then locks the
// delta's rows one by one without waiting, and in one batch replaces the list of segments and
// removes those delta rows that are still what was written. Rows that somebody has locked or
// changed meanwhile stay in the delta and go on hiding the segment's. A crash before the batch
// leaves files that nothing refers to.
#include <cstdint>

#include "engine/base/interrupt.h"
#include "engine/columnar/columnar_table.h"
#include "engine/row/table_desc.h"
#include "engine/txn/lock_manager.h"

namespace luma {

struct RewriteOptions {
  // Delta rows between two segments move when there are so many.
  uint64_t least_delta_rows = 1;
  // A segment is rewritten when the delta hides more than one row in so many.
  uint64_t hidden_divisor = 10;
  // When somebody rewrites the table already: wait and do it again, or leave it to him.
  bool waits = false;
};

struct RewriteResult {
  uint64_t rows_moved = 0;  // into new segments, from the delta or others
  uint64_t segments_added = 0;
  uint64_t segments_removed = 0;
  uint64_t delta_rows_removed = 0;
  uint64_t delta_rows_left = 0;
};

// The caller has locked the table against changes of its definition. `locks` may be null where
// nobody else works.
RewriteResult rewrite_columnar(const TableDescPtr& table, LockManager* locks, Interrupt* interrupt,
                               const RewriteOptions& options);

// Rows that have left the delta leave marks of deletion in the key-value store, over which every
// scan has to step. Whether many are there and can go, and what removes them.
bool delta_wants_compaction(const ColumnarTable& columnar);
void compact_delta(ColumnarTable& columnar);

}  // namespace luma
