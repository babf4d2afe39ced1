// Live state behind pg_settings, pg_stat_activity, pg_locks and the like.
#include "engine/txn/lock_manager.h"
#include "sql/catalog/privileges.h"
#include "sql/session/session_parts.h"

namespace luma {
namespace {

constexpr int64_t kUnixToPostgresMicros = int64_t{946684800} * 1'000'000;

}  // namespace

std::vector<ActivityRow> SqlSession::Live::activity() {
  std::vector<ActivityRow> rows = session_.instance_.activity().rows();
  const StatementEnvironment& environment = session_.environment_;
  Oid user = environment.current_user_oid();
  if (has_privileges_of(environment.catalog(), user, kReadAllStatsRole)) return rows;
  for (ActivityRow& row : rows) {
    if (has_privileges_of(environment.catalog(), user, row.user)) continue;
    // That there is a session is no secret, what it does is one.
    ActivityRow shown;
    shown.database = row.database;
    shown.pid = row.pid;
    shown.user = row.user;
    shown.application_name = row.application_name;
    shown.query = "<insufficient privilege>";
    shown.backend_type.clear();
    row = std::move(shown);
  }
  return rows;
}

std::vector<LockRow> SqlSession::Live::locks() {
  std::vector<LockRow> out;
  // Who looks is in a transaction, which others could wait for.
  LockRow own;
  own.type = "virtualxid";
  own.pid = session_.identity_.pid;
  own.virtual_transaction = fmt::format("{}/{}", own.pid, session_.lock_owner_->transaction_id());
  own.mode = "ExclusiveLock";
  out.push_back(std::move(own));
  for (const LockListing& lock : session_.locks_->list()) {
    LockRow row;
    row.database = session_.environment_.database();
    switch (lock.kind) {
      case LockKind::kRow:
        row.type = "tuple";
        if (lock.relation != kInvalidOid) row.relation = lock.relation;
        break;
      case LockKind::kTable:
        row.type = "relation";
        row.relation = lock.relation;
        break;
      case LockKind::kAdvisory:
        row.type = "advisory";
        row.class_id = lock.advisory.class_id;
        row.object_id = lock.advisory.object_id;
        row.object_sub_id = static_cast<int16_t>(lock.advisory.sub_id);
        break;
    }
    row.virtual_transaction =
        fmt::format("{}/{}", lock.pid == 0 ? -1 : lock.pid, lock.transaction_id);
    row.pid = lock.pid;
    row.mode = lock_mode_name(lock.kind, lock.mode);
    row.granted = lock.granted;
    if (lock.wait_start_us != 0) row.wait_start = lock.wait_start_us - kUnixToPostgresMicros;
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<PreparedStatementRow> SqlSession::Live::prepared_statements() {
  std::vector<PreparedStatementRow> out;
  for (const auto& [name, query] : session_.statements_) {
    PreparedStatementRow row;
    row.name = name;
    row.statement = query->text;
    row.prepare_time = query->prepare_micros;
    row.parameter_types = query->parameter_types;
    row.from_sql = query->from_sql;
    row.generic_plans = static_cast<int64_t>(query->executions);
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<CursorRow> SqlSession::Live::cursors() {
  std::vector<CursorRow> out;
  for (const auto& [name, portal] : session_.portals_) {
    CursorRow row;
    row.name = name;
    row.statement =
        portal->is_cursor || portal->query == nullptr ? portal->statement : portal->query->text;
    row.holdable = portal->holdable;
    row.binary = portal->binary;
    row.scrollable = !portal->no_scroll;
    row.creation_time = portal->creation_micros;
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<SettingRow> SqlSession::Live::settings() {
  std::vector<SettingRow> rows = session_.settings_.rows();
  std::erase_if(rows, [&](const SettingRow& row) { return !session_.sees_setting(row.name); });
  return rows;
}

SequenceRow SqlSession::Live::sequence(Oid oid) {
  Transaction* transaction = session_.transaction_ ? &*session_.transaction_ : nullptr;
  SequenceState state = session_.instance_.sequences().read(
      transaction, {session_.environment_.catalog().database_oid(), oid});
  return {state.last_value, state.log_count, state.is_called};
}

RelationSize SqlSession::Live::relation_size(Oid oid) {
  const Catalog& catalog = session_.environment_.catalog();
  const Relation* relation = catalog.relation(oid);
  RelationSize size;
  if (relation == nullptr || relation->storage_id == 0) return size;
  size.bytes = session_.instance_.storage_size_bytes(relation->storage_id);
  size.rows = catalog.analyzed_size(*relation).first;
  return size;
}

int64_t SqlSession::Live::database_size(Oid) {
  int64_t total = 0;
  session_.environment_.catalog().for_each_relation([&](const Relation& relation) {
    if (relation.storage_id != 0) {
      total += session_.instance_.storage_size_bytes(relation.storage_id);
    }
  });
  return total;
}

void SqlSession::Live::require_signal_right(Oid other, bool terminate) const {
  const Catalog& catalog = session_.environment_.catalog();
  Oid user = session_.environment_.current_user_oid();
  if (luma::is_superuser(catalog, other) && !luma::is_superuser(catalog, user)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be a superuser to {}",
                    terminate ? "terminate superuser process" : "cancel superuser query");
  }
  if (has_privileges_of(catalog, user, other) ||
      has_privileges_of(catalog, user, kSignalBackendRole)) {
    return;
  }
  throw sql_error(SqlState::kInsufficientPrivilege,
                  "must be a member of the role whose {} or member of pg_signal_backend",
                  terminate ? "process is being terminated" : "query is being canceled");
}

bool SqlSession::Live::signal_session(int32_t pid, bool terminate) {
  for (const ActivityRow& row : session_.instance_.activity().rows()) {
    if (row.pid == pid) require_signal_right(row.user, terminate);
  }
  return session_.instance_.activity().interrupt(
      pid, terminate ? Interrupt::kTerminate : Interrupt::kCancel);
}

std::vector<int32_t> SqlSession::Live::blocking_pids(int32_t pid) {
  return session_.locks_->blocking_pids(pid);
}

void SqlSession::Live::notify(std::string_view channel, std::string_view payload) {
  session_.notify(channel, payload);
}

int64_t SqlSession::Live::server_start_time() { return session_.instance_.start_micros(); }

RelationStatistics SqlSession::Live::relation_statistics(Oid oid) {
  const Catalog& catalog = session_.environment_.catalog();
  const Relation* relation = catalog.relation(oid);
  return session_.instance_.statistics().relation(
      catalog.database_oid(), oid, relation == nullptr ? 0 : relation->storage_id,
      relation == nullptr ? -1 : catalog.analyzed_size(*relation).first);
}

TableActivity SqlSession::Live::transaction_activity(Oid oid) {
  TableActivity sum;
  for (const auto& entry : session_.deferred_.activity().entries()) {
    if (entry.relation == oid) sum += entry.counts;
  }
  return sum;
}

DatabaseStatistics SqlSession::Live::database_statistics(Oid database) {
  DatabaseStatistics out = session_.instance_.statistics().database(database);
  for (const ActivityRow& row : session_.instance_.activity().rows()) {
    if (row.database == database) ++out.sessions;
  }
  return out;
}

std::string SqlSession::Live::current_query() { return session_.activity_.row().query; }

}  // namespace luma
