#pragma once
// INTERSECT and EXCEPT, with and without ALL, by hashing: one group per distinct row with the
// number of its occurrences on either side. NULLs are equal. UNION ALL is Append; UNION is Distinct
// over Append (see make_set_operation). Spills rows of groups that do not fit, by hash, beyond
// work_mem.
#include "engine/exec/group_table.h"
#include "engine/exec/operator.h"
#include "engine/exec/partitioned_spill.h"

namespace luma {

enum class SetOpMode : uint8_t {
  kUnion,
  kUnionAll,
  kIntersect,
  kIntersectAll,
  kExcept,
  kExceptAll
};

class SetOpOperator final : public Operator {
 public:
  // Both inputs have the columns of `types`. `mode` is no union.
  SetOpOperator(SetOpMode mode, OperatorPtr left, OperatorPtr right,
                const std::vector<TypeRef>& types);
  std::vector<Operator*> children() override { return {left_.get(), right_.get()}; }

 private:
  struct Counts {
    uint64_t left, right;
  };
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  void consume_inputs(ExecContext& context);
  void consume(ExecContext& context, const Chunk& rows, int side);
  bool next_part(ExecContext& context);
  uint64_t copies(const Counts& counts) const;

  SetOpMode mode_;
  OperatorPtr left_, right_;
  GroupTable table_;
  std::vector<PhysicalType> spill_types_;  // the columns and the side
  bool consumed_ = false;
  bool is_full_ = false;
  uint32_t depth_ = 0;
  std::unique_ptr<PartitionedSpill> spill_;
  std::vector<SpilledPart> parts_;
  std::vector<std::byte*> groups_;
  std::vector<uint32_t> created_, missing_;
  std::vector<const Vector*> columns_;
  // output position
  RowCollection::Cursor cursor_;
  std::byte* repeated_ = nullptr;  // a group that is handed out several times (ALL)
  uint64_t repeats_left_ = 0;
  Chunk output_;
};

// The operator tree of a set operation.
OperatorPtr make_set_operation(SetOpMode mode, OperatorPtr left, OperatorPtr right,
                               const std::vector<TypeRef>& types);

}  // namespace luma
