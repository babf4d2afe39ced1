// Startup, authentication and the frame of message handling. The messages of a running session are
// in connection_messages.cc.
#include "pgwire/connection.h"

#include <cstring>
#include <new>

#include "pgwire/error_response.h"
#include "pgwire/message_reader.h"

namespace luma {
namespace {

constexpr size_t kMaxPasswordMessageBytes = 65535;
constexpr size_t kSmallMessageBytes = 10000;
constexpr size_t kLargeMessageBytes = 0x3fffffff;
constexpr size_t kKeptBufferBytes = 16384;
constexpr char kTlsHandshakeByte = 0x16;

uint32_t word_at(std::string_view bytes, size_t at) {
  uint32_t word;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return __builtin_bswap32(word);
}

SqlError fatal(SqlState state, std::string text) {
  SqlError error(state, std::move(text));
  error.fatal = true;
  return error;
}

// Whatever a call threw, as the error the client is told. Call only inside a catch block.
SqlError current_error() {
  try {
    throw;
  } catch (const SqlError& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return {SqlState::kOutOfMemory, "out of memory"};
  } catch (const std::exception& error) {
    return {SqlState::kInternalError, error.what()};
  } catch (...) {
    return {SqlState::kInternalError, "unexpected exception"};
  }
}

}  // namespace

Connection::Connection(BackendFactory& factory, ConnectionHost& host, ClientInfo client)
    : factory_(factory), host_(host), client_(std::move(client)) {}

Connection::~Connection() { disconnect(); }

void Connection::disconnect() {
  phase_ = Phase::kClosed;
  if (backend_) backend_->terminate();
  backend_.reset();
}

void Connection::feed(std::string_view bytes) {
  if (phase_ == Phase::kClosed) return;
  if (input_at_ == input_.size()) {
    input_.clear();
    input_at_ = 0;
  } else if (input_at_ > input_.size() / 2) {
    input_.erase(0, input_at_);
    input_at_ = 0;
  }
  input_.append(bytes);
}

std::string Connection::take_input() {
  std::string rest(buffered());
  input_.clear();
  input_at_ = 0;
  return rest;
}

void Connection::consume(size_t bytes) {
  input_at_ += bytes;
  if (input_at_ == input_.size()) {
    input_.clear();
    input_at_ = 0;
  }
}

void Connection::release_memory() {
  if (input_.empty() && input_.capacity() > kKeptBufferBytes) std::string().swap(input_);
  if (output_.empty() && output_.capacity() > kKeptBufferBytes) std::string().swap(output_);
  if (values_.capacity() > 64) std::vector<std::optional<std::string_view>>().swap(values_);
}

void Connection::tls_established(std::string version, std::string cipher, int bits, bool alpn_ok) {
  client_.tls = true;
  client_.tls_version = std::move(version);
  client_.tls_cipher = std::move(cipher);
  client_.tls_bits = bits;
  if (direct_tls_ && !alpn_ok) {
    fail_fatally(fatal(
        SqlState::kProtocolViolation,
        "received direct SSL connection request without ALPN protocol negotiation extension"));
  }
}

Step Connection::process(OutputGate* gate) {
  try {
    switch (phase_) {
      case Phase::kStartup:
        return process_startup(gate);
      case Phase::kAuthentication:
        return process_authentication(gate);
      case Phase::kStarting:
        return start_session(gate);
      case Phase::kReady:
        return process_message(gate);
      case Phase::kClosed:
        return Step::kClose;
    }
  } catch (...) {
    // Before ReadyForQuery, and for frames that cannot be told apart any more, there is no way
    // back.
    return fail_fatally(current_error());
  }
  return Step::kClose;
}

Step Connection::process_startup(OutputGate*) {
  std::string_view bytes = buffered();
  if (bytes.empty()) return Step::kNeedInput;
  if (bytes[0] == kTlsHandshakeByte && !client_.tls && !ssl_asked_ && host_.tls_available()) {
    direct_tls_ = ssl_asked_ = true;
    return Step::kStartTls;
  }
  if (bytes.size() < 4) return Step::kNeedInput;
  size_t length = word_at(bytes, 0);
  if (length < 8 || length > kMaxStartupPacketBytes) {
    throw fatal(SqlState::kProtocolViolation, "invalid length of startup packet");
  }
  if (bytes.size() < length) return Step::kNeedInput;
  return handle_startup_packet(bytes.substr(0, length));
}

Step Connection::handle_startup_packet(std::string_view packet) {
  uint32_t code = word_at(packet, 4);
  if (code == kCancelRequestCode) {
    if (packet.size() == 16) {
      host_.cancel(static_cast<int32_t>(word_at(packet, 8)), word_at(packet, 12));
    }
    phase_ = Phase::kClosed;  // no reply, whatever became of it
    return Step::kClose;
  }
  if ((code == kSslRequestCode && !ssl_asked_) || (code == kGssEncRequestCode && !gss_asked_)) {
    return answer_encryption_request(code, packet.size());
  }
  StartupPacket startup = parse_startup_packet(code, packet.substr(8));
  consume(packet.size());
  parameters_ = std::move(startup.parameters);
  if (startup.negotiate) append_negotiate_protocol_version(output_, startup.unknown_options);

  AuthMethod method = host_.authentication_method(parameters_);
  std::optional<RoleCredentials> role = factory_.find_role(parameters_.user);
  superuser_ = role && role->superuser;
  authenticator_ = std::make_unique<Authenticator>(method, parameters_.user, std::move(role),
                                                   host_.channel_binding(), host_.cluster_secret());
  phase_ = authenticator_->begin(output_) ? Phase::kStarting : Phase::kAuthentication;
  return Step::kProcessed;
}

Step Connection::answer_encryption_request(uint32_t code, size_t packet_bytes) {
  bool ssl = code == kSslRequestCode;
  (ssl ? ssl_asked_ : gss_asked_) = true;
  consume(packet_bytes);
  if (ssl && host_.tls_available() && !client_.tls) {
    // What came along in clear may have been injected by somebody in the middle.
    if (has_input()) {
      SqlError error =
          fatal(SqlState::kProtocolViolation, "received unencrypted data after SSL request");
      throw error.detail(
          "This could be either a client-software bug or evidence of an attempted "
          "man-in-the-middle attack.");
    }
    output_.push_back('S');
    return Step::kStartTls;
  }
  output_.push_back('N');
  return Step::kProcessed;
}

Step Connection::process_authentication(OutputGate* gate) {
  std::string_view bytes = buffered();
  if (bytes.empty()) return Step::kNeedInput;
  if (bytes[0] != 'p') {
    throw fatal(SqlState::kProtocolViolation,
                fmt::format("expected password response, got message type {}",
                            static_cast<int>(static_cast<unsigned char>(bytes[0]))));
  }
  if (bytes.size() < 5) return Step::kNeedInput;
  size_t length = word_at(bytes, 1);
  if (length < 4 || length > kMaxPasswordMessageBytes) {
    throw fatal(SqlState::kProtocolViolation, "invalid message length");
  }
  if (bytes.size() < length + 1) return Step::kNeedInput;
  if (authenticator_->needs_worker() && gate == nullptr) return Step::kEscalate;
  if (authenticator_->respond(bytes.substr(5, length - 4), output_)) phase_ = Phase::kStarting;
  consume(length + 1);
  return Step::kProcessed;
}

Step Connection::start_session(OutputGate* gate) {
  if (!backend_) {
    authenticator_.reset();
    output_.append("R\0\0\0\x8\0\0\0\0", 9);  // AuthenticationOk
    host_.admit(parameters_, superuser_);
    backend_ = factory_.create(client_, host_);
  }
  if (gate == nullptr && backend_->wants_worker(CallKind::kStartup, {})) return Step::kEscalate;
  ResultSink sink(output_, gate, backend_.get());
  try {
    backend_->startup(parameters_, sink);
  } catch (const WouldBlock&) {
    sink.roll_back();
    return Step::kEscalate;
  } catch (...) {
    sink.drop_partial_message();
    throw;
  }
  output_.append("K\0\0\0\xc", 5);
  uint32_t words[] = {__builtin_bswap32(static_cast<uint32_t>(client_.process_id)),
                      __builtin_bswap32(host_.secret_key())};
  output_.append(reinterpret_cast<const char*>(words), sizeof words);
  phase_ = Phase::kReady;
  ready_for_query();
  return Step::kProcessed;
}

size_t Connection::length_limit(char type) const {
  switch (type) {
    case 'Q':
    case 'F':
    case 'B':
    case 'P':
    case 'd':
      return kLargeMessageBytes;
    case 'X':
    case 'C':
    case 'D':
    case 'E':
    case 'H':
    case 'S':
    case 'c':
    case 'f':
      return kSmallMessageBytes;
    default:
      throw fatal(SqlState::kProtocolViolation,
                  fmt::format("invalid frontend message type {}",
                              static_cast<int>(static_cast<unsigned char>(type))));
  }
}

std::optional<Connection::Message> Connection::next_message() {
  std::string_view bytes = buffered();
  if (bytes.empty()) return std::nullopt;
  size_t limit = length_limit(bytes[0]);
  if (bytes.size() < 5) return std::nullopt;
  size_t length = word_at(bytes, 1);
  if (length < 4 || length > limit)
    throw fatal(SqlState::kProtocolViolation, "invalid message length");
  if (bytes.size() < length + 1) return std::nullopt;
  return Message{bytes[0], bytes.substr(5, length - 4)};
}

Step Connection::process_message(OutputGate* gate) {
  std::optional<Message> message = next_message();
  if (!message) return Step::kNeedInput;
  if (message->type == 'X') {
    phase_ = Phase::kClosed;
    return Step::kClose;
  }
  ResultSink sink(output_, gate, backend_.get());
  converted_.clear();
  try {
    dispatch(*message, sink);
  } catch (const WouldBlock&) {
    sink.roll_back();
    if (gate == nullptr) return Step::kEscalate;
    recover(sql_error(SqlState::kInternalError, "a statement on a worker asked for a worker"));
  } catch (...) {
    sink.drop_partial_message();
    recover(current_error());
  }
  statement_ = {};
  if (phase_ == Phase::kClosed) return Step::kClose;
  consume(5 + message->body.size());
  return Step::kProcessed;
}

void Connection::report(const SqlError& error) {
  host_.log_error(error, statement_);
  append_error(output_, 'E', error.fatal ? "FATAL" : "ERROR", error, statement_,
               backend_ == nullptr ? nullptr : backend_->transcoder());
}

void Connection::recover(const SqlError& error) {
  backend_->failed(error);
  report(error);
  if (error.fatal) {
    phase_ = Phase::kClosed;
    return;
  }
  bool extended = copy_ == CopyState::kNone ? extended_ : copy_ == CopyState::kExtended;
  copy_ = CopyState::kNone;
  if (extended) {
    skip_until_sync_ = true;
  } else {
    ready_for_query();
  }
}

Step Connection::fail_fatally(SqlError error) {
  error.fatal = true;
  if (backend_) backend_->failed(error);
  report(error);
  phase_ = Phase::kClosed;
  return Step::kClose;
}

void Connection::terminate(SqlError error) {
  if (phase_ == Phase::kClosed) return;
  statement_ = {};
  fail_fatally(std::move(error));
}

void Connection::ready_for_query() {
  ResultSink sink(output_, nullptr, backend_.get());
  sink.forbid_escalation();
  backend_->deliver(sink);
  char message[] = {'Z', 0, 0, 0, 5, backend_->transaction_status()};
  output_.append(message, sizeof message);
}

Step Connection::deliver() {
  if (!idle()) return phase_ == Phase::kClosed ? Step::kClose : Step::kProcessed;
  try {
    backend_->interrupt().check();
  } catch (const SqlError& error) {
    // A cancel that finds nothing running is no matter; an order to end is.
    if (error.fatal) return fail_fatally(error);
    backend_->interrupt().clear_statement_reasons();
  }
  ResultSink sink(output_, nullptr, backend_.get());
  sink.forbid_escalation();
  backend_->deliver(sink);
  return Step::kProcessed;
}

std::chrono::milliseconds Connection::idle_timeout() const {
  return idle() ? backend_->idle_timeout() : std::chrono::milliseconds{0};
}

SqlError Connection::idle_timeout_error() const {
  if (backend_ && backend_->transaction_status() != 'I') {
    return fatal(SqlState::kIdleInTransactionSessionTimeout,
                 "terminating connection due to idle-in-transaction timeout");
  }
  return fatal(SqlState::kIdleSessionTimeout, "terminating connection due to idle-session timeout");
}

}  // namespace luma
