#pragma once
// Searching an inverted index: one operator finds the keys of rows that may satisfy the conditions,
// in order, the other one reads these rows and tests them.
#include <memory>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/row/table_desc.h"
#include "engine/type/inverted_keys.h"

namespace luma {

// `key part <operator> value`; the value has no slots and is evaluated at open(). NULL finds
// nothing.
struct InvertedCondition {
  size_t part = 0;
  const InvertedKeys::Search* search = nullptr;
  const Expr* value = nullptr;
};

// One column: row keys without the table's storage id, ascending, each once.
class InvertedScanOperator final : public Operator {
 public:
  // `index`: one of table->indexes. Rows satisfy all conditions.
  InvertedScanOperator(TableDescPtr table, const IndexDesc* index,
                       std::vector<InvertedCondition> conditions);
  ~InvertedScanOperator() override;
  std::vector<Operator*> children() override { return {}; }

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  struct State;
  std::unique_ptr<State> state_;
};

// The rows behind the keys of `input` that pass `filter` (slots over the output columns; may be
// null). Columns as in engine/table/scan.h.
class RowFetchOperator final : public Operator {
 public:
  RowFetchOperator(OperatorPtr input, TableDescPtr table, const IndexDesc* index,
                   std::vector<int32_t> columns, const Expr* filter);
  ~RowFetchOperator() override;
  std::vector<Operator*> children() override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace luma
