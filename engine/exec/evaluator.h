#pragma once
// Evaluates bound (physical) expressions over chunks. An ExprEvaluator owns the intermediate
// vectors of its tree, so that a cached plan evaluates without allocating. Not thread-safe; one per
// operator.
#include <memory>
#include <vector>

#include "engine/exec/expr.h"
#include "engine/vector/vector.h"

namespace luma {

class EvalNode;  // engine/exec/evaluator_node.h: one node of a compiled tree

class ExprEvaluator {
 public:
  // `expr` must outlive the evaluator. `capacity`: the most rows one call will have (kVectorSize,
  // or 1 for single-row plans, which keeps their memory small).
  explicit ExprEvaluator(const Expr& expr, uint32_t capacity = kVectorSize);
  ExprEvaluator(ExprEvaluator&&) noexcept;
  ExprEvaluator& operator=(ExprEvaluator&&) noexcept;
  ~ExprEvaluator();

  // Result for the rows of `input` (slots refer to its columns). The returned vector is valid until
  // the next call and may view `input`.
  const Vector& evaluate(EvalContext& context, const Chunk& input);
  // Rows for which a boolean expression is true, ascending, into `selection` (room for input.size).
  // Conjunctions stop early: later conjuncts see only the survivors of earlier ones.
  uint32_t select(EvalContext& context, const Chunk& input, uint32_t* selection);
  // An expression without slots.
  Value evaluate_scalar(EvalContext& context);

  const Expr& expr() const;

 private:
  std::unique_ptr<EvalNode> root_;
  Chunk no_columns_;  // the input of evaluate_scalar
};

}  // namespace luma
