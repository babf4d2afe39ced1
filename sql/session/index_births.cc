#include "sql/session/index_births.h"

#include <algorithm>
#include <chrono>
#include <memory>

namespace luma {

namespace {

int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

class IndexBirths::Pending {
 public:
  Pending(IndexBirths& births, uint32_t storage_id) : births_(births), storage_id_(storage_id) {}
  ~Pending() {
    std::lock_guard guard(births_.mutex_);
    auto it = births_.births_.find(storage_id_);
    if (it == births_.births_.end() || it->second.commit_ts != UINT64_MAX) return;
    births_.births_.erase(it);
    births_.set_last();
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  void committed(uint64_t commit_ts) {
    std::lock_guard guard(births_.mutex_);
    births_.births_[storage_id_] = {commit_ts, now_seconds()};
    births_.set_last();
  }

 private:
  IndexBirths& births_;
  uint32_t storage_id_;
};

std::function<void(uint64_t)> IndexBirths::begin(uint32_t storage_id,
                                                 uint64_t oldest_snapshot_age_s) {
  const int64_t now = now_seconds();
  // Both ages are cut to whole seconds.
  const auto unreachable_s = static_cast<int64_t>(oldest_snapshot_age_s) + 2;
  {
    std::lock_guard guard(mutex_);
    std::erase_if(births_, [&](const auto& item) {
      return item.second.commit_ts != UINT64_MAX && now - item.second.at_seconds > unreachable_s;
    });
    births_[storage_id] = {UINT64_MAX, now};
    set_last();
  }
  return [pending = std::make_shared<Pending>(*this, storage_id)](uint64_t commit_ts) {
    pending->committed(commit_ts);
  };
}

bool IndexBirths::is_after(uint32_t storage_id, uint64_t visible_ts) const {
  std::lock_guard guard(mutex_);
  auto it = births_.find(storage_id);
  return it != births_.end() && it->second.commit_ts > visible_ts;
}

void IndexBirths::set_last() {
  uint64_t last = 0;
  for (const auto& [storage_id, birth] : births_) last = std::max(last, birth.commit_ts);
  last_.store(last, std::memory_order_release);
}

}  // namespace luma
