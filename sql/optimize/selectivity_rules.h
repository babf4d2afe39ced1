#pragma once
// Which rule estimates an operator: pg_operator names the estimator of each (oprrest), one row per
// estimator here. Thread-safe.
#include <optional>
#include <vector>

#include "engine/exec/eval_context.h"
#include "sql/plan/logical.h"

namespace luma {

enum class SelectivityRule : uint8_t {
  kNone,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kMatches,  // LIKE, regular expressions, prefixes
  kNotMatches,
  kContains,
  kOverlaps,
};

SelectivityRule rule_of(Oid operator_oid);

// Its result depends on nothing but the values of its columns, and computing it harms nobody.
bool is_safe_to_sample(const Expr& condition);
// Numbers of the values of `column` for which the condition is true. Throws what evaluation throws.
std::optional<std::vector<uint32_t>> evaluate_on_values(PlanContext& plan, const Expr& condition,
                                                        ColumnId column,
                                                        const std::vector<Value>& values,
                                                        EvalContext evaluation);

}  // namespace luma
