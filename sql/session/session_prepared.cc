// PREPARE TRANSACTION and what finishes it.
#include <algorithm>
#include <cstdlib>

#include "engine/base/sql_error.h"
#include "sql/session/retention.h"
#include "sql/session/session_parts.h"
#include "sql/session/transaction_history.h"

namespace luma {

namespace {

SqlError cannot_prepare(std::string_view what) {
  return sql_error(SqlState::kFeatureNotSupported, "cannot PREPARE a transaction that has {}",
                   what);
}

}  // namespace

int64_t SqlSession::max_prepared_transactions() const {
  std::optional<std::string> value = settings_.show("max_prepared_transactions", true);
  return value ? std::atoll(value->c_str()) : 0;
}

void SqlSession::require_preparable() {
  CatalogTransaction* ddl = environment_.ddl_if_any();
  for (const LockListing& lock : locks_->transaction_locks(*lock_owner_)) {
    if (lock.kind != LockKind::kTable) continue;
    const Relation* relation = environment_.catalog().relation(lock.relation);
    if (relation != nullptr && relation->persistence == 't') {
      throw cannot_prepare("operated on temporary objects");
    }
  }
  if ((ddl != nullptr && ddl->has_changes()) || !dropped_storage_.empty()) {
    throw unsupported("PREPARE TRANSACTION after changes of definitions");
  }
  if (transaction_->has_commit_hooks()) {
    throw unsupported("PREPARE TRANSACTION after a load of a columnar table");
  }
  if (!sent_notifications_.empty() || !listen_actions_.empty()) {
    throw cannot_prepare("executed LISTEN, UNLISTEN, or NOTIFY");
  }
}

// Whatever goes wrong ends the transaction, as a failed COMMIT does.
void SqlSession::prepare_transaction(std::string_view gid) {
  check_deferred();
  try {
    bool keeps_cursor = std::any_of(portals_.begin(), portals_.end(), [](const auto& item) {
      return item.second->holdable && item.second->run != nullptr;
    });
    if (keeps_cursor) throw cannot_prepare("created a cursor WITH HOLD");
    drop_portals(true);
    ensure_transaction();
    if (gid.size() > PreparedTransactions::kMaxGidBytes) {
      throw sql_error(SqlState::kInvalidParameterValue, "transaction identifier \"{}\" is too long",
                      gid);
    }
    int64_t limit = max_prepared_transactions();
    if (limit == 0) {
      throw SqlError(SqlState::kObjectNotInPrerequisiteState, "prepared transactions are disabled")
          .hint("Set max_prepared_transactions to a nonzero value.");
    }
    require_preparable();
    PreparedInfo info;
    info.gid = gid;
    info.database = environment_.database();
    info.owner = environment_.current_user_oid();
    info.prepared_micros = current_timestamp_micros();
    uint64_t reads = instance_.pipeline().required_durable_ts(transaction_->dependency_ts());
    const uint64_t number = transaction_->id();
    uint64_t wait_for = instance_.prepared().prepare(*transaction_, std::move(info), limit);
    for (const PreparedInfo& prepared : instance_.prepared().list()) {
      if (prepared.gid == gid) instance_.history().note_prepared(number, prepared.transaction_id);
    }
    required_ts_ = std::max({required_ts_, reads, wait_for});
  } catch (...) {
    rollback_transaction();
    throw;
  }
  settings_.commit();
  report_activity(true);
  end_transaction_state();
}

void SqlSession::finish_prepared(std::string_view gid, bool commit) {
  require_no_block(commit ? "COMMIT PREPARED" : "ROLLBACK PREPARED");
  uint64_t wait_for = instance_.prepared().finish(gid, commit, [this](const PreparedInfo& info) {
    if (info.owner != environment_.current_user_oid() && !is_superuser()) {
      throw SqlError(SqlState::kInsufficientPrivilege,
                     "permission denied to finish prepared transaction")
          .hint("Must be superuser or the user that prepared the transaction.");
    }
    if (info.database != environment_.database()) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "prepared transaction belongs to another database")
          .hint("Connect to the database where the transaction was prepared to finish it.");
    }
  });
  required_ts_ = std::max(required_ts_, wait_for);
}

std::vector<PreparedTransactionRow> SqlSession::Live::prepared_transactions() {
  std::vector<PreparedTransactionRow> rows;
  for (PreparedInfo& info : session_.instance_.prepared().list()) {
    rows.push_back({info.transaction_id, std::move(info.gid), info.prepared_micros, info.owner,
                    info.database});
  }
  return rows;
}

std::vector<AuthenticationRow> SqlSession::Live::authentication_rules() {
  const auto& rules = session_.instance_.options().authentication_rules;
  return rules ? rules() : std::vector<AuthenticationRow>();
}

std::vector<std::string> SqlSession::Live::listening_channels() {
  std::lock_guard lock(session_.notification_mutex_);
  return {session_.listening_.begin(), session_.listening_.end()};
}

std::vector<RetentionRow> SqlSession::Live::retention_rows() {
  return session_.instance_.retention().rows(session_.environment_.database());
}

std::optional<std::pair<std::string, int32_t>> SqlSession::Live::server_address() {
  const SessionIdentity& identity = session_.identity_;
  if (identity.server_address.empty()) return std::nullopt;
  return std::pair{identity.server_address, identity.server_port};
}

}  // namespace luma
