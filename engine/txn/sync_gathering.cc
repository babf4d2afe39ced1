#include "engine/txn/sync_gathering.h"

#include <algorithm>

namespace luma {

namespace {
constexpr double kNewest = 0.125;     // weight of the newest value in the means
constexpr double kNewestGain = 0.25;  // gains change quickly
constexpr double kWorthwhile = 0.3;   // what one commit's wait has to bring
constexpr double kCompany = 1.5;      // below, commits come from one side
constexpr unsigned kPauseSyncs = 64;
constexpr double kPartOfSync = 1.0;  // longest wait, in parts of a sync's time
constexpr double kLongestNs = 1e6;
}  // namespace

SyncGathering::Wait SyncGathering::next(size_t waiting) {
  waited_ = 0;
  if (waiting == 0 || company_ < kCompany) return {};
  if (pause_ > 0) {
    --pause_;
    return {};
  }
  // Everybody who was seen of late is here.
  if (static_cast<double>(waiting) >= most_ && most_ >= company_) return {};
  waited_ = waiting;
  Wait wait;
  wait.longest = Nanoseconds(static_cast<int64_t>(std::min(kLongestNs, took_ns_ * kPartOfSync)));
  wait.commits = std::max(waiting + 1, static_cast<size_t>(std::max(most_, company_) + 0.5));
  return wait;
}

void SyncGathering::synced(size_t served, size_t left, Nanoseconds took) {
  took_ns_ += kNewest * (static_cast<double>(took.count()) - took_ns_);
  company_ += kNewest * (static_cast<double>(served + left) - company_);
  most_ = std::max(static_cast<double>(served), most_ + kNewest * (company_ - most_));
  if (waited_ == 0) return;
  const double came = static_cast<double>(served > waited_ ? served - waited_ : 0);
  gain_ += kNewestGain * (came / static_cast<double>(waited_) - gain_);
  if (gain_ < kWorthwhile) {
    pause_ = kPauseSyncs;
    gain_ = 2 * kWorthwhile;
  }
  waited_ = 0;
}

}  // namespace luma
