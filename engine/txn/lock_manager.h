#pragma once
// Row, table and advisory locks of all sessions. A lock belongs to a LockOwner (one per session) in
// one of two scopes: the transaction, which gives it back at its end or at ROLLBACK TO a savepoint,
// or the session (advisory locks only). Waiting is fair (FIFO); who already holds the lock and
// wants more goes first. LockManager is thread-safe; one LockOwner may be used by one thread at a
// time, except wake().
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/interrupt.h"
#include "engine/base/memory_budget.h"
#include "engine/txn/lock_modes.h"
#include "engine/type/oid.h"

namespace luma {

enum class LockWait : uint8_t { kWait, kNoWait, kSkipLocked };

struct LockOptions {
  LockWait wait = LockWait::kWait;
  bool inline_mode = false;             // throw WouldBlock instead of waiting
  int32_t timeout_ms = 0;               // lock_timeout; 0 waits for ever
  int32_t deadlock_timeout_ms = 50;     // how long to wait before looking for a deadlock
  std::string_view relation_name = {};  // for messages
};

enum class LockOutcome : uint8_t {
  kAlreadyHeld,  // in this mode or a stronger one
  kGranted,      // at once
  kWaited,       // after waiting: what was read before is stale
  kSkipped,      // kSkipLocked, or a try that failed
};

struct BulkLock;
struct LockEntry;
struct LockShard;
struct LockWaiter;
class LockManager;
class PendingKeys;

// A session in the eyes of the lock manager.
class LockOwner {
 public:
  LockOwner(LockManager& manager, int32_t pid, Interrupt* interrupt,
            MemoryBudget* budget = nullptr);
  // Gives back everything.
  ~LockOwner();
  LockOwner(const LockOwner&) = delete;
  LockOwner& operator=(const LockOwner&) = delete;

  int32_t pid() const { return pid_; }
  // The number by which other sessions know the running transaction ("ShareLock on transaction
  // 745").
  uint64_t transaction_id() const { return transaction_id_.load(); }
  void set_transaction_id(uint64_t id) { transaction_id_.store(id, std::memory_order_relaxed); }
  // The same, before everything that follows: whoever then still reads the number before does not
  // see what the caller does next either.
  void announce_transaction_id(uint64_t id) { transaction_id_.exchange(id); }

  // A savepoint's position among the transaction's locks.
  size_t mark() const { return held_.size(); }
  // Whoever raises this session's Interrupt calls wake() next, so that a lock wait notices at once.
  // Any thread.
  void wake();

 private:
  friend class LockManager;
  friend struct LockShard;
  void notify() { condition_.notify_all(); }
  struct Held {
    LockEntry* entry;  // null: the last run of the last of bulk_held_
    LockModeBit mode;
  };
  struct SessionHeld {
    LockEntry* entry;
    LockModeBit mode;
    uint32_t count;
  };
  LockManager& manager_;
  int32_t pid_;
  Interrupt* interrupt_;
  MemoryBudget* budget_;
  std::atomic<uint64_t> transaction_id_{0};
  std::vector<Held> held_;
  std::vector<BulkLock*> bulk_held_;  // one for every run, in the order of locking
  std::vector<SessionHeld> session_held_;
  std::condition_variable condition_;
  std::atomic<LockShard*> waiting_shard_{nullptr};
  LockWaiter* waiter_ = nullptr;  // changed under the mutex of the shard that it waits in
};

struct AdvisoryKey {
  uint32_t class_id = 0, object_id = 0;
  uint16_t sub_id = 1;  // 1: from one bigint, 2: from two integers
  static AdvisoryKey from_int8(int64_t key) {
    auto bits = static_cast<uint64_t>(key);
    return {static_cast<uint32_t>(bits >> 32), static_cast<uint32_t>(bits), 1};
  }
  static AdvisoryKey from_int4(int32_t first, int32_t second) {
    return {static_cast<uint32_t>(first), static_cast<uint32_t>(second), 2};
  }
};

// One line of pg_locks.
struct LockListing {
  LockKind kind;
  Oid relation = kInvalidOid;  // row and table locks
  std::string row_key;         // row locks: the storage key
  AdvisoryKey advisory;
  LockModeBit mode;
  bool granted;
  int32_t pid;
  uint64_t transaction_id;
  int64_t wait_start_us = 0;  // microseconds since the Unix epoch, waiters only
};

class LockManager {
 public:
  explicit LockManager(Oid database = 0);
  ~LockManager();
  LockManager(const LockManager&) = delete;
  LockManager& operator=(const LockManager&) = delete;

  // All throw 55P03 (NOWAIT, lock_timeout), 40P01, 53200 (too many locks), WouldBlock, or what the
  // owner's Interrupt says. `key` is the row's complete storage key.
  LockOutcome lock_row(LockOwner& owner, Oid table, std::string_view key, RowLockMode mode,
                       const LockOptions& options = {});
  // Locks many rows at a small fraction of the price of lock_row(). `keys` ascend, all of one
  // storage id, and their bytes stay where they are until the locks are given back. False, with
  // nothing locked, when somebody else holds or wants one of them: then lock them one by one. 53200
  // by budget.
  bool try_lock_rows(LockOwner& owner, std::vector<std::string_view> keys, RowLockMode mode);
  LockOutcome lock_table(LockOwner& owner, Oid table, TableLockMode mode,
                         const LockOptions& options = {});
  // Session-level advisory locks are counted; transaction-level ones end with the transaction.
  LockOutcome lock_advisory(LockOwner& owner, AdvisoryKey key, bool shared, bool session_level,
                            const LockOptions& options = {});
  // False when the session does not hold it (pg_advisory_unlock then warns).
  bool unlock_advisory(LockOwner& owner, AdvisoryKey key, bool shared);
  void unlock_all_advisory(LockOwner& owner);

  // Gives back the transaction's locks taken since `mark` (a value of LockOwner::mark(); 0: all).
  void release_since(LockOwner& owner, size_t mark);
  void release_transaction(LockOwner& owner) { release_since(owner, 0); }

  // Two-phase commit: what the transaction of `owner` holds, every mode a line. 0A000 when the
  // session itself holds one of the advisory locks too.
  std::vector<LockListing> transaction_locks(LockOwner& owner) const;
  // Makes `to`, which holds nothing and is charged nothing, holder of the transaction's locks of
  // `from`. Nobody gets in between. 53200 comes from the first function only.
  void reserve_hand_over(const LockOwner& from, LockOwner& to) const;
  void hand_over(LockOwner& from, LockOwner& to);

  // Keys of exclusion constraints that transactions have not yet committed.
  PendingKeys& pending_keys() const { return *pending_keys_; }

  std::vector<LockListing> list() const;
  // pg_blocking_pids: whom the waiting session `pid` waits for.
  std::vector<int32_t> blocking_pids(int32_t pid) const;

 private:
  friend class LockOwner;
  struct Tag;
  LockOutcome acquire(LockOwner& owner, const Tag& tag, LockModeBit mode, bool session_level,
                      const LockOptions& options);
  LockOutcome wait(std::unique_lock<std::mutex>& guard, LockShard& shard, LockWaiter& waiter,
                   const LockOptions& options);
  void reserve_held(LockOwner& owner, bool session_level);
  void note_held(LockOwner& owner, LockEntry* entry, LockModeBit mode, bool session_level);
  void release_one(LockEntry* entry, LockOwner& owner, LockModeBit mode, bool session_level);
  void drop_mode(LockEntry* entry, LockOwner& owner, LockModeBit mode, bool session_level);
  // Gives the bulk locks on the entry's key the form of ordinary ones, so that one can wait for
  // them. True when the key is bulk-locked by `owner` itself, in `mode` or a stronger one. Under
  // the mutex of the entry's shard.
  bool expand_bulk_locks(const LockOwner& owner, LockEntry* entry, LockModeBit mode);
  // Null, with nothing done, when another bulk lock has one of the keys.
  const std::vector<std::string_view>* publish_run(LockOwner& owner,
                                                   std::vector<std::string_view> keys,
                                                   LockModeBit mode);
  bool others_hold(const LockOwner& owner, const std::vector<std::string_view>& keys) const;
  bool others_hold(const LockOwner& owner, std::string_view key) const;
  void release_last_run(LockOwner& owner);
  size_t held_count(const LockOwner& owner) const;
  static void leave_queue(LockShard& shard, LockWaiter& waiter);
  // Throws 40P01 when `waiter` waits for itself; grants locks instead where only the order of a
  // queue makes the circle. Takes all shards' mutexes.
  void break_deadlock(LockWaiter& waiter);
  LockShard& shard_of(uint64_t hash) const;

  Oid database_;
  std::unique_ptr<LockShard[]> shards_;
  std::mutex bulk_mutex_;  // after a shard's mutex, never before
  std::vector<std::unique_ptr<BulkLock>> bulk_locks_;
  std::atomic<size_t> bulk_count_{0};
  std::unique_ptr<PendingKeys> pending_keys_;
};

}  // namespace luma
