#pragma once
// Columnar tables: which segments they have, at every snapshot, and the files behind them.
//
// A table's rows are keyed by hidden row ids and lie in two places: immutable segments, whose
// ranges of row ids do not overlap, and the delta: ordinary rows that hide those of the segments.
// Whoever reads merges the two by row id. Inserts, updates and deletes only touch the delta, with
// the same locks, conflicts and savepoints as any table; the rewriter (columnar_rewrite.h) moves
// rows from the delta into segments, and the loader (columnar_load.h) writes segments at once.
// Thread-safe.
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "engine/column/segment_store.h"
#include "engine/columnar/columnar_keys.h"
#include "engine/txn/id_allocator.h"
#include "engine/txn/transaction.h"

namespace luma {

class ColumnarTable;
class ColumnarTables;

struct SegmentEntry {
  SegmentInfo info;
  std::shared_ptr<const SegmentReader> reader;
};

// The segments of one version of a table, in order of row ids. Immutable.
struct SegmentList {
  std::vector<SegmentEntry> segments;

  uint64_t row_count() const;
  uint64_t size_bytes() const;
  // The segment whose range has the row id, null when none.
  const SegmentEntry* find(uint64_t row_id) const;
};
using SegmentListRef = std::shared_ptr<const SegmentList>;

// Consecutive row ids that a transaction keeps for segments of its own, until it has ended.
class RowIdRange {
 public:
  RowIdRange(std::shared_ptr<ColumnarTable> table, uint64_t first, uint64_t count)
      : table_(std::move(table)), first_(first), count_(count) {}
  ~RowIdRange();
  RowIdRange(const RowIdRange&) = delete;
  RowIdRange& operator=(const RowIdRange&) = delete;
  uint64_t first() const { return first_; }
  uint64_t count() const { return count_; }

 private:
  std::shared_ptr<ColumnarTable> table_;
  uint64_t first_, count_;
};

// One storage id's runtime state.
class ColumnarTable : public std::enable_shared_from_this<ColumnarTable> {
 public:
  ColumnarTable(ColumnarTables& owner, uint32_t storage_id)
      : owner_(owner), storage_id_(storage_id) {}

  uint32_t storage_id() const { return storage_id_; }
  ColumnarTables& owner() const { return owner_; }

  // As the transaction sees them, those that it has made itself included.
  SegmentListRef segments(Transaction& txn, ReadView view);
  // The newest committed ones.
  SegmentListRef latest_segments();

  // Closes files that only old lists name.
  void forget_old_lists();

  std::shared_ptr<RowIdRange> reserve_row_ids(IdAllocator& ids, uint64_t count);
  // First row ids of reserved ranges.
  std::set<uint64_t> reserved_row_ids() const;

  // Roughly how many rows were written to the delta since the last rewrite.
  void count_delta_rows(uint64_t rows) { delta_rows_.fetch_add(rows, std::memory_order_relaxed); }
  uint64_t delta_rows() const { return delta_rows_.load(std::memory_order_relaxed); }
  void set_delta_rows(uint64_t rows) { delta_rows_.store(rows, std::memory_order_relaxed); }

  // How many rows rewrites have removed from the delta of which the store may still have traces,
  // and when the last ones were.
  void count_removed_rows(uint64_t rows);
  uint64_t removed_rows() const { return removed_rows_.load(std::memory_order_relaxed); }
  std::chrono::seconds since_last_removal() const;
  void forget_removed_rows() { removed_rows_.store(0, std::memory_order_relaxed); }

  // Held while the table is rewritten: one at a time.
  std::mutex& rewrite_mutex() { return rewrite_mutex_; }

 private:
  friend class RowIdRange;
  SegmentListRef cached(uint64_t version) const;
  SegmentListRef remember(uint64_t version, std::vector<SegmentInfo> infos);
  std::shared_ptr<SegmentList> open_all(const std::vector<SegmentInfo>& infos) const;
  SegmentListRef committed_at(const KvSnapshot& snapshot);

  ColumnarTables& owner_;
  uint32_t storage_id_;
  mutable std::mutex mutex_;
  std::map<uint64_t, SegmentListRef> lists_;  // by version; a few of the newest
  std::multiset<uint64_t> reserved_;
  std::atomic<uint64_t> delta_rows_{0};
  std::atomic<uint64_t> removed_rows_{0};
  std::atomic<std::chrono::steady_clock::time_point> last_removal_{};
  std::mutex rewrite_mutex_;
};

struct ColumnarOptions {
  std::string directory;  // "": rows stay in the delta (a store in memory)
  size_t cache_bytes = size_t{256} << 20;
  // The background moves rows into a segment when so many have gathered.
  uint64_t flush_rows = 65536;
  // A statement that inserts more writes the rest into segments at once.
  uint64_t load_rows = 16384;
  uint32_t interval_ms = 500;  // of the background's rounds
  SegmentOptions segment;
  SegmentIoMode io = SegmentIoMode::kPread;
};

// All columnar tables of a store.
class ColumnarTables {
 public:
  ColumnarTables(CommitPipeline& pipeline, ColumnarOptions options);

  // At start, before anything else: forgets segments of storage that `lives` does not know, and
  // removes files that nothing refers to.
  void recover(const std::function<bool(uint32_t storage_id)>& lives);

  std::shared_ptr<ColumnarTable> table(uint32_t storage_id);
  // Storage that a committed transaction dropped and no snapshot can see any more.
  void drop(uint32_t storage_id);
  // Files that a rewrite has replaced; they go when no snapshot can see them.
  void retire(std::vector<uint64_t> file_ids, uint64_t commit_ts);
  void remove_retired();

  // False: all rows stay in the delta.
  bool has_segments() const { return store_ != nullptr; }
  // Whether anybody has used the storage id as a columnar table's, or it has segments.
  bool has_segments(uint32_t storage_id);
  SegmentStore& store() { return *store_; }
  CommitPipeline& pipeline() { return pipeline_; }
  const ColumnarOptions& options() const { return options_; }

 private:
  // Whether the store has anything of the storage id besides rows.
  bool has_entries(uint32_t storage_id);
  struct Retired {
    uint64_t file_id;
    uint64_t commit_ts;
    int64_t since_seconds;
  };
  CommitPipeline& pipeline_;
  ColumnarOptions options_;
  std::unique_ptr<SegmentStore> store_;
  std::mutex mutex_;
  std::map<uint32_t, std::shared_ptr<ColumnarTable>> tables_;
  std::vector<Retired> retired_;
};

}  // namespace luma
