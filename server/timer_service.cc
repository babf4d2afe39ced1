#include "server/timer_service.h"

namespace luma {

TimerService::~TimerService() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

TimerService::Id TimerService::start(Clock::duration delay, std::function<void()> callback) {
  std::lock_guard lock(mutex_);
  Id id{Clock::now() + delay, ++last_id_};
  auto place = timers_.emplace(id, std::move(callback)).first;
  if (place == timers_.begin()) changed_.notify_all();
  return id;
}

void TimerService::cancel(const Id& id) {
  std::lock_guard lock(mutex_);
  timers_.erase(id);
}

void TimerService::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (timers_.empty()) {
      changed_.wait(lock);
      continue;
    }
    auto first = timers_.begin();
    if (first->first.first > Clock::now()) {
      Clock::time_point deadline = first->first.first;
      changed_.wait_until(lock, deadline);
      continue;
    }
    std::function<void()> callback = std::move(first->second);
    timers_.erase(first);
    lock.unlock();
    callback();
    callback = nullptr;
    lock.lock();
  }
}

}  // namespace luma
