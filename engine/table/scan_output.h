#pragma once
// What the scans share: decoding rows into the output chunk, filtering it, and an iterator that
// survives rescans. One thread.
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/exec/operator.h"
#include "engine/exec/row_errors.h"
#include "engine/row/row_codec.h"
#include "engine/txn/transaction.h"
#include "engine/txn/txn_iterator.h"

namespace luma {

// Rows that an inline execution may visit before it has to go on elsewhere.
inline constexpr uint64_t kInlineScanRows = 8192;

std::vector<PhysicalType> scan_types(const TableDesc& table, std::span<const int32_t> columns);

class ScanOutput {
 public:
  ScanOutput(const TableDesc& table, std::vector<int32_t> columns, const Expr* filter,
             uint32_t capacity);

  // The scan is one of that index, for the statistics; `fetches`: its entries lead to rows.
  void reads_index(Oid index, bool fetches) {
    relation_ = index;
    fetches_ = fetches;
  }
  // A new scan: chunks are small at first, so that LIMIT stops early.
  void restart(ExecContext& context);
  void begin();
  bool full() const { return chunk_.size == limit_; }
  uint32_t room() const { return limit_ - chunk_.size; }
  void add_row(std::string_view key, std::string_view bytes);
  // For rows that are put into chunk() by other means.
  void add_decoded() { ++chunk_.size; }
  Chunk& chunk() { return chunk_; }
  // The rows that pass the filter, nullptr when there are none. Throws when interrupted, or
  // WouldBlock after many rows in inline mode. When `keeps_errors` an error of the filter waits for
  // raise_error() while there are rows before it.
  const Chunk* finish(ExecContext& context, bool keeps_errors = false);
  void raise_error() { errors_.raise(); }

  const std::vector<int32_t>& columns() const { return columns_; }
  uint64_t rows_visited() const { return rows_visited_; }
  // That the filter has taken out since this was asked last.
  uint64_t take_rows_filtered() { return std::exchange(rows_filtered_, 0); }

 private:
  static constexpr uint32_t kFirstRows = 32;
  const TableDesc& table_;
  Oid relation_;
  bool fetches_ = false;
  std::vector<int32_t> columns_;
  StoredLayout layout_;
  std::optional<RowDecoder> decoder_;
  std::vector<uint32_t> key_columns_, oid_columns_;
  std::optional<ExprEvaluator> filter_;
  bool is_repeatable_ = false;  // the filter
  RowErrors errors_;
  uint32_t capacity_;
  uint32_t limit_;
  uint64_t rows_visited_ = 0, rows_filtered_ = 0;
  Chunk chunk_, filtered_;
  std::vector<uint32_t> selection_;
};

class ReusableIterator {
 public:
  // Over [lower, upper) at the statement's view; a seek must follow.
  TxnIterator& open(Transaction& txn, std::string_view lower, std::string_view upper);
  TxnIterator& operator*() { return *iterator_; }
  TxnIterator* operator->() { return iterator_.get(); }
  void reset() {
    iterator_.reset();
    view_ = {};
  }

 private:
  std::unique_ptr<TxnIterator> iterator_;
  Transaction::StatementState view_;
};

}  // namespace luma
