// The life of a session: from accept to close. Its output side is in session_output.cc.
#include "server/session.h"

#include <array>
#include <cstring>

#include "pgwire/crypto.h"

namespace luma {
namespace {

// Messages handled before other connections of the loop get their turn.
constexpr int kMessagesPerTurn = 256;
constexpr size_t kReadBytes = size_t{64} << 10;
// Output that is sent while further messages are still being handled.
constexpr size_t kSendBytes = size_t{256} << 10;
// Unsent output beyond which no further message is handled.
constexpr size_t kMaxUnsentBytes = size_t{4} << 20;
constexpr std::chrono::milliseconds kLinger{2000};

SqlError admin_shutdown() {
  SqlError error(SqlState::kAdminShutdown, "terminating connection due to administrator command");
  error.fatal = true;
  return error;
}

uint32_t random_key() {
  std::string bytes = random_bytes(sizeof(uint32_t));
  uint32_t key;
  std::memcpy(&key, bytes.data(), sizeof key);
  return key;
}

}  // namespace

Session::Session(SessionEnvironment& environment, EventLoop& loop, int descriptor,
                 ClientInfo client)
    : environment_(environment),
      loop_(&loop),
      socket_(descriptor),
      client_(std::move(client)),
      secret_key_(random_key()),
      connection_(environment.instance, *this, client_) {}

Session::~Session() = default;

void Session::start() {
  if (activity_ != Activity::kOnLoop) return;
  if (environment_.configuration.log_connections) {
    environment_.logger.log(
        LogLevel::kInfo, "connection received",
        {{"host", client_.host_name}, {"port", client_.port}, {"pid", client_.process_id}});
  }
  set_deadline(std::chrono::milliseconds(environment_.configuration.authentication_timeout_ms),
               &Session::authentication_expired);
  if (!loop().watch(socket_.descriptor(), shared_from_this())) return finish();
  wait_for_client();
}

void Session::wait_for_client() {
  activity_ = Activity::kWaiting;
  if (!input_waits_) return;
  post([self = shared_from_this()] { self->read_available(); });
}

void Session::on_ready(EventLoop::Readiness readiness) {
  if (activity_ == Activity::kClosed) return;
  if (readiness.readable) input_waits_ = true;
  if (readiness.hung_up) hung_up_ = true;
  if (readiness.writable && waiting_writable_) {
    waiting_writable_ = false;
    loop().watch_writable(socket_.descriptor(), *this, false);
    if (write_wire()) pump();
  }
  if (activity_ == Activity::kClosing) return linger();
  read_available();
}

void Session::read_available() {
  if (activity_ == Activity::kWaiting && input_waits_) read_once();
}

void Session::read_once() {
  // One buffer for all connections of a thread: an idle connection holds none.
  static thread_local std::array<char, kReadBytes> buffer;
  StreamSocket::Transfer read = socket_.receive(buffer);
  if (read.outcome == StreamSocket::Outcome::kWouldBlock) {
    input_waits_ = false;
    return;
  }
  activity_ = Activity::kOnLoop;
  used_.store(true, std::memory_order_relaxed);
  if (read.outcome == StreamSocket::Outcome::kEnded) {
    // The client is gone. What it sent has been handled; what it has not waited for is undone.
    return close_when_sent();
  }
  // A short read has emptied the socket: the loop tells when more comes.
  if (read.bytes < buffer.size() && !hung_up_) input_waits_ = false;
  if (deadline_ && authenticated_) clear_deadline();
  if (!receive({buffer.data(), read.bytes})) return close_when_sent();
  advance();
}

bool Session::receive(std::string_view bytes) {
  if (!tls_) {
    connection_.feed(bytes);
    return true;
  }
  bool was_established = tls_->established();
  std::string plain;
  bool healthy = tls_->receive(bytes, plain, wire_);
  if (!was_established && tls_->established()) {
    connection_.tls_established(tls_->version(), tls_->cipher(), tls_->bits(),
                                tls_->alpn_is_postgresql());
  }
  connection_.feed(plain);
  if (!waiting_writable_) write_wire();
  return healthy && !broken_on_loop_;
}

void Session::start_tls() {
  std::string ciphertext = connection_.take_input();
  queue_output();  // the 'S', in clear
  tls_ = std::make_unique<TlsStream>(environment_.tls);
  if (!ciphertext.empty()) receive(ciphertext);
}

void Session::advance() {
  activity_ = Activity::kOnLoop;
  for (int budget = kMessagesPerTurn;; --budget) {
    if (broken_on_loop_) return finish();
    switch (connection_.process(nullptr)) {
      case Step::kProcessed:
        if (connection_.output().size() > kSendBytes) queue_output();
        if (unsent_bytes_ > kMaxUnsentBytes) {
          activity_ = Activity::kDraining;  // account_sent() goes on
          return;
        }
        if (budget <= 0) {
          queue_output();
          post([self = shared_from_this()] { self->advance(); });
          return;
        }
        break;
      case Step::kEscalate:
        // Somebody may be waiting for these replies before he lets go of what we are about to wait
        // for.
        queue_output();
        return run_on_worker();
      case Step::kStartTls:
        start_tls();
        break;
      case Step::kClose:
        queue_output();
        return close_when_sent();
      case Step::kNeedInput:
        if (connection_.output().empty()) return prepare_to_wait();
        // Until then we count as being on the loop: nothing more is read.
        turn_ending_ = true;
        return loop().call_at_turn_end(*this);
    }
  }
}

void Session::on_turn_end() {
  if (!turn_ending_) return;
  turn_ending_ = false;
  if (activity_ == Activity::kOnLoop) prepare_to_wait();
}

void Session::prepare_to_wait() {
  queue_output();
  if (broken_on_loop_) return finish();
  if (!authenticated_ && connection_.authenticated() && connection_.idle()) {
    authenticated_ = true;
    clear_deadline();
    publish_interrupt();
    log_start();
  }
  if (stop_after_statement_ && (connection_.idle() || !authenticated_))
    return terminate(admin_shutdown());
  if (unsent_bytes_ > kMaxUnsentBytes) {
    activity_ = Activity::kDraining;
    return;
  }
  if (wake_pending_ && connection_.idle()) {
    deliver();
    if (activity_ != Activity::kOnLoop) return;
  }
  if (authenticated_) {
    std::chrono::milliseconds limit = connection_.idle_timeout();
    if (limit.count() > 0) set_deadline(limit, &Session::idle_expired);
  }
  connection_.release_memory();
  wait_for_client();
}

void Session::run_on_worker() {
  if (broken_on_loop_) return finish();
  if (connection_.authenticated()) publish_interrupt();
  activity_ = Activity::kOnWorker;
  environment_.workers.submit([self = shared_from_this()]() mutable {
    Step step;
    // COPY data has no replies and stays here; replies have to get on their way.
    do {
      step = self->connection_.process(self.get());
    } while (step == Step::kProcessed && self->connection_.output().empty() &&
             self->connection_.has_input());
    self->post([self, step] { self->on_worker_done(step); });
  });
}

void Session::on_worker_done(Step step) {
  activity_ = Activity::kOnLoop;
  if (broken_on_loop_) return finish();
  switch (step) {
    case Step::kClose:
      queue_output();
      return close_when_sent();
    case Step::kNeedInput:
      return prepare_to_wait();
    default:
      queue_output();
      return advance();
  }
}

bool Session::move_to(EventLoop& other) {
  bool at_rest = activity_ == Activity::kWaiting && authenticated_ && connection_.idle() &&
                 !input_waits_ && !hung_up_ && !turn_ending_ && all_sent() && !waiting_writable_ &&
                 !waiting_durable_;
  if (!at_rest) return false;
  std::shared_ptr<Session> self = shared_from_this();
  loop().unwatch(socket_.descriptor(), *this);
  // From here on everything happens on the other loop.
  loop_.store(&other);
  other.post([self = std::move(self)] {
    if (self->activity_ == Activity::kClosed) return;
    if (!self->loop().watch(self->socket_.descriptor(), self)) self->broken();
  });
  return true;
}

// ---- from other threads

void Session::post(std::function<void()> task) {
  EventLoop* loop = loop_.load();
  loop->post([self = shared_from_this(), loop, task = std::move(task)]() mutable {
    // The session may have moved on meanwhile.
    if (self->loop_.load() == loop) return task();
    self->post(std::move(task));
  });
}

void Session::wake() {
  if (wake_posted_.exchange(true)) return;
  post([self = shared_from_this()] {
    self->wake_posted_ = false;
    self->wake_pending_ = true;
    if (self->activity_ == Activity::kWaiting && self->connection_.idle()) self->deliver();
  });
}

void Session::deliver() {
  wake_pending_ = false;
  Step step = connection_.deliver();
  queue_output();
  if (step == Step::kClose) close_when_sent();
}

void Session::begin_shutdown(ShutdownMode mode) {
  post([self = shared_from_this(), mode] {
    self->stop_after_statement_ = true;
    if (mode == ShutdownMode::kFast) self->interrupt(Interrupt::kTerminate);
    if (self->activity_ == Activity::kWaiting &&
        (self->connection_.idle() || !self->authenticated_ || mode == ShutdownMode::kFast)) {
      self->terminate(admin_shutdown());
    }
    if (mode == ShutdownMode::kFast &&
        (self->activity_ == Activity::kClosing || self->activity_ == Activity::kDraining)) {
      self->finish();
    }
  });
}

bool Session::sweep() {
  if (used_.exchange(false)) {
    may_spare_ = true;
    return false;
  }
  if (!may_spare_.exchange(false)) return false;
  post([self = shared_from_this()] {
    if (self->activity_ == Activity::kWaiting && self->connection_.idle())
      self->connection_.release_idle_memory();
  });
  return true;
}

void Session::drop() {
  post([self = shared_from_this()] {
    if (self->activity_ != Activity::kOnWorker && !self->connection_.authenticated())
      self->finish();
  });
}

void Session::publish_interrupt() {
  std::lock_guard lock(interrupt_mutex_);
  interrupt_ = &connection_.backend()->interrupt();
}

void Session::interrupt(Interrupt::Reason reason) {
  std::lock_guard lock(interrupt_mutex_);
  if (interrupt_ != nullptr) interrupt_->raise(reason);
}

void Session::set_timer(Interrupt::Reason reason, std::chrono::milliseconds delay) {
  std::lock_guard lock(interrupt_mutex_);
  if (auto old = timers_.find(reason); old != timers_.end()) {
    environment_.timers.cancel(old->second);
    timers_.erase(old);
  }
  if (delay.count() <= 0) return;
  // A statement that came along with the startup packet runs before the session is known as
  // waiting.
  if (Backend* backend = connection_.backend()) interrupt_ = &backend->interrupt();
  timers_.emplace(reason, environment_.timers.start(delay, [weak = weak_from_this(), reason] {
    if (auto self = weak.lock()) self->interrupt(reason);
  }));
}

void Session::cancel(int32_t process_id, uint32_t secret_key) {
  std::shared_ptr<Session> target = environment_.registry.find(process_id);
  if (target == nullptr || target->secret_key() != secret_key) {
    environment_.logger.log(LogLevel::kInfo,
                            "cancel request for an unknown session or with a wrong key",
                            {{"pid", process_id}});
    return;
  }
  target->interrupt(Interrupt::kCancel);
}

// ---- what the Connection asks

bool Session::tls_available() const { return environment_.tls != nullptr && client_.port >= 0; }

std::string Session::channel_binding() const {
  return tls_ ? environment_.tls->certificate_hash() : "";
}

AuthMethod Session::authentication_method(const StartupParameters& parameters) {
  if (environment_.shutting_down) {
    SqlError error(SqlState::kCannotConnectNow, "the database system is shutting down");
    error.fatal = true;
    throw error;
  }
  return environment_.hba.match(connection_.client(), parameters);
}

void Session::admit(const StartupParameters&, bool superuser) {
  environment_.registry.admit(client_.process_id, superuser);
  admitted_ = true;
}

void Session::log_error(const SqlError& error, std::string_view statement) noexcept {
  LogLevel level = error.fatal ? LogLevel::kError : LogLevel::kWarning;
  if (!environment_.logger.enabled(level)) return;
  try {
    environment_.logger.log(level, error.message,
                            {{"sqlstate", sql_state_code(error.state)},
                             {"pid", client_.process_id},
                             {"user", connection_.parameters().user},
                             {"database", connection_.parameters().database},
                             {"detail", error.detail_text},
                             {"statement", statement.substr(0, 4096)}});
  } catch (...) {
    // Out of memory: the client still gets its answer.
  }
}

void Session::log_start() {
  if (!environment_.configuration.log_connections) return;
  environment_.logger.log(LogLevel::kInfo, "connection authorized",
                          {{"pid", client_.process_id},
                           {"user", connection_.parameters().user},
                           {"database", connection_.parameters().database},
                           {"tls", connection_.client().tls}});
}

// ---- ends

void Session::set_deadline(std::chrono::milliseconds delay, void (Session::*expired)()) {
  clear_deadline();
  deadline_ = environment_.timers.start(
      delay, [weak = weak_from_this(), serial = deadline_serial_, expired] {
        auto self = weak.lock();
        if (self == nullptr) return;
        self->post([self, serial, expired] {
          if (self->deadline_serial_ == serial) (self.get()->*expired)();
        });
      });
}

void Session::clear_deadline() {
  ++deadline_serial_;
  if (!deadline_) return;
  environment_.timers.cancel(*deadline_);
  deadline_.reset();
}

void Session::authentication_expired() {
  // As PostgreSQL does: no message, so that a scanner learns nothing.
  if (!authenticated_ && activity_ != Activity::kOnWorker) finish();
}

void Session::idle_expired() {
  if (activity_ == Activity::kWaiting && connection_.idle())
    terminate(connection_.idle_timeout_error());
}

void Session::closing_expired() {
  // A slow client has had its time; a slow disk has not: what was committed will be said.
  if (waiting_durable_ && !broken_on_loop_) return set_deadline(kLinger, &Session::closing_expired);
  finish();
}

void Session::terminate(SqlError error) {
  connection_.terminate(std::move(error));
  queue_output();
  close_when_sent();
}

void Session::broken() {
  broken_on_loop_ = true;
  broken_ = true;
  drained_.notify_all();
  // A worker or the caller up the stack finds out; nobody else would.
  if (activity_ != Activity::kOnWorker && activity_ != Activity::kOnLoop) finish();
}

void Session::close_when_sent() {
  if (activity_ == Activity::kClosed) return;
  activity_ = Activity::kClosing;
  if (broken_on_loop_) return finish();
  set_deadline(kLinger, &Session::closing_expired);
  if (all_sent()) {
    linger();
  } else {
    pump();  // account_sent() goes on
  }
}

// Closing with unread input would reset the connection and destroy the error message under way: the
// client is told that nothing more comes and gets a moment to hang up first.
void Session::linger() {
  if (activity_ != Activity::kClosing || !all_sent()) return;
  if (tls_) {
    tls_->close(wire_);
    write_wire();
  }
  if (!socket_.end_output()) return finish();
  std::array<char, 4096> buffer;
  for (int i = 0; i < 64; ++i) {
    StreamSocket::Transfer read = socket_.receive(buffer);
    if (read.outcome == StreamSocket::Outcome::kWouldBlock) return;  // on_ready() comes back here
    if (read.outcome == StreamSocket::Outcome::kEnded) break;
  }
  finish();
}

void Session::finish() {
  if (activity_ == Activity::kClosed || activity_ == Activity::kOnWorker) return;
  std::shared_ptr<Session> self = shared_from_this();
  activity_ = Activity::kClosed;
  {
    std::lock_guard lock(interrupt_mutex_);
    interrupt_ = nullptr;
    for (const auto& [reason, id] : timers_) environment_.timers.cancel(id);
    timers_.clear();
  }
  clear_deadline();
  loop().unwatch(socket_.descriptor(), *this);
  socket_.close();
  if (authenticated_ && environment_.configuration.log_connections) {
    std::chrono::duration<double> lasted = std::chrono::system_clock::now() - client_.started;
    environment_.logger.log(LogLevel::kInfo, "disconnection",
                            {{"pid", client_.process_id}, {"seconds", lasted.count()}});
  }
  connection_.disconnect();
  environment_.registry.remove(client_.process_id, admitted_);
}

}  // namespace luma
