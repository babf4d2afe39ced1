#include "engine/exec/divided_input.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "engine/exec/worker_threads.h"
#include "engine/row/kv_work.h"

namespace luma {

namespace {

void add_work(OperatorWork& to, const OperatorWork& from) {
  to.loops += from.loops;
  to.rows += from.rows;
  to.total_ns += from.total_ns;
  if (to.startup_ns == 0 || (from.startup_ns != 0 && from.startup_ns < to.startup_ns)) {
    to.startup_ns = from.startup_ns;
  }
  to.counts += from.counts;
}

// EXPLAIN ANALYZE shows the work of all siblings at the operator that they stand for. `worker`: the
// number of the thread that ran this one, 0 for the statement's own.
void add_stats(Operator& total, Operator& part, size_t worker) {
  OperatorStats& to = total.stats();
  const OperatorStats& from = part.stats();
  add_work(to, from);
  to.peak_memory_bytes = std::max(to.peak_memory_bytes, from.peak_memory_bytes);
  to.spilled_bytes += from.spilled_bytes;
  to.filtered_rows += from.filtered_rows;
  to.join_filtered_rows += from.join_filtered_rows;
  if (worker > 0) {
    if (to.workers.size() < worker) to.workers.resize(worker);
    add_work(to.workers[worker - 1], from);
  }
  std::vector<Operator*> totals = total.children();
  std::vector<Operator*> parts = part.children();
  for (size_t i = 0; i < parts.size(); ++i) add_stats(*totals[i], *parts[i], worker);
}

// What is divided was opened once, and then read by siblings only.
void forget_opening(Operator& total, Operator& part) {
  if (part.stats().loops > 0 && total.stats().loops > 0) --total.stats().loops;
  std::vector<Operator*> totals = total.children();
  std::vector<Operator*> parts = part.children();
  for (size_t i = 0; i < parts.size(); ++i) forget_opening(*totals[i], *parts[i]);
}

uint64_t ns_since(std::chrono::steady_clock::time_point since) {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - since)
          .count());
}

}  // namespace

WorkerTeam::Member::Member(const ExecContext& from)
    : arena(from.memory),
      exec_parameters(from.exec_parameters.begin(), from.exec_parameters.end()),
      context(from) {
  context.arena = &arena;
  context.exec_parameters = exec_parameters;
  context.threads = nullptr;
  // Counts of what was read are kept by the shared source.
  context.deferred = nullptr;
  context.constraints = nullptr;
}

WorkerTeam::WorkerTeam(ExecContext& context, size_t size) : threads_(*context.threads) {
  for (size_t i = 0; i < size; ++i) {
    members_.push_back(std::make_unique<Member>(context));
    members_.back()->context.abandoned = &abandoned_;
  }
}

void WorkerTeam::fail(std::exception_ptr error) {
  std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
  abandoned_.store(true, std::memory_order_relaxed);
}

void WorkerTeam::run(size_t count, const std::function<void(size_t, ExecContext&)>& work) {
  abandoned_.store(false, std::memory_order_relaxed);
  error_ = nullptr;
  const std::thread::id self = std::this_thread::get_id();
  WorkCounts of_helpers;
  threads_.run(count, [&](size_t i) {
    ExecContext& context = members_.at(i)->context;
    const bool counts = context.count_work && std::this_thread::get_id() != self;
    std::optional<KvWorkScope> counting;
    if (counts) counting.emplace();
    const WorkCounts before = counts ? work_so_far() : WorkCounts();
    try {
      work(i, context);
    } catch (const WorkAbandoned&) {
    } catch (...) {
      fail(std::current_exception());
    }
    if (!counts) return;
    std::lock_guard lock(mutex_);
    of_helpers += work_so_far() - before;
  });
  thread_work() += of_helpers;
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

std::unique_ptr<DividedInput> DividedInput::make(Operator& input, ExecContext& context) {
  if (context.threads == nullptr || context.max_workers == 0 || context.inline_mode) return nullptr;
  if (!input.is_divisible()) return nullptr;
  size_t size = std::min<size_t>(input.divide(context), size_t{context.max_workers} + 1);
  if (size < 2) return nullptr;
  return std::unique_ptr<DividedInput>(new DividedInput(input, context, size));
}

DividedInput::DividedInput(Operator& input, ExecContext& context, size_t size)
    : input_(input), team_(context, size) {
  for (size_t i = 0; i < size; ++i) siblings_.push_back(input.make_sibling());
}

DividedInput::~DividedInput() = default;

void DividedInput::read(const Consume& consume) {
  const auto started = std::chrono::steady_clock::now();
  std::atomic<uint64_t> first_ns{0};
  std::vector<std::thread::id> ran_by(siblings_.size());
  const bool instrument = team_.is_instrumented();
  const WorkCounts before = instrument ? work_so_far() : WorkCounts();
  team_.run([&](size_t i, ExecContext& context) {
    Operator& sibling = *siblings_[i];
    struct Closer {
      Operator& sibling;
      ExecContext& context;
      ~Closer() { sibling.close(context); }
    } closer{sibling, context};
    ran_by[i] = std::this_thread::get_id();
    sibling.open(context);
    while (const Chunk* chunk = sibling.next(context)) {
      if (instrument && first_ns.load(std::memory_order_relaxed) == 0) first_ns = ns_since(started);
      consume(i, *chunk, context);
    }
  });
  if (!instrument) return;
  // Threads are numbered as they appear; the statement's own is 0.
  std::vector<std::thread::id> threads{std::this_thread::get_id()};
  const uint64_t rows_before = input_.stats().rows;
  if (!siblings_.empty()) forget_opening(input_, *siblings_.front());
  for (size_t i = 0; i < siblings_.size(); ++i) {
    auto at = std::find(threads.begin(), threads.end(), ran_by[i]);
    if (at == threads.end()) at = threads.insert(at, ran_by[i]);
    add_stats(input_, *siblings_[i], static_cast<size_t>(at - threads.begin()));
  }
  OperatorStats& stats = input_.stats();
  if (stats.division == nullptr) stats.division = std::make_shared<DivisionStats>();
  DivisionStats& division = *stats.division;
  division.planned += siblings_.size() - 1;
  division.launched += threads.size() - 1;
  add_work(division.whole, {1, stats.rows - rows_before, first_ns.load(), ns_since(started),
                            work_so_far() - before});
}

}  // namespace luma
