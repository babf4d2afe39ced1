#pragma once
// The directory of segment files and the cache of their chunks. Which segments exist is not decided
// here but by metadata in the key-value store: this only makes, opens and removes files.
// Thread-safe.
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/column/segment.h"
#include "engine/column/segment_io.h"

namespace luma {

struct SegmentStoreOptions {
  std::string directory;
  size_t cache_bytes = size_t{256} << 20;
  FaultPlan* faults = nullptr;  // tests only; outlives the store
  SegmentIoMode io = SegmentIoMode::kPread;
};

class SegmentStore {
 public:
  // Creates the directory when it is missing.
  explicit SegmentStore(const SegmentStoreOptions& options);

  struct NewSegment {
    uint64_t file_id;
    SegmentFile file;
  };
  // An empty file with a number never used before.
  NewSegment create();
  // Readers are shared. XX001 when the file is missing or broken.
  std::shared_ptr<const SegmentReader> open(uint64_t file_id);
  // Unlinks the file; readers that are open go on. Missing files do not matter.
  void remove(uint64_t file_id);
  // Unlinks the files that `wanted` does not list: what a crash has left. Before anything else
  // runs.
  void remove_orphans(const std::set<uint64_t>& wanted);

  std::string path_of(uint64_t file_id) const;
  std::vector<uint64_t> files() const;
  const ChunkCache& cache() const { return cache_; }
  // "io_uring", "pread", or "pread (why)" where io_uring was wanted.
  const std::string& io_description() const { return io_description_; }

 private:
  SegmentStoreOptions options_;
  std::unique_ptr<SegmentIo> io_;
  std::string io_description_ = "pread";
  ChunkCache cache_;
  std::atomic<uint64_t> next_file_id_{1};
  std::mutex mutex_;
  std::unordered_map<uint64_t, std::weak_ptr<const SegmentReader>> readers_;
};

}  // namespace luma
