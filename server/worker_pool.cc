#include "server/worker_pool.h"

#include <chrono>
#include <system_error>
#include <thread>

namespace luma {
namespace {
constexpr std::chrono::seconds kIdleBeforeRetiring{10};
}  // namespace

void WorkerPool::submit(std::function<void()> work) {
  std::lock_guard lock(mutex_);
  queue_.push_back(std::move(work));
  if (idle_ >= queue_.size() || threads_ >= max_threads_) {
    work_arrived_.notify_one();
    return;
  }
  try {
    std::thread([this] { run(); }).detach();
    ++threads_;
  } catch (const std::system_error&) {
    // No more threads to be had: those that exist will come round to it. Without any, nobody would.
    if (threads_ == 0) throw;
  }
}

void WorkerPool::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (queue_.empty()) {
      if (stopping_) break;
      ++idle_;
      bool timed_out = !work_arrived_.wait_for(lock, kIdleBeforeRetiring,
                                               [&] { return stopping_ || !queue_.empty(); });
      --idle_;
      if (timed_out) break;
      continue;
    }
    std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // what it holds on to goes before the next wait
    lock.lock();
  }
  --threads_;
  thread_ended_.notify_all();
}

void WorkerPool::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  work_arrived_.notify_all();
  thread_ended_.wait(lock, [&] { return threads_ == 0; });
}

}  // namespace luma
