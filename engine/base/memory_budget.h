#pragma once
// Accounting of memory that grows with data. A budget has an optional parent (operator -> statement
// -> server); charging beyond a limit throws 53200 and leaves the budgets unchanged. Thread-safe.
#include <atomic>
#include <cstddef>
#include <limits>

namespace luma {

class MemoryBudget {
 public:
  static constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();

  explicit MemoryBudget(size_t limit_bytes = kUnlimited, MemoryBudget* parent = nullptr)
      : limit_bytes_(limit_bytes), parent_(parent) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;
  ~MemoryBudget();

  // Throws SqlError 53200 when this budget or an ancestor would exceed its limit.
  void charge(size_t bytes);
  // The same without throwing; false when it would not fit (an operator then spills).
  [[nodiscard]] bool try_charge(size_t bytes);
  void release(size_t bytes);

  size_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  size_t peak_bytes() const { return peak_bytes_.load(std::memory_order_relaxed); }
  size_t limit_bytes() const { return limit_bytes_; }
  void set_limit_bytes(size_t bytes) { limit_bytes_ = bytes; }

 private:
  std::atomic<size_t> used_bytes_{0};
  std::atomic<size_t> peak_bytes_{0};
  size_t limit_bytes_;
  MemoryBudget* parent_;
};

}  // namespace luma
