#include "engine/table/foreign_key.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/columnar/row_walk.h"
#include "engine/table/index_entry.h"
#include "engine/table/row_lock.h"
#include "engine/txn/txn_iterator.h"

namespace luma {

namespace {

bool is_integer(Oid oid) {
  return oid == type_oid::kInt2 || oid == type_oid::kInt4 || oid == type_oid::kInt8;
}

int64_t integer_of(const Datum& datum, Oid oid) {
  if (oid == type_oid::kInt2) return datum.i16;
  return oid == type_oid::kInt4 ? datum.i32 : datum.i64;
}

std::optional<Value> integer_as(int64_t value, Oid oid) {
  if (oid == type_oid::kInt8) return Datum::of_int64(value);
  if (oid == type_oid::kInt4) {
    if (value != static_cast<int32_t>(value)) return std::nullopt;
    return Datum::of_int32(static_cast<int32_t>(value));
  }
  if (value != static_cast<int16_t>(value)) return std::nullopt;
  return Datum::of_int16(static_cast<int16_t>(value));
}

}  // namespace

std::optional<Value> convert_key_value(const Value& value, TypeRef from, TypeRef to, Arena& arena) {
  if (from.oid == to.oid || value.is_null) return value;
  if (is_integer(from.oid) && is_integer(to.oid)) {
    return integer_as(integer_of(value.datum, from.oid), to.oid);
  }
  const TypeInfo& source = type_info(from.oid);
  const TypeInfo& target = type_info(to.oid);
  // Domains, and the string types among each other.
  if (source.physical == target.physical && source.compare == target.compare) return value;
  auto is_string = [](const TypeInfo& type) { return type.category == 'S'; };
  if (is_string(source) && is_string(target)) return value;
  try {
    static const IoContext kIo;
    std::string text;
    source.output(value.datum, source, kIo, text);
    return target.input(text, target, -1, kIo, arena);
  } catch (const SqlError&) {
    return std::nullopt;
  }
}

std::vector<TypeRef> column_types(const TableDesc& table, std::span<const int32_t> columns) {
  std::vector<TypeRef> types;
  for (int32_t column : columns) types.push_back(table.columns[static_cast<size_t>(column)].type);
  return types;
}

ParentProbe::ParentProbe(TableResolver& tables, const TableDescPtr& parent,
                         const ForeignKeyDesc& key, std::vector<TypeRef> from)
    : parent_(parent), from_(std::move(from)) {
  if (!key.parent_is_partitioned) {
    add_side(parent, key.parent_index, key.parent_columns);
    return;
  }
  for (const ReferencedLeaf& leaf : key.leaves) {
    add_side(leaf.table == parent->oid ? parent : tables.table(leaf.table), leaf.index,
             leaf.columns);
  }
}

void ParentProbe::add_side(TableDescPtr table, Oid index, const std::vector<int32_t>& columns) {
  Side& side = sides_.emplace_back();
  side.table = std::move(table);
  for (const IndexDesc& candidate : side.table->indexes) {
    if (candidate.oid == index) side.index = &candidate;
  }
  LUMA_CHECK(side.index != nullptr);
  for (const KeyPart& part : side.index->keys) {
    auto at = std::find(columns.begin(), columns.end(), part.column);
    LUMA_CHECK(at != columns.end());
    side.order.push_back(static_cast<size_t>(at - columns.begin()));
  }
  side.codec.emplace(side.index->keys);
}

bool ParentProbe::encode(Side& side, std::span<const Value> values) {
  side.key.clear();
  append_storage_id(side.key,
                    side.index->clustered ? side.table->storage_id : side.index->storage_id);
  for (size_t i = 0; i < side.order.size(); ++i) {
    size_t at = side.order[i];
    auto value = convert_key_value(values[at], from_[at], side.index->keys[i].type, arena_);
    if (!value) return false;
    side.codec->append(i, *value, side.key);
  }
  return true;
}

bool ParentProbe::encode(std::span<const Value> values, std::string& index_key) {
  arena_.reset();
  index_key.clear();
  if (sides_.empty()) return false;
  for (Side& side : sides_) {
    if (!encode(side, values)) return false;
  }
  index_key = sides_.front().key;
  return true;
}

// The key of the row with the values, through a secondary index.
bool ParentProbe::find_row(Transaction& txn, const Side& side, std::string& row_key) {
  row_key.clear();
  append_storage_id(row_key, side.table->storage_id);
  if (holds_row_key_in_value(*side.index)) {
    if (!txn.get_stamped(KvFamily::kData, side.key, &value_, ReadView::kLatest)) return false;
    row_key.append(entry_row_key(*side.index, side.key, value_.view()));
    return true;
  }
  std::string end(side.key);
  make_prefix_end(end);
  auto at = txn.scan(KvFamily::kData, side.key, end, ReadView::kLatest);
  at->seek_first();
  if (!at->valid()) return false;
  row_key.append(entry_row_key(*side.index, at->key(), at->value()));
  return true;
}

bool ParentProbe::lock(ExecContext& context, const Side& side) {
  Transaction& txn = *context.transaction;
  if (side.index->clustered) {
    lock_key(context, *side.table, side.key, RowLockMode::kKeyShare);
    return exists(context, side);
  }
  // Who gives the key to another row holds the row's lock, so a second look settles it.
  std::string row_key, again;
  while (find_row(txn, side, row_key)) {
    lock_key(context, *side.table, row_key, RowLockMode::kKeyShare);
    if (find_row(txn, side, again) && again == row_key) return true;
  }
  return false;
}

bool ParentProbe::lock(ExecContext& context) {
  // Among partitions, keys that no row has are not worth a lock.
  return std::any_of(sides_.begin(), sides_.end(), [&](const Side& side) {
    return (sides_.size() == 1 || exists(context, side)) && lock(context, side);
  });
}

void ParentProbe::refuse_if_changed_since_snapshot(ExecContext& context) {
  for (const Side& side : sides_) {
    // Rows and entries that stand for one row carry the commit timestamp that tells.
    if (!side.index->clustered && !holds_row_key_in_value(*side.index)) continue;
    context.transaction->check_unchanged_since_snapshot(KvFamily::kData, side.key);
  }
}

bool ParentProbe::exists(ExecContext& context, const Side& side) {
  Transaction& txn = *context.transaction;
  if (side.index->clustered) {
    return txn.get_stamped(KvFamily::kData, side.key, &value_, ReadView::kLatest);
  }
  std::string row_key;
  return find_row(txn, side, row_key);
}

bool ParentProbe::exists(ExecContext& context) {
  return std::any_of(sides_.begin(), sides_.end(),
                     [&](const Side& side) { return exists(context, side); });
}

ChildProbe::ChildProbe(TableDescPtr child, const ForeignKeyDesc& key, std::vector<TypeRef> from)
    : child_(std::move(child)), key_(key), from_(std::move(from)), layout_(*child_) {
  for (const IndexDesc& index : child_->indexes) {
    if (!index.valid || index.predicate != nullptr) continue;
    std::vector<size_t> order;
    for (const KeyPart& part : index.keys) {
      auto at = std::find(key.child_columns.begin(), key.child_columns.end(), part.column);
      if (part.expression != nullptr || at == key.child_columns.end()) break;
      order.push_back(static_cast<size_t>(at - key.child_columns.begin()));
    }
    if (order.size() <= order_.size()) continue;
    index_ = &index;
    order_ = std::move(order);
  }
  if (index_ != nullptr) codec_.emplace(index_->keys);
}

bool ChildProbe::set_values(std::span<const Value> values) {
  arena_.reset();
  values_.clear();
  for (size_t i = 0; i < values.size(); ++i) {
    TypeRef to = child_->columns[static_cast<size_t>(key_.child_columns[i])].type;
    auto value = convert_key_value(values[i], from_[i], to, arena_);
    if (!value) return false;
    values_.push_back(*value);
  }
  return true;
}

void ChildProbe::find(ExecContext& context, std::vector<std::string>& row_keys) {
  row_keys.clear();
  if (child_->columnar != nullptr && index_ == nullptr) {
    RowWalk rows(*child_, *context.transaction, ReadView::kLatest);
    while (rows.next()) {
      if (refers(rows.row())) row_keys.emplace_back(rows.key());
    }
    return;
  }
  bool entries = index_ != nullptr && !index_->clustered;
  std::string lower;
  append_storage_id(lower, entries ? index_->storage_id : child_->storage_id);
  for (size_t i = 0; i < order_.size(); ++i) codec_->append(i, values_[order_[i]], lower);
  std::string upper = lower;
  make_prefix_end(upper);
  auto at = context.transaction->scan(KvFamily::kData, lower, upper, ReadView::kLatest);
  uint64_t visited = 0;
  for (at->seek_first(); at->valid(); at->next()) {
    if ((++visited & 1023) == 0 && context.interrupt != nullptr) context.interrupt->check();
    if (entries) {
      std::string& row_key = row_keys.emplace_back();
      append_storage_id(row_key, child_->storage_id);
      row_key.append(entry_row_key(*index_, at->key(), at->value()));
    } else if (refers(at->value())) {
      row_keys.emplace_back(at->key());
    }
  }
}

bool ChildProbe::refers(std::string_view row) const {
  StoredRow view(layout_, row);
  for (size_t i = 0; i < values_.size(); ++i) {
    auto column = static_cast<uint32_t>(key_.child_columns[i]);
    Value value = view.value(column);
    if (value.is_null) return false;
    const TypeInfo& type = type_info(child_->columns[column].type.oid);
    if (type.compare(value.datum, values_[i].datum, type) != 0) return false;
  }
  return true;
}

}  // namespace luma
