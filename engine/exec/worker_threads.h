#pragma once
// Threads that help statements with parts of their plans. One pool a process: it grows on demand up
// to its limit and shrinks when idle. They run with less priority than everybody else, so that the
// event loops and their short statements go first. Thread-safe; outlives all statements.
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace luma {

class WorkerThreads {
 public:
  explicit WorkerThreads(size_t max_threads) : max_threads_(max_threads) {}
  ~WorkerThreads();
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  // Calls work(0) .. work(count - 1), each once: on the calling thread and on those of the pool
  // that have nothing else to do. Returns when all calls have returned; when the pool is busy the
  // caller does everything itself, one after another. `work` must not throw.
  void run(size_t count, const std::function<void(size_t)>& work);

 private:
  struct Job;
  void serve();
  void start_thread();

  const size_t max_threads_;
  std::mutex mutex_;
  std::condition_variable job_arrived_, thread_ended_;
  std::deque<std::shared_ptr<Job>> queue_;  // a job is here once for each helper it would like
  size_t threads_ = 0;
  size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace luma
