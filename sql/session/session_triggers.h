#pragma once
// Private to sql/session: runs the functions that triggers call, built-in ones and users'. Used by
// the session's thread, inside a statement.
#include "engine/table/trigger_call.h"
#include "sql/session/statement_environment.h"

namespace luma {

class SessionTriggers final : public TriggerCaller {
 public:
  explicit SessionTriggers(StatementEnvironment& environment) : environment_(environment) {}
  TriggerResult call(ExecContext& context, const TriggerCall& call, Arena& arena) override;

 private:
  TriggerResult call_user(ExecContext& context, const TriggerCall& call, Arena& arena);
  StatementEnvironment& environment_;
};

}  // namespace luma
