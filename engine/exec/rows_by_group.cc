#include "engine/exec/rows_by_group.h"

#include <algorithm>
#include <array>

namespace luma {

// Fills groups_ with their sizes and numbers_; false when there are too many.
bool RowsByGroup::number_groups(std::byte* const* rows, uint32_t count) {
  const uint32_t most = std::min(kMaxGroups, count / kMinRowsPerGroup);
  std::array<uint8_t, kSlots> slots{};  // a group's number + 1, or 0
  groups_.clear();
  for (uint32_t i = 0; i < count; ++i) {
    auto slot =
        static_cast<size_t>((reinterpret_cast<uintptr_t>(rows[i]) * 0x9e3779b97f4a7c15u) >> 58);
    while (slots[slot] != 0 && groups_[slots[slot] - 1].row != rows[i]) slot = (slot + 1) % kSlots;
    if (slots[slot] == 0) {
      if (groups_.size() == most) return false;
      groups_.push_back({rows[i], 0, 0});
      slots[slot] = static_cast<uint8_t>(groups_.size());
    }
    numbers_[i] = slots[slot] - 1;
    ++groups_[numbers_[i]].size;
  }
  return true;
}

bool RowsByGroup::divide(std::byte* const* rows, uint32_t count) {
  if (skip_ > 0) {
    --skip_;
    return false;
  }
  if (numbers_.size() < count) numbers_.resize(count);
  if (!number_groups(rows, count)) {
    skip_ = kChunksToSkip;
    return false;
  }
  std::array<uint32_t, kMaxGroups> next{};
  uint32_t begin = 0;
  for (size_t g = 0; g < groups_.size(); ++g) {
    groups_[g].begin = next[g] = begin;
    begin += groups_[g].size;
  }
  if (order_.size() < count) order_.resize(count);
  for (uint32_t i = 0; i < count; ++i) order_[next[numbers_[i]]++] = i;
  return true;
}

}  // namespace luma
