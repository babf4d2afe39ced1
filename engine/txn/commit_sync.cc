// Durability: who syncs the log, who waits for it, and what happens when it fails.
#include <sys/prctl.h>

#include <thread>

#include "engine/base/sql_error.h"
#include "engine/txn/commit_pipeline.h"

namespace luma {

namespace {
// How often to see whether a full disk has room again.
constexpr auto kResumeInterval = std::chrono::seconds(1);
}  // namespace

void CommitPipeline::wait_durable(uint64_t ts) {
  if (durable_ts() >= ts) return;
  std::unique_lock guard(sync_mutex_);
  while (durable_ts() < ts) {
    if (failure_) throw *failure_;
    if (syncing_) {
      sync_done_.wait(guard);
    } else {
      sync_as_leader(guard);
    }
  }
}

void CommitPipeline::on_durable(uint64_t ts, DurableCallback done) {
  if (durable_ts() >= ts) return done(nullptr);
  std::unique_lock guard(sync_mutex_);
  if (durable_ts() < ts && !failure_) {
    waiters_.push_back({ts, std::move(done)});
    if (ts > wanted_ts_) wanted_ts_ = ts;
    if (!syncing_) {
      sync_wanted_.notify_one();
    } else if (waiters_.size() >= gather_until_) {
      gathered_.notify_one();
    }
    return;
  }
  std::optional<SqlError> failure = durable_ts() < ts ? failure_ : std::nullopt;
  guard.unlock();
  done(failure ? &*failure : nullptr);
}

void CommitPipeline::gather(std::unique_lock<std::mutex>& guard) {
  if (options_.mode != WalSyncMode::kGroupCommit || options_.batch_timeout_us == 0) return;
  SyncGathering::Wait wait{std::chrono::microseconds(options_.batch_timeout_us), SIZE_MAX};
  if (options_.batch_timeout_us < 0) wait = gathering_.next(waiters_.size());
  if (wait.longest.count() == 0) return;
  gather_until_ = std::min<size_t>(wait.commits, options_.batch_size);
  gathered_.wait_for(guard, wait.longest,
                     [this] { return waiters_.size() >= gather_until_ || failure_ || stopping_; });
  gather_until_ = SIZE_MAX;
}

void CommitPipeline::sync_as_leader(std::unique_lock<std::mutex>& guard) {
  syncing_ = true;
  gather(guard);
  guard.unlock();
  // What is visible now is in the log's buffer, so the flush covers it.
  const uint64_t target = visible_ts();
  const auto begin = std::chrono::steady_clock::now();
  KvStatus status = kv_.flush_wal(true);
  const auto took = std::chrono::steady_clock::now() - begin;
  guard.lock();
  if (status.ok() && !failure_) {
    if (target > durable_ts()) durable_ts_.store(target, std::memory_order_release);
    sync_count_.fetch_add(1, std::memory_order_relaxed);
    const size_t waiting = waiters_.size();
    std::vector<Waiter> due = take_due_waiters(nullptr);
    gathering_.synced(due.size(), waiting - due.size(), took);
    run_callbacks(guard, due, nullptr);
    if (wanted_ts_ > durable_ts()) sync_wanted_.notify_one();
  } else if (!status.ok()) {
    guard.unlock();
    {
      std::lock_guard order(commit_mutex_);
      handle_store_failure(status);
    }
    guard.lock();
  }
  syncing_ = false;
  sync_done_.notify_all();
}

std::vector<CommitPipeline::Waiter> CommitPipeline::take_due_waiters(const SqlError* error) {
  std::vector<Waiter> due;
  const uint64_t durable = durable_ts();
  std::erase_if(waiters_, [&](Waiter& waiter) {
    if (error == nullptr && waiter.ts > durable) return false;
    due.push_back(std::move(waiter));
    return true;
  });
  return due;
}

void CommitPipeline::run_callbacks(std::unique_lock<std::mutex>& guard, std::vector<Waiter>& due,
                                   const SqlError* error) {
  if (due.empty()) return;
  guard.unlock();
  for (Waiter& waiter : due) waiter.done(error);
  guard.lock();
}

void CommitPipeline::handle_store_failure(const KvStatus& status) {
  bool disk_full = status.code() == KvCode::kNoSpace;
  bool saved = disk_full && kv_.rescue().ok();
  SqlError error = status.to_sql_error();
  std::unique_lock guard(sync_mutex_);
  if (!failure_) {  // the first failure tells most
    failure_ = error;
    failure_may_pass_ = disk_full;
  }
  refusing_.store(true, std::memory_order_release);
  if (saved) durable_ts_.store(visible_ts(), std::memory_order_release);
  const SqlError* told = saved ? nullptr : &error;
  std::vector<Waiter> due = take_due_waiters(told);
  run_callbacks(guard, due, told);
  sync_done_.notify_all();
  sync_wanted_.notify_all();
}

bool CommitPipeline::try_resume() {
  if (!refusing()) return true;
  {
    std::unique_lock guard(sync_mutex_);
    sync_done_.wait(guard, [this] { return !syncing_; });
    syncing_ = true;
  }
  bool resumed;
  {
    std::lock_guard order(commit_mutex_);
    resumed = kv_.resume().ok();
    std::lock_guard guard(sync_mutex_);
    if (resumed) {
      // Resuming has written everything that was in memory to files.
      durable_ts_.store(visible_ts(), std::memory_order_release);
      wanted_ts_ = 0;
      failure_.reset();
      failure_may_pass_ = false;
      refusing_.store(false, std::memory_order_release);
    }
  }
  std::lock_guard guard(sync_mutex_);
  syncing_ = false;
  sync_done_.notify_all();
  sync_wanted_.notify_all();
  return resumed;
}

void CommitPipeline::arm_ticker() {
  if (ticker_armed_.load(std::memory_order_relaxed)) return;
  if (ticker_armed_.exchange(true, std::memory_order_acq_rel)) return;
  std::lock_guard guard(sync_mutex_);
  sync_wanted_.notify_one();
}

// Syncs what commits without a promise have left behind; disarms itself when there is nothing.
void CommitPipeline::tick(std::unique_lock<std::mutex>& guard) {
  if (options_.mode == WalSyncMode::kNever) {
    ticker_armed_.store(false, std::memory_order_release);
    guard.unlock();
    KvStatus status = kv_.flush_wal(false);
    if (!status.ok()) {
      std::lock_guard order(commit_mutex_);
      handle_store_failure(status);
    }
    guard.lock();
    return;
  }
  if (visible_ts() > durable_ts()) {
    if (!syncing_) sync_as_leader(guard);
    return;
  }
  ticker_armed_.store(false, std::memory_order_release);
  if (visible_ts() > durable_ts()) ticker_armed_.store(true, std::memory_order_release);
}

void CommitPipeline::sync_loop() {
  // Short waits end in time: the default lets them last 50 us longer.
  prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
  std::unique_lock guard(sync_mutex_);
  auto interval = std::chrono::milliseconds(std::max(1u, options_.sync_interval_ms));
  auto next_tick = std::chrono::steady_clock::now() + interval;
  while (!stopping_) {
    bool wanted = wanted_ts_ > durable_ts() && !failure_;
    if (failure_ && failure_may_pass_ && !syncing_) {
      sync_wanted_.wait_for(guard, kResumeInterval);
      if (stopping_ || !failure_) continue;
      guard.unlock();
      (void)try_resume();
      guard.lock();
    } else if (wanted && !syncing_) {
      sync_as_leader(guard);
    } else if (ticker_armed_.load(std::memory_order_acquire) && !failure_) {
      auto now = std::chrono::steady_clock::now();
      if (now >= next_tick) {
        tick(guard);
        next_tick = std::chrono::steady_clock::now() + interval;
      } else {
        sync_wanted_.wait_until(guard, next_tick);
      }
    } else {
      sync_wanted_.wait(guard);
      next_tick = std::chrono::steady_clock::now() + interval;
    }
  }
}

}  // namespace luma
