#pragma once
// Data structures inside the lock manager; nothing else includes this.
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "engine/txn/lock_manager.h"

namespace luma {

uint64_t lock_hash(LockKind kind, std::string_view key);

struct LockManager::Tag {
  LockKind kind;
  Oid relation;
  AdvisoryKey advisory;
  std::string_view key;  // identity within the kind
};

// What one owner holds of one lock, as bits of modes.
struct LockHolder {
  LockOwner* owner;
  LockModeMask transaction_modes;
  LockModeMask session_modes;
  LockModeMask modes() const { return transaction_modes | session_modes; }
};

// A request that sleeps. Lives on the waiting thread's stack; guarded by its shard's mutex.
struct LockWaiter {
  LockOwner* owner;
  LockEntry* entry;
  LockModeBit mode;
  bool session_level;
  bool upgrade;  // the owner holds the lock in another mode: goes before others
  bool granted = false;
  int64_t start_us = 0;
};

struct LockEntry {
  uint64_t hash;
  LockEntry* next = nullptr;  // in its bucket, or in the free list
  LockKind kind;
  Oid relation;
  AdvisoryKey advisory;
  std::string key;
  std::vector<LockHolder> holders;
  std::vector<LockWaiter*> queue;
  LockShard* shard;

  LockHolder* holder_of(const LockOwner* owner) {
    for (auto& holder : holders) {
      if (holder.owner == owner) return &holder;
    }
    return nullptr;
  }
  bool conflicts_with_holders(const LockOwner* owner, LockModeMask conflicts) const {
    for (const auto& holder : holders) {
      if (holder.owner != owner && (holder.modes() & conflicts)) return true;
    }
    return false;
  }
  // True when somebody waiting before position `end` must go first.
  bool conflicts_with_queue(const LockOwner* owner, LockModeMask conflicts, size_t end) const {
    for (size_t i = 0; i < end; ++i) {
      if (queue[i]->owner != owner && (conflicts & (1u << queue[i]->mode))) return true;
    }
    return false;
  }
  // Somebody else holds it, or waits while `owner` does not hold it.
  bool is_wanted_by_others(const LockOwner* owner) const {
    for (const auto& holder : holders) {
      if (holder.owner != owner) return true;
    }
    return holders.empty() && !queue.empty();
  }
  void add_mode(LockOwner* owner, LockModeBit mode, bool session_level);
};

// Rows of one storage id that one owner has locked in bulk: the keys alone, with no entry each.
// Guarded by LockManager::bulk_mutex_.
struct BulkLock {
  using Run = std::vector<std::string_view>;  // ascending
  LockOwner* owner;
  LockModeBit mode;
  std::string storage;    // the prefix that all keys share
  std::vector<Run> runs;  // those before `sorted_runs` ascend among each other
  size_t sorted_runs = 0;
  std::vector<LockEntry*> entries;  // where the lock has got the ordinary form
  std::vector<size_t> entry_runs;   // the run that each belongs to

  bool has(std::string_view key, size_t* run) const;
};

struct alignas(64) LockShard {
  static constexpr size_t kInitialBuckets = 64;
  std::mutex mutex;
  std::vector<LockEntry*> buckets = std::vector<LockEntry*>(kInitialBuckets);
  size_t count = 0;
  LockEntry* free_list = nullptr;
  size_t free_count = 0;
  std::vector<std::unique_ptr<LockEntry>> owned;

  LockEntry* find(uint64_t hash, LockKind kind, std::string_view key);
  LockEntry* find_or_add(uint64_t hash, LockKind kind, std::string_view key);
  // Recycles the entry when nobody holds it or waits for it.
  void drop_if_unused(LockEntry* entry);
  // Gives the lock to those waiters, in order, whom nothing stops any more.
  static void grant_waiters(LockEntry* entry);

 private:
  void grow();
};

inline constexpr size_t kLockShards = 64;

}  // namespace luma
