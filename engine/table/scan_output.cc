#include "engine/table/scan_output.h"

#include <cstring>

#include "engine/base/would_block.h"
#include "engine/table/deferred_checks.h"
#include "engine/table/scan.h"

namespace luma {

std::vector<PhysicalType> scan_types(const TableDesc& table, std::span<const int32_t> columns) {
  std::vector<PhysicalType> types;
  types.reserve(columns.size());
  for (int32_t column : columns) {
    types.push_back(column == kRowKeyColumn ? PhysicalType::kVarlen
                    : column == kTableOidColumn
                        ? PhysicalType::kInt32
                        : table.columns.at(static_cast<size_t>(column)).physical);
  }
  return types;
}

ScanOutput::ScanOutput(const TableDesc& table, std::vector<int32_t> columns, const Expr* filter,
                       uint32_t capacity)
    : table_(table),
      relation_(table.oid),
      columns_(std::move(columns)),
      layout_(table),
      errors_(scan_types(table, columns_)),
      capacity_(capacity),
      limit_(capacity) {
  std::vector<PhysicalType> types = scan_types(table, columns_);
  chunk_.init(types, capacity);
  std::vector<int32_t> attributes;
  std::vector<uint32_t> targets;
  for (uint32_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i] == kRowKeyColumn) {
      key_columns_.push_back(i);
    } else if (columns_[i] == kTableOidColumn) {
      oid_columns_.push_back(i);
    } else {
      attributes.push_back(columns_[i]);
      targets.push_back(i);
    }
  }
  decoder_.emplace(layout_, attributes, targets);
  if (filter != nullptr) {
    filter_.emplace(*filter, capacity);
    is_repeatable_ = RowErrors::is_repeatable(*filter);
    filtered_.init(types, capacity);
    selection_.resize(capacity);
  }
}

void ScanOutput::restart(ExecContext& context) {
  rows_visited_ = rows_filtered_ = 0;
  errors_.clear();
  limit_ = std::min(capacity_, kFirstRows);
  if (context.deferred == nullptr) return;
  ++context.deferred->activity().of(relation_, table_.storage_id).scans;
}

void ScanOutput::begin() {
  chunk_.begin();
  decoder_->attach(chunk_);
}

void ScanOutput::add_row(std::string_view key, std::string_view bytes) {
  uint32_t row = chunk_.size++;
  decoder_->decode(bytes, row);
  for (uint32_t column : key_columns_) {
    Vector& vector = chunk_.columns[column];
    size_t size = key.size() + kRowStampBytes;
    char* copy = vector.heap().allocate_bytes(size);
    std::memcpy(copy, key.data(), key.size());
    std::memcpy(copy + key.size(), bytes.data(), kRowStampBytes);
    vector.mutable_data<StringRef>()[row] = StringRef(copy, static_cast<uint32_t>(size));
  }
}

const Chunk* ScanOutput::finish(ExecContext& context, bool keeps_errors) {
  if (context.interrupt != nullptr) context.interrupt->check();
  rows_visited_ += chunk_.size;
  if (context.inline_mode && rows_visited_ > kInlineScanRows) throw WouldBlock{};
  limit_ = std::min(capacity_, limit_ * 8);
  if (chunk_.size == 0) return nullptr;
  if (context.deferred != nullptr) {
    TableActivity& counts = context.deferred->activity().of(relation_, table_.storage_id);
    counts.rows_read += chunk_.size;
    if (fetches_) counts.rows_fetched += chunk_.size;
  }
  for (uint32_t column : oid_columns_) {
    auto* oids = chunk_.columns[column].mutable_data<int32_t>();
    std::fill_n(oids, chunk_.size, static_cast<int32_t>(table_.oid));
  }
  if (!filter_) return &chunk_;
  const Chunk* rows = &chunk_;
  uint32_t count = 0;
  try {
    count = filter_->select(context, chunk_, selection_.data());
  } catch (const SqlError& error) {
    if (!keeps_errors || !is_repeatable_) throw;
    rows = &errors_.rows_before(error, chunk_, [&](const Chunk& some) {
      filter_->select(context, some, selection_.data());
    });
    count = filter_->select(context, *rows, selection_.data());
    if (count == 0) errors_.raise();
  }
  rows_filtered_ += rows->size - count;
  if (count == 0) return nullptr;
  if (count == chunk_.size) return &chunk_;
  filtered_.slice(*rows, selection_.data(), count);
  return &filtered_;
}

TxnIterator& ReusableIterator::open(Transaction& txn, std::string_view lower,
                                    std::string_view upper) {
  Transaction::StatementState now = txn.current_statement();
  if (iterator_ != nullptr && view_.snapshot == now.snapshot && view_.mark == now.mark) {
    iterator_->set_bounds(lower, upper);
    return *iterator_;
  }
  iterator_.reset();
  iterator_ = txn.scan(KvFamily::kData, lower, upper);
  view_ = std::move(now);
  return *iterator_;
}

}  // namespace luma
