#pragma once
// The one ordered place where transactions become visible and durable. commit() assigns the commit
// timestamp, validates, runs hooks, writes the batch unsynced and publishes, all in one order; the
// log is synced for whatever has accumulated by the first waiter or by a thread of its own. Nothing
// may be told to a client before the log is durable up to required_durable_ts() of what it depends
// on. Thread-safe.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/row/kv.h"
#include "engine/txn/moved_rows.h"
#include "engine/txn/row_cache.h"
#include "engine/txn/run_cache.h"
#include "engine/txn/sync_gathering.h"
#include "engine/txn/transaction.h"

namespace luma {

// The configuration's modes of the write-ahead log.
enum class WalSyncMode : uint8_t {
  kAlways,       // sync as soon as anybody waits
  kGroupCommit,  // the same, but a sync may wait for commits that will share it
  kPeriodic,     // every commit behaves as synchronous_commit = off
  kNever,        // the system decides when the log reaches the disk
};

struct CommitOptions {
  WalSyncMode mode = WalSyncMode::kGroupCommit;
  uint32_t batch_size = 64;        // a sync waits no longer when so many share it
  int32_t batch_timeout_us = -1;   // how long a sync waits for others; -1: SyncGathering decides
  uint32_t sync_interval_ms = 10;  // synchronous_commit = off and kPeriodic
  // Transactions with more changes are committed as files (commit_large.cc).
  size_t large_commit_bytes = size_t{2} << 20;
  size_t row_cache_size = size_t{128} << 20;  // bytes; 0: none
};

struct CommitResult {
  uint64_t commit_ts = 0;  // 0: nothing was written
  // A reply must wait until the log is durable up to here; 0: it need not wait.
  uint64_t wait_for_ts = 0;
};

class CommitPipeline {
 public:
  // Reads the last commit timestamp from the store. `kv` must outlive the pipeline.
  CommitPipeline(Kv& kv, const CommitOptions& options);
  // Syncs what is written and stops.
  ~CommitPipeline();
  CommitPipeline(const CommitPipeline&) = delete;
  CommitPipeline& operator=(const CommitPipeline&) = delete;

  Kv& kv() { return kv_; }
  RunCache& runs() { return runs_; }
  const MovedRows& moved_rows() const { return moved_rows_; }
  RowCache& rows() { return rows_; }
  const CommitOptions& options() const { return options_; }

  // Commits: afterwards the transaction is over, its locks are released, its writes visible to
  // others and on their way to the disk. Throws 40001 (serializable), what a hook throws,
  // 53100/58030 when the store failed; the transaction is then rolled back.
  CommitResult commit(Transaction& txn);
  // Two-phase commit (PreparedTransactions). Validates `txn` for the last time and writes `record`,
  // which promises that `held`, its copy, can be committed. Returns the timestamp to wait for.
  uint64_t prepare(Transaction& txn, const Transaction& held, KvBatch& record);
  // Until release_writes(), serializable transactions that have read what `held` is going to write
  // cannot commit.
  void hold_writes(const Transaction& held);
  void release_writes(uint64_t held_id);
  // commit() of such a copy together with `batch`; when it fails, `held` stays as it is.
  CommitResult commit_prepared(Transaction& held, KvBatch& batch);
  // Writes a batch in commit order without a transaction (sequences, ids, background work).
  // `durable`: later readers have to wait for it. Returns its commit timestamp.
  uint64_t write(KvBatch& batch, bool durable);

  // Called for every commit, in order, after `before_write` hooks of the transaction itself.
  // Register before the first commit.
  void add_hook(CommitHook hook) { hooks_.push_back(std::move(hook)); }

  // No commit after this one has changed what is in the storage (the first bytes of a key): who has
  // locked a row and sees everything up to here in its snapshot has the row's last version.
  uint64_t last_change(std::string_view storage) const {
    return last_changes_[change_slot(storage)].load(std::memory_order_acquire);
  }

  TxnSnapshotRef take_snapshot();
  // Newest commit timestamp handed out: an upper bound of what any existing snapshot contains.
  uint64_t assigned_ts() const { return assigned_ts_.load(std::memory_order_acquire); }
  uint64_t visible_ts() const { return visible_ts_.load(std::memory_order_acquire); }
  uint64_t durable_ts() const { return durable_ts_.load(std::memory_order_acquire); }
  uint64_t last_sync_commit_ts() const { return last_sync_ts_.load(std::memory_order_acquire); }
  // Up to where the log must be durable before a reply that depends on commits up to
  // `dependency_ts` may leave: commits that never promised durability need no waiting. 0: need not
  // wait.
  uint64_t required_durable_ts(uint64_t dependency_ts) const {
    uint64_t needed = std::min(dependency_ts, last_sync_commit_ts());
    return needed <= durable_ts() ? 0 : needed;
  }

  // Blocks until the log is durable up to `ts`; syncs itself when nobody else does. Throws 58030 or
  // 53100 when that failed: whether the commit survives a crash is then unknown.
  void wait_durable(uint64_t ts);
  // Calls `done` once, with null or the failure: at once when durable already, else from the thread
  // that synced. It must not block or throw.
  using DurableCallback = std::function<void(const SqlError* error)>;
  void on_durable(uint64_t ts, DurableCallback done);
  // Makes everything written so far durable (checkpoints, shutdown).
  void sync_now() { wait_durable(visible_ts()); }

  // After a failure: tries to leave the refusing state. True when commits work again. Happens by
  // itself every second after the disk was full.
  bool try_resume();
  bool refusing() const { return refusing_.load(std::memory_order_acquire); }

  uint64_t next_transaction_id() { return next_transaction_id_.fetch_add(1); }

  struct Counters {
    uint64_t commits, syncs, serialization_failures;
  };
  Counters counters() const;

 private:
  friend class Transaction;
  struct Waiter {
    uint64_t ts;
    DurableCallback done;
  };
  struct RecentCommit {
    uint64_t commit_ts;
    std::vector<std::pair<KvFamily, std::string>> keys;
  };

  static void build_batch(const WriteBuffer& buffer, KvBatch* batch);
  void load_last_timestamp();
  bool promises_durability(SyncCommit level) const;
  // `files`: null, or most of the change, with the rest of it in `batch`.
  void commit_in_order(Transaction& txn, KvBatch& batch, bool durable, CommitResult* result,
                       KvFiles* files = nullptr);
  bool is_large(const WriteBuffer& buffer) const;
  void write_files(WriteBuffer& buffer, KvFiles* files, KvBatch* rest);
  // Before the write: what is cached of rows that the commit changes goes. Afterwards, those of
  // `replaced` (numbers of operations) come back as they are now.
  static constexpr size_t kChangeSlots = 1024;  // storages that share one change together
  static size_t change_slot(std::string_view storage);
  // In commit order, before the commit is visible and its locks are given back.
  void note_change(std::string_view storage, uint64_t commit_ts) {
    last_changes_[change_slot(storage)].store(commit_ts, std::memory_order_release);
  }
  void forget_cached(const WriteBuffer& buffer, uint64_t commit_ts,
                     std::vector<uint32_t>* replaced);
  void replace_cached(const WriteBuffer& buffer, uint64_t commit_ts,
                      const std::vector<uint32_t>& replaced);
  uint64_t reserve_timestamp();
  // Both under commit_mutex_. The first may add the new ceiling to the batch.
  uint64_t next_timestamp(KvBatch& batch);
  void write_in_order(KvBatch& batch, uint64_t commit_ts, bool durable);
  void take_over_in_order(KvFiles& files, const KvBatch& rest, uint64_t commit_ts);
  void validate_serializable(const Transaction& txn);
  void check_reads(const Transaction& txn,
                   const std::vector<std::pair<KvFamily, std::string>>& keys);
  void remember_writes(const Transaction& txn, uint64_t commit_ts);
  TxnSnapshotRef begin_serializable(Transaction& txn);
  void end_serializable(Transaction& txn);
  void forget_old_commits();  // under commit_mutex_
  void throw_if_refusing() const;
  // Under commit_mutex_, without sync_mutex_: refuses commits from now on. When the disk is full,
  // what was committed before is saved into the disk reserve, and its waiters succeed.
  void handle_store_failure(const KvStatus& status);

  void sync_loop();
  void tick(std::unique_lock<std::mutex>& guard);
  // Waits with `guard` held for commits that will share the sync.
  void gather(std::unique_lock<std::mutex>& guard);
  // Syncs once as the only syncing thread; called and returns with `guard` held.
  void sync_as_leader(std::unique_lock<std::mutex>& guard);
  // Those whose time has come; all when there is an error. Called with sync_mutex_ held.
  std::vector<Waiter> take_due_waiters(const SqlError* error);
  void run_callbacks(std::unique_lock<std::mutex>& guard, std::vector<Waiter>& due,
                     const SqlError* error);
  void arm_ticker();

  Kv& kv_;
  RunCache runs_;
  MovedRows moved_rows_;
  RowCache rows_;
  CommitOptions options_;
  std::vector<CommitHook> hooks_;

  std::mutex commit_mutex_;
  // Persisted: timestamps up to it may be handed out. A new one counts once its batch is written.
  uint64_t timestamp_ceiling_ = 0, new_timestamp_ceiling_ = 0;
  std::atomic<uint64_t> assigned_ts_{0};
  std::atomic<uint64_t> visible_ts_{0};
  std::atomic<uint64_t> last_sync_ts_{0};
  std::atomic<uint64_t> durable_ts_{0};
  std::atomic<uint64_t> next_transaction_id_{1};
  std::atomic<bool> refusing_{false};
  // Odd while files are taken over: snapshots taken then would change later.
  std::atomic<uint64_t> take_over_epoch_{0};
  std::array<std::atomic<uint64_t>, kChangeSlots> last_changes_{};
  std::deque<RecentCommit> recent_commits_;
  std::map<uint64_t, std::vector<std::pair<KvFamily, std::string>>> held_writes_;
  std::vector<uint64_t> serializable_starts_;  // sorted, one per live serializable transaction

  mutable std::mutex sync_mutex_;
  std::condition_variable sync_done_;
  std::condition_variable sync_wanted_;
  bool syncing_ = false;
  bool stopping_ = false;
  uint64_t wanted_ts_ = 0;  // what the sync thread has been asked for
  std::atomic<bool> ticker_armed_{false};
  std::vector<Waiter> waiters_;
  SyncGathering gathering_;
  std::condition_variable gathered_;
  size_t gather_until_ = SIZE_MAX;  // waiters that end the wait before a sync
  std::optional<SqlError> failure_;
  bool failure_may_pass_ = false;  // the disk was full: try again from time to time
  std::atomic<uint64_t> commit_count_{0}, sync_count_{0};
  std::atomic<uint64_t> serialization_failures_{0};
  std::thread sync_thread_;
};

}  // namespace luma
