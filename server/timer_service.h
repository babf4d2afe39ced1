#pragma once
// Fires callbacks at deadlines from a thread of its own: an event loop that executes a statement
// inline cannot fire the timer that is to stop that very statement.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace luma {

class TimerService {
 public:
  using Clock = std::chrono::steady_clock;
  using Id = std::pair<Clock::time_point, uint64_t>;

  TimerService() : thread_([this] { run(); }) {}
  ~TimerService();
  TimerService(const TimerService&) = delete;
  TimerService& operator=(const TimerService&) = delete;

  // Thread-safe. `callback` must be short.
  Id start(Clock::duration delay, std::function<void()> callback);
  // The callback may be running at this moment.
  void cancel(const Id& id);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Id, std::function<void()>> timers_;
  uint64_t last_id_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace luma
