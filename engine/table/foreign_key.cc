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

ParentProbe::ParentProbe(TableDescPtr parent, const ForeignKeyDesc& key, std::vector<TypeRef> from)
    : parent_(std::move(parent)), from_(std::move(from)) {
  for (const IndexDesc& index : parent_->indexes) {
    if (index.oid == key.parent_index) index_ = &index;
  }
  LUMA_CHECK(index_ != nullptr);
  for (const KeyPart& part : index_->keys) {
    auto at = std::find(key.parent_columns.begin(), key.parent_columns.end(), part.column);
    LUMA_CHECK(at != key.parent_columns.end());
    order_.push_back(static_cast<size_t>(at - key.parent_columns.begin()));
  }
  codec_.emplace(index_->keys);
}

bool ParentProbe::encode(std::span<const Value> values, std::string& index_key) {
  arena_.reset();
  index_key.clear();
  append_storage_id(index_key, index_->clustered ? parent_->storage_id : index_->storage_id);
  for (size_t i = 0; i < order_.size(); ++i) {
    auto value =
        convert_key_value(values[order_[i]], from_[order_[i]], index_->keys[i].type, arena_);
    if (!value) return false;
    codec_->append(i, *value, index_key);
  }
  return true;
}

// The key of the row that has `index_key`, through a secondary index.
bool ParentProbe::find_row(Transaction& txn, std::string_view index_key, std::string& row_key) {
  row_key.clear();
  append_storage_id(row_key, parent_->storage_id);
  if (holds_row_key_in_value(*index_)) {
    if (!txn.get_stamped(KvFamily::kData, index_key, &value_, ReadView::kLatest)) return false;
    row_key.append(entry_row_key(*index_, index_key, value_.view()));
    return true;
  }
  std::string end(index_key);
  make_prefix_end(end);
  auto at = txn.scan(KvFamily::kData, index_key, end, ReadView::kLatest);
  at->seek_first();
  if (!at->valid()) return false;
  row_key.append(entry_row_key(*index_, at->key(), at->value()));
  return true;
}

bool ParentProbe::lock(ExecContext& context, std::string_view index_key) {
  Transaction& txn = *context.transaction;
  if (index_->clustered) {
    lock_key(context, *parent_, index_key, RowLockMode::kKeyShare);
    return exists(context, index_key);
  }
  // Who gives the key to another row holds the row's lock, so a second look settles it.
  std::string row_key, again;
  while (find_row(txn, index_key, row_key)) {
    lock_key(context, *parent_, row_key, RowLockMode::kKeyShare);
    if (find_row(txn, index_key, again) && again == row_key) return true;
  }
  return false;
}

void ParentProbe::refuse_if_changed_since_snapshot(ExecContext& context,
                                                   std::string_view index_key) {
  // Rows and entries that stand for one row carry the commit timestamp that tells.
  if (!index_->clustered && !holds_row_key_in_value(*index_)) return;
  context.transaction->check_unchanged_since_snapshot(KvFamily::kData, index_key);
}

bool ParentProbe::exists(ExecContext& context, std::string_view index_key) {
  Transaction& txn = *context.transaction;
  if (index_->clustered) {
    return txn.get_stamped(KvFamily::kData, index_key, &value_, ReadView::kLatest);
  }
  std::string row_key;
  return find_row(txn, index_key, row_key);
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
