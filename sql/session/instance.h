#pragma once
// One open database cluster, on disk or in memory: storage, commit order, locks, catalog,
// sequences, and what all its sessions share. The server and the embedded mode stand on it.
// Thread-safe; outlives its sessions.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/log.h"
#include "engine/base/memory_budget.h"
#include "engine/columnar/columnar_table.h"
#include "engine/exec/worker_threads.h"
#include "engine/row/kv.h"
#include "engine/row/table_desc.h"
#include "engine/txn/commit_pipeline.h"
#include "engine/txn/id_allocator.h"
#include "engine/txn/lock_manager.h"
#include "engine/txn/prepared_transactions.h"
#include "engine/txn/sequence_store.h"
#include "sql/catalog/catalog_store.h"
#include "sql/catalog/operations_state.h"
#include "sql/session/activity.h"
#include "sql/session/activity_statistics.h"
#include "sql/session/index_births.h"

namespace luma {

class AutoAnalyze;
class ColumnarMaintenance;
class ExportedSnapshots;
class Retention;
class StatementStatistics;
class TransactionHistory;

struct SqlInstanceOptions {
  KvOptions kv;
  CommitOptions commit;
  ColumnarOptions columnar;  // the directory is chosen here
  BootstrapOptions bootstrap;
  size_t memory_limit_bytes = MemoryBudget::kUnlimited;  // of all statements together
  std::string spill_directory;                           // "" : statements cannot spill
  Logger* logger = nullptr;                              // null: no log
  // Values of settings for every session ("work_mem", "64MB"), like postgresql.conf.
  std::vector<std::pair<std::string, std::string>> settings;
  // How clients authenticate, as it is now; null: there is no server.
  std::function<std::vector<AuthenticationRow>()> authentication_rules;
  // SCRAM verifier of a clear-text password; without it CREATE ROLE ... PASSWORD fails.
  std::function<std::string(std::string_view)> password_verifier;
};

class SqlInstance {
 public:
  // Opens or creates. Throws SqlError (55006 when another process has it, XX001, 58030, ...).
  explicit SqlInstance(SqlInstanceOptions options);
  ~SqlInstance();
  SqlInstance(const SqlInstance&) = delete;
  SqlInstance& operator=(const SqlInstance&) = delete;

  const SqlInstanceOptions& options() const { return options_; }
  Logger& logger() { return options_.logger != nullptr ? *options_.logger : null_logger(); }
  Kv& kv() { return *kv_; }
  CommitPipeline& pipeline() { return *pipeline_; }
  IdAllocator& ids() { return *ids_; }
  SequenceStore& sequences() { return *sequences_; }
  CatalogStore& catalog() { return *catalog_; }
  ColumnarTables& columnar() { return *columnar_; }
  IndexBirths& index_births() { return index_births_; }
  ActivityRegistry& activity() { return activity_; }
  ActivityStatistics& statistics() { return statistics_; }
  MemoryBudget& memory() { return memory_; }
  // Help statements with parts of their plans.
  WorkerThreads& worker_threads() { return worker_threads_; }
  // Oids of tables repeat in databases made from the same template: each has its own locks.
  LockManager& locks(Oid database);
  PreparedTransactions& prepared() { return *prepared_; }
  TransactionHistory& history() { return *history_; }
  ExportedSnapshots& exported_snapshots() { return *exported_snapshots_; }
  StatementStatistics& statement_statistics() { return *statement_statistics_; }
  Retention& retention() { return *retention_; }
  int64_t start_micros() const { return start_micros_; }

  // Committed table descriptions; empty when not cached for this catalog version.
  TableDescPtr cached_table(Oid database, uint64_t catalog_version, Oid table);
  void cache_table(Oid database, uint64_t catalog_version, const TableDescPtr& table);

  // Rows below a storage id, estimated from the store's sizes; cached for a while.
  double estimated_rows(uint32_t storage_id, uint32_t row_width_bytes);
  void forget_estimate(uint32_t storage_id);
  int64_t storage_size_bytes(uint32_t storage_id);

  // Background work that changes catalog objects: commits what `change` puts into a transaction
  // that sees everything committed so far. Others' commits with catalog changes wait meanwhile.
  void change_catalog(Oid database, const std::function<void(CatalogTransaction&)>& change);

  // Storage of committed drops: removed when no snapshot can see it any more.
  void drop_storage(uint32_t storage_id);
  // Flushes the log and the memtables.
  void checkpoint();
  // When nobody uses the instance any more.
  void close();

 private:
  class Ids;
  struct TableCache {
    uint64_t version = 0;
    std::unordered_map<Oid, TableDescPtr> tables;
  };
  struct Estimate {
    double rows;
    int64_t made_micros;
  };
  void load_catalog();
  void recover_columnar();
  void drop_left_over_temporary(Oid database);

  SqlInstanceOptions options_;
  MemoryBudget memory_;
  WorkerThreads worker_threads_;
  std::unique_ptr<Kv> kv_;
  std::unique_ptr<CommitPipeline> pipeline_;
  std::unique_ptr<IdAllocator> ids_;
  std::unique_ptr<Ids> catalog_ids_;
  std::unique_ptr<SequenceStore> sequences_;
  std::unique_ptr<CatalogStore> catalog_;
  std::unique_ptr<ColumnarTables> columnar_;
  std::unique_ptr<ColumnarMaintenance> maintenance_;
  std::unique_ptr<AutoAnalyze> auto_analyze_;
  std::unique_ptr<Retention> retention_;
  ActivityRegistry activity_;
  ActivityStatistics statistics_;
  int64_t start_micros_ = 0;

  std::mutex locks_mutex_;
  std::map<Oid, std::unique_ptr<LockManager>> locks_;
  std::unique_ptr<PreparedTransactions> prepared_;
  std::unique_ptr<TransactionHistory> history_;
  std::unique_ptr<ExportedSnapshots> exported_snapshots_;
  std::unique_ptr<StatementStatistics> statement_statistics_;
  std::mutex tables_mutex_;
  std::map<Oid, TableCache> tables_;
  IndexBirths index_births_;
  std::mutex estimates_mutex_;
  std::unordered_map<uint32_t, Estimate> estimates_;
  std::mutex dropped_mutex_;
  std::vector<std::pair<uint32_t, uint64_t>> dropped_;  // storage id, commit timestamp bound
};

// Microseconds since 2000-01-01 UTC, as timestamptz counts.
int64_t current_timestamp_micros();

}  // namespace luma
