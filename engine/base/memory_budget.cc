#include "engine/base/memory_budget.h"

#include "engine/base/sql_error.h"

namespace luma {

MemoryBudget::~MemoryBudget() {
  if (parent_ != nullptr) parent_->release(used_bytes());
}

bool MemoryBudget::try_charge(size_t bytes) {
  size_t now = used_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (now > limit_bytes_ || (parent_ != nullptr && !parent_->try_charge(bytes))) {
    used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  size_t peak = peak_bytes_.load(std::memory_order_relaxed);
  while (now > peak && !peak_bytes_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
  return true;
}

void MemoryBudget::charge(size_t bytes) {
  if (try_charge(bytes)) return;
  throw SqlError(SqlState::kOutOfMemory, "out of memory")
      .detail(
          fmt::format("Failed on request of size {}; the memory limit of this statement or of the "
                      "server is reached.",
                      bytes))
      .hint(
          "Raise luma.query_memory_limit or [memory] limit, or make the query return or keep "
          "less.");
}

void MemoryBudget::release(size_t bytes) {
  used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  if (parent_ != nullptr) parent_->release(bytes);
}

}  // namespace luma
