#include "engine/table/exclusion_check.h"

#include "engine/table/row_lock.h"
#include "engine/txn/lock_manager.h"
#include "engine/txn/pending_keys.h"
#include "engine/txn/txn_iterator.h"

namespace luma {

namespace {

// The rows behind the entries that begin with a key.
class EntryRows final : public RowKeys {
 public:
  EntryRows(Transaction& txn, const IndexDesc& index, const std::string& prefix) : index_(index) {
    std::string upper = prefix;
    make_prefix_end(upper);
    at_ = txn.scan(KvFamily::kData, prefix, upper, ReadView::kLatest);
    at_->seek_first();
  }
  void seek(std::string_view key) override {
    while (valid() && this->key() < key) next();
  }
  void next() override { at_->next(); }
  bool valid() const override { return at_->valid(); }
  std::string_view key() const override { return entry_row_key(index_, at_->key(), at_->value()); }

 private:
  const IndexDesc& index_;
  std::unique_ptr<TxnIterator> at_;
};

std::vector<PhysicalType> twice(const std::vector<KeyPart>& keys) {
  std::vector<PhysicalType> out;
  for (int i = 0; i < 2; ++i) {
    for (const KeyPart& key : keys) out.push_back(key.physical);
  }
  return out;
}

OwnedValues own(const IndexDesc& index, const std::vector<Value>& values) {
  OwnedValues out;
  for (size_t i = 0; i < values.size(); ++i) out.add(values[i], index.keys[i].physical);
  return out;
}

}  // namespace

ExclusionCheck::ExclusionCheck(const TableDesc& table, const IndexDesc& index)
    : table_(table),
      index_(index),
      layout_(table),
      rows_(table),
      row_(table, layout_, live_attributes(table), 1),
      entry_(table, index, 1),
      codec_(index.is_inverted() ? std::span<const KeyPart>() : std::span(index.keys)),
      excludes_(*index.exclusion, 1) {
  pair_.init(twice(index.keys), 1);
}

ExclusionCheck::~ExclusionCheck() = default;

bool ExclusionCheck::key_of(const IndexEntryBuilder& entry, uint32_t row,
                            std::vector<Value>& values) {
  values.clear();
  if (!entry.covers(row)) return false;
  for (size_t i = 0; i < entry.index().keys.size(); ++i) {
    values.push_back(entry.key_value(row, i));
    if (values.back().is_null) return false;
  }
  return true;
}

bool ExclusionCheck::conflict(ExecContext& context, const std::vector<Value>& stored,
                              const std::vector<Value>& added) {
  pair_.begin();
  for (size_t i = 0; i < stored.size(); ++i) {
    pair_.columns[i].set_value(0, stored[i]);
    pair_.columns[stored.size() + i].set_value(0, added[i]);
  }
  pair_.size = 1;
  Value result = excludes_.evaluate(context, pair_).value(0);
  return !result.is_null && result.datum.b;
}

// Tells others that the key is about to exist, once nobody is at work on one that conflicts.
void ExclusionCheck::claim(ExecContext& context, const std::vector<Value>& values) {
  Transaction& txn = *context.transaction;
  if (txn.locks() == nullptr || txn.owner() == nullptr) return;
  PendingKeys& pending = txn.locks()->pending_keys();
  auto owned = std::make_shared<const OwnedValues>(own(index_, values));
  PendingKeys::Key key{txn.id(), table_.oid, pending.new_lock(index_.storage_id, txn.id()), owned};
  if (!key.lock.empty()) lock_key(context, table_, key.lock, RowLockMode::kUpdate);
  auto conflicts = [&](const void* other) {
    return conflict(context, static_cast<const OwnedValues*>(other)->all(), values);
  };
  while (auto other = pending.add(index_.storage_id, key, conflicts)) {
    lock_key(context, table_, *other, RowLockMode::kShare);
    pending.forget(index_.storage_id, *other);
  }
}

RowKeysPtr ExclusionCheck::candidates(ExecContext& context,
                                      const std::vector<Value>& values) const {
  Transaction& txn = *context.transaction;
  if (!index_.is_inverted()) {
    std::string prefix;
    append_storage_id(prefix, index_.storage_id);
    for (size_t i = 0; i < values.size(); ++i) codec_.append(i, values[i], prefix);
    return std::make_unique<EntryRows>(txn, index_, prefix);
  }
  InvertedSearch search(txn, table_, index_, ReadView::kLatest);
  for (size_t i = 0; i < values.size(); ++i) {
    const KeyPart& part = index_.keys[i];
    const InvertedKeys::Search* found = part.inverted->search(part.exclusion_strategy);
    if (found == nullptr) continue;
    search.require(i, found->make(values[i].datum, type_info(part.type.oid)));
  }
  return search.open();
}

bool ExclusionCheck::load(ExecContext& context, std::string_view row_key,
                          std::vector<Value>& values) {
  if (!rows_.get(*context.transaction, row_key, &value_, ReadView::kLatest)) return false;
  row_.begin();
  row_.add(value_.view());
  entry_.bind(context, row_.chunk());
  return key_of(entry_, 0, values);
}

std::optional<ExclusionCheck::Conflict> ExclusionCheck::find(ExecContext& context,
                                                             const std::vector<Value>& values,
                                                             std::string_view own_key,
                                                             bool others_may_write) {
  if (others_may_write) claim(context, values);
  std::string row_key;
  std::vector<Value> stored;
  for (RowKeysPtr rows = candidates(context, values); rows->valid(); rows->next()) {
    if (context.interrupt != nullptr) context.interrupt->check();
    row_key.clear();
    append_storage_id(row_key, table_.storage_id);
    row_key.append(rows->key());
    if (row_key == own_key) continue;
    if (!load(context, row_key, stored) || !conflict(context, stored, values)) continue;
    if (others_may_write) {
      // Somebody may be about to remove or change it.
      lock_key(context, table_, row_key, RowLockMode::kShare);
      if (!load(context, row_key, stored) || !conflict(context, stored, values)) continue;
    }
    return Conflict{row_key, own(index_, stored)};
  }
  return std::nullopt;
}

std::optional<ExclusionCheck::Conflict> ExclusionCheck::find_of_stored(ExecContext& context,
                                                                       std::string_view row_key,
                                                                       OwnedValues& values) {
  std::vector<Value> loaded;
  if (!load(context, row_key, loaded)) return std::nullopt;
  values = own(index_, loaded);
  return find(context, values.all(), row_key);
}

}  // namespace luma
