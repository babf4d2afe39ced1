#pragma once
// Makes one row of the rows with equal keys in several tables of groups, a partition at a time: the
// first row of a group takes in what the others know. Rows stay where they are, nothing is copied;
// a partition is small enough for its directory to stay in a cache. Not thread-safe: one for each
// thread.
#include <cstdint>
#include <span>
#include <vector>

#include "engine/exec/group_table.h"
#include "engine/exec/operator.h"

namespace luma {

class GroupMerger {
 public:
  // `table` tells what the rows look like; `combine(into, from)` adds the states of a row to those
  // of the first one with its keys.
  template <typename Combine>
  void merge(ExecContext& context, const GroupTable& table,
             std::span<const RowCollection* const> partitions, Combine&& combine) {
    begin(partitions);
    for (const RowCollection* rows : partitions) {
      RowCollection::Cursor cursor;
      while (uint32_t count = rows->scan(cursor, rows_, kBatch)) {
        if (context.interrupt != nullptr) context.interrupt->check();
        find(table, count);
        for (uint32_t i = 0; i < count; ++i) {
          if (firsts_[i] != rows_[i]) combine(firsts_[i], rows_[i]);
        }
      }
    }
  }
  // Those that were merged last, one row each.
  std::span<std::byte* const> groups() const { return groups_; }

 private:
  static constexpr uint32_t kBatch = 1024;
  void begin(std::span<const RowCollection* const> partitions);
  void find(const GroupTable& table, uint32_t count);

  std::vector<uint64_t> directory_;  // 0, or the hash's lower half's top and the row's address
  std::vector<std::byte*> groups_;
  std::byte* rows_[kBatch];
  std::byte* firsts_[kBatch];
  uint64_t hashes_[kBatch];
};

}  // namespace luma
