#pragma once
// Private to sql/session: calls of user-defined functions, inside a statement of the session.
#include "sql/function/routine_caller.h"
#include "sql/session/session.h"

namespace luma {

class SqlSession::Routines final : public RoutineCaller {
 public:
  explicit Routines(SqlSession& session) : session_(session) {}
  Value call(EvalContext& context, const Expr& call, std::span<const Value> args,
             Arena& arena) override;
  std::unique_ptr<TableFunctionState> call_set(EvalContext& context, const Expr& call,
                                               std::span<const Value> args) override;
  bool call_trigger(EvalContext& context, Oid function, const TriggerData& data, Arena& arena,
                    std::vector<Value>& row) override;

 private:
  SqlSession& session_;
};

}  // namespace luma
