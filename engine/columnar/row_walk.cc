#include "engine/columnar/row_walk.h"

#include "engine/row/key_codec.h"

namespace luma {

RowWalk::RowWalk(const TableDesc& table, Transaction& txn, ReadView view, bool fill_cache)
    : table_(table) {
  if (table.columnar != nullptr) {
    layout_ = std::make_unique<StoredLayout>(table);
    for (size_t i = 0; i < table.columns.size(); ++i) {
      if (!table.columns[i].dropped) attributes_.push_back(static_cast<int32_t>(i));
    }
    cursor_ = std::make_unique<ColumnarCursor>(table, attributes_);
    cursor_->open(txn, view);
    return;
  }
  std::string lower;
  append_storage_id(lower, table.storage_id);
  std::string upper = lower;
  make_prefix_end(upper);
  iterator_ = txn.scan(KvFamily::kData, lower, upper, view, fill_cache);
}

bool RowWalk::next() {
  if (done_) return false;
  done_ = cursor_ != nullptr ? !next_columnar() : !next_ordinary();
  return !done_;
}

bool RowWalk::next_ordinary() {
  if (started_) {
    iterator_->next();
  } else {
    iterator_->seek_first();
    started_ = true;
  }
  if (!iterator_->valid()) return false;
  key_ = iterator_->key();
  row_ = iterator_->value();
  return true;
}

bool RowWalk::next_columnar() {
  if (!started_ || ++at_ == cursor_->size()) {
    started_ = true;
    at_ = 0;
    if (!cursor_->next()) return false;
  }
  const uint32_t row = cursor_->selection() == nullptr ? at_ : cursor_->selection()[at_];
  values_.assign(table_.columns.size(), Value::null());
  for (size_t i = 0; i < attributes_.size(); ++i) {
    values_[static_cast<size_t>(attributes_[i])] = cursor_->column(i).value(row);
  }
  encode_row(*layout_, values_, own_row_);
  const uint64_t stamp = cursor_->stamp(row);
  std::memcpy(own_row_.data(), &stamp, sizeof stamp);
  make_row_key(table_.storage_id, cursor_->row_id(row), own_key_);
  key_ = own_key_;
  row_ = own_row_;
  return true;
}

}  // namespace luma
