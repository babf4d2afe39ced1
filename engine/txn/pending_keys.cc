#include "engine/txn/pending_keys.h"

#include <algorithm>

#include "engine/row/key_codec.h"
#include "engine/txn/lock_manager.h"

namespace luma {

std::string PendingKeys::new_lock(uint32_t storage_id) {
  std::string key;
  append_storage_id(key, storage_id);
  std::lock_guard guard(mutex_);
  append_row_id(key, ++last_lock_);
  return key;
}

std::optional<std::string> PendingKeys::add(
    uint32_t storage_id, Key key, const std::function<bool(const void* values)>& conflicts) {
  std::lock_guard guard(mutex_);
  OfIndex& index = indexes_[storage_id];
  for (const Key& other : index.keys) {
    if (other.transaction != key.transaction && conflicts(other.values.get())) return other.lock;
  }
  if (index.keys.size() >= index.sweep_at) sweep(index);
  index.keys.push_back(std::move(key));
  return std::nullopt;
}

void PendingKeys::forget(uint32_t storage_id, std::string_view lock) {
  std::lock_guard guard(mutex_);
  auto found = indexes_.find(storage_id);
  if (found == indexes_.end()) return;
  std::erase_if(found->second.keys, [&](const Key& key) { return key.lock == lock; });
  if (found->second.keys.empty()) indexes_.erase(found);
}

// Drops the keys of transactions that have ended.
void PendingKeys::sweep(OfIndex& index) {
  LockOwner probe(locks_, 0, nullptr);
  LockOptions options;
  options.wait = LockWait::kSkipLocked;
  std::erase_if(index.keys, [&](const Key& key) {
    LockOutcome outcome =
        locks_.lock_row(probe, key.table, key.lock, RowLockMode::kKeyShare, options);
    return outcome != LockOutcome::kSkipped;
  });
  locks_.release_transaction(probe);
  index.sweep_at = std::max<size_t>(64, index.keys.size() * 2);
}

}  // namespace luma
