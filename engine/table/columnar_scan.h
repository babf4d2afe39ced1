#pragma once
// Scans of columnar tables: only the wanted columns are read, the filter looks at encoded data
// where it can, and columns that it does not need are decoded only for the rows that it has passed.
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/columnar/columnar_units.h"
#include "engine/exec/join_filter.h"
#include "engine/exec/operator.h"
#include "engine/exec/top_bound.h"
#include "engine/row/table_desc.h"
#include "engine/table/scan.h"
#include "engine/table/scan_filter.h"

namespace luma {

// One scan of a table that several operators, each with its own thread, divide among themselves:
// every row comes out of one of them. The transaction's thread calls open() before the operators'
// open() and close() after their close(); in between nobody writes to the transaction. Workers of a
// plan each have a copy of the operator, all with the same one of these.
class SharedColumnarScan {
 public:
  explicit SharedColumnarScan(TableDescPtr table) : table_(std::move(table)) {}
  void open(ExecContext& context);
  void close(ExecContext& context);
  // How many pieces of work there are: more threads than that are of no use. After open().
  size_t unit_count() const { return units_.count(); }
  // What is to be read, roughly.
  size_t size_bytes() const;

 private:
  friend class ColumnarScanOperator;
  TableDescPtr table_;
  ColumnarUnits units_;
  std::atomic<int64_t> rows_read_{0};
  // Of the siblings that have ended.
  std::mutex mutex_;
  ColumnarCursor::Counters counters_;
};

class ColumnarScanOperator final : public Operator, public JoinFilterTarget, public TopBoundTarget {
 public:
  // `columns`, `filter`: see TableScanOperator. `zones` repeat parts of the filter.
  ColumnarScanOperator(TableDescPtr table, std::vector<int32_t> columns, const Expr* filter,
                       std::vector<ZonePredicate> zones = {});
  ~ColumnarScanOperator() override;
  std::vector<Operator*> children() override { return {}; }
  bool is_divisible() const override;
  size_t divide(ExecContext& context) override;
  OperatorPtr make_sibling() override;
  bool accept_filter(uint32_t column, const JoinFilterRef& filter) override;
  // Row groups are read in the order in which they may have the first rows, and left out when they
  // cannot have any.
  void accept_bound(uint32_t column, const std::shared_ptr<const TopBound>& bound) override;

  // From the next open() on, this reads a share of the table; null: all of it. The context that
  // open() then gets is the thread's own.
  void share(std::shared_ptr<SharedColumnarScan> scan);
  // Of the last execution, until close() by all siblings.
  ColumnarCursor::Counters work() const;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  void count_rows(ExecContext& context, uint32_t rows);
  void describe_work();
  // What the siblings are made of.
  const Expr* filter_;
  std::vector<ZonePredicate> zones_;
  std::vector<std::pair<uint32_t, JoinFilterRef>> join_filters_;
  std::shared_ptr<const TopBound> bound_;
  uint32_t bound_column_ = 0;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace luma
