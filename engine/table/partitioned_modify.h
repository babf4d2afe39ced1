#pragma once
// INSERT, UPDATE, DELETE of a partitioned table, and UPDATE, DELETE of one that others inherit
// from: rows are handed to an ordinary modification of the leaf they belong to, made when the first
// row comes. One thread.
#include <functional>

#include "engine/table/modify.h"
#include "engine/table/partition_router.h"

namespace luma {

struct PartitionedModifySpec {
  ModifyAction action = ModifyAction::kInsert;
  TableDescPtr root;
  // Keys' slots: the root's attributes. Null for DELETE.
  PartitionRoutePtr route;
  // INSERT, by the root's attribute, over the child's columns.
  std::vector<const Expr*> row;
  // UPDATE, DELETE: the child column with the oid of the row's leaf.
  uint32_t table_oid_slot = 0;
  // UPDATE: the attributes it assigns, for statement triggers.
  std::vector<bool> assigned;
  bool updates_on_conflict = false;
  bool fires_statement_triggers = true;  // of the root
  struct Leaf {
    Oid oid = kInvalidOid;
    std::vector<int32_t> root_attribute;  // by the leaf's attribute; -1: dropped
    // The change in the leaf. Of an INSERT, and of the second one, the child's columns are those of
    // this operator's child and then the root's attributes.
    std::function<ModifySpec()> change;
    std::function<ModifySpec()> insert_moved;  // UPDATE: rows that move here
  };
  std::vector<Leaf> leaves;
  std::vector<PhysicalType> returning;
};

class PartitionedModifyOperator final : public Operator {
 public:
  PartitionedModifyOperator(OperatorPtr child, PartitionedModifySpec spec);
  ~PartitionedModifyOperator() override;
  std::vector<Operator*> children() override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace luma
