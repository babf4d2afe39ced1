#include "engine/txn/pending_keys.h"

#include <algorithm>

#include "engine/row/key_codec.h"

namespace luma {

std::string PendingKeys::new_lock(uint32_t storage_id, uint64_t transaction) {
  std::string key;
  std::lock_guard guard(mutex_);
  Groups& groups = indexes_[storage_id];
  auto own = std::ranges::find(groups, transaction, &Group::transaction);
  if (own != groups.end() && !own->everything.empty()) {
    const Oid table = own->keys.front().table;
    if (!is_free(table, own->everything)) return key;
    // It has been rolled back to a savepoint.
    own->everything.clear();
    while (!own->keys.empty() && is_free(table, own->keys.back().lock)) own->keys.pop_back();
  }
  append_storage_id(key, storage_id);
  append_row_id(key, ++last_lock_);
  return key;
}

std::optional<std::string> PendingKeys::add(
    uint32_t storage_id, Key key, const std::function<bool(const void* values)>& conflicts) {
  std::lock_guard guard(mutex_);
  Groups& groups = indexes_[storage_id];
  for (Group& group : groups) {
    if (group.transaction == key.transaction) continue;
    drop_settled(group);
    if (!group.everything.empty()) return group.everything;
    for (const Key& other : group.keys) {
      if (conflicts(other.values.get())) return other.lock;
    }
  }
  std::erase_if(groups, [&](const Group& group) {
    return group.keys.empty() && group.transaction != key.transaction;
  });
  if (key.lock.empty()) return std::nullopt;
  auto own = std::ranges::find(groups, key.transaction, &Group::transaction);
  if (own == groups.end()) own = groups.insert(own, Group{key.transaction, {}, {}});
  if (own->keys.size() >= kMaxKeys) own->everything = key.lock;
  own->keys.push_back(std::move(key));
  return std::nullopt;
}

void PendingKeys::forget(uint32_t storage_id, std::string_view lock) {
  std::lock_guard guard(mutex_);
  auto found = indexes_.find(storage_id);
  if (found == indexes_.end()) return;
  for (Group& group : found->second) {
    std::erase_if(group.keys, [&](const Key& key) { return key.lock == lock; });
    if (group.everything == lock) group.everything.clear();
  }
  std::erase_if(found->second, [](const Group& group) { return group.keys.empty(); });
  if (found->second.empty()) indexes_.erase(found);
}

bool PendingKeys::is_free(Oid table, std::string_view lock) {
  LockOptions options;
  options.wait = LockWait::kSkipLocked;
  LockOutcome outcome = locks_.lock_row(probe_, table, lock, RowLockMode::kKeyShare, options);
  locks_.release_transaction(probe_);
  return outcome != LockOutcome::kSkipped;
}

// Transactions leave their keys behind. Those of one that has ended are all free; of one that has
// rolled back to a savepoint, those since then: the keys before them tell that it goes on.
void PendingKeys::drop_settled(Group& group) {
  while (!group.keys.empty() && is_free(group.keys.front().table, group.keys.front().lock)) {
    if (group.everything == group.keys.front().lock) group.everything.clear();
    group.keys.pop_front();
  }
}

}  // namespace luma
