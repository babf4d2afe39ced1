#pragma once
// Which indexes a snapshot can use. A new index is filled with the newest rows and its entries
// become visible with the commit: a snapshot from before sees none of them. Nothing of this is
// stored, since no snapshot outlives the server. Thread-safe.
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

namespace luma {

class IndexBirths {
 public:
  // A transaction fills an index. The result is to be called with its commit timestamp; when it is
  // destroyed instead, the index never came to be. `oldest_snapshot_age_s`: what ended before is
  // forgotten.
  std::function<void(uint64_t commit_ts)> begin(uint32_t storage_id,
                                                uint64_t oldest_snapshot_age_s);

  // False when all indexes are older than a snapshot that contains everything up to `visible_ts`.
  bool any_after(uint64_t visible_ts) const {
    return last_.load(std::memory_order_acquire) > visible_ts;
  }
  bool is_after(uint32_t storage_id, uint64_t visible_ts) const;

 private:
  class Pending;
  struct Birth {
    uint64_t commit_ts;  // UINT64_MAX: not yet
    int64_t at_seconds;
  };
  void set_last();  // with mutex_ held

  mutable std::mutex mutex_;
  std::map<uint32_t, Birth> births_;
  std::atomic<uint64_t> last_{0};
};

}  // namespace luma
