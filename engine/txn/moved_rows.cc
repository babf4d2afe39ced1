#include "engine/txn/moved_rows.h"

#include <algorithm>
#include <chrono>
#include <functional>

namespace luma {

namespace {

// Ages of snapshots are whole seconds of another clock.
constexpr uint64_t kMarginSeconds = 5;

uint64_t now_seconds() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

}  // namespace

uint64_t MovedRows::hash_of(std::string_view key) { return std::hash<std::string_view>()(key); }

void MovedRows::add(std::vector<uint64_t> hashes, uint64_t commit_ts,
                    uint64_t oldest_snapshot_seconds) {
  std::ranges::sort(hashes);
  uint64_t now = now_seconds();
  std::lock_guard guard(mutex_);
  while (!commits_.empty() &&
         now - commits_.front().at_seconds > oldest_snapshot_seconds + kMarginSeconds) {
    commits_.pop_front();
  }
  commits_.push_back({commit_ts, now, std::move(hashes)});
}

bool MovedRows::contains(std::string_view key, uint64_t seen_ts) const {
  std::lock_guard guard(mutex_);
  if (commits_.empty()) return false;
  uint64_t hash = hash_of(key);
  return std::ranges::any_of(commits_, [&](const Commit& commit) {
    return commit.commit_ts > seen_ts && std::ranges::binary_search(commit.hashes, hash);
  });
}

}  // namespace luma
