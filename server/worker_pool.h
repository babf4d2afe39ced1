#pragma once
// Threads for calls that may wait. Grows while work is queued and nobody is free, shrinks when
// idle.
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace luma {

class WorkerPool {
 public:
  explicit WorkerPool(size_t max_threads) : max_threads_(max_threads) {}
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Thread-safe. `work` must not throw.
  void submit(std::function<void()> work);
  // Waits for all submitted work and for all threads to end.
  void stop();

 private:
  void run();

  const size_t max_threads_;
  std::mutex mutex_;
  std::condition_variable work_arrived_, thread_ended_;
  std::deque<std::function<void()>> queue_;
  size_t threads_ = 0;
  size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace luma
