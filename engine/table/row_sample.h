#pragma once
// A random sample of a stored table's rows, for ANALYZE. Ordinary rows are walked once and every
// one is as likely to be taken; of a columnar table some rows of many blocks are decoded. Runs in
// the caller's thread; needs no lock: the view keeps what it reads alive.
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/arena.h"
#include "engine/row/table_desc.h"
#include "engine/txn/transaction.h"

namespace luma {

struct RowSample {
  double table_rows = 0;                    // all there are
  std::vector<std::vector<Value>> columns;  // as asked for; rows in the order of the table
  std::unique_ptr<Arena> arena = std::make_unique<Arena>();  // of long values
};

struct RowSampleOptions {
  std::vector<int32_t> attributes;
  size_t rows = 30000;  // at most; 0: count only
  ReadView view = ReadView::kStatement;
  // Called now and then; may throw, or wait to leave others the processor.
  std::function<void()> breathe = [] {};
};

RowSample sample_rows(const TableDesc& table, Transaction& transaction,
                      const RowSampleOptions& options);

}  // namespace luma
