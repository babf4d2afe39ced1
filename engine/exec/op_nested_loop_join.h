#pragma once
// Nested loop join for conditions without a usable equality (and cross joins), all join modes. The
// right child is read once and kept (spilling beyond work_mem); the condition is evaluated over
// batches of row pairs. The right side must not depend on the left one: that is Apply's.
#include "engine/exec/chunk_store.h"
#include "engine/exec/evaluator.h"
#include "engine/exec/join_mode.h"
#include "engine/exec/operator.h"

namespace luma {

class NestedLoopJoinOperator final : public Operator {
 public:
  // `condition` (may be null: true): which right rows belong to a left row; slots over left
  // columns, then right columns. `comparison`: for mark and NOT IN, the three-valued comparison
  // with the rows that pass `condition`; null (EXISTS): true.
  NestedLoopJoinOperator(JoinMode mode, OperatorPtr left, OperatorPtr right, const Expr* condition,
                         const Expr* comparison = nullptr);
  std::vector<Operator*> children() override { return {left_.get(), right_.get()}; }

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  bool next_outer(ExecContext& context);
  uint32_t next_pairs();
  const Chunk* join_pairs(ExecContext& context, uint32_t count);
  void compare_pairs(ExecContext& context, const Chunk& pairs, const uint32_t* rows);
  const Chunk* finish_outer();
  const Chunk* emit_unmatched_inner();

  JoinMode mode_;
  OperatorPtr left_, right_;
  std::unique_ptr<ExprEvaluator> condition_, comparison_;
  ChunkStore inner_rows_;
  uint32_t left_columns_, right_columns_;
  bool loaded_ = false;
  bool outer_done_ = false;

  const Chunk* outer_ = nullptr;
  ChunkStore::Cursor cursor_;
  Chunk inner_;
  bool has_inner_ = false;
  uint64_t inner_first_ = 0;  // row number of inner_'s first row
  uint32_t at_left_ = 0, at_right_ = 0;
  std::vector<uint8_t> matched_, unknown_;
  std::vector<bool> inner_matched_;
  std::vector<uint32_t> pair_left_, pair_right_, selection_, kept_left_;
  Chunk joined_;
  Chunk passed_;
  Chunk output_;
};

}  // namespace luma
