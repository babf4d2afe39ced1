#include "engine/txn/lock_table.h"

#include <algorithm>

namespace luma {

uint64_t lock_hash(LockKind kind, std::string_view key) {
  uint64_t hash = std::hash<std::string_view>()(key);
  hash ^= static_cast<uint64_t>(kind) * 0x9E3779B97F4A7C15ull;
  return hash * 0xFF51AFD7ED558CCDull ^ (hash >> 32);
}

void LockEntry::add_mode(LockOwner* owner, LockModeBit mode, bool session_level) {
  LockHolder* holder = holder_of(owner);
  if (holder == nullptr) {
    holders.push_back({owner, 0, 0});
    holder = &holders.back();
  }
  auto bit = static_cast<LockModeMask>(1u << mode);
  (session_level ? holder->session_modes : holder->transaction_modes) |= bit;
}

LockEntry* LockShard::find(uint64_t hash, LockKind kind, std::string_view key) {
  for (LockEntry* entry = buckets[(hash >> 8) & (buckets.size() - 1)]; entry; entry = entry->next) {
    if (entry->hash == hash && entry->kind == kind && entry->key == key) return entry;
  }
  return nullptr;
}

LockEntry* LockShard::find_or_add(uint64_t hash, LockKind kind, std::string_view key) {
  if (LockEntry* entry = find(hash, kind, key)) return entry;
  if (count >= buckets.size()) grow();
  LockEntry* entry = free_list;
  if (entry != nullptr) {
    free_list = entry->next;
    --free_count;
  } else {
    owned.push_back(std::make_unique<LockEntry>());
    entry = owned.back().get();
  }
  entry->hash = hash;
  entry->kind = kind;
  entry->key.assign(key);
  entry->shard = this;
  LockEntry*& bucket = buckets[(hash >> 8) & (buckets.size() - 1)];
  entry->next = bucket;
  bucket = entry;
  ++count;
  return entry;
}

void LockShard::grow() {
  std::vector<LockEntry*> larger(buckets.size() * 2);
  for (LockEntry* entry : buckets) {
    while (entry != nullptr) {
      LockEntry* next = entry->next;
      LockEntry*& bucket = larger[(entry->hash >> 8) & (larger.size() - 1)];
      entry->next = bucket;
      bucket = entry;
      entry = next;
    }
  }
  buckets = std::move(larger);
}

void LockShard::drop_if_unused(LockEntry* entry) {
  if (!entry->holders.empty() || !entry->queue.empty()) return;
  LockEntry** link = &buckets[(entry->hash >> 8) & (buckets.size() - 1)];
  while (*link != entry) link = &(*link)->next;
  *link = entry->next;
  entry->next = free_list;
  free_list = entry;
  ++free_count;
  --count;
  // After a transaction with very many locks: give the memory back once nothing is locked.
  constexpr size_t kKeptFreeEntries = 4096;
  if (count == 0 && free_count > kKeptFreeEntries) {
    free_list = nullptr;
    free_count = 0;
    owned.clear();
    buckets.assign(kInitialBuckets, nullptr);
  }
}

void LockShard::grant_waiters(LockEntry* entry) {
  auto& queue = entry->queue;
  for (size_t i = 0; i < queue.size();) {
    LockWaiter* waiter = queue[i];
    LockModeMask conflicts = conflicting_modes(entry->kind, waiter->mode);
    bool blocked = entry->conflicts_with_holders(waiter->owner, conflicts) ||
                   (!waiter->upgrade && entry->conflicts_with_queue(waiter->owner, conflicts, i));
    if (blocked) {
      ++i;
      continue;
    }
    entry->add_mode(waiter->owner, waiter->mode, waiter->session_level);
    waiter->granted = true;
    queue.erase(queue.begin() + static_cast<ptrdiff_t>(i));
    waiter->owner->notify();
  }
}

}  // namespace luma
