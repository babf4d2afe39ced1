// Numbers of transactions, what became of them, and snapshots that sessions share.
#include "engine/base/sql_error.h"
#include "sql/session/session_parts.h"
#include "sql/session/transaction_history.h"

namespace luma {

uint64_t SqlSession::Live::assign_number() { return number_ = session_.ensure_transaction().id(); }

uint64_t SqlSession::Live::assigned_number() {
  Transaction& transaction = session_.ensure_transaction();
  return number_ != 0 || transaction.has_writes() ? transaction.id() : 0;
}

TransactionFate SqlSession::Live::fate(uint64_t id) {
  return session_.instance_.history().fate(id);
}

SnapshotValue SqlSession::Live::current_snapshot() {
  std::lock_guard lock(description_mutex_);
  const TxnSnapshotRef& snapshot = session_.ensure_transaction().snapshot();
  if (described_.lock() != snapshot) {
    description_ = session_.instance_.history().describe(*snapshot);
    described_ = snapshot;
  }
  return description_;
}

std::string SqlSession::Live::export_snapshot() {
  if (!session_.savepoints_.empty()) {
    throw SqlError(SqlState::kActiveSqlTransaction,
                   "cannot export a snapshot from a subtransaction");
  }
  Transaction& transaction = session_.ensure_transaction();
  std::string name = fmt::format("{:08X}-{:08X}-{}", session_.identity_.pid,
                                 static_cast<uint32_t>(transaction.id()), exported_.size() + 1);
  exported_.push_back(name);
  session_.instance_.exported_snapshots().add(
      name, {transaction.snapshot(), session_.environment_.database(), transaction.isolation(),
             transaction.read_only()});
  return name;
}

void SqlSession::Live::import_snapshot(std::string_view name) {
  Transaction& transaction = session_.ensure_transaction();
  if (session_.ran_query_ || transaction.has_snapshot() || !session_.savepoints_.empty()) {
    throw SqlError(SqlState::kActiveSqlTransaction,
                   "SET TRANSACTION SNAPSHOT must be called before any query");
  }
  if (!transaction.keeps_snapshot()) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "a snapshot-importing transaction must have isolation level SERIALIZABLE or "
                   "REPEATABLE READ");
  }
  std::optional<ExportedSnapshots::Entry> entry =
      session_.instance_.exported_snapshots().find(name);
  if (!entry) {
    throw sql_error(SqlState::kInvalidParameterValue, "invalid snapshot identifier: \"{}\"", name);
  }
  if (transaction.isolation() == IsolationLevel::kSerializable) {
    if (entry->isolation != IsolationLevel::kSerializable) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "a serializable transaction cannot import a snapshot from a "
                     "non-serializable transaction");
    }
    if (entry->read_only && !transaction.read_only()) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "a non-read-only serializable transaction cannot import a snapshot from a "
                     "read-only transaction");
    }
    // Commits since the snapshot need not be known any more.
    if (!transaction.read_only()) {
      throw unsupported("SET TRANSACTION SNAPSHOT in a serializable transaction that may write");
    }
  }
  if (entry->database != session_.environment_.database()) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "cannot import a snapshot from a different database");
  }
  transaction.resume_statement({entry->snapshot, 0});
  session_.environment_.refresh();
}

void SqlSession::Live::end_transaction(bool committed) noexcept {
  if (session_.lock_owner_ != nullptr) {
    if (committed && number_ != 0) session_.instance_.history().note_committed(number_);
    session_.lock_owner_->set_transaction_id(0);
  }
  number_ = 0;
  described_.reset();
  if (exported_.empty()) return;
  for (const std::string& name : exported_) session_.instance_.exported_snapshots().remove(name);
  exported_.clear();
}

}  // namespace luma
