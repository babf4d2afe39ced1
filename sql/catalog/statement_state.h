#pragma once
// What pg_stat_statements shows of the statements that ran. A LiveState of a real session is a
// StatementState too. Called by the thread that runs the statement.
#include <cstdint>
#include <string>
#include <vector>

#include "engine/type/oid.h"

namespace luma {

struct StatementKey {
  Oid user = kInvalidOid, database = kInvalidOid;
  int64_t query_id = 0;

  bool operator==(const StatementKey&) const = default;
};

// Times in milliseconds.
struct StatementRow {
  StatementKey key;
  std::string query;
  int64_t calls = 0, rows = 0;
  double total = 0, min = 0, max = 0, mean = 0;
  double squares = 0;  // sum of squared differences from the mean

  double deviation() const;
};

struct StatementTotals {
  int64_t forgotten = 0;     // how often rare statements were dropped
  int64_t reset_micros = 0;  // timestamptz
};

class StatementState {
 public:
  virtual ~StatementState() = default;
  virtual std::vector<StatementRow> statement_rows() = 0;
  virtual StatementTotals statement_totals() = 0;
  // 0 stands for any.
  virtual void reset_statements(Oid user, Oid database, int64_t query_id) = 0;
};

}  // namespace luma
