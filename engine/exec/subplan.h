#pragma once
// A lowered subquery that is evaluated once per row of the outer query because it could not be
// unnested. The spec belongs to the plan (immutable, shared by executions); each evaluator makes
// its own state, which owns the inner operators and is used by one thread at a time.
#include <memory>
#include <span>

#include "engine/exec/eval_context.h"
#include "engine/type/datum.h"

namespace luma {

class SubplanState {
 public:
  virtual ~SubplanState() = default;
  // The result for one outer row: a scalar, EXISTS, ANY/ALL or array value, as the spec's kind
  // says. `args` are the values of the kSubplan node's args (outer columns, the left side of
  // ANY/ALL); the implementation hands them to the inner plan as exec parameters. What the result
  // points to stays valid until the next call. Throws 21000 when a scalar subquery has several
  // rows.
  virtual Value evaluate(EvalContext& context, std::span<const Value> args) = 0;
};

class SubplanSpec {
 public:
  virtual ~SubplanSpec() = default;
  virtual std::unique_ptr<SubplanState> instantiate() = 0;
};

}  // namespace luma
