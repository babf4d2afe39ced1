#pragma once
// Set-returning functions: in FROM (TableFunctionScan) and in the select list (ProjectSet).
#include "engine/exec/evaluator.h"
#include "engine/exec/op_project.h"
#include "engine/exec/operator.h"

namespace luma {

// One function call of ROWS FROM (...).
struct TableFunctionCall {
  // kSetReturning or a call with implementation.table: a set. Anything else: one row with its
  // value. No slots; exec parameters make it lateral.
  const Expr* call = nullptr;
  std::vector<TypeRef> columns;        // of its result, in order
  std::vector<PhysicalType> physical;  // their physical types
  bool expand_record = false;          // a scalar composite result spread over the columns
};

// The running set of one call: rows one after the other, whatever the sizes of the function's
// chunks.
class TableFunctionRows {
 public:
  TableFunctionRows() = default;
  // `state` may be null: the empty set.
  void start(std::unique_ptr<TableFunctionState> state, const std::vector<PhysicalType>& types);
  // Makes sure that a row is at hand; false at the end of the set.
  bool fill(EvalContext& context);
  const Chunk& chunk() const { return chunk_; }
  uint32_t position() const { return position_; }
  uint32_t remaining() const { return chunk_.size - position_; }
  void advance(uint32_t rows) { position_ += rows; }
  void stop() { state_.reset(); }

 private:
  std::unique_ptr<TableFunctionState> state_;
  Chunk chunk_;
  uint32_t position_ = 0;
};

// FROM f(...), ROWS FROM (f(...), g(...)) [WITH ORDINALITY]. Arguments are evaluated at open, so
// that a rescan with new exec parameters calls the functions again. Shorter sets are padded with
// NULLs.
class TableFunctionScanOperator final : public Operator {
 public:
  TableFunctionScanOperator(std::vector<TableFunctionCall> calls, bool with_ordinality);
  std::vector<Operator*> children() override { return {}; }

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  void open_call(ExecContext& context, size_t i);
  const Chunk* next_single(ExecContext& context);

  std::vector<TableFunctionCall> calls_;
  bool with_ordinality_;
  std::vector<std::vector<std::unique_ptr<ExprEvaluator>>>
      arguments_;                                        // of the calls that return sets
  std::vector<std::unique_ptr<ExprEvaluator>> scalars_;  // the other calls
  std::vector<TableFunctionRows> rows_;
  int64_t ordinality_ = 0;
  std::unique_ptr<Arena> values_;  // argument values
  Chunk output_;
};

// Select list with set-returning calls: an item is either a kSetReturning call (args over the
// child's output) or any other expression, repeated for every row of the sets. All sets of an input
// row advance in step, shorter ones padded with NULLs; an input row whose sets are all empty gives
// no row.
class ProjectSetOperator final : public Operator {
 public:
  // `set_columns[i]`: for a set-returning item the column types of the function; several columns
  // make a record. Empty for the others.
  ProjectSetOperator(OperatorPtr child, std::vector<const Expr*> items,
                     std::vector<std::vector<TypeRef>> set_columns);
  std::vector<Operator*> children() override { return {child_.get()}; }

 private:
  struct SetItem {
    const Expr* expr;
    size_t column;
    std::unique_ptr<ExprListEvaluator> args;
    std::vector<TypeRef> types;
    std::vector<PhysicalType> physical;
    std::vector<const Vector*> arg_columns;
    TableFunctionRows rows;
  };
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  void start_row(ExecContext& context);
  bool append_set_rows(ExecContext& context);
  const Chunk* flush();

  OperatorPtr child_;
  std::vector<const Expr*> scalar_exprs_;
  std::vector<size_t> scalar_columns_;
  std::unique_ptr<ExprListEvaluator> scalars_;
  std::vector<SetItem> sets_;
  const Chunk* input_ = nullptr;
  std::vector<const Vector*> scalar_values_;
  uint32_t row_ = 0;
  bool row_started_ = false;
  std::vector<uint32_t> input_rows_;  // of the output rows collected so far
  Chunk sets_out_;                    // one column per set
  Chunk output_;
};

}  // namespace luma
