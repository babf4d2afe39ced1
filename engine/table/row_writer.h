#pragma once
// Writes rows of one table with their index entries into the running transaction: takes the locks,
// enforces uniqueness and tells the ConstraintQueue about everything else. NOT NULL, CHECK and
// generated columns are RowCheck's. Rows come as chunks whose columns are the table's attributes.
// One thread.
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/columnar/columnar_load.h"
#include "engine/columnar/columnar_rows.h"
#include "engine/exec/operator.h"
#include "engine/row/key_codec.h"
#include "engine/row/row_codec.h"
#include "engine/row/table_desc.h"
#include "engine/table/columnar_copy.h"
#include "engine/table/constraint_queue.h"
#include "engine/table/exclusion_check.h"
#include "engine/table/index_entry.h"
#include "engine/table/table_activity.h"
#include "engine/txn/id_allocator.h"
#include "engine/txn/lock_manager.h"
#include "engine/txn/transaction.h"

namespace luma {

class RowWriter {
 public:
  // `updated`: by attribute, the columns that update() may change; empty: any. `capacity`: rows of
  // a chunk.
  RowWriter(TableDescPtr table, std::vector<bool> updated, uint32_t capacity);

  const TableDesc& table() const { return *table_; }
  const StoredLayout& layout() const { return layout_; }
  // How update() needs the row to be locked; remove() needs kUpdate.
  RowLockMode update_lock_mode() const { return update_lock_mode_; }
  // The same when only these columns change (empty: any).
  RowLockMode lock_mode_for(const std::vector<bool>& updated) const;
  // Whether the update of row `row` changes a key that others may refer to.
  bool changes_key(const Chunk& old_rows, const Chunk& new_rows, uint32_t row) const;
  // Triggers may have changed columns that the row, locked in mode `held`, was not locked for.
  void lock_changed_key(uint32_t row, std::string_view key, RowLockMode held);
  // remove() needs what attributes_to_change() says of bind_old(), update() all.

  // For rewriting a table under an exclusive lock: no row locks, and a duplicate key is an error of
  // the index being built.
  void set_builds_table() { builds_table_ = true; }
  // Starts a statement.
  void begin(ExecContext& context, ConstraintQueue& queue);
  // The rows that the calls below refer to by number; they must stay valid.
  void bind_new(const Chunk& rows);
  void bind_old(const Chunk& rows);

  // Inserts all new rows at once. False, with nothing written, when they must be looked at one by
  // one, because they are few, a key is taken or somebody is at work on one: insert() them then.
  bool insert_all();
  // Inserts row `row` of the new rows; 23505.
  void insert(uint32_t row);
  // The same, but false, with nothing written, when a unique index with `arbiters`[its position]
  // already has the key; the row that has it is then in `conflicting_key`.
  bool insert_unless_conflict(uint32_t row, const std::vector<bool>& arbiters,
                              std::string& conflicting_key);
  // Whether an arbiter's key is taken, without locking anything.
  bool find_conflict(uint32_t row, const std::vector<bool>& arbiters, std::string& conflicting_key);
  // The row id that the next insert() uses, in tables without row key.
  void use_row_id(uint64_t row_id) {
    next_row_id_ = row_id;
    row_ids_left_ = 1;
  }
  // Turns the stored row `key`, old row `row`, into new row `row`. The caller has locked it and
  // made sure that it is the latest version.
  void update(uint32_t row, std::string_view key);
  void remove(uint32_t row, std::string_view key);
  // All old rows; `staged`: the keys are in the transaction's memory.
  void remove_all(std::span<const std::string_view> keys, bool staged);
  // The same for a row that becomes the new row `row` in another partition: to those that refer to
  // the partitioned table it is an update.
  void move_away(uint32_t row, std::string_view key);
  // At the statement's end, after everything was inserted.
  void finish();
  // At the end of a statement that may have failed: forgets what finish() would have made.
  void abandon();

 private:
  struct Index {
    Index(const TableDesc& desc, uint32_t number, uint32_t capacity)
        : position(number),
          old_entry(desc, desc.indexes[number], capacity),
          new_entry(desc, desc.indexes[number], capacity) {}
    uint32_t position;     // in TableDesc::indexes
    bool affected = true;  // by update()
    IndexEntryBuilder old_entry, new_entry;
    std::unique_ptr<ExclusionCheck> exclusion;  // made when first needed
    std::string key, value;                     // of the new row
    bool covered = false, comparable = false;
  };

  bool changes(int32_t column) const {
    return updated_.empty() || updated_[static_cast<size_t>(column)];
  }
  struct Bulk;  // in row_writer_bulk.cc

  bool depends_on_update(const IndexDesc& index) const;
  void make_row_key(const Chunk& rows, uint32_t row, std::string& key) const;
  void allocate_row_ids(uint32_t count);
  // Locks and looks for the new row's keys. True when an arbiter's is taken; throws for others.
  bool find_taken_key(uint32_t row, const std::vector<bool>* arbiters, std::string* conflicting);
  bool key_exists(std::string_view key) {
    return txn_->get_stamped(KvFamily::kData, key, &value_, ReadView::kLatest);
  }
  // For the statistics views: `rows` rows were inserted (updated, deleted).
  void count_rows(int64_t TableActivity::*what, int64_t rows, int64_t live_change);
  void put_new_row(uint32_t row);
  void put_entries(uint32_t row);
  bool loads() const;
  bool copies_load() const;
  bool suits_bulk() const;
  void stage_rows(Bulk& bulk);
  void stage_keys(Bulk& bulk);
  void stage_entries(Bulk& bulk, Index& index);
  void put_entry(Index& index, uint32_t row);
  void remove_entries(Index& index, std::span<const std::string_view> row_keys);
  void remove_entry(Index& index, uint32_t row, std::string_view row_key);
  void update_entry(Index& index, uint32_t row, std::string_view old_key);
  void update_exclusive(Index& index, uint32_t row, std::string_view old_key);
  void update_inverted(Index& index, uint32_t row, std::string_view old_key);
  void lock_unique_key(std::string_view key);
  [[noreturn]] void fail_unique(const IndexDesc& index, const std::vector<Value>& values);
  std::vector<Value> key_values(const IndexEntryBuilder& entry, uint32_t row) const;
  [[noreturn]] void fail_row_key(uint32_t row);
  void queue_unique_check(const Index& index, uint32_t row);
  // False when a row excludes the new one and `arbiters` has the index; throws when it has not.
  bool admits(Index& index, uint32_t row, std::string_view own_key,
              const std::vector<bool>* arbiters, std::string* conflicting);
  void queue_as_child(uint32_t row, bool is_update);
  enum class Change : uint8_t { kUpdated, kRemoved, kMoved };
  void take_out(uint32_t row, std::string_view key);
  void queue_as_parent(uint32_t row, Change change);
  bool collect(const Chunk& rows, uint32_t row, const std::vector<int32_t>& columns);
  bool same_values(uint32_t row, const std::vector<int32_t>& columns) const {
    return same_values(*old_rows_, *new_rows_, row, columns);
  }
  bool same_values(const Chunk& old_rows, const Chunk& new_rows, uint32_t row,
                   const std::vector<int32_t>& columns) const;

  TableDescPtr table_;
  StoredLayout layout_;
  StoredRows rows_;
  std::vector<bool> updated_;
  KeyCodec row_key_;
  const IndexDesc* clustered_ = nullptr;
  std::vector<std::unique_ptr<Index>> indexes_;  // those with entries of their own
  std::vector<std::unique_ptr<ColumnarCopyWriter>> copies_;
  std::unique_ptr<ColumnarLoader> loader_;
  bool may_load_ = true;
  uint64_t inserted_rows_ = 0;  // by the statement
  std::shared_ptr<Bulk> bulk_;  // made when first needed
  RowLockMode update_lock_mode_ = RowLockMode::kUpdate;
  bool key_may_change_ = false;
  bool builds_table_ = false;

  ExecContext* context_ = nullptr;
  Transaction* txn_ = nullptr;
  ConstraintQueue* queue_ = nullptr;
  const Chunk* new_rows_ = nullptr;
  const Chunk* old_rows_ = nullptr;
  IdAllocator* ids_ = nullptr;
  IdAllocator::Counter* row_ids_ = nullptr;
  uint64_t next_row_id_ = 0, row_ids_left_ = 0;
  std::string key_, row_, old_entry_key_, old_entry_value_;
  KvValue value_;
  std::vector<Value> values_, new_values_;
};

}  // namespace luma
