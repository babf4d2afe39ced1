#pragma once
// A RocksDB file system that keeps failures of the write-ahead log to itself: RocksDB takes a log
// that failed for good (and for a bug, when another record is written to it), while the store can
// go on once everything in memory has been written to tables. Included by kv_rocksdb*.cc only.
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "engine/row/kv_status.h"

namespace luma {

// The first failure of any log file, kept until clear(). From then on nothing more is written to
// any log, so that what a crash leaves is the log up to the failure, without a gap. Whoever relies
// on a log record asks failure() after the write or the sync. Thread-safe.
class LogGuard {
 public:
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  KvStatus failure() const;
  void record(const rocksdb::Status& status);
  void clear();

 private:
  mutable std::mutex mutex_;
  std::atomic<bool> failed_{false};
  KvStatus failure_;
};

std::shared_ptr<rocksdb::FileSystem> make_log_guard_file_system(
    const std::shared_ptr<rocksdb::FileSystem>& base, std::shared_ptr<LogGuard> guard);

}  // namespace luma
