#pragma once
// DO and CALL, as long as there are no procedures: what PostgreSQL says of languages and procedures
// that do not exist, and 0A000 for the rest.
#include "sql/ast/utility.h"
#include "sql/bind/bind_environment.h"

namespace luma {

[[noreturn]] void refuse_do(const ast::DoStmt& statement);
[[noreturn]] void refuse_call(const ast::FuncCall& call, BindEnvironment& environment);

}  // namespace luma
