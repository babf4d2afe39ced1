// What pg_stat_statements counts of a session.
#include "sql/session/session_parts.h"
#include "sql/session/statement_statistics.h"

namespace luma {

std::vector<StatementRow> SqlSession::Live::statement_rows() {
  return session_.instance_.statement_statistics().rows();
}

StatementTotals SqlSession::Live::statement_totals() {
  StatementTotals totals = session_.instance_.statement_statistics().totals();
  if (totals.reset_micros == 0) totals.reset_micros = session_.instance_.start_micros();
  return totals;
}

void SqlSession::Live::reset_statements(Oid user, Oid database, int64_t query_id) {
  session_.instance_.statement_statistics().reset(user, database, query_id,
                                                  current_timestamp_micros());
}

}  // namespace luma
