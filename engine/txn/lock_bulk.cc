// Row locks of statements that write many rows. A run of keys is locked as a whole by publishing
// the sorted keys; only a key that somebody else asks for gets an entry in the lock table, made by
// who asks. Both orders are safe: the run is published before the shards are searched for other
// holders, and who asks has its entry in a shard before it looks for runs.
#include <algorithm>

#include "engine/txn/lock_table.h"

namespace luma {

namespace {

constexpr size_t kStorageBytes = 4;
// Runs in no order are looked at one by one by everybody who locks a row of the table.
constexpr size_t kMaxUnsortedRuns = 64;

template <typename T>
void reserve_one_more(std::vector<T>& items) {
  if (items.size() == items.capacity()) items.reserve(std::max<size_t>(16, items.size() * 2));
}

bool run_has(const BulkLock::Run& run, std::string_view key) {
  return key >= run.front() && key <= run.back() && std::binary_search(run.begin(), run.end(), key);
}

bool have_common_key(const BulkLock::Run& a, const BulkLock::Run& b) {
  if (a.front() > b.back() || b.front() > a.back()) return false;
  auto left = std::lower_bound(a.begin(), a.end(), b.front());
  auto right = std::lower_bound(b.begin(), b.end(), a.front());
  while (left != a.end() && right != b.end()) {
    int order = left->compare(*right);
    if (order == 0) return true;
    order < 0 ? ++left : ++right;
  }
  return false;
}

}  // namespace

bool BulkLock::has(std::string_view key, size_t* run) const {
  if (!key.starts_with(storage)) return false;
  auto sorted_end = runs.begin() + static_cast<ptrdiff_t>(sorted_runs);
  auto at = std::lower_bound(
      runs.begin(), sorted_end, key,
      [](const Run& each, std::string_view wanted) { return each.back() < wanted; });
  if (at != sorted_end && run_has(*at, key)) {
    *run = static_cast<size_t>(at - runs.begin());
    return true;
  }
  for (size_t i = sorted_runs; i < runs.size(); ++i) {
    if (!run_has(runs[i], key)) continue;
    *run = i;
    return true;
  }
  return false;
}

bool LockManager::expand_bulk_locks(const LockOwner& owner, LockEntry* entry, LockModeBit mode) {
  std::lock_guard guard(bulk_mutex_);
  for (auto& bulk : bulk_locks_) {
    size_t run = 0;
    if (!bulk->has(entry->key, &run)) continue;
    const auto bit = static_cast<LockModeMask>(1u << bulk->mode);
    if (bulk->owner == &owner && covers(LockKind::kRow, bit, mode)) return true;
    LockHolder* holder = entry->holder_of(bulk->owner);
    if (holder != nullptr && (holder->transaction_modes & bit) != 0) continue;
    bulk->entries.push_back(entry);
    bulk->entry_runs.push_back(run);
    entry->add_mode(bulk->owner, bulk->mode, false);
  }
  return false;
}

bool LockManager::others_hold(const LockOwner& owner, std::string_view key) const {
  uint64_t hash = lock_hash(LockKind::kRow, key);
  LockShard& shard = shard_of(hash);
  std::lock_guard guard(shard.mutex);
  LockEntry* entry = shard.find(hash, LockKind::kRow, key);
  return entry != nullptr && entry->is_wanted_by_others(&owner);
}

bool LockManager::others_hold(const LockOwner& owner,
                              const std::vector<std::string_view>& keys) const {
  // Few locks exist: compare them with the keys. Otherwise look for every key.
  const size_t few = keys.size() / kLockShards + LockShard::kInitialBuckets;
  for (size_t i = 0; i < kLockShards; ++i) {
    LockShard& shard = shards_[i];
    std::unique_lock guard(shard.mutex);
    if (shard.count == 0) continue;
    if (shard.count > few || shard.buckets.size() > few * 4) {
      guard.unlock();
      return std::any_of(keys.begin(), keys.end(),
                         [&](std::string_view key) { return others_hold(owner, key); });
    }
    for (LockEntry* bucket : shard.buckets) {
      for (LockEntry* entry = bucket; entry != nullptr; entry = entry->next) {
        if (entry->kind == LockKind::kRow && run_has(keys, entry->key) &&
            entry->is_wanted_by_others(&owner)) {
          return true;
        }
      }
    }
  }
  return false;
}

const std::vector<std::string_view>* LockManager::publish_run(LockOwner& owner,
                                                              std::vector<std::string_view> keys,
                                                              LockModeBit mode) {
  std::string_view storage = keys.front().substr(0, kStorageBytes);
  std::lock_guard guard(bulk_mutex_);
  BulkLock* mine = nullptr;
  for (auto& bulk : bulk_locks_) {
    if (bulk->storage != storage) continue;
    if (bulk->owner == &owner) {
      if (bulk->mode == mode) mine = bulk.get();
    } else if (std::any_of(bulk->runs.begin(), bulk->runs.end(),
                           [&](const auto& run) { return have_common_key(run, keys); })) {
      return nullptr;
    }
  }
  if (mine == nullptr) {
    bulk_locks_.push_back(std::make_unique<BulkLock>());
    mine = bulk_locks_.back().get();
    mine->owner = &owner;
    mine->mode = mode;
    mine->storage = storage;
  }
  auto& runs = mine->runs;
  bool ascends =
      mine->sorted_runs == runs.size() && (runs.empty() || runs.back().back() < keys.front());
  if (!ascends && runs.size() - mine->sorted_runs >= kMaxUnsortedRuns) return nullptr;
  runs.push_back(std::move(keys));
  if (ascends) ++mine->sorted_runs;
  owner.bulk_held_.push_back(mine);
  bulk_count_.fetch_add(1, std::memory_order_relaxed);
  return &runs.back();
}

bool LockManager::try_lock_rows(LockOwner& owner, std::vector<std::string_view> keys,
                                RowLockMode mode) {
  if (keys.empty()) return true;
  const auto bit = static_cast<LockModeBit>(mode);
  reserve_one_more(owner.held_);
  reserve_one_more(owner.bulk_held_);
  size_t bytes = keys.size() * sizeof(keys[0]);
  if (owner.budget_ != nullptr) owner.budget_->charge(bytes);
  // Stays where it is: only its owner, for whom we run, moves it.
  const BulkLock::Run* run = publish_run(owner, std::move(keys), bit);
  if (run == nullptr) {
    if (owner.budget_ != nullptr) owner.budget_->release(bytes);
    return false;
  }
  if (others_hold(owner, *run)) {
    release_last_run(owner);
    return false;
  }
  owner.held_.push_back({nullptr, bit});
  return true;
}

void LockManager::release_last_run(LockOwner& owner) {
  BulkLock* bulk = owner.bulk_held_.back();
  owner.bulk_held_.pop_back();
  std::vector<LockEntry*> entries;
  BulkLock::Run run;  // freed without the mutex
  const LockModeBit mode = bulk->mode;
  {
    std::lock_guard guard(bulk_mutex_);
    size_t last = bulk->runs.size() - 1;
    for (size_t i = bulk->entries.size(); i-- > 0;) {
      if (bulk->entry_runs[i] != last) continue;
      entries.push_back(bulk->entries[i]);
      bulk->entries.erase(bulk->entries.begin() + static_cast<ptrdiff_t>(i));
      bulk->entry_runs.erase(bulk->entry_runs.begin() + static_cast<ptrdiff_t>(i));
    }
    run = std::move(bulk->runs.back());
    bulk->runs.pop_back();
    bulk->sorted_runs = std::min(bulk->sorted_runs, bulk->runs.size());
    bulk_count_.fetch_sub(1, std::memory_order_relaxed);
    if (bulk->runs.empty()) {
      std::erase_if(bulk_locks_, [bulk](const auto& each) { return each.get() == bulk; });
    }
  }
  if (owner.budget_ != nullptr) owner.budget_->release(run.size() * sizeof(run[0]));
  for (LockEntry* entry : entries) drop_mode(entry, owner, mode, false);
}

}  // namespace luma
