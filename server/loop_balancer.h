#pragma once
// Decides which event loop serves whom. As few loops as can do the work: several clients on one
// busy thread are answered together and wake it seldom, on several half idle ones each of them pays
// for putting a thread to sleep and waking it up again. A loop that has no time left passes half of
// its active clients on, provided a processor is idle; what little others do comes back to the
// first ones. Thread-safe.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace luma {

class EventLoop;

class LoopBalancer {
 public:
  struct Advice {
    EventLoop* to = nullptr;  // null: all is well
    size_t clients = 0;       // how many of the active ones are to go there
  };

  // Before the loops run; they outlive the balancer's use.
  void add(EventLoop& loop) { loops_.push_back(&loop); }
  // For a new connection.
  EventLoop& place() const;
  // A loop asks, each time it has measured its load. `active`: clients that it served meanwhile.
  Advice advise(const EventLoop& loop, size_t active);

 private:
  using Clock = std::chrono::steady_clock;
  EventLoop* least_loaded() const;
  bool processor_idle();

  std::vector<EventLoop*> loops_;
  std::mutex mutex_;  // guards the rest
  Clock::time_point sampled_{};
  uint64_t idle_ticks_ = 0, total_ticks_ = 0;
  bool processor_idle_ = false;
};

}  // namespace luma
