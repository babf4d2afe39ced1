#pragma once
// Plans of what rules make of a statement. Used by the session's thread.
#include <memory>

#include "sql/bind/rule_rewrite.h"
#include "sql/session/plan_run.h"

namespace luma {

// The plan of the statement that gives the command tag, with the others as its companions. `node`
// is the statement before its rewriting. Throws what planning throws.
std::unique_ptr<PlanRun> plan_with_rules(const ast::Node* node,
                                         std::unique_ptr<RuleRewrite> rewrite,
                                         PlannerContext& context, MemoryBudget* memory);

}  // namespace luma
