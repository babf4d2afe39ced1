// The view over all shards: deadlock search, pg_locks, pg_blocking_pids.
#include <algorithm>
#include <bit>
#include <unordered_set>

#include "engine/base/sql_error.h"
#include "engine/txn/lock_table.h"

namespace luma {
namespace {

// Holds every shard's mutex; always taken in index order.
class AllShards {
 public:
  explicit AllShards(LockShard* shards) : shards_(shards) {
    for (size_t i = 0; i < kLockShards; ++i) shards_[i].mutex.lock();
  }
  ~AllShards() {
    for (size_t i = kLockShards; i-- > 0;) shards_[i].mutex.unlock();
  }
  AllShards(const AllShards&) = delete;
  AllShards& operator=(const AllShards&) = delete;

 private:
  LockShard* shards_;
};

struct Blockers {
  std::vector<LockOwner*> by_holding;
  std::vector<LockOwner*> by_queue;  // only stand before it
};

Blockers blockers_of(const LockWaiter& waiter) {
  Blockers result;
  const LockEntry& entry = *waiter.entry;
  LockModeMask conflicts = conflicting_modes(entry.kind, waiter.mode);
  for (const auto& holder : entry.holders) {
    if (holder.owner != waiter.owner && (holder.modes() & conflicts)) {
      result.by_holding.push_back(holder.owner);
    }
  }
  if (waiter.upgrade) return result;
  for (const LockWaiter* other : entry.queue) {
    if (other == &waiter) break;
    if (conflicts & (1u << other->mode)) result.by_queue.push_back(other->owner);
  }
  return result;
}

std::string describe(const LockWaiter& waiter, const LockOwner& blocker, Oid database) {
  const LockEntry& entry = *waiter.entry;
  std::string what;
  switch (entry.kind) {
    case LockKind::kRow:
      // As in PostgreSQL, where one waits for the transaction that changed the row.
      what = fmt::format("ShareLock on transaction {}", blocker.transaction_id());
      break;
    case LockKind::kTable:
      what = fmt::format("{} on relation {} of database {}",
                         lock_mode_name(entry.kind, waiter.mode), entry.relation, database);
      break;
    case LockKind::kAdvisory:
      what = fmt::format("{} on advisory lock [{},{},{},{}]",
                         lock_mode_name(entry.kind, waiter.mode), database, entry.advisory.class_id,
                         entry.advisory.object_id, entry.advisory.sub_id);
      break;
  }
  return fmt::format("Process {} waits for {}; blocked by process {}.", waiter.owner->pid(), what,
                     blocker.pid());
}

}  // namespace

// Depth-first search from one waiter; a path that comes back to it is a deadlock.
class DeadlockSearch {
 public:
  using WaiterOf = LockWaiter* (*)(LockOwner*);
  DeadlockSearch(LockWaiter* start, WaiterOf waiter_of) : start_(start), waiter_of_(waiter_of) {}

  bool find() { return visit(start_); }
  struct Step {
    LockWaiter* waiter;
    LockOwner* blocker;
    bool by_queue;
  };
  const std::vector<Step>& circle() const { return path_; }

 private:
  bool visit(LockWaiter* waiter) {
    if (!visited_.insert(waiter).second) return false;
    Blockers blockers = blockers_of(*waiter);
    return follow(waiter, blockers.by_holding, false) || follow(waiter, blockers.by_queue, true);
  }
  bool follow(LockWaiter* waiter, const std::vector<LockOwner*>& blockers, bool by_queue) {
    for (LockOwner* blocker : blockers) {
      path_.push_back({waiter, blocker, by_queue});
      if (blocker == start_->owner) return true;
      LockWaiter* next = waiter_of_(blocker);
      if (next != nullptr && !next->granted && visit(next)) return true;
      path_.pop_back();
    }
    return false;
  }

  LockWaiter* start_;
  WaiterOf waiter_of_;
  std::unordered_set<LockWaiter*> visited_;
  std::vector<Step> path_;
};

void LockManager::break_deadlock(LockWaiter& waiter) {
  AllShards all(shards_.get());
  while (!waiter.granted) {
    DeadlockSearch search(&waiter, [](LockOwner* owner) { return owner->waiter_; });
    if (!search.find()) return;
    // Where only the order of a queue closes the circle, letting one go first opens it.
    bool reordered = false;
    for (const auto& step : search.circle()) {
      LockWaiter* blocked = step.waiter;
      if (!step.by_queue || !blockers_of(*blocked).by_holding.empty()) continue;
      LockEntry* entry = blocked->entry;
      std::erase(entry->queue, blocked);
      entry->add_mode(blocked->owner, blocked->mode, blocked->session_level);
      blocked->granted = true;
      blocked->owner->notify();
      reordered = true;
      break;
    }
    if (reordered) continue;
    std::string detail;
    for (const auto& step : search.circle()) {
      if (!detail.empty()) detail += '\n';
      detail += describe(*step.waiter, *step.blocker, database_);
    }
    SqlError error(SqlState::kTRDeadlockDetected, "deadlock detected");
    error.detail_text = std::move(detail);
    error.hint_text = "See server log for query details.";
    throw error;
  }
}

std::vector<LockListing> LockManager::list() const {
  AllShards all(shards_.get());
  std::vector<LockListing> result;
  auto add = [&](const LockEntry& entry, const LockOwner& owner, LockModeBit mode, bool granted,
                 int64_t wait_start_us) {
    LockListing line{};
    line.kind = entry.kind;
    line.relation = entry.relation;
    if (entry.kind == LockKind::kRow) line.row_key = entry.key;
    line.advisory = entry.advisory;
    line.mode = mode;
    line.granted = granted;
    line.pid = owner.pid();
    line.transaction_id = owner.transaction_id();
    line.wait_start_us = wait_start_us;
    result.push_back(std::move(line));
  };
  for (size_t i = 0; i < kLockShards; ++i) {
    for (const LockEntry* entry : shards_[i].buckets) {
      for (; entry != nullptr; entry = entry->next) {
        for (const auto& holder : entry->holders) {
          for (LockModeMask rest = holder.modes(); rest != 0; rest &= rest - 1) {
            add(*entry, *holder.owner, static_cast<LockModeBit>(std::countr_zero(rest)), true, 0);
          }
        }
        for (const LockWaiter* waiter : entry->queue) {
          add(*entry, *waiter->owner, waiter->mode, false, waiter->start_us);
        }
      }
    }
  }
  return result;
}

std::vector<int32_t> LockManager::blocking_pids(int32_t pid) const {
  AllShards all(shards_.get());
  std::vector<int32_t> result;
  for (size_t i = 0; i < kLockShards; ++i) {
    for (const LockEntry* entry : shards_[i].buckets) {
      for (; entry != nullptr; entry = entry->next) {
        for (const LockWaiter* waiter : entry->queue) {
          if (waiter->owner->pid() != pid) continue;
          Blockers blockers = blockers_of(*waiter);
          for (LockOwner* owner : blockers.by_holding) result.push_back(owner->pid());
          for (LockOwner* owner : blockers.by_queue) result.push_back(owner->pid());
        }
      }
    }
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

}  // namespace luma
