#include "engine/table/columnar_copy.h"

#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/row/key_codec.h"
#include "engine/table/latest_rows.h"
#include "engine/table/row_lock.h"

namespace luma {

namespace {

bool is_affected(const ColumnarCopyDesc& copy, const std::vector<bool>& updated) {
  if (updated.empty()) return true;
  for (size_t i = 0; i < updated.size(); ++i) {
    if (updated[i] && copy.has(static_cast<int32_t>(i))) return true;
  }
  return false;
}

std::string_view bytes_of(const uint64_t& row_id) {
  return {reinterpret_cast<const char*>(&row_id), sizeof row_id};
}

}  // namespace

ColumnarCopyWriter::ColumnarCopyWriter(const ColumnarCopyDesc& copy,
                                       const std::vector<bool>& updated)
    : rows_(copy.rows), layout_(*rows_), stored_(*rows_), affected_(is_affected(copy, updated)) {}

void ColumnarCopyWriter::begin(ExecContext& context) {
  context_ = &context;
  txn_ = context.transaction;
  LUMA_CHECK(context.ids != nullptr);
  row_ids_ = &context.ids->row_ids(rows_->storage_id);
  loader_.reset();
}

ColumnarLoader& ColumnarCopyWriter::loader() {
  if (loader_ == nullptr) {
    loader_ = std::make_unique<ColumnarLoader>(rows_, *txn_, *context_->ids, context_->memory,
                                               context_->max_workers > 0);
  }
  return *loader_;
}

void ColumnarCopyWriter::put_delta(const Chunk& rows, uint32_t row, uint64_t row_id) {
  make_row_key(rows_->storage_id, row_id, key_);
  encode_row(layout_, rows, row, row_);
  txn_->put(KvFamily::kData, key_, row_, true);
}

void ColumnarCopyWriter::put_map(std::string_view row_key, uint64_t row_id) {
  row_map_key(rows_->storage_id, row_key, map_key_);
  txn_->put(KvFamily::kColumnar, map_key_, bytes_of(row_id));
}

void ColumnarCopyWriter::insert(const Chunk& rows, uint32_t row, std::string_view row_key,
                                bool loads) {
  if (loads && rows_->columnar->owner().has_segments()) {
    put_map(row_key, loader().add(rows, row));
    return;
  }
  const uint64_t row_id = row_ids_->allocate();
  put_delta(rows, row, row_id);
  put_map(row_key, row_id);
  rows_->columnar->count_delta_rows(1);
}

void ColumnarCopyWriter::insert_all(const Chunk& rows,
                                    const std::vector<std::string_view>& row_keys, bool loads) {
  uint64_t row_id = 0;
  if (loads && rows_->columnar->owner().has_segments()) {
    row_id = loader().next_row_ids(rows.size);
    loader().add_all(rows);
  } else {
    row_id = row_ids_->allocate(rows.size);
    for (uint32_t row = 0; row < rows.size; ++row) put_delta(rows, row, row_id + row);
    rows_->columnar->count_delta_rows(rows.size);
  }
  for (std::string_view row_key : row_keys) put_map(row_key, row_id++);
}

uint64_t ColumnarCopyWriter::lock_row_of(std::string_view row_key) {
  row_map_key(rows_->storage_id, row_key, map_key_);
  KvValue value;
  uint64_t row_id = 0;
  if (!txn_->get(KvFamily::kColumnar, map_key_, &value, ReadView::kLatest) ||
      value.view().size() != sizeof row_id) {
    throw sql_error(SqlState::kIndexCorrupted, "columnar index \"{}\" lacks a row", rows_->name)
        .hint("REINDEX makes it anew.");
  }
  std::memcpy(&row_id, value.view().data(), sizeof row_id);
  make_row_key(rows_->storage_id, row_id, key_);
  lock_key(*context_, *rows_, key_, RowLockMode::kUpdate);
  return row_id;
}

void ColumnarCopyWriter::update(const Chunk& rows, uint32_t row, std::string_view old_key,
                                std::string_view new_key) {
  if (!affected_ && old_key == new_key) return;
  const uint64_t row_id = lock_row_of(old_key);
  if (old_key != new_key) {
    txn_->remove(KvFamily::kColumnar, map_key_);
    put_map(new_key, row_id);
  }
  if (!affected_) return;
  put_delta(rows, row, row_id);
  rows_->columnar->count_delta_rows(1);
}

void ColumnarCopyWriter::remove(std::string_view row_key) {
  lock_row_of(row_key);
  stored_.remove(*txn_, key_);
  txn_->remove(KvFamily::kColumnar, map_key_);
  rows_->columnar->count_delta_rows(1);
}

void ColumnarCopyWriter::finish() {
  if (loader_ != nullptr) loader_->finish();
  loader_.reset();
}

void build_columnar_copy(ExecContext& context, const TableDescPtr& table,
                         const ColumnarCopyDesc& copy) {
  LatestRows rows(context, *table);
  ColumnarCopyWriter writer(copy, {});
  writer.begin(context);
  std::vector<std::string_view> keys;
  while (const Chunk* chunk = rows.next()) {
    keys.clear();
    for (uint32_t row = 0; row < chunk->size; ++row) keys.push_back(rows.key(row));
    writer.insert_all(*chunk, keys, true);
  }
  writer.finish();
}

}  // namespace luma
