#pragma once
// Numbers that are never handed out twice, not even after a crash: oids, storage ids, hidden row
// ids. Each named counter reserves blocks in the log before it uses them. Thread-safe.
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/txn/commit_pipeline.h"

namespace luma {

class IdAllocator {
 public:
  explicit IdAllocator(CommitPipeline& pipeline) : pipeline_(pipeline) {}

  // A counter that starts at `first_value` in a new store and reserves `block` numbers at a time.
  // The reference stays valid as long as the allocator.
  class Counter {
   public:
    // The first of `count` consecutive numbers. 54000 past `max_value`.
    uint64_t allocate(uint64_t count = 1);
    // Numbers at or below `value` are taken (an import, a recovered table).
    void skip_to(uint64_t value);

   private:
    friend class IdAllocator;
    Counter(CommitPipeline& pipeline, std::string key, uint64_t block, uint64_t max_value)
        : pipeline_(pipeline), key_(std::move(key)), block_(block), max_value_(max_value) {}
    void reserve(uint64_t at_least);
    CommitPipeline& pipeline_;
    std::string key_;
    uint64_t block_, max_value_;
    std::mutex mutex_;
    uint64_t next_ = 0, reserved_end_ = 0;
  };
  Counter& counter(std::string_view name, uint64_t first_value, uint64_t block,
                   uint64_t max_value = UINT64_MAX);

  // The usual ones.
  Counter& oids();         // from 16384, 32 bits
  Counter& storage_ids();  // from 1024, 32 bits; smaller ones are for built-in tables
  Counter& row_ids(uint32_t storage_id);

 private:
  CommitPipeline& pipeline_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Counter>, std::less<>> counters_;
};

}  // namespace luma
