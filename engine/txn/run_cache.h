#pragma once
// Runs of neighbouring committed rows, kept as they were read: a scan that finds one steps through
// an array instead of merging the store's files for every row. A run says what a range of keys held
// from one commit on; the commit that changes a key of the range removes the run before it becomes
// visible. Small: ranges are kept that are read again and again, never whole large tables.
// Thread-safe.
//
// Why a run that is found is right: it is tagged with the last commit to its slot (a hash of the
// storage id) that it contains. A reader whose snapshot was taken when that commit was visible
// contains it too. A later commit to the range took the run away before it was visible, so that a
// snapshot with it was taken, and looked here, after that. And put() refuses a run that was read
// before the newest commit to the slot.
#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace luma {

// Keys in [begin, end) with their values, immutable.
struct RowRun {
  struct Row {
    uint32_t key_at, value_at, value_end;
  };
  std::string begin, end;
  std::string bytes;
  std::vector<Row> rows;
  uint64_t version = 0;
  mutable std::atomic<bool> used{false};

  std::string_view key(size_t i) const {
    return {bytes.data() + rows[i].key_at, rows[i].value_at - rows[i].key_at};
  }
  std::string_view value(size_t i) const {
    return {bytes.data() + rows[i].value_at, rows[i].value_end - rows[i].value_at};
  }
  void add(std::string_view key, std::string_view value);
  // The first row at or behind the key.
  size_t lower_bound(std::string_view key) const;
  size_t size_bytes() const;
};
using RowRunRef = std::shared_ptr<const RowRun>;

class RunCache {
 public:
  static constexpr size_t kStorageBytes = 4;  // what keys begin with

  explicit RunCache(size_t limit_bytes) : limit_bytes_(limit_bytes) {}
  RunCache(const RunCache&) = delete;
  RunCache& operator=(const RunCache&) = delete;

  // The run that has `key` in its range, for a reader to whom everything up to `visible_ts` is
  // visible; null when there is none.
  RowRunRef find(std::string_view key, uint64_t visible_ts);
  // The last commit to the key's slot; what a reader that contains it reads now may be put().
  uint64_t version_of(std::string_view key) const;
  void put(std::shared_ptr<RowRun> run);
  // Whether a scan from here has been announced before, not too long ago; remembers this one.
  bool is_read_again(std::string_view key);

  // Of a commit, in commit order, before it becomes visible: some change to the storage (the first
  // bytes of a key). True when its keys have to be told one by one.
  bool will_change(std::string_view storage, uint64_t commit_ts);
  void forget(std::string_view key);
  // The same for all keys of the storage.
  void will_change_all(std::string_view storage, uint64_t commit_ts);

  size_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }

 private:
  struct Slot {
    std::atomic<uint64_t> version{0};
    std::atomic<uint32_t> count{0};
    std::mutex mutex;
    std::map<std::string, RowRunRef, std::less<>> runs;  // by where they begin
  };
  using Runs = std::map<std::string, RowRunRef, std::less<>>;
  static size_t slot_number(std::string_view key);
  Slot& slot_of(std::string_view key) { return slots_[slot_number(key)]; }
  void erase(Slot& slot, Runs::iterator at);  // under the slot's mutex
  void make_room();

  static constexpr size_t kSlots = 256;
  static constexpr size_t kRememberedScans = 4096;
  const size_t limit_bytes_;
  std::atomic<size_t> used_bytes_{0};
  std::atomic<size_t> hand_{0};  // which slot gives way next
  std::array<Slot, kSlots> slots_;
  std::array<std::atomic<uint32_t>, kRememberedScans> scans_{};
};

}  // namespace luma
