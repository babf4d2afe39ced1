#pragma once
// What a serializable transaction has read, for validation at its commit: single keys and key
// ranges. Beyond a bound, keys are given up for the range of their whole table or index (the 4-byte
// prefix): more aborts than needed, never fewer. add_* may be called from several threads.
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include "engine/row/kv.h"

namespace luma {

class ReadSet {
 public:
  static constexpr size_t kMaxKeys = 10000;
  static constexpr size_t kMaxRanges = 4000;

  void add_key(KvFamily family, std::string_view key);
  // [lower, upper); an empty `upper` means the end of the family.
  void add_range(KvFamily family, std::string_view lower, std::string_view upper);
  bool contains(KvFamily family, std::string_view key) const;
  bool empty() const;
  void clear();

 private:
  struct PerFamily {
    std::unordered_set<std::string> keys;
    std::map<std::string, std::string> ranges;  // disjoint: lower -> upper ("" is the end)
  };
  static void add_range(PerFamily& family, std::string lower, std::string upper);
  static void escalate_keys(PerFamily& family);
  static void escalate_ranges(PerFamily& family);
  mutable std::mutex mutex_;
  PerFamily families_[kKvFamilyCount];
};

}  // namespace luma
