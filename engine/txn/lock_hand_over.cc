// Locks of a prepared transaction go from its session to an owner without one.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/txn/lock_table.h"

namespace luma {

namespace {}  // namespace

std::vector<LockListing> LockManager::transaction_locks(LockOwner& owner) const {
  std::vector<LockListing> result;
  auto add = [&](LockKind kind, Oid relation, AdvisoryKey advisory, std::string_view key,
                 LockModeBit mode) {
    LockListing line{};
    line.kind = kind;
    line.relation = relation;
    if (kind == LockKind::kRow) line.row_key = key;
    line.advisory = advisory;
    line.mode = mode;
    line.granted = true;
    result.push_back(std::move(line));
  };
  for (const LockOwner::Held& held : owner.held_) {
    if (held.entry == nullptr) continue;
    LockShard& shard = *held.entry->shard;
    std::lock_guard guard(shard.mutex);
    if (held.entry->holder_of(&owner)->session_modes != 0) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "cannot PREPARE while holding both session-level and transaction-level locks "
                     "on the same object");
    }
    add(held.entry->kind, held.entry->relation, held.entry->advisory, held.entry->key, held.mode);
  }
  // Only their owner, for whom we run, changes the runs.
  for (size_t i = 0; i < owner.bulk_held_.size(); ++i) {
    const BulkLock* bulk = owner.bulk_held_[i];
    auto end = owner.bulk_held_.begin() + static_cast<ptrdiff_t>(i);
    if (std::find(owner.bulk_held_.begin(), end, bulk) != end) continue;
    for (const BulkLock::Run& run : bulk->runs) {
      for (std::string_view key : run) add(LockKind::kRow, kInvalidOid, {}, key, bulk->mode);
    }
  }
  return result;
}

size_t LockManager::held_count(const LockOwner& owner) const {
  size_t count = owner.held_.size();
  for (size_t i = 0; i < owner.bulk_held_.size(); ++i) {
    for (const BulkLock::Run& run : owner.bulk_held_[i]->runs) count += run.size();
  }
  return count;
}

void LockManager::reserve_hand_over(const LockOwner& from, LockOwner& to) const {
  to.held_.reserve(held_count(from));
}

void LockManager::hand_over(LockOwner& from, LockOwner& to) {
  auto give = [&](LockEntry* entry, LockModeBit mode) {
    LockHolder* holder = entry->holder_of(&to);
    if (holder != nullptr && (holder->transaction_modes & (1u << mode)) != 0) return;
    entry->add_mode(&to, mode, false);
    to.held_.push_back({entry, mode});
  };
  for (const LockOwner::Held& held : from.held_) {
    if (held.entry == nullptr) continue;
    LockShard& shard = *held.entry->shard;
    std::lock_guard guard(shard.mutex);
    give(held.entry, held.mode);
  }
  // Runs get the ordinary form, because their keys lie in the session's memory.
  for (const BulkLock* bulk : from.bulk_held_) {
    for (const BulkLock::Run& run : bulk->runs) {
      for (std::string_view key : run) {
        uint64_t hash = lock_hash(LockKind::kRow, key);
        LockShard& shard = shard_of(hash);
        std::lock_guard guard(shard.mutex);
        give(shard.find_or_add(hash, LockKind::kRow, key), bulk->mode);
      }
    }
  }
  release_transaction(from);
}

}  // namespace luma
