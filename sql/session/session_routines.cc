#include "sql/session/session_routines.h"

#include "engine/base/sql_error.h"

namespace luma {

Value SqlSession::Routines::call(EvalContext&, const Expr&, std::span<const Value>, Arena&) {
  throw unsupported("calling user-defined functions");
}

std::unique_ptr<TableFunctionState> SqlSession::Routines::call_set(EvalContext&, const Expr&,
                                                                   std::span<const Value>) {
  throw unsupported("calling user-defined functions");
}

bool SqlSession::Routines::call_trigger(EvalContext&, Oid, const TriggerData&, Arena&,
                                        std::vector<Value>&) {
  throw unsupported("calling user-defined functions");
}

}  // namespace luma
