#pragma once
// Hash join on equality keys, all join modes. The right child is the build side, the left one
// probes, chunk by chunk. Joins without an equality are NestedLoopJoin's.
//
// Build beyond work_mem: both sides are divided by hash into temporary files and joined part by
// part (again divided when a part is too large). Mark and NOT IN joins on several keys or with a
// residual condition do not spill: their NULL rule needs the whole build side. An empty build side
// of an inner, semi or right join ends it without reading the left child. Right semi and right anti
// joins give build rows when all of the left child has been read.
//
// A divided build side is read by several threads into parts of one table. Siblings of a join probe
// the same table, each with its own part of the left child; the last one to end gives the build
// rows that nobody matched (or that somebody did: right semi). A join that has to spill is not
// divided.
//
// Where probe rows without a match are dropped, the probe side gets filters of the integer keys
// that it can pass on to its scans; they are filled when the build side is in memory.
#include <atomic>

#include "engine/exec/divided_input.h"
#include "engine/exec/join_filter.h"
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

class HashJoinOperator final : public Operator, public JoinFilterTarget {
 public:
  // `residual` (may be null): further condition, slots over left columns then right columns. For
  // mark and NOT IN it says which right rows belong to the subquery (it is not part of the
  // comparison).
  HashJoinOperator(JoinMode mode, OperatorPtr left, OperatorPtr right,
                   std::vector<HashJoinKey> keys, const Expr* residual);
  std::vector<Operator*> children() override;
  bool is_divisible() const override;
  size_t divide(ExecContext& context) override;
  OperatorPtr make_sibling() override;
  bool accept_filter(uint32_t column, const JoinFilterRef& filter) override;

 private:
  enum class Phase : uint8_t { kBuild, kProbe, kBuildRows, kDone };
  struct Part {
    std::unique_ptr<SpillFile> left, right;
    uint32_t depth = 0;
  };

  // The build side, which siblings share.
  struct Build {
    Build(std::vector<PhysicalType> payload, std::vector<KeyType> keys,
          std::vector<bool> null_matches, bool with_flags)
        : table(std::move(payload), std::move(keys), std::move(null_matches), with_flags) {}
    JoinHashTable table;
    uint64_t rows = 0;      // of the whole build side
    bool has_null = false;  // a NULL in the key, ditto
    size_t siblings = 0;
    std::atomic<size_t> siblings_ended{0};
  };
  // What one thread needs to read build rows, and its part of them while several do.
  struct Builder {
    explicit Builder(std::vector<const Expr*> exprs);
    ExprListEvaluator keys;
    std::vector<const Vector*> key_columns;
    std::vector<uint32_t> usable, excluded;
    std::vector<uint64_t> hashes;
    uint64_t rows = 0;
    bool has_null = false;
    std::unique_ptr<JoinHashTable> table;
    std::unique_ptr<PartitionedSpill> spill;
  };

  HashJoinOperator(const HashJoinOperator& primary, OperatorPtr left);

  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  bool is_built(ExecContext& context);
  void build(ExecContext& context);
  void build_divided(ExecContext& context, DividedInput& input);
  void add_rows(ExecContext& context, Builder& builder, JoinHashTable& table,
                const Chunk& chunk) const;
  void start_spilling(ExecContext& context, Builder& builder, JoinHashTable& table) const;
  void spill_rows(ExecContext& context, Builder& builder, JoinHashTable& table, const Chunk& rows,
                  PartitionedSpill& to) const;
  void offer_filters();
  void fill_filters(ExecContext& context);
  void finish_table(WorkerTeam* team) {
    table_.finish(is_semi_like() && residual_ == nullptr, team);
    stats().buckets = std::max(stats().buckets, table_.bucket_count());
  }
  bool may_spill(const ExecContext& context) const;
  bool gives_build();
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
  const Chunk* emit_build();
  // Whether the comparison of an unmatched probe row is unknown rather than false.
  bool is_unknown(ExecContext& context, uint32_t row);
  bool unknown_by_scan(ExecContext& context, uint32_t row);
  bool is_semi_like() const { return !outputs_right(mode_); }

  JoinMode mode_;
  OperatorPtr left_, right_;
  std::vector<HashJoinKey> keys_;
  std::vector<KeyType> key_types_;
  ExprListEvaluator left_keys_;
  const Expr* condition_;  // the residual one
  std::unique_ptr<ExprEvaluator> residual_;
  bool three_valued_;    // NULLs can make the result unknown
  bool simple_unknown_;  // ... which two flags about the build side decide
  std::shared_ptr<Build> build_;
  JoinHashTable& table_;  // build_'s
  JoinProbe lookup_;
  bool is_sibling_ = false;
  struct KeyFilter {
    size_t key;
    std::shared_ptr<JoinFilter> filter;
  };
  std::vector<KeyFilter> filters_;  // that somebody on the probe side asks
  uint32_t left_columns_, right_columns_;

  Phase phase_ = Phase::kDone;
  Builder builder_, prober_;  // of the right side; of the left side where that goes to files
  bool emits_build_ = false;
  std::unique_ptr<PartitionedSpill> left_spill_;
  std::vector<Part> parts_;
  Part part_;
  std::unique_ptr<SpillFile::Reader> left_reader_;
  Chunk left_chunk_, right_chunk_;  // read back from files

  const Chunk* probe_ = nullptr;
  bool collecting_ = false;
  std::vector<const Vector*> key_columns_;
  std::vector<uint8_t> matched_;
  std::vector<uint32_t> usable_, excluded_, pair_left_, selection_;
  std::vector<std::byte*> pair_right_;
  RowCollection::Cursor cursor_;
  Chunk joined_;  // left and right columns of candidate pairs
  Chunk output_;
};

}  // namespace luma
