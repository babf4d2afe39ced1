#include "engine/base/interrupt.h"

#include "engine/base/sql_error.h"

namespace luma {

void Interrupt::throw_pending() {
  uint32_t word = word_.load(std::memory_order_acquire);
  if (word & kTerminate) {
    SqlError error(SqlState::kAdminShutdown, "terminating connection due to administrator command");
    error.fatal = true;
    throw error;
  }
  if (word & kIdleInTransaction) {
    SqlError error(SqlState::kIdleInTransactionSessionTimeout,
                   "terminating connection due to idle-in-transaction timeout");
    error.fatal = true;
    throw error;
  }
  clear_statement_reasons();
  throw SqlError(SqlState::kQueryCanceled, word & kStatementTimeout
                                               ? "canceling statement due to statement timeout"
                                               : "canceling statement due to user request");
}

}  // namespace luma
