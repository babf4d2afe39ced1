#pragma once
// About how many different values there were, from their hashes: HyperLogLog with 4,096 registers,
// a few percent off. Not thread-safe.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace luma {

class DistinctSketch {
 public:
  void clear() { ranks_.fill(0); }
  void add(uint64_t hash) {
    uint8_t& rank = ranks_[hash & (kRegisters - 1)];
    // A one behind the bits ends the count of zeros.
    const auto zeros = static_cast<uint8_t>(std::countr_zero(hash >> kBits | uint64_t{1} << 52));
    rank = std::max(rank, static_cast<uint8_t>(zeros + 1));
  }
  double estimate() const {
    double sum = 0;
    int empty = 0;
    for (uint8_t rank : ranks_) {
      sum += std::ldexp(1.0, -rank);
      empty += rank == 0;
    }
    constexpr double kCount = kRegisters;
    const double raw = 0.7213 / (1 + 1.079 / kCount) * kCount * kCount / sum;
    // Few values: counting the registers that none has touched is more exact.
    return raw <= 2.5 * kCount && empty > 0 ? kCount * std::log(kCount / empty) : raw;
  }

 private:
  static constexpr int kBits = 12;
  static constexpr uint64_t kRegisters = uint64_t{1} << kBits;
  std::array<uint8_t, kRegisters> ranks_{};
};

}  // namespace luma
