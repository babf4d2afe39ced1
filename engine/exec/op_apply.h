#pragma once
// Apply, the dependent join: for every left row sets exec parameters from it and runs the right
// plan again. Also the index nested loop join, when the right plan is an index scan with bounds on
// exec parameters. Modes: inner, left, semi, anti, NOT IN, mark, single (right and full are
// unsupported, as they make no sense).
//
// Neighbouring left rows with equal parameters share one run of the right plan. Small right results
// are collected into full chunks, large ones are handed on without copying.
#include "engine/exec/evaluator.h"
#include "engine/exec/join_mode.h"
#include "engine/exec/op_project.h"
#include "engine/exec/operator.h"

namespace luma {

// exec_parameters[index] = value, an expression over the left child's output.
struct ApplyParameter {
  const Expr* value = nullptr;
  uint32_t index = 0;
};

class ApplyOperator final : public Operator {
 public:
  // `condition`, `comparison`: as for NestedLoopJoinOperator; mostly null, the right plan filters
  // itself.
  ApplyOperator(JoinMode mode, OperatorPtr left, OperatorPtr right,
                std::vector<ApplyParameter> parameters, const Expr* condition = nullptr,
                const Expr* comparison = nullptr);
  std::vector<Operator*> children() override { return {left_.get(), right_.get()}; }

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  bool next_outer(ExecContext& context);
  bool same_parameters(uint32_t a, uint32_t b) const;
  void start_run(ExecContext& context);
  const Chunk* next_right(ExecContext& context);
  const Chunk* test_rows(ExecContext& context);
  void test_run(ExecContext& context);
  const Chunk* join_rows(ExecContext& context);
  const Chunk* emit_direct();
  bool copy_pairs();
  void pad_unmatched();
  const Chunk* flush();
  void pair_with(uint32_t row, const Chunk& right);

  JoinMode mode_;
  OperatorPtr left_, right_;
  std::vector<ApplyParameter> parameters_;
  ExprListEvaluator values_;
  std::unique_ptr<ExprEvaluator> condition_, comparison_;
  uint32_t left_columns_, right_columns_;

  const Chunk* outer_ = nullptr;
  std::vector<const Vector*> value_columns_;
  uint32_t run_first_ = 0, run_end_ = 0;  // the left rows that share the current run
  bool running_ = false;
  const Chunk* inner_ = nullptr;  // being paired with the run's rows
  uint32_t at_left_ = 0, at_right_ = 0;
  uint64_t run_matches_ = 0;
  std::vector<uint8_t> matched_, unknown_;
  std::vector<uint32_t> pair_left_, same_left_, selection_;
  Chunk collected_;  // right rows of pair_left_
  Chunk joined_, passed_, filtered_;
  Chunk output_;
};

}  // namespace luma
