#pragma once
// One transaction: its snapshot, its buffered writes, its savepoints. Reads see the snapshot merged
// with the transaction's own writes; writes reach the store only through CommitPipeline::commit().
// Used by one thread at a time; while no thread writes, several may read (see WriteBuffer for scans
// that write). Row locks are taken separately, before writing (LockManager).
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/memory_budget.h"
#include "engine/row/kv.h"
#include "engine/txn/moved_rows.h"
#include "engine/txn/read_set.h"
#include "engine/txn/write_buffer.h"

namespace luma {

class CommitPipeline;
class LockManager;
class LockOwner;
class TxnIterator;

enum class IsolationLevel : uint8_t {
  kReadUncommitted,
  kReadCommitted,
  kRepeatableRead,
  kSerializable
};

// synchronous_commit; everything but off waits for the local log.
enum class SyncCommit : uint8_t { kOff, kLocal, kRemoteWrite, kOn, kRemoteApply };

enum class ReadView : uint8_t {
  kStatement,  // the snapshot, with own writes of earlier statements
  kOwn,        // the snapshot, with all own writes
  kLatest,     // the newest committed versions, with all own writes
};

// A snapshot with the newest commit it may contain. Shared by a statement and the cursors it
// opened.
struct TxnSnapshot {
  KvSnapshot kv;
  uint64_t dependency_ts = 0;
  uint64_t visible_ts = 0;  // it certainly contains everything up to here
};
using TxnSnapshotRef = std::shared_ptr<const TxnSnapshot>;

// Given to commit hooks, in commit order.
struct CommitContext {
  uint64_t commit_ts;
  class Transaction& txn;
  KvBatch& batch;  // before the write: more operations may be added
};
struct CommitHook {
  std::function<void(CommitContext&)> before_write;   // may throw: the transaction aborts
  std::function<void(uint64_t commit_ts)> published;  // must not throw; short: others wait
};

struct TransactionOptions {
  IsolationLevel isolation = IsolationLevel::kReadCommitted;
  bool read_only = false;
  bool deferrable = false;
  SyncCommit sync_commit = SyncCommit::kOn;
  MemoryBudget* budget = nullptr;
  size_t max_bytes = SIZE_MAX;
  // Of uncommitted changes; what is more goes to a file.
  size_t memory_bytes = size_t{128} << 20;
};

class Transaction {
 public:
  // `owner` may be null for internal work that takes no locks.
  Transaction(CommitPipeline& pipeline, LockManager* locks, LockOwner* owner,
              const TransactionOptions& options);
  // Rolls back unless committed.
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  uint64_t id() const { return id_; }
  IsolationLevel isolation() const { return options_.isolation; }
  bool keeps_snapshot() const { return options_.isolation >= IsolationLevel::kRepeatableRead; }
  // SET TRANSACTION; the caller has checked that no snapshot was taken yet.
  void set_isolation(IsolationLevel level) { options_.isolation = level; }
  bool read_only() const { return options_.read_only; }
  void set_read_only(bool value) { options_.read_only = value; }
  SyncCommit sync_commit() const { return options_.sync_commit; }
  void set_sync_commit(SyncCommit value) { options_.sync_commit = value; }
  bool has_snapshot() const { return snapshot_ != nullptr; }
  LockOwner* owner() const { return owner_; }
  LockManager* locks() const { return locks_; }
  CommitPipeline& pipeline() const { return pipeline_; }

  // The snapshot of the running statement; taken now when there is none.
  const TxnSnapshotRef& snapshot();
  // What a statement saves of its surroundings; see StatementScope.
  struct StatementState {
    TxnSnapshotRef snapshot;
    WriteBuffer::Mark mark;
  };
  // Starts a statement: at READ COMMITTED with a new snapshot unless `keep_snapshot` (a STABLE
  // function inside a query). Own writes from now on are invisible to ReadView::kStatement.
  StatementState begin_statement(bool keep_snapshot = false);
  // Back to the surrounding statement; the outermost one gives up its snapshot at READ COMMITTED.
  void end_statement(StatementState&& saved);
  // Makes what was written so far visible to the running statement (CommandCounterIncrement).
  void advance_statement_mark() { statement_mark_ = buffer_.mark(); }
  // Continues a cursor: reads run on its snapshot and mark.
  void resume_statement(const StatementState& state);
  StatementState current_statement() { return {snapshot(), statement_mark_}; }

  // False when the key is absent. `out` stays valid until the next write to the transaction or its
  // end.
  bool get(KvFamily family, std::string_view key, KvValue* out,
           ReadView view = ReadView::kStatement);
  bool latest(KvFamily family, std::string_view key, KvValue* out) {
    return get(family, key, out, ReadView::kLatest);
  }
  // get() for values known to be stamped, with an exact dependency: the reply then waits only for
  // the commit that wrote this row, not for everything in the snapshot.
  bool get_stamped(KvFamily family, std::string_view key, KvValue* out,
                   ReadView view = ReadView::kStatement);
  // For stamped values. found[i] tells whether values[i] is set.
  void multi_get(KvFamily family, std::span<const std::string_view> keys, bool sorted,
                 KvValue* values, bool* found, ReadView view = ReadView::kStatement);
  // For many ascending keys, by one walk over what is stored near them: false when certainly none
  // has a committed or own value, or an own operation.
  bool any_may_exist(KvFamily family, std::span<const std::string_view> keys);
  // Keys in [lower, upper); an empty bound is open. Destroy iterators before the transaction ends.
  std::unique_ptr<TxnIterator> scan(KvFamily family, std::string_view lower, std::string_view upper,
                                    ReadView view = ReadView::kStatement, bool fill_cache = true);

  // Writes. A stamped value begins with 8 bytes that receive the commit timestamp.
  void put(KvFamily family, std::string_view key, std::string_view value, bool stamped = false);
  void remove(KvFamily family, std::string_view key);
  // The row `key`, which is removed, lives on elsewhere (MovedRows).
  void note_moved(std::string_view key) { moved_rows_.push_back(MovedRows::hash_of(key)); }
  // For a copy that is to be committed instead.
  void take_moved_rows(const Transaction& from) { moved_rows_ = from.moved_rows_; }
  bool has_writes() const { return !buffer_.empty(); }
  WriteBuffer& buffer() { return buffer_; }

  // REPEATABLE READ and SERIALIZABLE, after locking `key` and before writing it: 40001 when
  // somebody committed a change to it since the snapshot. No-op below. The value must be a stamped
  // one.
  void check_unchanged_since_snapshot(KvFamily family, std::string_view key);
  // The commit timestamp in front of a stamped value.
  static uint64_t timestamp_of(std::string_view value);

  struct Savepoint {
    WriteBuffer::Mark ops;
    size_t locks;
    size_t hooks;
    size_t moved_rows;
  };
  Savepoint savepoint() const;
  // Undoes writes and gives back locks since the savepoint, which stays.
  void rollback_to(const Savepoint& savepoint);
  // Undoes everything and gives back the transaction's locks. Also what the destructor does.
  void rollback();

  // Runs inside the commit pipeline, in commit order, only if this transaction commits.
  void add_commit_hook(CommitHook hook) { hooks_.push_back(std::move(hook)); }

  bool has_commit_hooks() const { return !hooks_.empty(); }

  // The newest commit that anything read so far may come from (reads other than get_stamped() count
  // everything in their snapshot): what a reply has to be durable to
  // (CommitPipeline::required_durable_ts).
  uint64_t dependency_ts() const { return dependency_ts_.load(std::memory_order_relaxed); }
  void add_dependency(uint64_t ts);

 private:
  friend class CommitPipeline;
  friend class TxnIterator;
  bool tracks_reads() const { return serializable_registered_; }
  WriteBuffer::Mark mark_of(ReadView view) const {
    return view == ReadView::kStatement ? statement_mark_ : buffer_.mark();
  }
  bool get_own(KvFamily family, std::string_view key, ReadView view, KvValue* out, bool* found);
  bool get_committed(KvFamily family, std::string_view key, ReadView view, KvValue* out);
  bool get_committed_row(std::string_view key, ReadView view, KvValue* out);
  void finish();
  void register_iterator(TxnIterator* iterator);
  void unregister_iterator(TxnIterator* iterator);
  void record_live_iterators();

  CommitPipeline& pipeline_;
  LockManager* locks_;
  LockOwner* owner_;
  TransactionOptions options_;
  uint64_t id_;
  WriteBuffer buffer_;
  WriteBuffer::Mark statement_mark_ = 0;
  TxnSnapshotRef snapshot_;
  int statement_depth_ = 0;
  std::vector<CommitHook> hooks_;
  std::vector<uint64_t> moved_rows_;  // hashes of their keys
  std::atomic<uint64_t> dependency_ts_{0};
  // SERIALIZABLE only.
  bool serializable_registered_ = false;
  uint64_t serializable_start_ts_ = 0;
  ReadSet read_set_;
  std::mutex iterators_mutex_;
  std::vector<TxnIterator*> iterators_;
  bool finished_ = false;
};

// One statement's view of its transaction.
class StatementScope {
 public:
  explicit StatementScope(Transaction& txn, bool keep_snapshot = false)
      : txn_(txn), saved_(txn.begin_statement(keep_snapshot)) {}
  ~StatementScope() { txn_.end_statement(std::move(saved_)); }
  StatementScope(const StatementScope&) = delete;
  StatementScope& operator=(const StatementScope&) = delete;

 private:
  Transaction& txn_;
  Transaction::StatementState saved_;
};

}  // namespace luma
