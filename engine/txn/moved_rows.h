#pragma once
// Rows that committed transactions have moved to other partitions, where they have other keys: who
// still sees the old place in his snapshot, and finds nothing there any more, must learn that the
// row was not simply deleted. Kept in memory as long as a snapshot may be that old. Thread-safe.
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>
#include <vector>

namespace luma {

class MovedRows {
 public:
  static uint64_t hash_of(std::string_view key);

  // Before the commit is visible. `hashes` of the rows' old keys; `oldest_snapshot_seconds`: the
  // age of the oldest snapshot.
  void add(std::vector<uint64_t> hashes, uint64_t commit_ts, uint64_t oldest_snapshot_seconds);
  // Whether a commit after `seen_ts` has moved the row. Other keys may have the same hash, which is
  // as unlikely as it is harmless: a statement is repeated in vain.
  bool contains(std::string_view key, uint64_t seen_ts) const;

 private:
  struct Commit {
    uint64_t commit_ts;
    uint64_t at_seconds;
    std::vector<uint64_t> hashes;  // sorted
  };
  mutable std::mutex mutex_;
  std::deque<Commit> commits_;
};

}  // namespace luma
