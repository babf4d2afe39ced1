#pragma once
// MERGE into a table with others below it: for every row of the child the first action whose
// condition holds is chosen here; what it does is an INSERT, UPDATE or DELETE of that one row, by
// an operator for each action. Reads the child to its end at the first next(); no result rows. One
// thread.
#include <functional>

#include "engine/table/modify.h"

namespace luma {

struct PartitionedMergeSpec {
  TableDescPtr root;
  // The child columns with the target row's key and the oid of its table; NULL when no row matches.
  uint32_t row_key_slot = 0, table_oid_slot = 0;
  const Expr* recheck = nullptr;  // the join's condition, over the child's columns
  struct Leaf {
    TableDescPtr table;
    std::vector<int32_t> old_slots;  // as in ModifySpec
  };
  std::vector<Leaf> leaves;
  struct Action {
    bool matched = false;
    bool does_nothing = false;
    ModifyAction action = ModifyAction::kInsert;
    const Expr* condition = nullptr;  // over the child's columns
    std::vector<bool> assigned;       // by the root's attribute, for statement triggers
    // Changes the row that its child, which has the columns of this operator's child, gives; fires
    // no statement triggers. Null when it does nothing.
    std::function<OperatorPtr(OperatorPtr child)> make;
  };
  std::vector<Action> actions;
};

class PartitionedMergeOperator final : public Operator {
 public:
  PartitionedMergeOperator(OperatorPtr child, PartitionedMergeSpec spec);
  ~PartitionedMergeOperator() override;
  std::vector<Operator*> children() override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace luma
