#pragma once
// What the build side of a hash join tells about its key before the probe side is read: its least
// and greatest value, and a bloom filter. Scans below the probe side leave out rows that cannot
// find a match.
//
// The join's thread forgets, fills and publishes; any number of threads may ask from then on.
// Before that nothing is known, and rows have to pass.
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/exec/operator.h"

namespace luma {

class JoinFilter {
 public:
  void forget() { is_ready_.store(false, std::memory_order_release); }
  // Begins anew, for about so many keys.
  void begin(uint64_t key_count);
  void add(int64_t key) {
    least_ = std::min(least_, key);
    greatest_ = std::max(greatest_, key);
    const uint64_t hash = hash_of(key);
    words_[hash >> shift_] |= bits_of(hash);
  }
  void publish() { is_ready_.store(true, std::memory_order_release); }

  bool is_ready() const { return is_ready_.load(std::memory_order_acquire); }
  // Of the keys; nothing lies between them when there are none.
  int64_t least() const { return least_; }
  int64_t greatest() const { return greatest_; }
  // False: certainly none of the keys.
  bool may_contain(int64_t key) const {
    const uint64_t hash = hash_of(key);
    const uint64_t bits = bits_of(hash);
    return (words_[hash >> shift_] & bits) == bits;
  }

 private:
  static uint64_t hash_of(int64_t key) {
    auto mixed = static_cast<uint64_t>(key) * 0x9E3779B97F4A7C15ull;
    return (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93ull;
  }
  // Three of a word's bits, by the low bits of the hash: the high ones choose the word.
  static uint64_t bits_of(uint64_t hash) {
    return uint64_t{1} << (hash & 63) | uint64_t{1} << (hash >> 6 & 63) |
           uint64_t{1} << (hash >> 12 & 63);
  }

  std::atomic<bool> is_ready_{false};
  int64_t least_ = INT64_MAX, greatest_ = INT64_MIN;
  uint32_t shift_ = 63;
  std::vector<uint64_t> words_;
};
using JoinFilterRef = std::shared_ptr<const JoinFilter>;

// Operators that can use filters, or pass them on to where their rows come from.
class JoinFilterTarget {
 public:
  virtual ~JoinFilterTarget() = default;
  // Rows of the output whose `column` (an integer inside) the filter rules out may be left out.
  // Called before the first open(). False: nobody will ask the filter.
  virtual bool accept_filter(uint32_t column, const JoinFilterRef& filter) = 0;
};

// Offers `filter` to an operator of any kind.
bool offer_filter(Operator& op, uint32_t column, const JoinFilterRef& filter);

}  // namespace luma
