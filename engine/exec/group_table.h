#pragma once
// The hash table of everything that groups: aggregation, DISTINCT, set operations, recursive UNION.
// Groups are rows of a RowCollection (keys, then `tail_bytes` of user data, zeroed when the group
// is made); the directory is an open-addressing array of tagged row pointers. Keys are equal when
// the type says so; NULLs are equal to each other; a group shows the first key seen.
//
// Keys of up to 15 fixed-size bytes take a path that compares two words per probe; others first
// look into a GroupCache. The rows of a table that is one of several to be merged lie in partitions
// by their hashes, and the directory may be emptied to keep it small: then keys come to have
// several rows (engine/exec/group_merger.h). Not thread-safe.
#include <memory>
#include <span>
#include <vector>

#include "engine/exec/group_cache.h"
#include "engine/exec/key_type.h"
#include "engine/exec/row_collection.h"

namespace luma {

class GroupTable {
 public:
  GroupTable(std::vector<KeyType> keys, uint32_t tail_bytes);
  ~GroupTable();

  // Must be called before use and empties the table; memory is charged to `budget` (may be null).
  void open(MemoryBudget* budget, size_t partitions = 1);
  void close();

  // The next rows are those with these keys: hashes()[i] of row i. The columns must stay as they
  // are until find() is done.
  void prepare(std::span<const Vector* const> keys, uint32_t count);
  const uint64_t* hashes();
  // The group row of each prepared row into `rows`. Groups that do not exist are made when `insert`
  // (`created` lists the row numbers that made one, ascending per call's passes), else nullptr.
  // Returns the number of created groups.
  uint32_t find(bool insert, std::byte** rows, uint32_t* created);

  const RowLayout& layout() const { return layout_; }
  RowCollection& rows() { return *partitions_.front(); }
  const RowCollection& rows() const { return *partitions_.front(); }
  size_t partition_count() const { return partitions_.size(); }
  const RowCollection& partition(size_t number) const { return *partitions_[number]; }
  // Keys that come from now on get rows of their own, even if they have some already.
  void forget_rows();

  uint64_t hash_of(const std::byte* row) const;
  // Of rows of tables with the same keys.
  bool same_keys(const std::byte* a, const std::byte* b) const;
  std::byte* tail(std::byte* row) const { return row + layout_.tail_offset; }
  uint64_t group_count() const { return group_count_; }
  size_t bytes() const;

 private:
  void reserve(uint64_t more);
  std::byte* create(uint32_t row, uint64_t slot);
  uint32_t find_packed(bool insert, std::byte** rows, uint32_t* created);
  uint32_t find_general(bool insert, std::byte** rows, uint32_t* created);
  uint32_t find_cached(bool insert, std::byte** rows, uint32_t* created);

  std::vector<KeyType> keys_;
  bool packed_;
  RowLayout layout_;
  uint32_t tail_bytes_;
  MemoryBudget* budget_ = nullptr;
  std::vector<std::unique_ptr<RowCollection>> partitions_;
  uint64_t group_count_ = 0;
  // Of rows that were not forgotten: 0, or the hash's top 16 bits and the row's address.
  std::vector<uint64_t> directory_;
  uint64_t forgotten_ = 0;
  std::vector<RowCollection::Cursor> remembered_;  // where in the partitions the others begin
  // of the prepared rows
  std::vector<const Vector*> columns_;
  uint32_t count_ = 0;
  std::vector<uint64_t> hashes_;
  bool is_hashed_ = false;  // hashes_ are of columns_
  std::vector<PackedKey> packed_keys_;
  std::vector<uint64_t> slots_;
  std::vector<uint32_t> pending_, compare_;
  std::vector<std::byte*> created_rows_;
  // Not of packed keys.
  GroupCache cache_;
  std::vector<const Vector*> all_columns_;
  std::vector<uint32_t> missing_;
  std::vector<std::byte*> missing_rows_;
  std::vector<Vector> missing_columns_;
};

}  // namespace luma
