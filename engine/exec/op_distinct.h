#pragma once
// Duplicate elimination: Distinct (hash, any input order, streaming: a row comes out when it is
// first seen) and Unique (sorted input, DISTINCT ON). NULLs are equal to each other; types decide
// what is equal.
#include "engine/exec/group_table.h"
#include "engine/exec/op_project.h"
#include "engine/exec/operator.h"
#include "engine/exec/partitioned_spill.h"

namespace luma {

// SELECT DISTINCT, UNION. Beyond work_mem, rows of groups not yet in memory go to temporary files
// by hash and are processed part by part.
class DistinctOperator final : public Operator {
 public:
  // `types`: SQL types of the child's columns.
  DistinctOperator(OperatorPtr child, const std::vector<TypeRef>& types);
  std::vector<Operator*> children() override { return {child_.get()}; }

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  const Chunk* next_input(ExecContext& context);
  bool next_part(ExecContext& context);
  void spill_missing(ExecContext& context, const Chunk& input);

  OperatorPtr child_;
  GroupTable table_;
  bool is_full_ = false;  // no more groups are made
  uint32_t depth_ = 0;
  std::unique_ptr<PartitionedSpill> spill_;
  std::vector<SpilledPart> parts_;
  std::unique_ptr<SpillFile> file_;
  std::unique_ptr<SpillFile::Reader> reader_;
  Chunk file_chunk_;
  std::vector<std::byte*> groups_;
  std::vector<uint32_t> created_;
  std::vector<uint32_t> missing_;
  std::vector<const Vector*> columns_;
  Chunk output_;
};

// The first row of every run of rows that are equal in `on`; the child's rows are sorted by it.
class UniqueOperator final : public Operator {
 public:
  UniqueOperator(OperatorPtr child, std::vector<const Expr*> on);
  std::vector<Operator*> children() override { return {child_.get()}; }

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  OperatorPtr child_;
  ExprListEvaluator on_;
  std::vector<KeyType> types_;
  std::vector<Value> last_;
  bool has_last_ = false;
  std::unique_ptr<Arena> last_heap_;
  std::vector<const Vector*> columns_;
  std::vector<uint32_t> selection_;
  Chunk output_;
};

}  // namespace luma
