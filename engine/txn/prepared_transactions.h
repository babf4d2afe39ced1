#pragma once
// Two-phase commit: transactions that were prepared and wait for COMMIT or ROLLBACK PREPARED, in
// any session or after any number of restarts. PREPARE takes the writes and the locks of the
// session's transaction over and stores both in one durable record; recover() takes them up again.
// Thread-safe; lives between the commit pipeline and its users.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/txn/commit_pipeline.h"
#include "engine/txn/lock_manager.h"

namespace luma {

struct PreparedInfo {
  std::string gid;
  Oid database = kInvalidOid, owner = kInvalidOid;
  int64_t prepared_micros = 0;  // as timestamptz
  uint64_t transaction_id = 0;
};

class PreparedTransactions {
 public:
  static constexpr size_t kMaxGidBytes = 199;
  // The lock manager of a database; it outlives this object.
  using LockManagers = std::function<LockManager&(Oid database)>;

  PreparedTransactions(CommitPipeline& pipeline, LockManagers locks);
  ~PreparedTransactions();
  PreparedTransactions(const PreparedTransactions&) = delete;
  PreparedTransactions& operator=(const PreparedTransactions&) = delete;

  // Once, before any session: what was prepared and not finished holds its locks again.
  void recover();

  // Throws 42710 (gid in use), 53200 (`limit` reached), 40001, 0A000 (an advisory lock that the
  // session holds too) and what the store throws; the transaction is then as it was. Afterwards
  // `txn` is over. Returns the timestamp that has to be durable before anybody is told.
  uint64_t prepare(Transaction& txn, PreparedInfo info, int64_t limit);

  // COMMIT PREPARED and ROLLBACK PREPARED. `check` refuses by throwing. 42704 when there is no such
  // transaction, 55000 when another session is about to finish it.
  uint64_t finish(std::string_view gid, bool commit,
                  const std::function<void(const PreparedInfo&)>& check);

  std::vector<PreparedInfo> list() const;
  int count(Oid database) const;

 private:
  struct Entry;
  Entry& reserve(PreparedInfo info, int64_t limit);
  void drop(std::string_view gid);
  std::unique_ptr<Entry> read_record(std::string_view gid, std::string_view record);

  CommitPipeline& pipeline_;
  LockManagers locks_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Entry>, std::less<>> entries_;
};

}  // namespace luma
