// Opening, writing and maintenance of the store.
#include "engine/row/kv_rocksdb.h"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/utilities/checkpoint.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

#include "engine/base/log.h"
#include "engine/row/kv_rocksdb_faults.h"

// Takes the place of rocksdb::CompactionJob::UpdateCompactionJobStats(), which fills in what
// listeners may want to know of a compaction. Debian builds RocksDB 7.8 with its assertions, and
// there is one below that function which does not hold when the file that a compaction has opened
// for range deletions alone cannot be written: a full disk would end the process.
extern "C" void luma_leave_out_compaction_job_stats(const void* job, const void* stats) __asm__(
    "_ZNK7rocksdb13CompactionJob24UpdateCompactionJobStatsERKNS_13InternalStats15CompactionStatsE");
extern "C" __attribute__((visibility("default"))) void luma_leave_out_compaction_job_stats(
    const void* /*job*/, const void* /*stats*/) {}

namespace luma {
namespace {

constexpr const char* kFamilyNames[kKvFamilyCount] = {"catalog", "data", "columnar"};
constexpr int kCacheShardBits = 6;

KvStatus open_status(const rocksdb::Status& status, const std::string& path) {
  std::string text = status.ToString();
  if (status.IsIOError() && text.find("LOCK") != std::string::npos) {
    return {KvCode::kLocked,
            fmt::format("data directory \"{}\" is in use by another LumaDB instance", path)};
  }
  return kv_status_of(status);
}

}  // namespace

Kv::Kv(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Kv::~Kv() {
  if (!impl_ || !impl_->db) return;
  // What is still buffered goes to the system; failures were reported to those who waited.
  if (!stopped()) (void)impl_->db->FlushWAL(true);
  for (auto* handle : impl_->all_handles) (void)impl_->db->DestroyColumnFamilyHandle(handle);
  (void)impl_->db->Close();
}

KvStatus Kv::open(const KvOptions& options, std::unique_ptr<Kv>* out) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  rocksdb::DBOptions db_options = make_db_options(options, impl->failures);
  std::string path = options.path.empty() ? "/luma" : options.path;
  rocksdb::Env* env = rocksdb::Env::Default();
  if (options.in_memory) {
    impl->env.reset(rocksdb::NewMemEnv(env));
    env = impl->env.get();
  } else {
    std::error_code failure;
    std::filesystem::create_directories(path, failure);
    if (failure) {
      return {KvCode::kIoError,
              fmt::format("could not create directory \"{}\": {}", path, failure.message())};
    }
  }
  std::string faults = options.faults;
  if (const char* text = std::getenv("LUMA_FAULTS"); faults.empty() && text) faults = text;
  if (!faults.empty()) {
    impl->faults = FaultPlan::parse(faults);
    auto base = env->GetFileSystem();
    impl->faulty_env = rocksdb::NewCompositeEnv(make_faulty_file_system(base, impl->faults));
    env = impl->faulty_env.get();
  }
  impl->guarded_env =
      rocksdb::NewCompositeEnv(make_log_guard_file_system(env->GetFileSystem(), impl->log_guard));
  env = impl->guarded_env.get();
  db_options.env = env;
  if (options.statistics) {
    impl->statistics = rocksdb::CreateDBStatistics();
    db_options.statistics = impl->statistics;
  }
  impl->cache = rocksdb::NewLRUCache(options.block_cache_size, kCacheShardBits);

  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (int i = 0; i < kKvFamilyCount; ++i) {
    descriptors.emplace_back(kFamilyNames[i],
                             make_family_options(options, static_cast<KvFamily>(i), impl->cache));
  }
  // RocksDB insists on its default family, which stays empty.
  rocksdb::ColumnFamilyOptions unused =
      make_family_options(options, KvFamily::kCatalog, impl->cache);
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, unused);
  rocksdb::DB* db = nullptr;
  rocksdb::Status status =
      rocksdb::DB::Open(db_options, path, descriptors, &impl->all_handles, &db);
  if (!status.ok()) return open_status(status, path);
  impl->db.reset(db);
  for (int i = 0; i < kKvFamilyCount; ++i) impl->families[i] = impl->all_handles[i];
  for (int i = 0; i < kKvFamilyCount; ++i) {
    // Batches name families by these numbers.
    LUMA_CHECK(impl->families[i]->GetID() == static_cast<uint32_t>(i) + 1);
  }
  if (!options.in_memory && options.disk_reserve_size > 0) {
    impl->reserve_path = path + "/RESERVE";
    // Without room for it the store still serves reads, and writes while they fit.
    (void)impl->make_reserve();
  }
  out->reset(new Kv(std::move(impl)));
  KvStatus ready = (*out)->impl_->open_incoming(path);
  if (!ready.ok()) out->reset();
  return ready;
}

KvStatus Kv::Impl::stop(KvStatus reason) {
  std::lock_guard guard(stop_mutex);
  if (!stopped.load(std::memory_order_relaxed)) stop_reason = reason;
  stopped.store(true, std::memory_order_release);
  return reason;
}

KvStatus Kv::Impl::stop_reason_now() {
  std::lock_guard guard(stop_mutex);
  return stop_reason;
}

KvStatus Kv::write(KvBatch& batch, bool sync) {
  if (__builtin_expect(stopped(), 0)) return impl_->stop_reason_now();
  stop_counting();
  rocksdb::WriteOptions options = impl_->write_options;
  options.sync = sync;
  options.no_slowdown = impl_->failures->compactions_fail();
  rocksdb::Status status = impl_->db->Write(options, &batch.impl_->batch);
  if (__builtin_expect(impl_->log_guard->failed(), 0)) {
    return impl_->stop(impl_->log_guard->failure());
  }
  if (__builtin_expect(status.ok(), 1)) return {};
  if (status.IsIncomplete()) {
    return impl_->stop({KvCode::kNoSpace, "no space to merge the files that hold recent changes"});
  }
  KvStatus failure = kv_status_of(status);
  return failure.code() == KvCode::kInvalid ? failure : impl_->stop(failure);
}

KvStatus Kv::flush_wal(bool sync) {
  if (__builtin_expect(stopped(), 0)) return impl_->stop_reason_now();
  // In memory there is nothing to wait for, and the store says so with an error.
  rocksdb::Status status = impl_->db->FlushWAL(sync && !impl_->options.in_memory);
  if (__builtin_expect(impl_->log_guard->failed(), 0)) {
    return impl_->stop(impl_->log_guard->failure());
  }
  if (__builtin_expect(status.ok(), 1)) return {};
  return impl_->stop(kv_status_of(status));
}

bool Kv::stopped() const { return impl_->stopped.load(std::memory_order_acquire); }

namespace {

// One that does not wait for compactions first.
rocksdb::FlushOptions prompt_flush() {
  rocksdb::FlushOptions options;
  options.allow_write_stall = true;
  return options;
}

// RocksDB 7.8 schedules one flush for each request, and a flush that fails leaves its request in
// the queue: the next one is then carried out in the place of a later request, whose owner waits
// for ever. Requests that nobody waits for, made now and then while somebody does, catch up.
//
// What no request helps with: when something else has failed while a flush was at work, RocksDB 7.8
// forgets the flush, and its memtables count as being written for ever. Who waits for them is sent
// away then by ending all background work, which is the end of writing before a restart.
class FlushReminder {
 public:
  FlushReminder(rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& families)
      : thread_([this, &db, &families] { run(db, families); }) {}
  ~FlushReminder() {
    {
      std::lock_guard guard(mutex_);
      done_ = true;
    }
    ended_.notify_one();
    thread_.join();
  }
  FlushReminder(const FlushReminder&) = delete;
  FlushReminder& operator=(const FlushReminder&) = delete;

  bool has_given_up() const { return has_given_up_.load(std::memory_order_acquire); }

 private:
  // Memtables wait to be written, and nobody writes them or is asked to.
  static bool is_stuck(rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& families) {
    uint64_t waiting = 0, at_work = 0;
    auto add = [&](rocksdb::ColumnFamilyHandle* family, const std::string& property,
                   uint64_t* sum) {
      uint64_t value = 0;
      if (db.GetIntProperty(family, property, &value)) *sum += value;
    };
    for (rocksdb::ColumnFamilyHandle* family : families) {
      add(family, rocksdb::DB::Properties::kNumImmutableMemTable, &waiting);
      add(family, rocksdb::DB::Properties::kMemTableFlushPending, &at_work);
      add(family, rocksdb::DB::Properties::kNumRunningFlushes, &at_work);
    }
    return waiting != 0 && at_work == 0;
  }

  void run(rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& families) {
    constexpr std::chrono::milliseconds kPause(500);
    rocksdb::FlushOptions request = prompt_flush();
    request.wait = false;
    constexpr int kPatience = 6;
    int stuck = 0;
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, kPause, [this] { return done_; })) {
      lock.unlock();
      static_cast<void>(db.Flush(request, families).ok());
      stuck = is_stuck(db, families) ? stuck + 1 : 0;
      if (stuck == kPatience) {
        has_given_up_.store(true, std::memory_order_release);
        rocksdb::CancelAllBackgroundWork(&db, false);
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  std::atomic<bool> has_given_up_{false};
  std::thread thread_;
};

}  // namespace

KvStatus Kv::Impl::leave_stopped() {
  if (!stopped.load(std::memory_order_acquire)) return {};
  std::lock_guard resuming(resume_mutex);
  if (needs_restart) return stop_reason_now();
  // Once all memtables are in files, nobody needs the damaged log any more.
  FlushReminder reminder(*db, all_handles);
  rocksdb::Status status = db->Resume();
  if (status.ok()) was_resumed.store(true, std::memory_order_release);
  if (status.ok()) status = db->Flush(prompt_flush(), all_handles);
  needs_restart = reminder.has_given_up();
  if (needs_restart && options.logger != nullptr) {
    options.logger->log(LogLevel::kError,
                        "the storage cannot write again before the server is restarted",
                        {{"component", "storage"}});
  }
  if (needs_restart) return stop_reason_now();
  if (!status.ok()) return kv_status_of(status);
  std::lock_guard guard(stop_mutex);
  log_guard->clear();
  stopped.store(false, std::memory_order_release);
  stop_reason = {};
  return {};
}

KvStatus Kv::resume() {
  KvStatus reserve = impl_->make_reserve();
  return reserve.ok() ? impl_->leave_stopped() : reserve;
}

KvStatus Kv::rescue() {
  if (!impl_->reserve_path.empty()) {
    std::error_code ignored;
    std::filesystem::remove(impl_->reserve_path, ignored);
  }
  return impl_->leave_stopped();
}

KvStatus Kv::Impl::make_reserve() {
  if (reserve_path.empty()) return {};
  int file = ::open(reserve_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return {KvCode::kNoSpace, "could not create the disk reserve"};
  int failure = posix_fallocate(file, 0, static_cast<off_t>(options.disk_reserve_size));
  ::close(file);
  if (failure != ENOSPC && failure != EDQUOT) return {};
  std::error_code ignored;
  std::filesystem::remove(reserve_path, ignored);
  return {KvCode::kNoSpace, "no space for the disk reserve"};
}

// In kData this gives space back and nothing else: reads there do not see that the keys are gone,
// which belong to storage ids that nobody reads again.
KvStatus Kv::remove_range(KvFamily family, std::string_view begin, std::string_view end) {
  KvBatch batch;
  batch.remove_range(family, begin, end);
  return write(batch, false);
}

KvStatus Kv::drop_files_in_range(KvFamily family, std::string_view begin, std::string_view end) {
  rocksdb::Slice from = slice_of(begin), to = slice_of(end);
  return kv_status_of(
      rocksdb::DeleteFilesInRange(impl_->db.get(), impl_->handle(family), &from, &to, false));
}

KvStatus Kv::flush() { return kv_status_of(impl_->db->Flush(prompt_flush(), impl_->all_handles)); }

KvStatus Kv::compact_range(KvFamily family, std::string_view begin, std::string_view end) {
  rocksdb::Slice from = slice_of(begin), to = slice_of(end);
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  // Otherwise a file may just move down a level, with all marks of deletion in it.
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  return kv_status_of(impl_->db->CompactRange(options, impl_->handle(family),
                                              begin.empty() ? nullptr : &from,
                                              end.empty() ? nullptr : &to));
}

KvStatus Kv::checkpoint(const std::string& directory) {
  rocksdb::Checkpoint* raw = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(impl_->db.get(), &raw);
  if (!status.ok()) return kv_status_of(status);
  std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  return kv_status_of(checkpoint->CreateCheckpoint(directory));
}

uint64_t Kv::approximate_size_bytes(KvFamily family, std::string_view begin, std::string_view end) {
  rocksdb::Range range(slice_of(begin), slice_of(end));
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  options.include_files = true;
  uint64_t size = 0;
  rocksdb::Status status =
      impl_->db->GetApproximateSizes(options, impl_->handle(family), &range, 1, &size);
  return status.ok() ? size : 0;
}

uint64_t Kv::approximate_key_count(KvFamily family) {
  uint64_t count = 0;
  impl_->db->GetIntProperty(impl_->handle(family), "rocksdb.estimate-num-keys", &count);
  return count;
}

std::vector<std::pair<std::string, uint64_t>> Kv::statistics() const {
  static constexpr const char* kNames[] = {
      "cur-size-all-mem-tables", "num-immutable-mem-table",
      "mem-table-flush-pending", "compaction-pending",
      "num-running-compactions", "num-running-flushes",
      "num-snapshots",           "estimate-pending-compaction-bytes",
      "total-sst-files-size",    "live-sst-files-size",
      "is-write-stopped",        "actual-delayed-write-rate",
      "background-errors",       "estimate-num-keys"};
  std::vector<std::pair<std::string, uint64_t>> result;
  for (const char* name : kNames) {
    uint64_t value = 0;
    if (impl_->db->GetIntProperty(impl_->handle(KvFamily::kData), std::string("rocksdb.") + name,
                                  &value)) {
      result.emplace_back(name, value);
    }
  }
  result.emplace_back("block-cache-capacity", impl_->cache->GetCapacity());
  result.emplace_back("block-cache-usage", impl_->cache->GetUsage());
  result.emplace_back("block-cache-pinned-usage", impl_->cache->GetPinnedUsage());
  if (impl_->statistics) {
    result.emplace_back("block-cache-hit",
                        impl_->statistics->getTickerCount(rocksdb::BLOCK_CACHE_HIT));
    result.emplace_back("block-cache-miss",
                        impl_->statistics->getTickerCount(rocksdb::BLOCK_CACHE_MISS));
    result.emplace_back("wal-bytes", impl_->statistics->getTickerCount(rocksdb::WAL_FILE_BYTES));
    result.emplace_back("wal-syncs", impl_->statistics->getTickerCount(rocksdb::WAL_FILE_SYNCED));
  }
  return result;
}

uint64_t Kv::oldest_snapshot_age_seconds() const {
  uint64_t taken_at = 0;
  impl_->db->GetIntProperty(rocksdb::DB::Properties::kOldestSnapshotTime, &taken_at);
  if (taken_at == 0) return 0;
  auto now = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                       std::chrono::system_clock::now().time_since_epoch())
                                       .count());
  return now > taken_at ? now - taken_at : 0;
}

const KvOptions& Kv::options() const { return impl_->options; }
FaultPlan* Kv::fault_plan() const { return impl_->faults.get(); }

}  // namespace luma
