#pragma once
// Hash join on equality keys, all join modes. The right child is the build side, the left one
// probes, chunk by chunk. Joins without an equality are NestedLoopJoin's.
//
// Build beyond work_mem: both sides are divided by hash into temporary files and joined part by
// part (again divided when a part is too large). Mark and NOT IN joins on several keys or with a
// residual condition do not spill: their NULL rule needs the whole build side. An empty build side
// of an inner, semi or right join ends it without reading the left child.
#include "engine/exec/join_hash_table.h"
#include "engine/exec/join_mode.h"
#include "engine/exec/op_project.h"
#include "engine/exec/operator.h"
#include "engine/exec/partitioned_spill.h"

namespace luma {

// What a NULL on either side of a key means.
enum class NullRule : uint8_t {
  kNoMatch,      // "=" in a condition
  kMatchesNull,  // IS NOT DISTINCT FROM
  kUnknown,      // "=" in IN / NOT IN: the result is unknown; for kMark and kNullAwareAnti only
};

// `left`: over the left child's output, `right`: over the right child's output (slots from 0 each).
// Both have the same type: lowering casts where the operator's sides differ.
struct HashJoinKey {
  const Expr* left = nullptr;
  const Expr* right = nullptr;
  NullRule null_rule = NullRule::kNoMatch;
};

class HashJoinOperator final : public Operator {
 public:
  // `residual` (may be null): further condition, slots over left columns then right columns. For
  // mark and NOT IN it says which right rows belong to the subquery (it is not part of the
  // comparison).
  HashJoinOperator(JoinMode mode, OperatorPtr left, OperatorPtr right,
                   std::vector<HashJoinKey> keys, const Expr* residual);
  std::vector<Operator*> children() override { return {left_.get(), right_.get()}; }

 private:
  enum class Phase : uint8_t { kBuild, kProbe, kUnmatchedBuild, kDone };
  struct Part {
    std::unique_ptr<SpillFile> left, right;
    uint32_t depth = 0;
  };

  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  void build(ExecContext& context);
  bool add_build_rows(ExecContext& context, const Chunk& chunk);
  void start_spilling(ExecContext& context);
  void spill_rows(ExecContext& context, ExprListEvaluator& keys, const Chunk& rows,
                  PartitionedSpill& to);
  void spill_probe_side(ExecContext& context);
  void add_parts(PartitionedSpill* left, PartitionedSpill* right, uint32_t depth);
  bool next_part(ExecContext& context);
  bool load_part(ExecContext& context, Part& part);

  bool next_probe_chunk(ExecContext& context);
  const Chunk* probe_step(ExecContext& context);
  const Chunk* emit_matches(ExecContext& context, uint32_t count);
  const Chunk* finish_probe_chunk(ExecContext& context);
  const Chunk* emit_left(bool matched);
  const Chunk* emit_mark(ExecContext& context);
  const Chunk* emit_unmatched_build();
  // Whether the comparison of an unmatched probe row is unknown rather than false.
  bool is_unknown(ExecContext& context, uint32_t row);
  bool unknown_by_scan(ExecContext& context, uint32_t row);
  bool is_semi_like() const { return !outputs_right(mode_); }

  JoinMode mode_;
  OperatorPtr left_, right_;
  std::vector<HashJoinKey> keys_;
  std::vector<KeyType> key_types_;
  ExprListEvaluator left_keys_, right_keys_;
  std::unique_ptr<ExprEvaluator> residual_;
  bool three_valued_;    // NULLs can make the result unknown
  bool simple_unknown_;  // ... which two flags about the build side decide
  JoinHashTable table_;
  uint32_t left_columns_, right_columns_;

  Phase phase_ = Phase::kDone;
  uint64_t build_rows_ = 0;      // of the whole build side
  bool build_has_null_ = false;  // a NULL in the key, ditto
  std::unique_ptr<PartitionedSpill> right_spill_, left_spill_;
  std::vector<Part> parts_;
  Part part_;
  std::unique_ptr<SpillFile::Reader> left_reader_;
  Chunk left_chunk_, right_chunk_;  // read back from files

  const Chunk* probe_ = nullptr;
  bool collecting_ = false;
  std::vector<const Vector*> key_columns_;
  std::vector<uint8_t> matched_;
  std::vector<uint32_t> usable_, excluded_, pair_left_, selection_;
  std::vector<uint64_t> hashes_;
  std::vector<std::byte*> pair_right_;
  RowCollection::Cursor cursor_;
  Chunk joined_;  // left and right columns of candidate pairs
  Chunk output_;
};

}  // namespace luma
