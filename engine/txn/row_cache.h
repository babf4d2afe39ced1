#pragma once
// Single committed rows by key, so that a row that is read again costs a copy and no search through
// the store's levels. Set-associative: a key has a few places, found by its hash, with one short
// lock for all of them. Thread-safe.
//
// Why a row that is found is right: its value begins with the timestamp of the commit that wrote
// it. A reader whose snapshot contains that commit wants this version or a newer one, and there is
// no newer one that it could see: a commit takes the rows that it changes out of here before it
// becomes visible. A row that was read before such a commit is not kept afterwards: the reader's
// ticket says what the last change in the key's set was, and that it saw it.
//
// Storages nobody reads by key (most indexes, tables that are only appended to) cost their commits
// one look at a flag: rows are kept once a first one was found in the store.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace luma {

class KvValue;

class RowCache {
 public:
  // What a reader of the newest state asks for.
  static constexpr uint64_t kNewest = UINT64_MAX;
  static constexpr size_t kStorageBytes = 4;  // what keys begin with

  // 0: keeps nothing.
  explicit RowCache(size_t limit_bytes);
  ~RowCache();
  RowCache(const RowCache&) = delete;
  RowCache& operator=(const RowCache&) = delete;

  class Ticket {
   public:
    explicit operator bool() const { return usable_ || first_; }

   private:
    friend class RowCache;
    uint64_t hash_ = 0, set_version_ = 0, storage_version_ = 0;
    bool usable_ = false;
    bool first_ = false;  // of the storage's rows
  };

  // Copies the row into `out` for a reader to whom everything up to `visible_ts` is visible. When
  // it is not here, `ticket` is for put() of what the store says; taken before the store is read,
  // by a reader who sees everything up to `seen_ts`.
  bool find(std::string_view key, uint64_t visible_ts, uint64_t seen_ts, KvValue* out,
            Ticket* ticket);
  // `value` begins with the timestamp of its commit.
  void put(const Ticket& ticket, std::string_view key, std::string_view value);

  // Of a commit, in commit order, before it becomes visible: the key changes. True when it was
  // kept; then replace() may follow when the commit has become visible.
  bool will_change(std::string_view key, uint64_t commit_ts);
  void replace(std::string_view key, std::string_view value, uint64_t commit_ts);
  // Any or all keys of the storage (the first bytes of a key) change.
  void will_change_all(std::string_view storage, uint64_t commit_ts);

  size_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kWays = 4;
  static constexpr size_t kStorages = 256;
  // Longer rows are left to the store.
  static constexpr size_t kMaxRowBytes = 4096;

  struct Row;
  // All zeros is an empty set.
  struct Set {
    uint32_t lock;
    uint16_t ghost;      // tag of the key that was turned away last
    uint8_t referenced;  // a bit for each way, set by find()
    uint8_t hand;
    uint64_t version;  // the last commit that changed a key of this set
    uint16_t tags[kWays];
    Row* rows[kWays];  // owned; null: free
  };
  struct Storage {
    // The last change to all of it, or made while nothing of it was wanted.
    std::atomic<uint64_t> version{0};
    std::atomic<bool> wanted{false};  // some row of it was read; never taken back
  };
  class SetLock;
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  Set& set_of(uint64_t hash) { return sets_.get()[hash & mask_]; }
  Storage& storage_of(std::string_view key);
  static int way_of(const Set& set, uint64_t hash, std::string_view key);
  void insert(Set& set, uint64_t hash, uint64_t storage_version, std::string_view key,
              std::string_view value, uint64_t commit_ts);
  void drop(Set& set, size_t way);  // under the set's lock
  void make_room();

  const size_t limit_bytes_;
  uint64_t mask_ = 0;
  std::unique_ptr<Set, Free> sets_;  // zeroed pages: memory is used as the cache fills
  std::atomic<size_t> used_bytes_{0};
  std::atomic<size_t> hand_{0};  // which set gives way next
  Storage storages_[kStorages];  // by a hash of the storage
};

}  // namespace luma
