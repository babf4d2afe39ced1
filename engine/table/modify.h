#pragma once
// INSERT, UPDATE, DELETE and row locks: one pass over the child's rows, each checked, locked and
// buffered in the transaction together with its index entries. All constraints a TableDesc names
// are enforced: NOT NULL (23502), CHECK (23514), unique (23505), foreign keys (23503) with their
// actions.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/exec/operator.h"
#include "engine/row/table_desc.h"

namespace luma {

enum class ModifyAction : uint8_t { kInsert, kUpdate, kDelete };

struct CheckSpec {
  std::string name;
  const Expr* expr = nullptr;  // slots: attributes of the new row; NULL passes
  bool view_option = false;    // 44000 instead of 23514
  bool policy = false;         // row level security: 42501
  bool is_using = false;       // the policy speaks of a row that is there already
  bool partition = false;      // the table's bound as a partition
};

struct ConflictSpec {
  bool update = false;       // DO UPDATE, otherwise DO NOTHING
  std::vector<Oid> indexes;  // arbiters; empty: any unique index
  // Slots: 0..n-1 the existing row's attributes, n..2n-1 the proposed row's (excluded).
  std::vector<const Expr*> assignments;  // by attribute, nullptr = unchanged
  const Expr* where = nullptr;
  // Row level security: what the existing row must pass, and what the updated one must instead of
  // ModifySpec::checks; empty without it.
  std::vector<CheckSpec> old_checks, new_checks;
};

// Takes rows that leave their partition by an UPDATE of the partitioned table.
class RowMover {
 public:
  virtual ~RowMover() = default;
  // `input`: the child's row; `rows`: what becomes of it, by attribute of the leaf it leaves.
  virtual void insert(ExecContext& context, const TableDesc& from, const Chunk& input,
                      const Chunk& rows) = 0;
};

// "By attribute": one entry per TableDesc column.
struct ModifySpec {
  // The command tag counts the rows of the statement's own modification, not of those in WITH.
  bool counts_rows = true;
  ModifyAction action = ModifyAction::kInsert;
  TableDescPtr table;
  // UPDATE, DELETE: the child column with the row key (kRowKeyColumn of a scan).
  uint32_t row_key_slot = 0;
  // By attribute: the child column that holds the target row's value, -1 when it was not read. A
  // row that another transaction changed meanwhile is put there anew before recheck and assignments
  // run.
  std::vector<int32_t> old_slots;
  const Expr* recheck = nullptr;  // over the child's columns; see above (READ COMMITTED)
  // Over the child's columns. INSERT: every attribute; UPDATE: nullptr = unchanged.
  std::vector<const Expr*> assignments;
  // By attribute, nullptr = not generated; slots: attributes of the new row.
  std::vector<const Expr*> generated;
  std::vector<CheckSpec> checks;
  std::unique_ptr<ConflictSpec> conflict;
  // A leaf of the partitioned table that the statement changes: statement triggers are the
  // latter's. With `bound` (slots: attributes of the new row) rows of an UPDATE that do not fulfil
  // it are removed here and handed to `mover`.
  bool is_leaf = false;
  const Expr* bound = nullptr;
  std::vector<int32_t> shown;  // its attributes in the order of that table's, for messages
  RowMover* mover = nullptr;
  // Slots: child columns first, then the attributes of the new row (DELETE: of the removed one).
  std::vector<const Expr*> returning;
};

// Without RETURNING it runs to the end at the first next() and returns no rows; with RETURNING it
// collects the result rows first, so that the statement's effect does not depend on who fetches
// them. Adds to ExecContext::rows_affected.
class ModifyOperator final : public Operator {
 public:
  ModifyOperator(OperatorPtr child, ModifySpec spec);
  ~ModifyOperator() override;
  std::vector<Operator*> children() override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  struct State;
  std::unique_ptr<State> state_;
};

// The attributes of a row that are needed to update or remove it. A child that has them all
// (ModifySpec::old_slots) spares reading rows that nobody has changed again.
std::vector<int32_t> attributes_to_change(const TableDesc& table, ModifyAction action,
                                          bool returns_rows);

// FOR UPDATE / SHARE: locks rows as they pass; rows that somebody changed meanwhile are read again
// and tested again (READ COMMITTED) or end the statement with 40001.
enum class LockStrength : uint8_t { kForKeyShare, kForShare, kForNoKeyUpdate, kForUpdate };
enum class LockWaitPolicy : uint8_t { kBlock, kSkipLocked, kNoWait };
struct LockTarget {
  TableDescPtr table;
  uint32_t row_key_slot = 0;
  std::vector<int32_t> slots;   // by attribute: child column, -1 when not read
  int32_t table_oid_slot = -1;  // only rows that have the table's oid there
  LockStrength strength = LockStrength::kForUpdate;
  LockWaitPolicy wait = LockWaitPolicy::kBlock;
};
// What a row that was changed goes through again, over the child's columns.
struct LockStep {
  const Expr* expr = nullptr;
  bool filters = false;          // the row drops out unless it is true
  int32_t slot = -1;             // gets the value
  std::vector<uint32_t> absent;  // become NULL unless it is true
};
class LockRowsOperator final : public Operator {
 public:
  LockRowsOperator(OperatorPtr child, std::vector<LockTarget> targets, std::vector<LockStep> steps);
  ~LockRowsOperator() override;
  std::vector<Operator*> children() override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  struct State;
  std::unique_ptr<State> state_;
};

// Above a plan with several modifications (WITH): foreign keys and deferrable constraints are
// checked when all of them have run, as the end of the statement demands.
class StatementConstraintsOperator final : public Operator {
 public:
  explicit StatementConstraintsOperator(OperatorPtr child);
  ~StatementConstraintsOperator() override;
  std::vector<Operator*> children() override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  OperatorPtr child_;
  std::unique_ptr<ConstraintQueue> queue_;
  bool done_ = true;
};

}  // namespace luma
