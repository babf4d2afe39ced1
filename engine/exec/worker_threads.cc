#include "engine/exec/worker_threads.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

namespace luma {

namespace {
constexpr std::chrono::seconds kIdleBeforeRetiring{10};
constexpr int kNiceness = 10;
}  // namespace

struct WorkerThreads::Job {
  const std::function<void(size_t)>* work;
  size_t count;
  size_t next = 0;     // under mutex_
  size_t running = 0;  // calls by helpers, under mutex_
  std::condition_variable helpers_done;
};

WorkerThreads::~WorkerThreads() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  job_arrived_.notify_all();
  thread_ended_.wait(lock, [&] { return threads_ == 0; });
}

void WorkerThreads::start_thread() {
  if (threads_ >= max_threads_) return;
  try {
    std::thread([this] { serve(); }).detach();
  } catch (const std::system_error&) {
    return;  // no more threads to be had: the caller works alone
  }
  ++threads_;
}

void WorkerThreads::run(size_t count, const std::function<void(size_t)>& work) {
  auto job = std::make_shared<Job>();
  job->work = &work;
  job->count = count;
  std::unique_lock lock(mutex_);
  // The caller works too, with its own priority: however busy the processors are, the statement is
  // not slower than without helpers.
  for (size_t helper = 1; helper < count; ++helper) {
    queue_.push_back(job);
    if (queue_.size() > idle_) start_thread();
    job_arrived_.notify_one();
  }
  while (job->next < count) {
    size_t item = job->next++;
    lock.unlock();
    work(item);
    lock.lock();
  }
  std::erase(queue_, job);
  job->helpers_done.wait(lock, [&] { return job->running == 0; });
}

void WorkerThreads::serve() {
  // The kernel's threads have niceness each.
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNiceness);
  std::unique_lock lock(mutex_);
  for (;;) {
    if (queue_.empty()) {
      if (stopping_) break;
      ++idle_;
      bool called = job_arrived_.wait_for(lock, kIdleBeforeRetiring,
                                          [&] { return stopping_ || !queue_.empty(); });
      --idle_;
      if (!called) break;
      continue;
    }
    std::shared_ptr<Job> job = std::move(queue_.front());
    queue_.pop_front();
    if (job->next >= job->count) continue;
    size_t item = job->next++;
    ++job->running;
    lock.unlock();
    (*job->work)(item);
    lock.lock();
    if (--job->running == 0) job->helpers_done.notify_one();
  }
  --threads_;
  thread_ended_.notify_all();
}

}  // namespace luma
