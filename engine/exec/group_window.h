#pragma once
// Keeps the directory of a table small that is one of several to be merged: looking for a group
// among all that there are costs a cache miss for each row, which often finds nothing. Each time
// when some thousand groups have been made the table forgets its rows. Groups then come to exist
// several times, which the merge puts right; when too many do, it stops. Not thread-safe.
#include <cstdint>

#include "engine/exec/distinct_sketch.h"
#include "engine/exec/group_table.h"

namespace luma {

class GroupWindow {
 public:
  void begin(bool forgets) {
    forgets_ = forgets;
    begin_ = 0;
    sketch_.clear();
  }
  // GroupTable::find() has made groups of rows[created[i]].
  void note(GroupTable& table, std::byte* const* rows, const uint32_t* created, uint32_t made) {
    if (!forgets_) return;
    for (uint32_t i = 0; i < made; ++i) sketch_.add(table.hash_of(rows[created[i]]));
    const uint64_t groups = table.group_count();
    if (groups - begin_ < kGroups) return;
    begin_ = groups;
    forgets_ = sketch_.estimate() > static_cast<double>(groups) * kLeastDistinct;
    if (forgets_) table.forget_rows();
  }

 private:
  static constexpr uint64_t kGroups = 16384;  // stay in a processor's cache
  static constexpr double kLeastDistinct = 0.75;

  bool forgets_ = false;
  uint64_t begin_ = 0;
  DistinctSketch sketch_;
};

}  // namespace luma
