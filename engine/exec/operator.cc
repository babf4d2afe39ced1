#include "engine/exec/operator.h"

#include <atomic>
#include <chrono>

#include "engine/exec/divided_input.h"

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
  if (!context.instrument) return do_next(context);
  auto start = std::chrono::steady_clock::now();
  const Chunk* chunk = do_next(context);
  auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() -
                                                                 start);
  bool first = stats_.total_ns == 0;
  stats_.total_ns += static_cast<uint64_t>(ns.count());
  if (first) stats_.startup_ns = stats_.total_ns;
  if (chunk != nullptr) stats_.rows += chunk->size;
  return chunk;
}

}  // namespace luma
