#include "engine/column/chunk_cache.h"

namespace luma {

ChunkRef ChunkCache::find(const ChunkKey& key) {
  Shard& shard = shard_of(key);
  std::lock_guard guard(shard.mutex);
  auto at = shard.by_key.find(key);
  if (at == shard.by_key.end()) return nullptr;
  shard.entries.splice(shard.entries.begin(), shard.entries, at->second);
  return at->second->second;
}

void ChunkCache::insert(const ChunkKey& key, ChunkRef chunk) {
  Shard& shard = shard_of(key);
  Entries dropped;  // freed without the lock
  std::lock_guard guard(shard.mutex);
  if (shard.by_key.contains(key)) return;
  shard.size_bytes += chunk->size_bytes;
  shard.entries.emplace_front(key, std::move(chunk));
  shard.by_key[key] = shard.entries.begin();
  while (shard.size_bytes > shard_limit_bytes_ && shard.entries.size() > 1) {
    auto last = std::prev(shard.entries.end());
    shard.size_bytes -= last->second->size_bytes;
    shard.by_key.erase(last->first);
    dropped.splice(dropped.begin(), shard.entries, last);
  }
}

size_t ChunkCache::size_bytes() const {
  size_t total = 0;
  for (const Shard& shard : shards_) {
    std::lock_guard guard(shard.mutex);
    total += shard.size_bytes;
  }
  return total;
}

}  // namespace luma
