#include "engine/exec/group_merger.h"

#include <algorithm>
#include <bit>

namespace luma {

namespace {

constexpr uint64_t kPointerMask = (uint64_t{1} << 48) - 1;
constexpr uint32_t kPrefetchDistance = 12;

}  // namespace

void GroupMerger::begin(std::span<const RowCollection* const> partitions) {
  uint64_t rows = 0;
  for (const RowCollection* partition : partitions) rows += partition->row_count();
  directory_.assign(std::bit_ceil(std::max<uint64_t>(64, rows * 2)), 0);
  groups_.clear();
}

void GroupMerger::find(const GroupTable& table, uint32_t count) {
  const uint64_t mask = directory_.size() - 1;
  for (uint32_t i = 0; i < count; ++i) hashes_[i] = table.hash_of(rows_[i]);
  for (uint32_t i = 0; i < count; ++i) {
    if (i + kPrefetchDistance < count) {
      __builtin_prefetch(&directory_[hashes_[i + kPrefetchDistance] & mask], 1);
    }
    const uint64_t hash = hashes_[i];
    firsts_[i] = rows_[i];
    for (uint64_t slot = hash & mask;; slot = (slot + 1) & mask) {
      const uint64_t entry = directory_[slot];
      if (entry == 0) {
        directory_[slot] = (hash & ~kPointerMask) | reinterpret_cast<uint64_t>(rows_[i]);
        groups_.push_back(rows_[i]);
        break;
      }
      if (((entry ^ hash) >> 48) != 0) continue;
      auto* first = reinterpret_cast<std::byte*>(entry & kPointerMask);
      if (table.hash_of(first) != hash || !table.same_keys(first, rows_[i])) continue;
      firsts_[i] = first;
      break;
    }
  }
}

}  // namespace luma
