#include "sql/embedded/connection_state.h"

#include <charconv>

#include "engine/base/sql_error.h"

namespace luma::embedded_internal {
namespace {

std::string_view severity_name(MessageLevel level) {
  switch (level) {
    case MessageLevel::kDebug5:
    case MessageLevel::kDebug4:
    case MessageLevel::kDebug3:
    case MessageLevel::kDebug2:
    case MessageLevel::kDebug1:
      return "DEBUG";
    case MessageLevel::kLog:
      return "LOG";
    case MessageLevel::kInfo:
      return "INFO";
    case MessageLevel::kNotice:
      return "NOTICE";
    case MessageLevel::kWarning:
      return "WARNING";
    case MessageLevel::kError:
      return "ERROR";
  }
  return "NOTICE";
}

// The number that ends a command tag; 0 when none does.
uint64_t tag_count(std::string_view tag) {
  size_t space = tag.rfind(' ');
  if (space == tag.npos) return 0;
  uint64_t count = 0;
  auto [end, error] = std::from_chars(tag.data() + space + 1, tag.data() + tag.size(), count);
  return error == std::errc() && end == tag.data() + tag.size() ? count : 0;
}

}  // namespace

void PlainReceiver::complete(std::string_view tag) {
  completion.tag = tag;
  completion.affected_rows = tag_count(tag);
}

void PlainReceiver::notice(MessageLevel level, const SqlError& notice) {
  connection_.deliver_notice(level, notice);
}

ConnectionState::Guard::Guard(ConnectionState& connection) : connection_(connection) {
  if (connection.in_call_.exchange(true, std::memory_order_acquire)) {
    throw public_error(
        SqlState::kObjectInUse, "the connection is being used by another call", {},
        "A connection belongs to one thread at a time, and callbacks must not use it.");
  }
  if (connection.is_open()) return;
  connection.in_call_.store(false, std::memory_order_release);
  throw public_error(SqlState::kConnectionDoesNotExist, "the connection is closed");
}

ConnectionState::ConnectionState(std::shared_ptr<DatabaseState> database, std::string_view user,
                                 std::string_view database_name)
    : database_(std::move(database)), pid_(database_->next_pid()) {
  SessionIdentity identity;
  identity.pid = pid_;
  session_ = std::make_unique<SqlSession>(database_->instance(), std::move(identity), *this);
  SessionStart start;
  start.user = user.empty() ? database_->superuser() : std::string(user);
  start.database = database_name.empty() ? "postgres" : std::string(database_name);
  PlainReceiver receiver(*this);
  translated([&] { session_->start(start, receiver); });
}

ConnectionState::~ConnectionState() { close(); }

void ConnectionState::start_statement() {
  if (autocommit_result_open_) {
    throw public_error(SqlState::kObjectInUse, "a result of the connection has unread rows", {},
                       "Read it to the end or close it, or use it inside a transaction.");
  }
  // An interrupt that came when nothing ran must not hit this statement.
  if (open_results_ == 0) session_->interrupt().clear_statement_reasons();
}

void ConnectionState::settle() {
  if (timer_armed_) set_timer(Interrupt::kStatementTimeout, std::chrono::milliseconds(0));
  session_->settings().take_reports();
  CommitPipeline& pipeline = database_->instance().pipeline();
  uint64_t required = session_->required_durable_ts();
  if (required > pipeline.durable_ts()) translated([&] { pipeline.wait_durable(required); });
}

void ConnectionState::fail(std::string_view sql) {
  SqlError error = current_error();
  if (error.context_text.empty()) error.context_text = session_->copy_context();
  if (timer_armed_) set_timer(Interrupt::kStatementTimeout, std::chrono::milliseconds(0));
  session_->failed(error);
  try {
    // Ends what calls of the extended protocol left behind.
    PlainReceiver receiver(*this);
    session_->sync(receiver, true);
  } catch (...) {
    session_->failed(current_error());
  }
  if (error.fatal) end_session();
  throw public_error(error, sql);
}

void ConnectionState::end_session() noexcept {
  if (!open_.exchange(false, std::memory_order_acq_rel)) return;
  session_->terminate();
}

void ConnectionState::close() noexcept {
  try {
    Guard guard(*this);
    end_session();
  } catch (...) {  // closed already, or closed by a callback, which is not allowed
  }
}

embedded::Completion ConnectionState::execute(std::string_view sql) {
  PlainReceiver receiver(*this);
  call_statement(sql, [&](SqlSession& session) {
    if (session.simple_query(sql, receiver, true) == SqlSession::Outcome::kCopyIn) {
      throw unsupported("COPY FROM STDIN in the embedded mode");
    }
  });
  return std::move(receiver.completion);
}

std::string ConnectionState::new_name(std::string_view kind) {
  return fmt::format("luma_{}_{}", kind, ++name_count_);
}

void ConnectionState::result_opened(bool autocommit) {
  ++open_results_;
  if (autocommit) autocommit_result_open_ = true;
}

void ConnectionState::result_finished(bool autocommit) {
  --open_results_;
  if (autocommit) autocommit_result_open_ = false;
}

void ConnectionState::set_notice_callback(std::function<void(const embedded::Notice&)> callback) {
  Guard guard(*this);
  notice_callback_ = std::move(callback);
}

void ConnectionState::deliver_notice(MessageLevel level, const SqlError& notice) noexcept {
  if (!notice_callback_) return;
  try {
    notice_callback_({std::string(severity_name(level)), sql_state_code(notice.state),
                      notice.message, notice.detail_text, notice.hint_text});
  } catch (...) {  // documented: dropped
  }
}

std::vector<embedded::Notification> ConnectionState::take_notifications() {
  Guard guard(*this);
  std::vector<embedded::Notification> out;
  for (luma::Notification& item : session_->take_notifications()) {
    out.push_back({item.pid, std::move(item.channel), std::move(item.payload)});
  }
  return out;
}

void ConnectionState::interrupt() noexcept {
  try {
    database_->instance().activity().interrupt(pid_, Interrupt::kCancel);
  } catch (...) {  // a mutex failed: nothing that could be done
  }
}

void ConnectionState::set_timer(Interrupt::Reason reason, std::chrono::milliseconds delay) {
  if (reason == Interrupt::kStatementTimeout) timer_armed_ = delay.count() != 0;
  database_->timers().set(pid_, reason, delay);
}

}  // namespace luma::embedded_internal
