#pragma once
// Rows that are computed once and read several times: Materialize under a rescanned plan, WITH
// queries (With + CteScan), and recursive WITH (RecursiveUnion + WorkTableScan). Rows are computed
// as they are asked for, so that LIMIT over an endless recursion ends. Beyond work_mem they go to a
// file.
#include "engine/exec/chunk_store.h"
#include "engine/exec/group_table.h"
#include "engine/exec/operator.h"

namespace luma {

// Keeps the child's rows and hands them out again on rescans of the same execution. The child must
// not depend on exec parameters.
class MaterializeOperator final : public Operator {
 public:
  explicit MaterializeOperator(OperatorPtr child);
  std::vector<Operator*> children() override { return {child_.get()}; }

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  OperatorPtr child_;
  ChunkStore rows_;
  ChunkStore::Cursor cursor_;
  uint64_t execution_id_ = 0;
  bool complete_ = false;
  Chunk output_;
};

// One WITH query: its plan and the rows it has produced so far. Shared by the WithOperator that
// owns its life cycle and all CteScanOperators that read it (hence shared_ptr). Used by one thread.
class CteProducer {
 public:
  // `modifies_data`: INSERT/UPDATE/DELETE, which run to the end whoever reads them.
  CteProducer(OperatorPtr plan, bool modifies_data);

  const std::vector<PhysicalType>& output_types() const { return plan_->output_types(); }
  Operator& plan() { return *plan_; }
  bool modifies_data() const { return modifies_data_; }

  // Forgets everything; the plan is opened when the first row is wanted.
  void reset(ExecContext& context);
  void close(ExecContext& context);
  // The rows at `cursor` into `out`, computing more when it is at the end of those known.
  bool read(ExecContext& context, ChunkStore::Cursor& cursor, Chunk& out);
  void run_to_end(ExecContext& context);

 private:
  bool produce(ExecContext& context);
  OperatorPtr plan_;
  bool modifies_data_;
  ChunkStore rows_;
  bool started_ = false;
  bool complete_ = false;
};

// WITH: resets the CTEs when it is opened, hands out the main plan's rows, and finally runs the
// data-modifying CTEs to their end.
class WithOperator final : public Operator {
 public:
  WithOperator(OperatorPtr main, std::vector<std::shared_ptr<CteProducer>> ctes);
  std::vector<Operator*> children() override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  OperatorPtr main_;
  std::vector<std::shared_ptr<CteProducer>> ctes_;
  bool finished_ = false;
};

// A reference to a CTE: all its columns.
class CteScanOperator final : public Operator {
 public:
  explicit CteScanOperator(std::shared_ptr<CteProducer> cte);
  std::vector<Operator*> children() override { return {}; }

 private:
  void do_open(ExecContext&) override { cursor_ = {}; }
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext&) override { cursor_ = {}; }

  std::shared_ptr<CteProducer> cte_;
  ChunkStore::Cursor cursor_;
  Chunk output_;
};

// The rows that the previous step of a recursive query produced. Filled by RecursiveUnionOperator,
// read by the WorkTableScanOperators in its recursive term.
struct WorkTable {
  explicit WorkTable(const std::vector<PhysicalType>& types) : rows(types) {}
  ChunkStore rows;
};

class WorkTableScanOperator final : public Operator {
 public:
  explicit WorkTableScanOperator(std::shared_ptr<WorkTable> table);
  std::vector<Operator*> children() override { return {}; }

 private:
  void do_open(ExecContext&) override { cursor_ = {}; }
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext&) override { cursor_ = {}; }

  std::shared_ptr<WorkTable> table_;
  ChunkStore::Cursor cursor_;
  Chunk output_;
};

// WITH RECURSIVE: the rows of `initial`, then again and again those of `recursive` over the rows of
// the step before, until a step yields none. UNION (`types` not empty: the columns' SQL types)
// drops rows seen before; UNION ALL passes all.
class RecursiveUnionOperator final : public Operator {
 public:
  RecursiveUnionOperator(OperatorPtr initial, OperatorPtr recursive,
                         std::shared_ptr<WorkTable> table, const std::vector<TypeRef>& types = {});
  std::vector<Operator*> children() override { return {initial_.get(), recursive_.get()}; }

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  const Chunk* keep_new(const Chunk& chunk);

  OperatorPtr initial_, recursive_;
  std::shared_ptr<WorkTable> table_;
  std::unique_ptr<GroupTable> seen_;  // UNION only
  ChunkStore next_rows_;              // of the step that is running
  bool in_initial_ = true;
  bool step_open_ = false;
  bool done_ = true;
  std::vector<std::byte*> groups_;
  std::vector<uint32_t> created_;
  Chunk output_;
};

}  // namespace luma
