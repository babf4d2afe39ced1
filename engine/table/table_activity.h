#pragma once
// What one transaction did to each relation it touched, for the statistics views. Counting must
// cost next to nothing: a transaction knows few relations, and asks for the same one again and
// again. One thread at a time.
#include <cstdint>
#include <vector>

#include "engine/type/oid.h"

namespace luma {

struct TableActivity {
  int64_t scans = 0;
  int64_t rows_read = 0;     // by scans of a table; entries by scans of an index
  int64_t rows_fetched = 0;  // rows that index entries led to
  int64_t inserted = 0, updated = 0, deleted = 0;
  // Without what was undone: rows changed in any way, and rows added less rows removed.
  int64_t changed = 0, live_change = 0;

  TableActivity& operator+=(const TableActivity& other) {
    scans += other.scans;
    rows_read += other.rows_read;
    rows_fetched += other.rows_fetched;
    inserted += other.inserted;
    updated += other.updated;
    deleted += other.deleted;
    changed += other.changed;
    live_change += other.live_change;
    return *this;
  }
};

class TransactionActivity {
 public:
  struct Entry {
    Oid relation = kInvalidOid;
    uint32_t storage_id = 0;  // TRUNCATE gives a table another one
    TableActivity counts;
  };

  // Valid until the next call.
  TableActivity& of(Oid relation, uint32_t storage_id) {
    if (last_ < entries_.size() && is(entries_[last_], relation, storage_id)) {
      return entries_[last_].counts;
    }
    for (last_ = 0; last_ < entries_.size(); ++last_) {
      if (is(entries_[last_], relation, storage_id)) return entries_[last_].counts;
    }
    entries_.push_back({relation, storage_id, {}});
    return entries_.back().counts;
  }
  const std::vector<Entry>& entries() const { return entries_; }
  // As it was: what happened since is going to happen again.
  void restore(const std::vector<Entry>& entries) { entries_ = entries; }
  // Work since then was done, but is undone.
  void undo_since(const std::vector<Entry>& entries) {
    for (size_t i = 0; i < entries_.size(); ++i) {
      bool known = i < entries.size();
      entries_[i].counts.changed = known ? entries[i].counts.changed : 0;
      entries_[i].counts.live_change = known ? entries[i].counts.live_change : 0;
    }
  }
  void clear() { entries_.clear(); }

 private:
  static bool is(const Entry& entry, Oid relation, uint32_t storage_id) {
    return entry.relation == relation && entry.storage_id == storage_id;
  }
  std::vector<Entry> entries_;
  size_t last_ = 0;
};

}  // namespace luma
