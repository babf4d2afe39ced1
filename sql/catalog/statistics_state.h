#pragma once
// What has been counted since the server started: behind pg_stat_all_tables, pg_stat_database and
// their functions. A LiveState that counts is a StatisticsState too. Called by the thread that runs
// the statement.
#include <cstdint>
#include <optional>

#include "engine/table/table_activity.h"
#include "engine/type/oid.h"

namespace luma {

// Times are timestamptz micros; nullopt: never.
struct RelationStatistics {
  TableActivity activity;  // live_change is not filled in
  int64_t live_rows = 0;
  int64_t changed_since_analyze = 0, inserted_since_vacuum = 0;
  std::optional<int64_t> last_vacuum, last_analyze, last_autoanalyze;
  int64_t vacuum_count = 0, analyze_count = 0, autoanalyze_count = 0;
};

struct DatabaseStatistics {
  int32_t sessions = 0;  // that are connected now
  int64_t commits = 0, rollbacks = 0;
  TableActivity activity;  // of all its tables and indexes
};

class StatisticsState {
 public:
  virtual ~StatisticsState() = default;
  virtual RelationStatistics relation_statistics(Oid relation) = 0;
  // Of the running transaction alone, which is not part of the others yet.
  virtual TableActivity transaction_activity(Oid relation) = 0;
  virtual DatabaseStatistics database_statistics(Oid database) = 0;
};

}  // namespace luma
