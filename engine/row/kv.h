#pragma once
// The ordered key-value store below rows, indexes and catalog: one RocksDB instance with few column
// families. RocksDB itself stays behind this header. All functions of Kv are thread-safe; values,
// batches and iterators belong to one thread at a time and must not outlive their Kv.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/row/kv_options.h"
#include "engine/row/kv_status.h"

namespace luma {

enum class KvFamily : uint8_t {
  kCatalog = 0,
  kData = 1,      // rows and index entries
  kColumnar = 2,  // which segment files columnar tables have
};
inline constexpr int kKvFamilyCount = 3;

class Kv;
class FaultPlan;
class KvFiles;

// The result of a read, pinned in the cache or memtable without a copy where possible.
class KvValue {
 public:
  KvValue() noexcept;
  KvValue(KvValue&& other) noexcept;
  KvValue& operator=(KvValue&& other) noexcept;
  KvValue(const KvValue&) = delete;
  KvValue& operator=(const KvValue&) = delete;
  ~KvValue();

  std::string_view view() const { return view_; }
  // Releases the pin.
  void reset();
  // Refers to bytes that somebody else keeps alive (a transaction's own write).
  void set_unowned(std::string_view bytes);
  void copy_from(std::string_view bytes);

 private:
  friend class Kv;
  friend struct KvValueAccess;
  std::string_view view_;
  bool pinned_ = false;
  alignas(8) std::byte storage_[112];
};

// A consistent state of all families. Holding one keeps old versions alive: release it early.
class KvSnapshot {
 public:
  KvSnapshot() = default;
  KvSnapshot(KvSnapshot&& other) noexcept
      : kv_(std::exchange(other.kv_, nullptr)), handle_(std::exchange(other.handle_, nullptr)) {}
  KvSnapshot& operator=(KvSnapshot&& other) noexcept {
    if (this != &other) {
      reset();
      kv_ = std::exchange(other.kv_, nullptr);
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~KvSnapshot() { reset(); }
  void reset();
  explicit operator bool() const { return handle_ != nullptr; }
  uint64_t sequence() const;

 private:
  friend class Kv;
  friend struct KvSnapshotAccess;
  Kv* kv_ = nullptr;
  const void* handle_ = nullptr;
};

// Writes that become visible together. Reusable after clear().
class KvBatch {
 public:
  KvBatch();
  KvBatch(KvBatch&&) noexcept;
  KvBatch& operator=(KvBatch&&) noexcept;
  ~KvBatch();

  void put(KvFamily family, std::string_view key, std::string_view value);
  // `value` begins with 8 bytes that stamp() overwrites in all such values.
  void put_stamped(KvFamily family, std::string_view key, std::string_view value);
  void remove(KvFamily family, std::string_view key);
  void remove_range(KvFamily family, std::string_view begin, std::string_view end);
  void stamp(uint64_t commit_ts);
  // Room for `count` more operations with keys and values of `bytes` in all.
  void reserve(size_t count, size_t bytes);
  void clear();
  size_t count() const;
  size_t size_bytes() const;
  // The first bytes of the family's keys, each once.
  std::vector<std::string> prefixes(KvFamily family, size_t bytes) const;

 private:
  friend class Kv;
  friend class KvFiles;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct KvReadOptions {
  const KvSnapshot* snapshot = nullptr;  // null: the newest state
  std::string_view lower;                // inclusive; empty: none
  std::string_view upper;                // exclusive; empty: none
  bool fill_cache = true;                // false for scans that would wash out the cache
  size_t readahead_bytes = 0;
  // After stepping over so many removed entries at once the iterator stops with kStopped; 0: never.
  uint64_t max_skipped = 0;
};

// Moves over one family within bounds. Positions are invalid until a seek. After set_bounds() a
// seek must follow. A storage error makes the iterator invalid; status() tells.
class KvIterator {
 public:
  ~KvIterator();
  KvIterator(const KvIterator&) = delete;
  KvIterator& operator=(const KvIterator&) = delete;

  void set_bounds(std::string_view lower, std::string_view upper);
  void seek_first();
  void seek_last();
  void seek(std::string_view key);           // first key >= key
  void seek_for_prev(std::string_view key);  // last key <= key
  void next();
  void prev();
  bool valid() const { return valid_; }
  std::string_view key() const { return key_; }
  std::string_view value() const;
  KvStatus status() const;

 private:
  friend class Kv;
  struct Impl;
  explicit KvIterator(std::unique_ptr<Impl> impl);
  void settle();
  std::unique_ptr<Impl> impl_;
  bool valid_ = false;
  std::string_view key_;
};

class Kv {
 public:
  // Opens or creates the store. kLocked when another process uses the directory.
  static KvStatus open(const KvOptions& options, std::unique_ptr<Kv>* out);
  ~Kv();
  Kv(const Kv&) = delete;
  Kv& operator=(const Kv&) = delete;

  KvStatus get(KvFamily family, std::string_view key, const KvSnapshot* snapshot, KvValue* out);
  // One code per key (kOk, kNotFound or a failure); `sorted` promises ascending keys.
  void multi_get(KvFamily family, std::span<const std::string_view> keys,
                 const KvSnapshot* snapshot, bool sorted, KvValue* values, KvStatus* statuses);
  std::unique_ptr<KvIterator> new_iterator(KvFamily family, const KvReadOptions& options);
  KvSnapshot snapshot();

  // Applies the batch to log and memory. `sync` waits for the disk; otherwise flush_wal() does
  // later.
  KvStatus write(KvBatch& batch, bool sync);
  // Applies finished files as one change, durable when it returns, and before anything that is not
  // durable yet: sync the log first. Reads without a snapshot that run meanwhile may see it or not;
  // nobody may take a snapshot meanwhile. A failure stops the store as one of write() does.
  KvStatus take_over(KvFiles& files);
  // Not after resume() or rescue() has succeeded, until the store is opened again.
  bool can_take_over() const;
  // Writes out what memory holds between the files' keys, so that take_over() need not.
  void make_way(const KvFiles& files);
  // Hands buffered log records to the system; `sync` waits until they are on disk. After a failure
  // the store refuses writes (kStopped) until resume() succeeds or it is reopened.
  KvStatus flush_wal(bool sync);
  // Tries to leave the stopped state, for example after disk space was freed. On success everything
  // written so far is durable, and the disk reserve is whole.
  KvStatus resume();
  // After kNoSpace: gives up the disk reserve to make everything written so far durable. The caller
  // should refuse further writes until resume() succeeds.
  KvStatus rescue();
  bool stopped() const;

  KvStatus remove_range(KvFamily family, std::string_view begin, std::string_view end);
  // Drops whole files inside the range at once (after remove_range; ignores snapshots).
  KvStatus drop_files_in_range(KvFamily family, std::string_view begin, std::string_view end);
  KvStatus flush();
  KvStatus compact_range(KvFamily family, std::string_view begin, std::string_view end);
  KvStatus checkpoint(const std::string& directory);
  uint64_t approximate_size_bytes(KvFamily family, std::string_view begin, std::string_view end);
  uint64_t approximate_key_count(KvFamily family);
  uint64_t file_count(KvFamily family);
  // Named counters for metrics ("block-cache-usage", "num-running-compactions", ...).
  std::vector<std::pair<std::string, uint64_t>> statistics() const;
  // Age of the oldest snapshot that keeps versions alive; 0 without one.
  uint64_t oldest_snapshot_age_seconds() const;
  const KvOptions& options() const;
  // For files that need not outlive the process, on the store's disk; "" in memory.
  const std::string& scratch_directory() const;
  // The injected faults, null outside tests.
  FaultPlan* fault_plan() const;

 private:
  friend class KvSnapshot;
  friend class KvBatch;
  friend class KvFiles;
  struct Impl;
  explicit Kv(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace luma
