#pragma once
// Subqueries inside expressions that were not turned into joins: the implementation of SubplanSpec
// over an operator tree.
//
// The EvalContext given to evaluate() must be the ExecContext of the execution (it is, wherever
// operators evaluate expressions). Results are kept and reused as long as the values that the
// subquery depends on stay the same within one execution; one that depends on nothing is thus
// evaluated once.
#include <functional>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/exec/operator.h"
#include "engine/exec/subplan.h"

namespace luma {

struct SubplanDescription {
  SubqueryKind kind = SubqueryKind::kScalar;
  // Makes the subquery's operator tree; called once per evaluator. Must stay callable as long as
  // the spec lives.
  std::function<OperatorPtr()> make_plan;
  // args[i] of the kSubplan node goes into exec_parameters[argument_parameters[i]].
  std::vector<uint32_t> argument_parameters;
  std::vector<PhysicalType> argument_types;
  // Exec parameters of enclosing queries further out that the plan reads as well, with their types.
  std::vector<uint32_t> outer_parameters;
  std::vector<PhysicalType> outer_types;
  // The subquery calls volatile functions: run again for every row if it depends on anything.
  bool is_volatile = false;
  // kAny, kAll: boolean over the subquery's columns (slots) and exec parameters.
  const Expr* test = nullptr;
  // kScalar, kArray: type of the (first) column; kRow: types of all columns.
  std::vector<TypeRef> column_types;
};

class PlanSubplan final : public SubplanSpec {
 public:
  explicit PlanSubplan(SubplanDescription description) : description_(std::move(description)) {}
  std::unique_ptr<SubplanState> instantiate() override;

 private:
  SubplanDescription description_;
};

}  // namespace luma
