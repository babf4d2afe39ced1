#include "server/loop_balancer.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>

#include "server/event_loop.h"

namespace luma {
namespace {

// Shares of one processor.
constexpr double kBusy = 0.8;        // a loop that works more than this passes clients on,
constexpr double kMargin = 0.3;      // to one that works this much less,
constexpr double kWantedIdle = 0.3;  // if that much of all processors' time is left over.
constexpr double kTogether = 0.5;    // two loops that work less than this together become one.
constexpr double kRoomForNew = 0.5;
constexpr std::chrono::milliseconds kSampleInterval{100};

struct ProcessorTicks {
  uint64_t idle = 0, total = 0;
};

// False when the system does not tell.
bool read_processor_ticks(ProcessorTicks& ticks) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/stat", "re"), std::fclose);
  unsigned long long part[8] = {};
  if (file == nullptr ||
      std::fscanf(file.get(), "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &part[0], &part[1],
                  &part[2], &part[3], &part[4], &part[5], &part[6], &part[7]) != 8) {
    return false;
  }
  ticks.idle = part[3] + part[4];
  for (unsigned long long ticks_of_part : part) ticks.total += ticks_of_part;
  return true;
}

}  // namespace

EventLoop* LoopBalancer::least_loaded() const {
  return *std::min_element(loops_.begin(), loops_.end(),
                           [](EventLoop* a, EventLoop* b) { return a->load() < b->load(); });
}

EventLoop& LoopBalancer::place() const {
  return loops_[0]->load() < kRoomForNew ? *loops_[0] : *least_loaded();
}

// Under mutex_.
bool LoopBalancer::processor_idle() {
  Clock::time_point now = Clock::now();
  if (now - sampled_ < kSampleInterval) return processor_idle_;
  ProcessorTicks ticks;
  if (!read_processor_ticks(ticks)) return true;
  // An old sample says nothing about now: wait for the next one.
  bool recent = now - sampled_ < 10 * kSampleInterval;
  auto total = static_cast<double>(ticks.total - total_ticks_);
  auto idle = static_cast<double>(ticks.idle - idle_ticks_);
  auto processors = static_cast<double>(std::max(1u, std::thread::hardware_concurrency()));
  processor_idle_ = recent && total > 0 && idle / total * processors >= kWantedIdle;
  sampled_ = now;
  idle_ticks_ = ticks.idle;
  total_ticks_ = ticks.total;
  return processor_idle_;
}

LoopBalancer::Advice LoopBalancer::advise(const EventLoop& loop, size_t active) {
  if (loops_.size() < 2 || active == 0) return {};
  double load = loop.load();
  if (load > kBusy) {
    if (active < 2) return {};
    EventLoop* other = least_loaded();
    if (other->load() > load - kMargin) return {};
    std::lock_guard lock(mutex_);
    return processor_idle() ? Advice{other, active / 2} : Advice{};
  }
  for (EventLoop* earlier : loops_) {
    if (earlier == &loop) break;
    if (earlier->load() + load < kTogether) return {earlier, active};
  }
  return {};
}

}  // namespace luma
