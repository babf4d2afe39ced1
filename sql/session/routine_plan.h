#pragma once
// Private to sql/session: a statement of a function's body with the memory of its execution.
#include "sql/routine/routine_host.h"
#include "sql/session/plan_run.h"
#include "sql/session/session_routines.h"

namespace luma {

class SqlSession::Routines::Plan final : public RoutinePlan {
 public:
  explicit Plan(std::unique_ptr<PlanRun> plan_run) : run(std::move(plan_run)) {}
  const PhysicalPlan& physical() const override { return run->plan(); }
  std::unique_ptr<PlanRun> run;
  // Parameters that the statement itself gave (EXECUTE of a prepared one), in place of the
  // caller's.
  std::vector<Value> given;
  Arena given_arena;
};

}  // namespace luma
