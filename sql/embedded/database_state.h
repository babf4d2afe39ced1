#pragma once
// What stands behind a Database: the instance and the timeouts of its connections. Thread-safe;
// connections keep it alive.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/log.h"
#include "sql/embedded/luma.h"
#include "sql/embedded/timer_thread.h"
#include "sql/session/instance.h"

namespace luma::embedded_internal {

class DatabaseState {
 public:
  // `path` "": in memory. Throws embedded::Error.
  DatabaseState(const std::string& path, const embedded::Options& options);

  SqlInstance& instance() { return *instance_; }
  TimerThread& timers() { return timers_; }
  int32_t next_pid() { return next_pid_.fetch_add(1, std::memory_order_relaxed); }
  // The role that the database was made with, as it is called now.
  std::string superuser() const;

 private:
  std::unique_ptr<Logger> logger_;
  std::unique_ptr<SqlInstance> instance_;
  std::atomic<int32_t> next_pid_{1};
  TimerThread timers_;
};

}  // namespace luma::embedded_internal
