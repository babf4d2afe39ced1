#pragma once
// The rows of a chunk put together by group, where they fall into a few groups: aggregates then see
// one state and many values at a time instead of a state for each row. Not thread-safe.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace luma {

class RowsByGroup {
 public:
  struct Group {
    std::byte* row;        // the group
    uint32_t begin, size;  // of order()
  };

  // rows[i] is the group of row i. False when there are so many groups that it does not pay; after
  // that it says so for some chunks without looking.
  bool divide(std::byte* const* rows, uint32_t count);

  std::span<const Group> groups() const { return groups_; }
  // The numbers of the rows of one group after another, ascending within each.
  const uint32_t* order() const { return order_.data(); }

 private:
  static constexpr uint32_t kMaxGroups = 16;
  static constexpr uint32_t kMinRowsPerGroup = 48;
  static constexpr uint32_t kChunksToSkip = 32;
  static constexpr uint32_t kSlots = 64;

  bool number_groups(std::byte* const* rows, uint32_t count);

  std::vector<Group> groups_;
  std::vector<uint32_t> order_;
  std::vector<uint8_t> numbers_;  // of the rows' groups in groups_
  uint32_t skip_ = 0;
};

}  // namespace luma
