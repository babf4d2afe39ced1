#pragma once
// The pieces of one scan over a range of keys, for several threads to take one after another:
// ranges of about the same size, found from the sizes that the store knows of. open() and close()
// belong to the transaction's thread; take() and add_rows() may be called by any.
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/txn/transaction.h"

namespace luma {

class KeyRanges {
 public:
  struct Range {
    std::string lower, upper;
  };

  // Divides [lower, upper) unless it holds less than `min_bytes`. Returns how many ranges there
  // are; none: it is not worth it.
  size_t open(Transaction& txn, const std::string& lower, const std::string& upper,
              uint64_t min_bytes);
  // Ascending; null when all have been handed out. Valid until the next open().
  const Range* take();
  // Of those that take() gives, from 0 on.
  size_t number_of(const Range& range) const {
    return static_cast<size_t>(&range - ranges_.data());
  }

  void add_rows(uint64_t rows) { rows_read_.fetch_add(rows, std::memory_order_relaxed); }
  uint64_t rows_read() const { return rows_read_.load(std::memory_order_relaxed); }

 private:
  std::vector<Range> ranges_;
  std::atomic<size_t> next_{0};
  std::atomic<uint64_t> rows_read_{0};
};

// Keys that divide [lower, upper) into up to `parts` ranges of about the same size; ascending,
// strictly between the two.
std::vector<std::string> dividing_keys(Transaction& txn, const std::string& lower,
                                       const std::string& upper, size_t parts);

}  // namespace luma
