#pragma once
// What became of recent transactions, by their numbers, and which were running when a snapshot was
// taken: behind pg_current_snapshot() and pg_xact_status(). Also the snapshots that sessions have
// exported. Remembers the last kRemembered commits since the server's start. Thread-safe.
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/txn/commit_pipeline.h"
#include "engine/txn/prepared_transactions.h"
#include "engine/type/snapshot.h"
#include "sql/catalog/transaction_state.h"
#include "sql/session/activity.h"

namespace luma {

class TransactionHistory {
 public:
  // Registers itself with the pipeline, which must not have committed anything yet.
  TransactionHistory(CommitPipeline& pipeline, const ActivityRegistry& sessions,
                     const PreparedTransactions& prepared);

  // A transaction without writes that has told somebody its number.
  void note_committed(uint64_t id);
  // `held` is going to commit what `original` has written (PREPARE TRANSACTION).
  void note_prepared(uint64_t original, uint64_t held);
  TransactionFate fate(uint64_t id);
  // The numbers that are visible in `snapshot`, as far as transactions end from now on. A commit
  // whose timestamp came while the snapshot was taken counts as still running.
  SnapshotValue describe(const TxnSnapshot& snapshot);

 private:
  static constexpr size_t kRemembered = 1 << 16;
  struct Commit {
    uint64_t id = 0, timestamp = 0;
  };
  void record(uint64_t id, uint64_t timestamp);  // under mutex_
  std::optional<uint64_t> committed_at(uint64_t id) const;
  std::vector<uint64_t> running();

  CommitPipeline& pipeline_;
  const ActivityRegistry& sessions_;
  const PreparedTransactions& prepared_transactions_;
  const uint64_t first_id_;
  Commit pending_;  // between the two hooks of one commit: under the pipeline's commit mutex
  uint64_t id_ceiling_ = 0;
  mutable std::mutex mutex_;
  std::vector<Commit> commits_;            // by id modulo its size
  std::map<uint64_t, uint64_t> prepared_;  // held -> original
};

class ExportedSnapshots {
 public:
  struct Entry {
    TxnSnapshotRef snapshot;
    Oid database = kInvalidOid;
    IsolationLevel isolation = IsolationLevel::kReadCommitted;
    bool read_only = false;
  };
  void add(const std::string& name, Entry entry);
  void remove(const std::string& name);
  std::optional<Entry> find(std::string_view name) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace luma
