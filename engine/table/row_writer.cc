#include "engine/table/row_writer.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/table/constraint_errors.h"
#include "engine/table/deferred_checks.h"
#include "engine/table/modify.h"
#include "engine/table/row_lock.h"
#include "engine/table/trigger_firing.h"
#include "engine/txn/id_allocator.h"

namespace luma {

namespace {

void collect_slots(const Expr* expr, std::vector<int32_t>& slots) {
  if (expr == nullptr) return;
  if (expr->kind == ExprKind::kSlot) slots.push_back(static_cast<int32_t>(expr->index));
  for_each_child(*expr, [&](const Expr* child) { collect_slots(child, slots); });
}

// The attributes that an index's entries are made of.
std::vector<int32_t> index_columns(const IndexDesc& index) {
  std::vector<int32_t> columns = index.include;
  for (const KeyPart& part : index.keys) {
    if (part.expression == nullptr) {
      columns.push_back(part.column);
    } else {
      collect_slots(part.expression, columns);
    }
  }
  collect_slots(index.predicate, columns);
  return columns;
}

bool is_exclusive(const IndexDesc& index) { return index.exclusion != nullptr; }

}  // namespace

RowWriter::RowWriter(TableDescPtr table, std::vector<bool> updated, uint32_t capacity)
    : table_(std::move(table)),
      layout_(*table_),
      rows_(*table_),
      updated_(std::move(updated)),
      row_key_(table_->row_key) {
  for (uint32_t i = 0; i < table_->indexes.size(); ++i) {
    const IndexDesc& index = table_->indexes[i];
    if (index.clustered) {
      clustered_ = &index;
      continue;
    }
    auto& mine = indexes_.emplace_back(std::make_unique<Index>(*table_, i, capacity));
    mine->affected = depends_on_update(index);
  }
  for (const ColumnarCopyDesc& copy : table_->copies) {
    copies_.push_back(std::make_unique<ColumnarCopyWriter>(copy, updated_));
  }
  for (const KeyPart& part : table_->row_key) {
    key_may_change_ = key_may_change_ || changes(part.column);
  }
  update_lock_mode_ = lock_mode_for(updated_);
}

bool RowWriter::depends_on_update(const IndexDesc& index) const {
  std::vector<int32_t> columns = index_columns(index);
  return std::any_of(columns.begin(), columns.end(), [&](int32_t c) { return changes(c); });
}

RowLockMode RowWriter::lock_mode_for(const std::vector<bool>& updated) const {
  auto is_updated = [&](const KeyPart& part) {
    return part.expression == nullptr &&
           (updated.empty() || updated[static_cast<size_t>(part.column)]);
  };
  if (std::ranges::any_of(table_->row_key, is_updated)) return RowLockMode::kUpdate;
  for (const IndexDesc& index : table_->indexes) {
    if (!index.unique || index.predicate != nullptr) continue;
    if (std::ranges::any_of(index.keys, is_updated)) return RowLockMode::kUpdate;
  }
  return RowLockMode::kNoKeyUpdate;
}

bool RowWriter::changes_key(const Chunk& old_rows, const Chunk& new_rows, uint32_t row) const {
  auto same_key = [&](const std::vector<KeyPart>& parts) {
    std::vector<int32_t> columns;
    for (const KeyPart& part : parts) {
      if (part.expression == nullptr) columns.push_back(part.column);
    }
    return same_values(old_rows, new_rows, row, columns);
  };
  bool same = same_key(table_->row_key);
  for (const IndexDesc& index : table_->indexes) {
    if (index.unique && index.predicate == nullptr) same = same && same_key(index.keys);
  }
  return !same;
}

void RowWriter::lock_changed_key(uint32_t row, std::string_view key, RowLockMode held) {
  if (held == RowLockMode::kUpdate || !changes_key(*old_rows_, *new_rows_, row)) return;
  lock_key(*context_, *table_, key, RowLockMode::kUpdate);
}

std::vector<int32_t> attributes_to_change(const TableDesc& table, ModifyAction action,
                                          bool returns_rows) {
  if (action != ModifyAction::kDelete || returns_rows || !table.triggers.empty()) {
    return live_attributes(table);
  }
  std::vector<int32_t> columns;
  for (const IndexDesc& index : table.indexes) {
    if (index.clustered) continue;
    std::vector<int32_t> more = index_columns(index);
    columns.insert(columns.end(), more.begin(), more.end());
  }
  for (const ForeignKeyDesc& key : table.referenced_by) {
    columns.insert(columns.end(), key.parent_columns.begin(), key.parent_columns.end());
  }
  std::ranges::sort(columns);
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  return columns;
}

void RowWriter::begin(ExecContext& context, ConstraintQueue& queue) {
  context_ = &context;
  txn_ = context.transaction;
  queue_ = &queue;
  new_rows_ = old_rows_ = nullptr;
  loader_.reset();
  for (auto& copy : copies_) copy->begin(context);
  inserted_rows_ = 0;
  if (ids_ != context.ids) {
    ids_ = context.ids;
    row_ids_ = nullptr;
    row_ids_left_ = 0;
  }
}

void RowWriter::bind_new(const Chunk& rows) {
  new_rows_ = &rows;
  for (auto& index : indexes_) index->new_entry.bind(*context_, rows);
}

void RowWriter::bind_old(const Chunk& rows) {
  old_rows_ = &rows;
  for (auto& index : indexes_) index->old_entry.bind(*context_, rows);
}

void RowWriter::make_row_key(const Chunk& rows, uint32_t row, std::string& key) const {
  key.clear();
  append_storage_id(key, table_->storage_id);
  for (size_t i = 0; i < row_key_.size(); ++i) {
    auto column = static_cast<size_t>(table_->row_key[i].column);
    row_key_.append(i, rows.columns[column].value(row), key);
  }
}

void RowWriter::allocate_row_ids(uint32_t count) {
  if (row_ids_ == nullptr) {
    LUMA_CHECK(ids_ != nullptr);
    row_ids_ = &ids_->row_ids(table_->storage_id);
  }
  next_row_id_ = row_ids_->allocate(count);
  row_ids_left_ = count;
}

void RowWriter::lock_unique_key(std::string_view key) {
  if (!builds_table_) lock_key(*context_, *table_, key, RowLockMode::kUpdate);
}

std::vector<Value> RowWriter::key_values(const IndexEntryBuilder& entry, uint32_t row) const {
  std::vector<Value> values;
  for (size_t i = 0; i < entry.index().keys.size(); ++i) values.push_back(entry.key_value(row, i));
  return values;
}

void RowWriter::fail_unique(const IndexDesc& index, const std::vector<Value>& values) {
  if (builds_table_) throw duplicated_key_error(*context_, *table_, index, values);
  throw unique_violation(*context_, *table_, index, values);
}

void RowWriter::fail_row_key(uint32_t row) {
  std::vector<Value> values;
  for (const KeyPart& part : table_->row_key) {
    values.push_back(new_rows_->columns[static_cast<size_t>(part.column)].value(row));
  }
  LUMA_CHECK(clustered_ != nullptr);
  fail_unique(*clustered_, values);
}

bool RowWriter::find_conflict(uint32_t row, const std::vector<bool>& arbiters,
                              std::string& conflicting) {
  for (uint32_t i = 0; i < table_->indexes.size(); ++i) {
    if (!arbiters[i] || !table_->indexes[i].clustered) continue;
    make_row_key(*new_rows_, row, conflicting);
    if (key_exists(conflicting)) return true;
  }
  for (auto& index : indexes_) {
    if (!arbiters[index->position] || !index->new_entry.covers(row)) continue;
    if (!table_->indexes[index->position].unique) continue;
    if (!index->new_entry.key_columns(row, index->key) || !key_exists(index->key)) continue;
    conflicting.clear();
    append_storage_id(conflicting, table_->storage_id);
    conflicting.append(entry_row_key(table_->indexes[index->position], index->key, value_.view()));
    return true;
  }
  return false;
}

bool RowWriter::find_taken_key(uint32_t row, const std::vector<bool>* arbiters,
                               std::string* conflicting) {
  if (!table_->row_key.empty()) {
    make_row_key(*new_rows_, row, key_);
    lock_unique_key(key_);
    if (key_exists(key_)) {
      auto position = static_cast<size_t>(clustered_ - table_->indexes.data());
      if (arbiters == nullptr || clustered_ == nullptr || !(*arbiters)[position]) {
        fail_row_key(row);
      }
      conflicting->assign(key_);
      return true;
    }
  }
  for (auto& index : indexes_) {
    const IndexDesc& desc = table_->indexes[index->position];
    index->covered = index->new_entry.covers(row);
    if (desc.exclusion != nullptr && !desc.deferrable &&
        !admits(*index, row, {}, arbiters, conflicting)) {
      return true;
    }
    if (!index->covered || !desc.unique) continue;
    index->comparable = index->new_entry.key_columns(row, index->key);
    if (!index->comparable) continue;
    lock_unique_key(index->key);
    if (desc.deferrable || !key_exists(index->key)) continue;
    if (arbiters == nullptr || !(*arbiters)[index->position]) {
      fail_unique(desc, key_values(index->new_entry, row));
    }
    conflicting->clear();
    append_storage_id(*conflicting, table_->storage_id);
    conflicting->append(entry_row_key(desc, index->key, value_.view()));
    return true;
  }
  return false;
}

bool RowWriter::admits(Index& index, uint32_t row, std::string_view own_key,
                       const std::vector<bool>* arbiters, std::string* conflicting) {
  const IndexDesc& desc = table_->indexes[index.position];
  std::vector<Value> values;
  if (!ExclusionCheck::key_of(index.new_entry, row, values)) return true;
  if (index.exclusion == nullptr) index.exclusion = std::make_unique<ExclusionCheck>(*table_, desc);
  auto conflict = index.exclusion->find(*context_, values, own_key);
  if (!conflict) return true;
  if (arbiters == nullptr || !(*arbiters)[index.position]) {
    throw exclusion_violation(*context_, *table_, desc, values, conflict->values.all());
  }
  conflicting->assign(conflict->row_key);
  return false;
}

void RowWriter::put_entry(Index& index, uint32_t row) {
  const IndexDesc& desc = table_->indexes[index.position];
  if (desc.is_inverted()) {
    for (const IndexEntry& entry : index.new_entry.entries(row, key_)) {
      txn_->put(KvFamily::kData, entry.key, entry.value, false);
    }
    return;
  }
  index.new_entry.entry(row, key_, index.key, index.value);
  txn_->put(KvFamily::kData, index.key, index.value, holds_row_key_in_value(desc));
}

void RowWriter::queue_unique_check(const Index& index, uint32_t row) {
  std::string prefix;
  if (!index.new_entry.key_columns(row, prefix)) return;
  queue_->add_unique_check(table_, index.position, prefix, key_values(index.new_entry, row));
}

// Many rows of one statement go straight to segments.
bool RowWriter::loads() const {
  if (table_->columnar == nullptr || ids_ == nullptr || !may_load_) return false;
  // Rows must be found by those that they exclude.
  if (std::ranges::any_of(table_->indexes, is_exclusive)) return false;
  const ColumnarTables& owner = table_->columnar->owner();
  return owner.has_segments() && inserted_rows_ >= owner.options().load_rows;
}

// The same for copies, whose rows ON CONFLICT never looks for.
bool RowWriter::copies_load() const {
  return std::any_of(table_->copies.begin(), table_->copies.end(), [&](const auto& copy) {
    return inserted_rows_ >= copy.rows->columnar->owner().options().load_rows;
  });
}

void RowWriter::finish() {
  if (loader_ != nullptr) loader_->finish();
  loader_.reset();
  for (auto& copy : copies_) copy->finish();
}

void RowWriter::abandon() {
  loader_.reset();
  for (auto& copy : copies_) copy->abandon();
}

void RowWriter::count_rows(int64_t TableActivity::*what, int64_t rows, int64_t live_change) {
  if (context_->deferred == nullptr) return;
  TableActivity& counts = context_->deferred->activity().of(table_->oid, table_->storage_id);
  counts.live_change += live_change;
  // Rewriting a table changes none of its rows.
  if (builds_table_) return;
  counts.*what += rows;
  counts.changed += rows;
}

void RowWriter::put_new_row(uint32_t row) {
  count_rows(&TableActivity::inserted, 1, 1);
  ++inserted_rows_;
  if (row_ids_left_ == 0 && loads()) {
    if (loader_ == nullptr)
      loader_ = std::make_unique<ColumnarLoader>(table_, *txn_, *ids_, context_->memory,
                                                 context_->max_workers > 0);
    key_.clear();
    append_storage_id(key_, table_->storage_id);
    append_row_id(key_, loader_->add(*new_rows_, row));
    return put_entries(row);
  }
  if (table_->columnar != nullptr) table_->columnar->count_delta_rows(1);
  if (table_->row_key.empty()) {
    if (row_ids_left_ == 0) allocate_row_ids(std::max<uint32_t>(1, new_rows_->size - row));
    key_.clear();
    append_storage_id(key_, table_->storage_id);
    append_row_id(key_, next_row_id_++);
    --row_ids_left_;
  }
  encode_row(layout_, *new_rows_, row, row_);
  txn_->put(KvFamily::kData, key_, row_, true);
  put_entries(row);
  for (auto& copy : copies_) copy->insert(*new_rows_, row, key_, copies_load());
}

// Of the new row `key_`.
void RowWriter::put_entries(uint32_t row) {
  for (auto& index : indexes_) {
    if (!index->covered) continue;
    put_entry(*index, row);
    if (table_->indexes[index->position].unique && table_->indexes[index->position].deferrable) {
      queue_unique_check(*index, row);
    }
    const IndexDesc& desc = table_->indexes[index->position];
    if (desc.exclusion != nullptr && desc.deferrable) {
      queue_->add_exclusion_check(table_, index->position, key_);
    }
  }
  queue_as_child(row, false);
}

void RowWriter::insert(uint32_t row) {
  find_taken_key(row, nullptr, nullptr);
  put_new_row(row);
}

bool RowWriter::insert_unless_conflict(uint32_t row, const std::vector<bool>& arbiters,
                                       std::string& conflicting_key) {
  // Rows must be found by those that conflict with them later in the statement.
  may_load_ = false;
  if (find_conflict(row, arbiters, conflicting_key) ||
      find_taken_key(row, &arbiters, &conflicting_key)) {
    return false;
  }
  put_new_row(row);
  return true;
}

void RowWriter::remove_entry(Index& index, uint32_t row, std::string_view row_key) {
  if (!index.old_entry.covers(row)) return;
  const IndexDesc& desc = table_->indexes[index.position];
  if (desc.unique && index.old_entry.key_columns(row, old_entry_key_)) {
    // Who inserts the same key must wait until we have committed.
    lock_unique_key(old_entry_key_);
  }
  if (desc.is_inverted()) {
    for (const IndexEntry& entry : index.old_entry.entries(row, row_key)) {
      txn_->remove(KvFamily::kData, entry.key);
    }
    return;
  }
  index.old_entry.entry(row, row_key, old_entry_key_, old_entry_value_);
  txn_->remove(KvFamily::kData, old_entry_key_);
}

void RowWriter::update_exclusive(Index& index, uint32_t row, std::string_view old_key) {
  const IndexDesc& desc = table_->indexes[index.position];
  remove_entry(index, row, old_key);
  index.covered = index.new_entry.covers(row);
  if (!index.covered) return;
  if (desc.deferrable) {
    queue_->add_exclusion_check(table_, index.position, key_);
  } else {
    admits(index, row, key_, nullptr, nullptr);
  }
  put_entry(index, row);
}

// Only what differs: most keys of a value stay when it is changed.
void RowWriter::update_inverted(Index& index, uint32_t row, std::string_view old_key) {
  std::vector<IndexEntry> before, after;
  if (index.old_entry.covers(row)) before = index.old_entry.entries(row, old_key);
  index.covered = index.new_entry.covers(row);
  if (index.covered) after = index.new_entry.entries(row, key_);
  auto has = [](const std::vector<IndexEntry>& entries, const IndexEntry& wanted) {
    return std::ranges::binary_search(entries, wanted.key, {}, &IndexEntry::key);
  };
  for (const IndexEntry& entry : before) {
    if (!has(after, entry)) txn_->remove(KvFamily::kData, entry.key);
  }
  for (const IndexEntry& entry : after) {
    if (!has(before, entry)) txn_->put(KvFamily::kData, entry.key, entry.value, false);
  }
}

// `key_` is the row's new key.
void RowWriter::update_entry(Index& index, uint32_t row, std::string_view old_key) {
  const IndexDesc& desc = table_->indexes[index.position];
  if (desc.exclusion != nullptr) return update_exclusive(index, row, old_key);
  if (desc.is_inverted()) return update_inverted(index, row, old_key);
  bool had = index.old_entry.covers(row);
  index.covered = index.new_entry.covers(row);
  if (had) index.old_entry.entry(row, old_key, old_entry_key_, old_entry_value_);
  if (index.covered) index.new_entry.entry(row, key_, index.key, index.value);
  if (had && index.covered && index.key == old_entry_key_) {
    if (index.value != old_entry_value_) {
      txn_->put(KvFamily::kData, index.key, index.value, holds_row_key_in_value(desc));
    }
    return;
  }
  if (had) remove_entry(index, row, old_key);
  if (!index.covered) return;
  if (desc.unique && index.new_entry.key_columns(row, index.key)) {
    lock_unique_key(index.key);
    if (desc.deferrable) {
      queue_unique_check(index, row);
    } else if (key_exists(index.key)) {
      fail_unique(desc, key_values(index.new_entry, row));
    }
  }
  put_entry(index, row);
}

void RowWriter::update(uint32_t row, std::string_view key) {
  count_rows(&TableActivity::updated, 1, 0);
  bool key_changes = false;
  if (key_may_change_) {
    make_row_key(*new_rows_, row, key_);
    key_changes = key_ != key;
  }
  if (key_changes) {
    txn_->remove(KvFamily::kData, key);
    lock_unique_key(key_);
    if (key_exists(key_)) fail_row_key(row);
  } else {
    key_.assign(key);
  }
  encode_row(layout_, *new_rows_, row, row_);
  txn_->put(KvFamily::kData, key_, row_, true);
  if (table_->columnar != nullptr) table_->columnar->count_delta_rows(1);
  for (auto& index : indexes_) {
    if (index->affected || key_changes) update_entry(*index, row, key);
  }
  for (auto& copy : copies_) copy->update(*new_rows_, row, key, key_);
  queue_as_child(row, true);
  queue_as_parent(row, Change::kUpdated);
}

void RowWriter::remove(uint32_t row, std::string_view key) {
  take_out(row, key);
  queue_as_parent(row, Change::kRemoved);
}

void RowWriter::move_away(uint32_t row, std::string_view key) {
  mark_moving(*context_, *table_, key);
  txn_->note_moved(key);
  take_out(row, key);
  queue_as_parent(row, Change::kMoved);
}

void RowWriter::take_out(uint32_t row, std::string_view key) {
  count_rows(&TableActivity::deleted, 1, -1);
  rows_.remove(*txn_, key);
  if (table_->columnar != nullptr) table_->columnar->count_delta_rows(1);
  for (auto& index : indexes_) remove_entry(*index, row, key);
  for (auto& copy : copies_) copy->remove(key);
}

// Fills values_; returns false when one is NULL.
bool RowWriter::collect(const Chunk& rows, uint32_t row, const std::vector<int32_t>& columns) {
  values_.clear();
  bool complete = true;
  for (int32_t column : columns) {
    values_.push_back(rows.columns[static_cast<size_t>(column)].value(row));
    complete = complete && !values_.back().is_null;
  }
  return complete;
}

bool RowWriter::same_values(const Chunk& old_rows, const Chunk& new_rows, uint32_t row,
                            const std::vector<int32_t>& columns) const {
  for (int32_t column : columns) {
    auto at = static_cast<size_t>(column);
    Value before = old_rows.columns[at].value(row);
    Value after = new_rows.columns[at].value(row);
    if (before.is_null != after.is_null) return false;
    if (before.is_null) continue;
    const TypeInfo& type = type_info(table_->columns[at].type.oid);
    if (type.compare(before.datum, after.datum, type) != 0) return false;
  }
  return true;
}

void RowWriter::queue_as_child(uint32_t row, bool is_update) {
  for (uint32_t i = 0; i < table_->foreign_keys.size(); ++i) {
    const ForeignKeyDesc& key = table_->foreign_keys[i];
    if (!trigger_is_enabled(key.child_enabled, *context_)) continue;
    if (is_update) {
      bool touched = std::any_of(key.child_columns.begin(), key.child_columns.end(),
                                 [&](int32_t column) { return changes(column); });
      if (!touched || same_values(row, key.child_columns)) continue;
    }
    if (collect(*new_rows_, row, key.child_columns)) {
      queue_->add_child_check(table_, i, values_);
    } else if (key.match == 'f' && !std::all_of(values_.begin(), values_.end(),
                                                [](const Value& v) { return v.is_null; })) {
      throw match_full_error(*table_, key);
    }
  }
}

void RowWriter::queue_as_parent(uint32_t row, Change change) {
  for (uint32_t i = 0; i < table_->referenced_by.size(); ++i) {
    const ForeignKeyDesc& key = table_->referenced_by[i];
    if (!trigger_is_enabled(key.parent_enabled, *context_)) continue;
    new_values_.clear();
    bool moves = change == Change::kMoved && key.parent_is_partitioned;
    if (change == Change::kUpdated || moves) {
      bool touched = moves || std::any_of(key.parent_columns.begin(), key.parent_columns.end(),
                                          [&](int32_t column) { return changes(column); });
      if (!touched || same_values(row, key.parent_columns)) continue;
      collect(*new_rows_, row, key.parent_columns);
      new_values_.swap(values_);
    }
    if (!collect(*old_rows_, row, key.parent_columns)) continue;
    queue_->add_parent_change(table_, i, values_, new_values_);
  }
}

}  // namespace luma
