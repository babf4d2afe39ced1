#pragma once
// The RocksDB side of kv.h, shared by kv_rocksdb*.cc and included by nothing else.
#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/statistics.h>
#include <rocksdb/write_batch.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/fault_plan.h"
#include "engine/row/kv.h"
#include "engine/row/kv_rocksdb_log_guard.h"

namespace luma {

inline rocksdb::Slice slice_of(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline std::string_view view_of(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

KvStatus kv_status_of(const rocksdb::Status& status);

// What RocksDB does of itself after a failure. Thread-safe.
class FailurePolicy : public rocksdb::EventListener {
 public:
  // The last compaction found no space: nothing may wait for the next one.
  bool compactions_fail() const { return compactions_fail_.load(std::memory_order_relaxed); }

  // A compaction that failed can be done again, and costs nobody anything. As an error of the whole
  // store it would stop a flush that is just ending, whose memtables RocksDB 7.8 then neither
  // writes again nor gives up: Resume() waits for them for ever.
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override {
    if (reason != rocksdb::BackgroundErrorReason::kCompaction || !error->IsIOError()) return;
    compactions_fail_.store(true, std::memory_order_relaxed);
    *error = rocksdb::Status::OK();
  }
  void OnCompactionCompleted(rocksdb::DB* /*db*/, const rocksdb::CompactionJobInfo& job) override {
    if (job.status.ok()) compactions_fail_.store(false, std::memory_order_relaxed);
  }
  // RocksDB would retry every few seconds; recovery has to happen in step with the commit pipeline,
  // through Kv::resume().
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }

 private:
  std::atomic<bool> compactions_fail_{false};
};

rocksdb::DBOptions make_db_options(const KvOptions& options,
                                   const std::shared_ptr<FailurePolicy>& failures);
rocksdb::ColumnFamilyOptions make_family_options(const KvOptions& options, KvFamily family,
                                                 const std::shared_ptr<rocksdb::Cache>& cache);

struct KvValueAccess {
  static rocksdb::PinnableSlice* slice(KvValue* value) {
    return reinterpret_cast<rocksdb::PinnableSlice*>(value->storage_);
  }
  static void publish(KvValue* value) {
    value->view_ = view_of(*slice(value));
    value->pinned_ = true;
  }
};

struct KvSnapshotAccess {
  static const rocksdb::Snapshot* handle(const KvSnapshot* snapshot) {
    return snapshot == nullptr ? nullptr : static_cast<const rocksdb::Snapshot*>(snapshot->handle_);
  }
};

struct KvBatch::Impl {
  rocksdb::WriteBatch batch;
  std::vector<size_t> stamp_offsets;
};

// RocksDB counts what every thread does unless it is told not to; nobody reads the counters, and
// keeping them costs a few percent of each read.
inline void stop_counting() {
  // True and not false: a program whose thread-local data is all zeros and smaller than a word may
  // be linked into one that does not start (lld lets its read-only segment begin before a page).
  static thread_local bool counts = true;
  if (!counts) return;
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  counts = false;
}

struct Kv::Impl {
  KvOptions options;
  std::shared_ptr<FaultPlan> faults;
  std::unique_ptr<rocksdb::Env> env;  // declared before `db`: outlives it
  std::unique_ptr<rocksdb::Env> faulty_env;
  std::unique_ptr<rocksdb::Env> guarded_env;
  std::shared_ptr<FailurePolicy> failures = std::make_shared<FailurePolicy>();
  std::shared_ptr<LogGuard> log_guard = std::make_shared<LogGuard>();
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::Statistics> statistics;
  std::unique_ptr<rocksdb::DB> db;
  std::array<rocksdb::ColumnFamilyHandle*, kKvFamilyCount> families{};
  std::vector<rocksdb::ColumnFamilyHandle*> all_handles;
  rocksdb::WriteOptions write_options;
  std::atomic<bool> stopped{false};
  // RocksDB 7.8 remembers for ever that it was stopped once, and says so to ingestion alone.
  std::atomic<bool> was_resumed{false};
  // Background work has been ended for good. Guarded by resume_mutex.
  bool needs_restart = false;
  std::mutex resume_mutex;  // held while either resuming or taking files over
  std::mutex stop_mutex;
  KvStatus stop_reason;

  rocksdb::ColumnFamilyHandle* handle(KvFamily family) const {
    return families[static_cast<int>(family)];
  }
  KvStatus stop(KvStatus reason);
  KvStatus stop_reason_now();
  KvStatus leave_stopped();
  std::string reserve_path;  // "" without a reserve
  // Where KvFiles writes, and how it names files.
  rocksdb::Env* file_env = nullptr;
  std::string incoming_path;
  std::atomic<uint64_t> next_incoming{1};
  KvStatus open_incoming(const std::string& path);
  KvStatus make_reserve();
};

}  // namespace luma
