#pragma once
// INSERT, UPDATE and DELETE of a view by its INSTEAD OF triggers: nothing is written here, each row
// is handed to the triggers' functions.
#include <memory>
#include <vector>

#include "engine/table/modify.h"

namespace luma {

class InsteadOfOperator final : public Operator {
 public:
  // Of `spec`: the view's description (without storage), action, old_slots (where the child has the
  // view's columns), assignments, returning.
  InsteadOfOperator(OperatorPtr child, ModifySpec spec);
  ~InsteadOfOperator() override;
  std::vector<Operator*> children() override;

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace luma
