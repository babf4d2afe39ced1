#pragma once
// Reading stored tables: the whole table in key order, or a range of an index. Rows are read
// through the running transaction (ReadView::kStatement) and decoded straight into vectors, only
// the wanted columns.
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/exec/op_gather.h"
#include "engine/exec/operator.h"
#include "engine/row/table_desc.h"

namespace luma {

// Output columns: 0-based attributes, or one of these.
inline constexpr int32_t kRowKeyColumn =
    -1;  // varlen: key bytes followed by the 8-byte commit timestamp
inline constexpr int32_t kTableOidColumn = -2;  // oid

// Which keys of an index (or of the rows themselves) to visit. Expressions have no slots:
// constants, parameters, exec parameters; evaluated at open(). Types are the key parts'. A NULL
// bound or equality finds nothing (a NULL key part is found only by `is_null`).
struct KeyRange {
  struct Part {
    const Expr* equal = nullptr;   // key part = value
    const Expr* any_of = nullptr;  // key part = ANY(array); only for the last part given
    bool is_null = false;          // key part IS NULL
  };
  std::vector<Part> parts;  // for the leading key parts
  // Bounds on the key part after them; either may be null.
  const Expr* lower = nullptr;
  bool lower_inclusive = true;
  const Expr* upper = nullptr;
  bool upper_inclusive = true;
  // Instead of all that: what any of these visits.
  std::vector<KeyRange> alternatives;
};

class TableScanOperator final : public Operator, public PiecedSource {
 public:
  // `filter` (may be null): boolean, slots over the output columns.
  TableScanOperator(TableDescPtr table, std::vector<int32_t> columns, const Expr* filter);
  ~TableScanOperator() override;
  std::vector<Operator*> children() override { return {}; }
  bool is_divisible() const override;
  size_t divide(ExecContext& context) override;
  OperatorPtr make_sibling() override;
  uint64_t piece() const override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  struct State;
  std::unique_ptr<State> state_;
};

class IndexScanOperator final : public Operator {
 public:
  // `index`: one of table->indexes (the clustered one reads rows directly); `reverse`: descending
  // order. Rows come in index order; the output is complete even when the index lacks columns (the
  // row is fetched, unless all wanted columns are in the key or included).
  IndexScanOperator(TableDescPtr table, const IndexDesc* index, KeyRange range, bool reverse,
                    std::vector<int32_t> columns, const Expr* filter);
  ~IndexScanOperator() override;
  std::vector<Operator*> children() override { return {}; }
  // Nothing else in the statement reads: a lookup of one row then needs no snapshot, as long as the
  // transaction has none anyway.
  void set_only_reader();

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace luma
