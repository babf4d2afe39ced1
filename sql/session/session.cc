// Birth and end of a session; what surrounds every call.
#include "sql/session/session.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/catalog/privileges.h"
#include "sql/parse/long_identifiers.h"
#include "sql/session/session_parts.h"
#include "sql/session/session_routines.h"
#include "sql/session/session_triggers.h"
#include "sql/session/setting_checks.h"

namespace luma {
namespace {

SqlError fatal(SqlState state, std::string message) {
  SqlError error(state, std::move(message));
  error.fatal = true;
  return error;
}

std::string_view isolation_name(IsolationLevel level) {
  switch (level) {
    case IsolationLevel::kReadUncommitted:
      return "read uncommitted";
    case IsolationLevel::kReadCommitted:
      return "read committed";
    case IsolationLevel::kRepeatableRead:
      return "repeatable read";
    case IsolationLevel::kSerializable:
      return "serializable";
  }
  return "read committed";
}

std::string on_off(bool value) { return value ? "on" : "off"; }

}  // namespace

SqlSession::SqlSession(SqlInstance& instance, SessionIdentity identity, SessionHooks& hooks)
    : instance_(instance),
      identity_(std::move(identity)),
      hooks_(hooks),
      memory_(MemoryBudget::kUnlimited, &instance.memory()),
      live_(std::make_unique<Live>(*this)),
      environment_(instance, settings_, *live_),
      services_(std::make_unique<Services>(*this)),
      routines_(std::make_unique<Routines>(*this)),
      triggers_(std::make_unique<SessionTriggers>(environment_)) {
  environment_.set_services(*services_);
  environment_.set_routines(*routines_);
  environment_.set_snapshot_source([this] {
    const Transaction* txn = transaction_ ? &*transaction_ : nullptr;
    bool keeps = txn != nullptr && txn->keeps_snapshot() && txn->has_snapshot();
    return keeps ? transaction_->snapshot()->visible_ts : UINT64_MAX;
  });
}

SqlSession::~SqlSession() { terminate(); }

void SqlSession::start(const SessionStart& start, RowReceiver& receiver) {
  CallScope scope(*this, receiver, true);
  CatalogStore& store = instance_.catalog();
  std::shared_ptr<const Role> role = store.find_role(start.user);
  if (role == nullptr) {
    throw fatal(SqlState::kInvalidAuthorizationSpecification,
                fmt::format("role \"{}\" does not exist", start.user));
  }
  if (!role->can_login) {
    throw fatal(SqlState::kInvalidAuthorizationSpecification,
                fmt::format("role \"{}\" is not permitted to log in", start.user));
  }
  std::shared_ptr<const Database> database = store.find_database(start.database);
  if (database == nullptr) {
    throw fatal(SqlState::kInvalidCatalogName,
                fmt::format("database \"{}\" does not exist", start.database));
  }
  if (!database->allow_connections) {
    throw fatal(
        SqlState::kObjectNotInPrerequisiteState,
        fmt::format("database \"{}\" is not currently accepting connections", database->name));
  }
  CatalogPtr catalog = store.snapshot(database->oid);
  if (!has_database_privilege(*catalog, role->oid, *database, 'c')) {
    throw fatal(SqlState::kInsufficientPrivilege,
                fmt::format("permission denied for database \"{}\"", database->name))
        .detail("User does not have CONNECT privilege.");
  }
  int connections = instance_.activity().count(database->oid, identity_.pid);
  if (database->connection_limit >= 0 && !role->superuser &&
      connections >= database->connection_limit) {
    throw fatal(SqlState::kTooManyConnections,
                fmt::format("too many connections for database \"{}\"", database->name));
  }
  user_ = role->name;
  database_name_ = database->name;
  locks_ = &instance_.locks(database->oid);
  lock_owner_ = std::make_unique<LockOwner>(*locks_, identity_.pid, &interrupt_, &memory_);
  environment_.connect(database->oid, role->oid);
  define_specials();

  for (const auto& [name, value] : instance_.options().settings) {
    settings_.set_initial(name, value, SettingSource::kConfiguration, true);
  }
  auto apply = [&](const std::string& text, SettingSource source) {
    size_t equals = text.find('=');
    if (equals == text.npos) return;
    try {
      settings_.set_initial(text.substr(0, equals), text.substr(equals + 1), source, true);
    } catch (const SqlError& error) {
      notice(MessageLevel::kWarning, error);
    }
  };
  for (const std::string& text : database->settings) apply(text, SettingSource::kDatabase);
  for (Oid scope_oid : {kInvalidOid, database->oid}) {
    for (const auto& [oid, text] : role->settings) {
      if (oid == scope_oid) apply(text, SettingSource::kUser);
    }
  }
  for (const auto& [name, value] : start.settings) {
    settings_.set_initial(name, value, SettingSource::kClient, role->superuser);
    if (auto told = notice_of_long_name(name, value)) notice(MessageLevel::kNotice, *told);
  }
  settings_.set_internal("is_superuser", on_off(role->superuser));
  environment_.refresh();

  int64_t now = current_timestamp_micros();
  activity_.edit([&](ActivityRow& row) {
    row.database = database->oid;
    row.pid = identity_.pid;
    row.user = role->oid;
    row.application_name = *settings_.show("application_name", false);
    if (!identity_.client_address.empty()) {
      row.client_address = identity_.client_address;
      row.client_port = identity_.client_port;
    } else {
      row.client_port = -1;
    }
    row.backend_start = row.state_change = now;
    row.ssl = identity_.tls;
    row.ssl_version = identity_.tls_version;
    row.ssl_cipher = identity_.tls_cipher;
    row.ssl_bits = identity_.tls_bits;
  });
  instance_.activity().add(identity_.pid, {&activity_, &interrupt_, lock_owner_.get(),
                                           [this](const Notification& n) {
                                             {
                                               std::lock_guard lock(notification_mutex_);
                                               if (listening_.find(n.channel) == listening_.end())
                                                 return;
                                               inbox_.push_back(n);
                                               has_notifications_ = true;
                                             }
                                             hooks_.wake();
                                           },
                                           [this] { hooks_.wake(); }});
  registered_ = true;
}

// Settings that are state rather than text.
void SqlSession::define_specials() {
  settings_.set_special(
      "transaction_isolation",
      {[this] {
         return std::string(isolation_name(transaction_ ? transaction_->isolation()
                                                        : settings_.vars().default_isolation));
       },
       [this](std::string_view value, bool) { set_isolation(value); }});
  settings_.set_special("transaction_read_only",
                        {[this] {
                           return on_off(transaction_ ? transaction_->read_only()
                                                      : settings_.vars().default_read_only);
                         },
                         [this](std::string_view value, bool) { set_read_only(value == "on"); }});
  settings_.set_special(
      "transaction_deferrable",
      {[this] { return on_off(transaction_ ? deferrable_ : settings_.vars().default_deferrable); },
       [this](std::string_view value, bool) {
         ensure_transaction();
         deferrable_ = value == "on";
       }});
  settings_.set_special("session_authorization",
                        {[this] { return environment_.role_name(environment_.session_user_oid()); },
                         [this](std::string_view value, bool) { assign_role(value, true); }, true});
  settings_.set_special(
      "role", {[this] {
                 return environment_.current_user_oid() == environment_.session_user_oid()
                            ? std::string("none")
                            : environment_.role_name(environment_.current_user_oid());
               },
               [this](std::string_view value, bool) { assign_role(value, false); }, true});
  settings_.set_special("seed", {[] { return std::string("unavailable"); },
                                 [this](std::string_view value, bool) {
                                   double seed = std::atof(std::string(value).c_str());
                                   services_->random.seeded = true;
                                   services_->random.words[0] = std::bit_cast<uint64_t>(seed);
                                   services_->random.words[1] = 0x9E3779B97F4A7C15ull;
                                 }});
}

bool SqlSession::is_superuser() const {
  return luma::is_superuser(environment_.catalog(), environment_.current_user_oid());
}

void SqlSession::assign_role(std::string_view value, bool session_too) {
  const Catalog& catalog = environment_.catalog();
  Oid login = catalog.find_role(user_) == nullptr ? environment_.session_user_oid()
                                                  : catalog.find_role(user_)->oid;
  if (session_too) {
    Oid target = login;
    if (value != "default") {
      const Role* role = catalog.find_role(value);
      if (role == nullptr) {
        throw sql_error(SqlState::kInvalidParameterValue, "role \"{}\" does not exist", value);
      }
      if (role->oid != login && !luma::is_superuser(catalog, login)) {
        throw sql_error(SqlState::kInsufficientPrivilege,
                        "permission denied to set session authorization");
      }
      target = role->oid;
    }
    environment_.set_session_user(target);
    environment_.set_current_user(target);
  } else if (value == "none" || value == "default") {
    environment_.set_current_user(environment_.session_user_oid());
  } else {
    const Role* role = catalog.find_role(value);
    if (role == nullptr) {
      throw sql_error(SqlState::kInvalidParameterValue, "role \"{}\" does not exist", value);
    }
    if (!luma::is_superuser(catalog, environment_.session_user_oid()) &&
        !is_member_of(catalog, environment_.session_user_oid(), role->oid)) {
      throw sql_error(SqlState::kInsufficientPrivilege, "permission denied to set role \"{}\"",
                      value);
    }
    environment_.set_current_user(role->oid);
  }
  settings_.set_internal("is_superuser", on_off(is_superuser()));
  settings_.set_internal("session_authorization", "");
}

void SqlSession::begin_activity(std::string_view text) {
  // A cancel that came while nothing ran is forgotten; one that came since the statement was given
  // to a worker is not.
  if (inline_ && !statement_timer_runs_) interrupt_.clear_statement_reasons();
  statement_micros_ = current_timestamp_micros();
  activity_.begin_statement(text, statement_micros_, 0);
  if (settings_.vars().log_statement == StatementLog::kAll) log_statement(text);
  start_statement_timer();
}

// Every statement of a query string has its own time. Parse, Bind and Execute share one: a clock
// that runs already goes on.
void SqlSession::start_statement_timer() {
  int32_t timeout = settings_.vars().statement_timeout_ms;
  if (timeout <= 0) return stop_statement_timer();
  if (statement_timer_runs_) return;
  hooks_.set_timer(Interrupt::kStatementTimeout, std::chrono::milliseconds(timeout));
  statement_timer_runs_ = true;
}

void SqlSession::stop_statement_timer() noexcept {
  if (!statement_timer_runs_) return;
  hooks_.set_timer(Interrupt::kStatementTimeout, std::chrono::milliseconds(0));
  statement_timer_runs_ = false;
}

void SqlSession::log_statement(std::string_view text) {
  instance_.logger().log(LogLevel::kInfo, "statement",
                         {{"pid", identity_.pid},
                          {"user", std::string_view(user_)},
                          {"database", std::string_view(database_name_)},
                          {"statement", text.substr(0, 4096)}});
}

void SqlSession::log_duration() {
  int64_t micros = current_timestamp_micros() - statement_micros_;
  if (micros < int64_t{settings_.vars().log_min_duration_ms} * 1000) return;
  std::string query = activity_.row().query;
  instance_.logger().log(LogLevel::kInfo, "duration",
                         {{"ms", static_cast<double>(micros) / 1000},
                          {"pid", identity_.pid},
                          {"user", std::string_view(user_)},
                          {"database", std::string_view(database_name_)},
                          {"statement", std::string_view(query)}});
}

void SqlSession::end_activity() noexcept {
  if (settings_.vars().log_min_duration_ms >= 0) {
    try {
      log_duration();
    } catch (...) {
      // Out of memory: the statement itself is done.
    }
  }
  const char* state = state_ == TxnState::kFailed ? "idle in transaction (aborted)"
                      : state_ == TxnState::kIdle ? "idle"
                                                  : "idle in transaction";
  activity_.end_statement(state, statement_micros_, state_ != TxnState::kIdle);
  stop_statement_timer();
  interrupt_.clear_statement_reasons();
}

void SqlSession::notice(MessageLevel level, SqlError notice) {
  if (receiver_ == nullptr) return;
  // INFO is always sent.
  if (level != MessageLevel::kInfo && level < settings_.vars().client_min_messages) return;
  receiver_->notice(level, notice);
}

void SqlSession::warn(SqlState state, std::string message) {
  notice(MessageLevel::kWarning, SqlError(state, std::move(message)));
}

bool SqlSession::warn_of_long_names(std::string_view sql) {
  bool standard = settings_.vars().standard_conforming_strings;
  std::vector<LongIdentifier> found = long_identifiers(sql, standard);
  for (const LongIdentifier& each : found) {
    notice(MessageLevel::kNotice,
           sql_error(SqlState::kNameTooLong, "identifier \"{}\" will be truncated to \"{}\"",
                     each.name, each.kept));
  }
  return !found.empty();
}

void SqlSession::failed(const SqlError&) noexcept {
  copy_.reset();
  pending_.active = false;
  pending_.statements.clear();
  multi_statement_ = false;
  try {
    switch (state_) {
      case TxnState::kIdle:
        if (transaction_) rollback_transaction();
        break;
      case TxnState::kImplicit:
        rollback_transaction();
        break;
      case TxnState::kBlock:
        state_ = TxnState::kFailed;
        if (savepoints_.empty()) {
          // Everything is undone now, so that nobody waits for locks that serve no purpose; the
          // block itself goes on until the client ends it.
          rollback_transaction();
          state_ = TxnState::kFailed;
        } else {
          rollback_to(savepoints_.back());
        }
        break;
      case TxnState::kFailed:
        break;
    }
  } catch (...) {
    rollback_transaction();
    state_ = TxnState::kFailed;
  }
  end_activity();
}

void SqlSession::terminate() noexcept {
  copy_.reset();
  if (registered_) {
    instance_.activity().remove(identity_.pid);
    registered_ = false;
  }
  pending_.active = false;
  rollback_transaction();
  drop_portals(false);
  if (has_temporary_) drop_temporary_tables(true);
  statements_.clear();
  cache_.clear();
  lock_owner_.reset();
}

char SqlSession::transaction_status() const {
  switch (state_) {
    case TxnState::kBlock:
      return 'T';
    case TxnState::kFailed:
      return 'E';
    default:
      return 'I';
  }
}

uint64_t SqlSession::required_durable_ts() const {
  if (!transaction_) return required_ts_;
  return std::max(required_ts_,
                  instance_.pipeline().required_durable_ts(transaction_->dependency_ts()));
}

int32_t SqlSession::idle_timeout_ms() const {
  // Between messages of the extended protocol, before Sync: not idle.
  if (state_ == TxnState::kImplicit) return 0;
  return state_ == TxnState::kIdle ? settings_.vars().idle_session_timeout_ms
                                   : settings_.vars().idle_in_transaction_timeout_ms;
}

std::vector<Notification> SqlSession::take_notifications() {
  // Asked after every statement, and nearly always in vain.
  if (!has_notifications_.exchange(false)) return {};
  std::lock_guard lock(notification_mutex_);
  return std::move(inbox_);
}

}  // namespace luma
