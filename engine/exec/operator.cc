#include "engine/exec/operator.h"

#include <atomic>
#include <chrono>

#include "engine/exec/divided_input.h"
#include "engine/row/kv_work.h"

namespace luma {

uint64_t new_execution_id() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

size_t Operator::divide(ExecContext&) { return 0; }

const Chunk* Operator::next(ExecContext& context) {
  if (context.interrupt != nullptr) context.interrupt->check();
  if (context.abandoned != nullptr && context.abandoned->load(std::memory_order_relaxed)) {
    throw WorkAbandoned{};
  }
  return context.instrument ? next_timed(context) : do_next(context);
}

void Operator::open_counted(ExecContext& context) {
  const WorkCounts before = work_so_far();
  do_open(context);
  stats_.counts += work_so_far() - before;
}

const Chunk* Operator::next_timed(ExecContext& context) {
  const WorkCounts before = context.count_work ? work_so_far() : WorkCounts();
  auto start = std::chrono::steady_clock::now();
  const Chunk* chunk = do_next(context);
  auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() -
                                                                 start);
  bool first = stats_.total_ns == 0;
  stats_.total_ns += static_cast<uint64_t>(ns.count());
  if (first) stats_.startup_ns = stats_.total_ns;
  if (chunk != nullptr) stats_.rows += chunk->size;
  if (context.count_work) stats_.counts += work_so_far() - before;
  return chunk;
}

}  // namespace luma
