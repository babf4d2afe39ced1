// The public faces of databases, connections and transactions.
#include "sql/embedded/connection_state.h"
#include "sql/embedded/luma.h"
#include "sql/embedded/result_state.h"
#include "sql/embedded/statement_state.h"

namespace luma::embedded {

using embedded_internal::ConnectionState;
using embedded_internal::DatabaseState;
using embedded_internal::PlainReceiver;
using embedded_internal::public_error;
using embedded_internal::ResultState;
using embedded_internal::StatementState;

Database::Database(std::shared_ptr<DatabaseState> state) : state_(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Database Database::open(const std::string& path, const Options& options) {
  if (path.empty()) throw public_error(SqlState::kInvalidName, "the database's path is empty");
  return Database(std::make_shared<DatabaseState>(path, options));
}

Database Database::in_memory(const Options& options) {
  return Database(std::make_shared<DatabaseState>(std::string(), options));
}

Connection Database::connect(std::string_view user, std::string_view database) {
  return Connection(std::make_shared<ConnectionState>(state_, user, database));
}

void Database::checkpoint() {
  embedded_internal::translated([&] { state_->instance().checkpoint(); });
}

Connection::Connection(std::shared_ptr<ConnectionState> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&& other) noexcept {
  if (this != &other) {
    close();
    state_ = std::move(other.state_);
  }
  return *this;
}
Connection::~Connection() { close(); }

Completion Connection::execute(std::string_view sql) { return state_->execute(sql); }

Completion Connection::copy_in(std::string_view sql,
                               const std::function<bool(std::string&)>& next) {
  return state_->copy_in(sql, next);
}

Completion Connection::copy_out(std::string_view sql,
                                const std::function<void(std::string_view)>& take) {
  return state_->copy_out(sql, take);
}

Result Connection::query(std::string_view sql) {
  auto result =
      std::make_shared<ResultState>(state_, std::string(sql), embedded_internal::runs_at_once(sql));
  state_->call_statement(sql, [&](SqlSession& session) {
    result->choose_portal(!state_->in_block());
    session.parse({}, sql, {}, *result, true);
    SqlSession::Description description = session.describe_statement({});
    if (!description.parameter_types.empty()) {
      throw sql_error(SqlState::kUndefinedParameter, "there is no parameter ${}", 1);
    }
    std::vector<ResultColumnInfo> columns(description.columns.begin(), description.columns.end());
    session.bind({result->portal(), {}, {}, {}, {}}, *result, true);
    result->start(session, columns);
  });
  return Result(std::move(result));
}

Statement Connection::prepare(std::string_view sql,
                              const std::vector<std::string>& parameter_types) {
  return Statement(std::make_shared<StatementState>(state_, std::string(sql), parameter_types));
}

Transaction Connection::begin(const TransactionOptions& options) {
  if (in_transaction()) {
    throw public_error(SqlState::kActiveSqlTransaction,
                       "there is already a transaction in progress");
  }
  std::string sql = "BEGIN";
  switch (options.isolation) {
    case Isolation::kDefault:
      break;
    case Isolation::kReadCommitted:
      sql += " ISOLATION LEVEL READ COMMITTED";
      break;
    case Isolation::kRepeatableRead:
      sql += " ISOLATION LEVEL REPEATABLE READ";
      break;
    case Isolation::kSerializable:
      sql += " ISOLATION LEVEL SERIALIZABLE";
      break;
  }
  if (options.read_only) sql += " READ ONLY";
  state_->execute(sql);
  return Transaction(state_);
}

bool Connection::in_transaction() const {
  bool in_block = false;
  state_->peek([&](SqlSession&) { in_block = state_->in_block(); });
  return in_block;
}

void Connection::interrupt() noexcept { state_->interrupt(); }

void Connection::on_notice(std::function<void(const Notice&)> callback) {
  state_->set_notice_callback(std::move(callback));
}

std::vector<Notification> Connection::take_notifications() { return state_->take_notifications(); }
int32_t Connection::id() const noexcept { return state_->pid(); }
bool Connection::is_open() const noexcept { return state_ != nullptr && state_->is_open(); }
void Connection::close() noexcept {
  if (state_ != nullptr) state_->close();
}

Transaction::Transaction(std::shared_ptr<ConnectionState> connection)
    : connection_(std::move(connection)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&& other) noexcept {
  if (this != &other) {
    finish();
    connection_ = std::move(other.connection_);
  }
  return *this;
}
Transaction::~Transaction() { finish(); }

void Transaction::commit() {
  std::shared_ptr<ConnectionState> connection = std::move(connection_);
  if (connection == nullptr) {
    throw public_error(SqlState::kNoActiveSqlTransaction, "there is no transaction in progress");
  }
  if (connection->execute("COMMIT").tag == "ROLLBACK") {
    throw public_error(SqlState::kInFailedSqlTransaction,
                       "the transaction was rolled back because one of its statements had failed");
  }
}

void Transaction::rollback() {
  std::shared_ptr<ConnectionState> connection = std::move(connection_);
  if (connection == nullptr) {
    throw public_error(SqlState::kNoActiveSqlTransaction, "there is no transaction in progress");
  }
  connection->execute("ROLLBACK");
}

void Transaction::finish() noexcept {
  if (connection_ == nullptr) return;
  try {
    rollback();
  } catch (...) {  // the connection is closed: rolled back already
  }
}

}  // namespace luma::embedded
