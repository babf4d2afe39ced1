#pragma once
// Timeouts of all connections of a database: one thread, started by the first timeout. Thread-safe.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/base/interrupt.h"

namespace luma::embedded_internal {

class TimerThread {
 public:
  // `fire` is called by the timer's thread, without its mutex; it must not throw.
  using Fire = std::function<void(int32_t pid, Interrupt::Reason reason)>;
  explicit TimerThread(Fire fire) : fire_(std::move(fire)) {}
  ~TimerThread();
  TimerThread(const TimerThread&) = delete;
  TimerThread& operator=(const TimerThread&) = delete;

  // Fires after `delay` unless set anew before; zero: never.
  void set(int32_t pid, Interrupt::Reason reason, std::chrono::milliseconds delay);

 private:
  using Clock = std::chrono::steady_clock;
  void run();

  Fire fire_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<int32_t, Interrupt::Reason>, Clock::time_point> deadlines_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace luma::embedded_internal
