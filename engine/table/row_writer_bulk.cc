// Inserting or removing a whole chunk: the rows and their index entries are encoded into the
// transaction's memory, each kind is sorted, its unique keys are locked and looked for at once.
#include <algorithm>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/table/row_writer.h"

namespace luma {

namespace {

// Below that, lookups of single keys are cheaper than an iterator.
constexpr uint32_t kFewRows = 16;

struct Staged {
  std::string_view key, value;
  bool exclusive;  // nobody else may have the key
};

bool by_key(const Staged& a, const Staged& b) { return a.key < b.key; }

}  // namespace

struct RowWriter::Bulk {
  struct Kind {
    std::vector<Staged> items;
    bool stamped = true;

    void add(WriteBuffer& buffer, std::string_view key, std::string_view value, bool exclusive) {
      char* at = buffer.stage(key.size() + value.size());
      std::memcpy(at, key.data(), key.size());
      if (!value.empty()) std::memcpy(at + key.size(), value.data(), value.size());
      items.push_back({{at, key.size()}, {at + key.size(), value.size()}, exclusive});
    }
    // False when one is taken, or may be.
    bool claim_keys(Transaction& txn, bool locks) {
      if (!std::is_sorted(items.begin(), items.end(), by_key)) {
        std::sort(items.begin(), items.end(), by_key);
      }
      std::vector<std::string_view> keys;
      keys.reserve(items.size());
      for (const Staged& item : items) {
        if (!item.exclusive) continue;
        if (!keys.empty() && keys.back() == item.key) return false;
        keys.push_back(item.key);
      }
      if (keys.empty()) return true;
      if (locks && !txn.locks()->try_lock_rows(*txn.owner(), keys, RowLockMode::kUpdate)) {
        return false;
      }
      return !txn.any_may_exist(KvFamily::kData, keys);
    }
  };
  std::vector<Kind> kinds;  // the rows, then the entries of every index
};

bool RowWriter::suits_bulk() const {
  if (new_rows_->size < kFewRows) return false;
  return std::none_of(table_->indexes.begin(), table_->indexes.end(), [](const IndexDesc& index) {
    return (index.unique && index.deferrable && !index.clustered) || index.exclusion != nullptr;
  });
}

void RowWriter::stage_rows(Bulk& bulk) {
  Bulk::Kind& kind = bulk.kinds.front();
  bool keyed = !table_->row_key.empty();
  if (!keyed && row_ids_left_ < new_rows_->size) allocate_row_ids(new_rows_->size);
  for (uint32_t row = 0; row < new_rows_->size; ++row) {
    if (keyed) {
      make_row_key(*new_rows_, row, key_);
    } else {
      key_.clear();
      append_storage_id(key_, table_->storage_id);
      append_row_id(key_, next_row_id_ + row);
    }
    encode_row(layout_, *new_rows_, row, row_);
    kind.add(txn_->buffer(), key_, row_, keyed);
  }
}

// Of rows that go to a segment: what their index entries point to.
void RowWriter::stage_keys(Bulk& bulk) {
  const uint64_t first = loader_->next_row_ids(new_rows_->size);
  if (indexes_.empty()) return;
  for (uint32_t row = 0; row < new_rows_->size; ++row) {
    key_.clear();
    append_storage_id(key_, table_->storage_id);
    append_row_id(key_, first + row);
    bulk.kinds.front().add(txn_->buffer(), key_, {}, false);
  }
}

void RowWriter::stage_entries(Bulk& bulk, Index& index) {
  const IndexDesc& desc = table_->indexes[index.position];
  const std::vector<Staged>& rows = bulk.kinds.front().items;
  Bulk::Kind& kind = bulk.kinds.emplace_back();
  kind.stamped = holds_row_key_in_value(desc);
  for (uint32_t row = 0; row < new_rows_->size; ++row) {
    if (!index.new_entry.covers(row)) continue;
    if (desc.is_inverted()) {
      for (const IndexEntry& entry : index.new_entry.entries(row, rows[row].key)) {
        kind.add(txn_->buffer(), entry.key, entry.value, false);
      }
      continue;
    }
    bool exclusive = desc.unique && index.new_entry.key_columns(row, index.key);
    index.new_entry.entry(row, rows[row].key, index.key, index.value);
    kind.add(txn_->buffer(), index.key, index.value, exclusive);
  }
}

bool RowWriter::insert_all() {
  if (!suits_bulk()) return false;
  const bool loading = row_ids_left_ == 0 && loads();
  if (loading && loader_ == nullptr) {
    loader_ = std::make_unique<ColumnarLoader>(table_, *txn_, *ids_, context_->memory,
                                               context_->max_workers > 0);
  }
  if (bulk_ == nullptr) bulk_ = std::make_shared<Bulk>();
  Bulk& bulk = *bulk_;
  bulk.kinds.clear();
  bulk.kinds.reserve(indexes_.size() + 1);
  bulk.kinds.emplace_back();
  try {
    if (loading) {
      stage_keys(bulk);
    } else {
      stage_rows(bulk);
    }
    for (auto& index : indexes_) stage_entries(bulk, *index);
  } catch (const SqlError&) {
    // An earlier row may have a reason of its own to fail.
    return false;
  }
  // Before the keys are sorted.
  std::vector<std::string_view> row_keys;
  if (!copies_.empty()) {
    for (const Staged& item : bulk.kinds.front().items) row_keys.push_back(item.key);
  }
  bool locks = !builds_table_ && txn_->locks() != nullptr && txn_->owner() != nullptr;
  for (Bulk::Kind& kind : bulk.kinds) {
    if (!kind.claim_keys(*txn_, locks)) return false;
  }
  for (const Bulk::Kind& kind : bulk.kinds) {
    if (loading && &kind == &bulk.kinds.front()) continue;
    for (const Staged& item : kind.items) {
      txn_->buffer().put_staged(KvFamily::kData, item.key, item.value, kind.stamped);
    }
  }
  inserted_rows_ += new_rows_->size;
  count_rows(&TableActivity::inserted, new_rows_->size, new_rows_->size);
  if (loading) {
    loader_->add_all(*new_rows_);
  } else if (table_->columnar != nullptr) {
    table_->columnar->count_delta_rows(new_rows_->size);
  }
  if (table_->row_key.empty() && !loading) {
    next_row_id_ += new_rows_->size;
    row_ids_left_ -= new_rows_->size;
  }
  for (auto& copy : copies_) copy->insert_all(*new_rows_, row_keys, copies_load());
  if (!table_->foreign_keys.empty()) {
    for (uint32_t row = 0; row < new_rows_->size; ++row) queue_as_child(row, false);
  }
  return true;
}

// The entries of an index are next to each other, and not between rows: that is what the
// transaction's memory of changes likes.
void RowWriter::remove_entries(Index& index, std::span<const std::string_view> row_keys) {
  const IndexDesc& desc = table_->indexes[index.position];
  if (desc.is_inverted() || row_keys.size() < kFewRows) {
    for (uint32_t row = 0; row < row_keys.size(); ++row) remove_entry(index, row, row_keys[row]);
    return;
  }
  std::vector<std::string_view> entries, locked;
  entries.reserve(row_keys.size());
  for (uint32_t row = 0; row < row_keys.size(); ++row) {
    if (!index.old_entry.covers(row)) continue;
    const bool exclusive = desc.unique && index.old_entry.key_columns(row, old_entry_key_);
    const size_t key_bytes = old_entry_key_.size();
    index.old_entry.entry(row, row_keys[row], old_entry_key_, old_entry_value_);
    char* at = txn_->buffer().stage(old_entry_key_.size());
    std::memcpy(at, old_entry_key_.data(), old_entry_key_.size());
    entries.push_back({at, old_entry_key_.size()});
    // Who inserts the same key must wait until we have committed.
    if (exclusive) locked.push_back({at, key_bytes});
  }
  std::ranges::sort(entries);
  std::ranges::sort(locked);
  const bool locks = !builds_table_ && txn_->locks() != nullptr && txn_->owner() != nullptr;
  const bool repeats = std::ranges::adjacent_find(locked) != locked.end();
  if (locks &&
      (repeats || !txn_->locks()->try_lock_rows(*txn_->owner(), locked, RowLockMode::kUpdate))) {
    for (std::string_view key : locked) lock_unique_key(key);
  }
  for (std::string_view key : entries) txn_->buffer().remove_staged(KvFamily::kData, key);
}

void RowWriter::remove_all(std::span<const std::string_view> keys, bool staged) {
  const auto count = static_cast<uint32_t>(keys.size());
  count_rows(&TableActivity::deleted, count, -int64_t{count});
  for (std::string_view key : keys) {
    if (staged && !rows_.is_columnar()) {
      txn_->buffer().remove_staged(KvFamily::kData, key);
    } else {
      rows_.remove(*txn_, key);
    }
  }
  if (table_->columnar != nullptr) table_->columnar->count_delta_rows(count);
  for (auto& index : indexes_) remove_entries(*index, keys);
  for (auto& copy : copies_) {
    for (std::string_view key : keys) copy->remove(key);
  }
  if (table_->referenced_by.empty()) return;
  for (uint32_t row = 0; row < count; ++row) queue_as_parent(row, Change::kRemoved);
}

}  // namespace luma
