#include "sql/embedded/timer_thread.h"

#include <algorithm>

namespace luma::embedded_internal {

TimerThread::~TimerThread() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TimerThread::set(int32_t pid, Interrupt::Reason reason, std::chrono::milliseconds delay) {
  std::lock_guard lock(mutex_);
  if (delay.count() == 0) {
    deadlines_.erase({pid, reason});
    return;
  }
  deadlines_[{pid, reason}] = Clock::now() + delay;
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

void TimerThread::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    auto next = std::min_element(deadlines_.begin(), deadlines_.end(),
                                 [](const auto& a, const auto& b) { return a.second < b.second; });
    if (next == deadlines_.end()) {
      changed_.wait(lock);
      continue;
    }
    if (Clock::now() < next->second) {
      Clock::time_point when = next->second;  // the entry may go while we wait
      changed_.wait_until(lock, when);
      continue;
    }
    auto [pid, reason] = next->first;
    deadlines_.erase(next);
    lock.unlock();
    fire_(pid, reason);
    lock.lock();
  }
}

}  // namespace luma::embedded_internal
