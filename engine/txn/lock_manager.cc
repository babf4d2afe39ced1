#include "engine/txn/lock_manager.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/base/would_block.h"
#include "engine/txn/lock_table.h"
#include "engine/txn/pending_keys.h"

namespace luma {
namespace {

using Clock = std::chrono::steady_clock;

// What a lock costs against the owner's memory budget.
constexpr size_t kLockBytes = 160;
// Bounds how late a wait notices an interrupt whose raiser forgot LockOwner::wake().
constexpr auto kInterruptPoll = std::chrono::milliseconds(100);
// How often a long wait looks for a deadlock again.
constexpr auto kDeadlockRepeat = std::chrono::seconds(1);

int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

template <typename T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

SqlError not_available(LockKind kind, std::string_view relation) {
  switch (kind) {
    case LockKind::kRow:
      return sql_error(SqlState::kLockNotAvailable,
                       "could not obtain lock on row in relation \"{}\"", relation);
    case LockKind::kTable:
      return sql_error(SqlState::kLockNotAvailable, "could not obtain lock on relation \"{}\"",
                       relation);
    case LockKind::kAdvisory:
      break;
  }
  return sql_error(SqlState::kLockNotAvailable, "could not obtain advisory lock");
}

}  // namespace

LockOwner::LockOwner(LockManager& manager, int32_t pid, Interrupt* interrupt, MemoryBudget* budget)
    : manager_(manager), pid_(pid), interrupt_(interrupt), budget_(budget) {}

LockOwner::~LockOwner() {
  manager_.release_transaction(*this);
  manager_.unlock_all_advisory(*this);
}

void LockOwner::wake() {
  LockShard* shard = waiting_shard_.load(std::memory_order_acquire);
  if (shard == nullptr) return;
  // With the mutex, the waiter is either asleep or yet to look at its interrupt.
  std::lock_guard guard(shard->mutex);
  condition_.notify_all();
}

LockManager::LockManager(Oid database)
    : database_(database),
      shards_(std::make_unique<LockShard[]>(kLockShards)),
      pending_keys_(std::make_unique<PendingKeys>(*this)) {}
LockManager::~LockManager() = default;

LockShard& LockManager::shard_of(uint64_t hash) const { return shards_[hash % kLockShards]; }

LockOutcome LockManager::lock_row(LockOwner& owner, Oid table, std::string_view key,
                                  RowLockMode mode, const LockOptions& options) {
  return acquire(owner, {LockKind::kRow, table, {}, key}, static_cast<LockModeBit>(mode), false,
                 options);
}

LockOutcome LockManager::lock_table(LockOwner& owner, Oid table, TableLockMode mode,
                                    const LockOptions& options) {
  return acquire(owner, {LockKind::kTable, table, {}, bytes_of(table)},
                 static_cast<LockModeBit>(mode), false, options);
}

LockOutcome LockManager::lock_advisory(LockOwner& owner, AdvisoryKey key, bool shared,
                                       bool session_level, const LockOptions& options) {
  struct {
    uint32_t parts[3];
  } identity = {{key.class_id, key.object_id, key.sub_id}};
  auto mode = static_cast<LockModeBit>(shared ? TableLockMode::kShare : TableLockMode::kExclusive);
  return acquire(owner, {LockKind::kAdvisory, kInvalidOid, key, bytes_of(identity)}, mode,
                 session_level, options);
}

void LockManager::reserve_held(LockOwner& owner, bool session_level) {
  // Before anything is granted, so that running out of memory leaves no lock behind.
  if (owner.budget_ != nullptr) owner.budget_->charge(kLockBytes);
  if (session_level) {
    owner.session_held_.reserve(owner.session_held_.size() + 1);
  } else if (owner.held_.size() == owner.held_.capacity()) {
    owner.held_.reserve(std::max<size_t>(16, owner.held_.size() * 2));
  }
}

void LockManager::note_held(LockOwner& owner, LockEntry* entry, LockModeBit mode,
                            bool session_level) {
  if (session_level) {
    owner.session_held_.push_back({entry, mode, 1});
  } else {
    owner.held_.push_back({entry, mode});
  }
}

LockOutcome LockManager::acquire(LockOwner& owner, const Tag& tag, LockModeBit mode,
                                 bool session_level, const LockOptions& options) {
  uint64_t hash = lock_hash(tag.kind, tag.key);
  LockShard& shard = shard_of(hash);
  std::unique_lock guard(shard.mutex);
  LockEntry* entry = shard.find_or_add(hash, tag.kind, tag.key);
  if (tag.kind == LockKind::kRow && bulk_count_.load(std::memory_order_relaxed) > 0 &&
      expand_bulk_locks(owner, entry, mode)) {
    shard.drop_if_unused(entry);
    return LockOutcome::kAlreadyHeld;
  }
  LockHolder* holder = entry->holder_of(&owner);
  if (holder != nullptr) {
    LockModeMask held = session_level ? holder->session_modes : holder->transaction_modes;
    if (covers(tag.kind, held, mode)) {
      if (session_level) {
        for (auto& own : owner.session_held_) {
          if (own.entry == entry && own.mode == mode) ++own.count;
        }
      }
      return LockOutcome::kAlreadyHeld;
    }
  }
  entry->relation = tag.relation;
  entry->advisory = tag.advisory;
  LockModeMask conflicts = conflicting_modes(tag.kind, mode);
  // An owner that has the lock does not stand behind those who wait for it; neither does who may
  // share a row with those that have it, as in PostgreSQL: the check of a foreign key is quick, and
  // those who wait would be no better off.
  bool queues = holder == nullptr && (tag.kind != LockKind::kRow || entry->holders.empty());
  bool blocked = entry->conflicts_with_holders(&owner, conflicts) ||
                 (queues && entry->conflicts_with_queue(&owner, conflicts, entry->queue.size()));
  bool may_wait = options.wait == LockWait::kWait && !options.inline_mode;
  if (blocked && !may_wait) {
    shard.drop_if_unused(entry);
    guard.unlock();
    if (options.wait == LockWait::kSkipLocked) return LockOutcome::kSkipped;
    if (options.wait == LockWait::kNoWait) throw not_available(tag.kind, options.relation_name);
    throw WouldBlock();
  }
  try {
    reserve_held(owner, session_level);
  } catch (...) {
    shard.drop_if_unused(entry);
    throw;
  }
  if (!blocked) {
    entry->add_mode(&owner, mode, session_level);
    note_held(owner, entry, mode, session_level);
    return LockOutcome::kGranted;
  }
  LockWaiter waiter{&owner, entry, mode, session_level, holder != nullptr, false, now_us()};
  return wait(guard, shard, waiter, options);
}

void LockManager::leave_queue(LockShard& shard, LockWaiter& waiter) {
  LockEntry* entry = waiter.entry;
  std::erase(entry->queue, &waiter);
  shard.grant_waiters(entry);
  shard.drop_if_unused(entry);
}

LockOutcome LockManager::wait(std::unique_lock<std::mutex>& guard, LockShard& shard,
                              LockWaiter& waiter, const LockOptions& options) {
  LockOwner& owner = *waiter.owner;
  auto& queue = waiter.entry->queue;
  auto place = queue.end();
  if (waiter.upgrade) {
    place = std::find_if(queue.begin(), queue.end(), [](LockWaiter* w) { return !w->upgrade; });
  }
  queue.insert(place, &waiter);
  owner.waiter_ = &waiter;
  owner.waiting_shard_.store(&shard, std::memory_order_release);
  auto start = Clock::now();
  auto deadline = options.timeout_ms > 0 ? start + std::chrono::milliseconds(options.timeout_ms)
                                         : Clock::time_point::max();
  auto deadlock_check = start + std::chrono::milliseconds(options.deadlock_timeout_ms);
  auto stop_waiting = [&] {
    owner.waiting_shard_.store(nullptr, std::memory_order_release);
    owner.waiter_ = nullptr;
  };
  try {
    while (!waiter.granted) {
      if (owner.interrupt_ != nullptr) owner.interrupt_->check();
      auto now = Clock::now();
      if (now >= deadline) {
        throw SqlError(SqlState::kLockNotAvailable, "canceling statement due to lock timeout");
      }
      if (now >= deadlock_check) {
        guard.unlock();
        break_deadlock(waiter);  // locks all shards
        guard.lock();
        deadlock_check = Clock::now() + kDeadlockRepeat;
        continue;
      }
      owner.condition_.wait_until(guard,
                                  std::min({deadline, deadlock_check, now + kInterruptPoll}));
    }
  } catch (...) {
    if (!guard.owns_lock()) guard.lock();
    stop_waiting();
    if (waiter.granted) {
      // Granted while the search ran: hand it on at once.
      LockHolder* holder = waiter.entry->holder_of(&owner);
      auto bit = static_cast<LockModeMask>(1u << waiter.mode);
      (waiter.session_level ? holder->session_modes : holder->transaction_modes) &= ~bit;
      if (holder->modes() == 0) {
        waiter.entry->holders.erase(waiter.entry->holders.begin() +
                                    (holder - waiter.entry->holders.data()));
      }
    }
    leave_queue(shard, waiter);
    if (owner.budget_ != nullptr) owner.budget_->release(kLockBytes);
    throw;
  }
  stop_waiting();
  note_held(owner, waiter.entry, waiter.mode, waiter.session_level);
  return LockOutcome::kWaited;
}

void LockManager::drop_mode(LockEntry* entry, LockOwner& owner, LockModeBit mode,
                            bool session_level) {
  LockShard& shard = *entry->shard;
  std::lock_guard guard(shard.mutex);
  LockHolder* holder = entry->holder_of(&owner);
  auto bit = static_cast<LockModeMask>(1u << mode);
  (session_level ? holder->session_modes : holder->transaction_modes) &= ~bit;
  if (holder->modes() == 0) {
    *holder = entry->holders.back();
    entry->holders.pop_back();
  }
  if (!entry->queue.empty()) shard.grant_waiters(entry);
  shard.drop_if_unused(entry);
}

void LockManager::release_one(LockEntry* entry, LockOwner& owner, LockModeBit mode,
                              bool session_level) {
  drop_mode(entry, owner, mode, session_level);
  if (owner.budget_ != nullptr) owner.budget_->release(kLockBytes);
}

void LockManager::release_since(LockOwner& owner, size_t mark) {
  while (owner.held_.size() > mark) {
    LockOwner::Held held = owner.held_.back();
    owner.held_.pop_back();
    if (held.entry == nullptr) {
      release_last_run(owner);
    } else {
      release_one(held.entry, owner, held.mode, false);
    }
  }
  constexpr size_t kKeptCapacity = 1024;
  if (owner.held_.empty() && owner.held_.capacity() > kKeptCapacity) owner.held_ = {};
}

bool LockManager::unlock_advisory(LockOwner& owner, AdvisoryKey key, bool shared) {
  auto mode = static_cast<LockModeBit>(shared ? TableLockMode::kShare : TableLockMode::kExclusive);
  for (size_t i = 0; i < owner.session_held_.size(); ++i) {
    auto& held = owner.session_held_[i];
    const AdvisoryKey& other = held.entry->advisory;
    if (held.mode != mode || other.class_id != key.class_id || other.object_id != key.object_id ||
        other.sub_id != key.sub_id) {
      continue;
    }
    if (--held.count > 0) return true;
    LockEntry* entry = held.entry;
    owner.session_held_.erase(owner.session_held_.begin() + static_cast<ptrdiff_t>(i));
    release_one(entry, owner, mode, true);
    return true;
  }
  return false;
}

void LockManager::unlock_all_advisory(LockOwner& owner) {
  while (!owner.session_held_.empty()) {
    auto held = owner.session_held_.back();
    owner.session_held_.pop_back();
    release_one(held.entry, owner, held.mode, true);
  }
}

}  // namespace luma
