#include "engine/exec/divided_input.h"

#include <algorithm>
#include <utility>

#include "engine/exec/worker_threads.h"

namespace luma {

namespace {

// EXPLAIN ANALYZE shows the work of all siblings at the operator that they stand for.
void add_stats(Operator& total, Operator& part) {
  OperatorStats& to = total.stats();
  const OperatorStats& from = part.stats();
  to.rows += from.rows;
  to.total_ns = std::max(to.total_ns, from.total_ns);
  if (to.startup_ns == 0) to.startup_ns = from.startup_ns;
  to.peak_memory_bytes = std::max(to.peak_memory_bytes, from.peak_memory_bytes);
  to.spilled_bytes += from.spilled_bytes;
  std::vector<Operator*> totals = total.children();
  std::vector<Operator*> parts = part.children();
  for (size_t i = 0; i < parts.size(); ++i) add_stats(*totals[i], *parts[i]);
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
  threads_.run(count, [&](size_t i) {
    try {
      work(i, members_.at(i)->context);
    } catch (const WorkAbandoned&) {
    } catch (...) {
      fail(std::current_exception());
    }
  });
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
  team_.run([&](size_t i, ExecContext& context) {
    Operator& sibling = *siblings_[i];
    struct Closer {
      Operator& sibling;
      ExecContext& context;
      ~Closer() { sibling.close(context); }
    } closer{sibling, context};
    sibling.open(context);
    while (const Chunk* chunk = sibling.next(context)) consume(i, *chunk, context);
  });
  for (OperatorPtr& sibling : siblings_) add_stats(input_, *sibling);
}

}  // namespace luma
