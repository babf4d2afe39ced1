#pragma once
// MERGE: every row of the child is a row of the source with the row of the target that it matches,
// or with NULLs. The first action whose condition holds acts on it. Reads the child to its end at
// the first next(); no result rows. Adds to ExecContext::rows_affected.
#include <memory>
#include <vector>

#include "engine/table/modify.h"

namespace luma {

struct MergeActionSpec {
  bool matched = false;
  bool does_nothing = false;
  ModifyAction action = ModifyAction::kInsert;
  const Expr* condition = nullptr;       // over the child's columns
  std::vector<const Expr*> assignments;  // as in ModifySpec
};

class MergeOperator final : public Operator {
 public:
  // Of `spec`: the table, the target row's place, `recheck` (the join's condition), generated
  // columns and checks.
  MergeOperator(OperatorPtr child, ModifySpec spec, std::vector<MergeActionSpec> actions);
  ~MergeOperator() override;
  std::vector<Operator*> children() override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace luma
