#pragma once
// Encoded chunks in memory, least recently used first to go when they exceed a limit. Chunks that
// somebody holds stay alive beyond that. Thread-safe.
#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "engine/column/column_chunk.h"

namespace luma {

struct LoadedChunk {
  std::unique_ptr<uint64_t[]> bytes;  // aligned as decoders want it
  size_t size_bytes = 0;
  ColumnChunkReader reader;  // over `bytes`
};
using ChunkRef = std::shared_ptr<const LoadedChunk>;

struct ChunkKey {
  uint64_t file_id;
  uint32_t group;
  uint32_t column;
  bool operator==(const ChunkKey&) const = default;
};

class ChunkCache {
 public:
  explicit ChunkCache(size_t limit_bytes) : shard_limit_bytes_(limit_bytes / kShards) {}

  // Null when absent.
  ChunkRef find(const ChunkKey& key);
  void insert(const ChunkKey& key, ChunkRef chunk);
  size_t size_bytes() const;

 private:
  static constexpr size_t kShards = 16;
  struct KeyHash {
    size_t operator()(const ChunkKey& key) const {
      uint64_t mixed = (key.file_id * 0x9E3779B97F4A7C15ull) ^
                       ((uint64_t{key.group} << 32 | key.column) * 0xC2B2AE3D27D4EB4Full);
      return mixed ^ mixed >> 29;
    }
  };
  using Entries = std::list<std::pair<ChunkKey, ChunkRef>>;  // most recently used first
  struct Shard {
    mutable std::mutex mutex;
    Entries entries;
    std::unordered_map<ChunkKey, Entries::iterator, KeyHash> by_key;
    size_t size_bytes = 0;
  };
  Shard& shard_of(const ChunkKey& key) { return shards_[KeyHash()(key) % kShards]; }

  size_t shard_limit_bytes_;
  std::array<Shard, kShards> shards_;
};

}  // namespace luma
