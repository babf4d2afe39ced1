#pragma once
// Counts of what transactions did to tables and databases since the instance was opened, and of
// maintenance. Sessions add at the end of each transaction; a session nearly always has the lock it
// takes to itself. Thread-safe.
#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "engine/table/table_activity.h"
#include "sql/catalog/statistics_state.h"

namespace luma {

class ActivityStatistics {
 public:
  // `pid` spreads sessions over locks.
  void add(Oid database, int32_t pid, const TransactionActivity& activity, bool committed);
  // ANALYZE has found `rows`; the catalog's number counts until then.
  void analyzed(Oid database, Oid relation, uint32_t storage_id, int64_t rows, int64_t now_micros,
                bool automatically);
  // The rows alone were counted, `own_change` of them by the transaction that made them: they are
  // not added again when it commits.
  void counted(Oid database, Oid relation, uint32_t storage_id, int64_t rows, int64_t own_change);
  // Anything was counted since the start.
  bool has_activity(Oid database) const;
  void vacuumed(Oid database, Oid relation, int64_t now_micros);
  void drop_storage(uint32_t storage_id);

  // `estimated_rows`: of the catalog, for tables that were not analysed since the start.
  RelationStatistics relation(Oid database, Oid relation, uint32_t storage_id,
                              double estimated_rows) const;
  // Without the number of sessions.
  DatabaseStatistics database(Oid database) const;

 private:
  struct Relation {
    TableActivity activity;
    int64_t changed = 0;  // rows, by committed transactions
  };
  struct Database {
    int64_t commits = 0, rollbacks = 0;
    std::unordered_map<Oid, Relation> relations;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Oid, Database> databases;
    std::unordered_map<uint32_t, int64_t> live_changes;  // by storage id
  };
  struct Maintenance {
    RelationStatistics shown;           // times and counts of it
    int64_t changed = 0, inserted = 0;  // when it was done last
    uint32_t storage_id = 0;
    int64_t rows = 0, live_change = 0;  // what ANALYZE found, and the sum of changes then
  };
  static constexpr size_t kShards = 16;
  Relation sum(Oid database, Oid relation) const;
  int64_t live_change(uint32_t storage_id) const;

  std::array<Shard, kShards> shards_;
  mutable std::mutex maintenance_mutex_;
  std::unordered_map<uint64_t, Maintenance> maintenance_;  // by database and relation
};

}  // namespace luma
