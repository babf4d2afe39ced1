#pragma once
// ANALYZE of one table: takes a sample and makes of it what the catalog keeps. Sessions and the
// background use it; both commit the result themselves.
#include <functional>
#include <memory>
#include <span>

#include "engine/row/table_desc.h"
#include "engine/txn/transaction.h"
#include "sql/catalog/catalog.h"
#include "sql/catalog/statistics.h"

namespace luma {

class SqlInstance;

struct TableAnalysis {
  SqlInstance& instance;
  const Catalog& catalog;
  const Table& table;
  TableDescPtr desc;
  Transaction& transaction;
  ReadView view = ReadView::kStatement;
  int default_target = 100;
  // attnums; the statistics of others stay as they are.
  std::span<const int16_t> only = {};
  bool all_columns = true;                // `only` is not asked
  std::function<void()> breathe = [] {};  // called now and then while it reads; may throw
};

struct AnalyzedTable {
  std::shared_ptr<TableStatisticsObject> statistics;
  size_t sample_rows = 0;
};

AnalyzedTable analyze_table(const TableAnalysis& analysis);

}  // namespace luma
