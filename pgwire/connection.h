#pragma once
// The protocol state machine of one connection: bytes in, bytes out. Knows no sockets and no SQL.
//
// Used by one thread at a time: the event loop, or a worker between kEscalate and the worker's
// return.
//
//   feed(bytes) -> process(nullptr) until it returns kNeedInput -> send output()
//   kEscalate: the same message must be processed by process(&gate) on a worker
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgwire/authenticator.h"
#include "pgwire/backend.h"
#include "pgwire/startup_packet.h"

namespace luma {

class MessageReader;

// What a connection asks of the server around it. One per connection; outlives it.
class ConnectionHost : public SessionHost {
 public:
  // True when an SSLRequest may be answered with yes on this socket.
  virtual bool tls_available() const = 0;
  // Hash of the server's certificate for channel binding; empty when TLS is not in use.
  virtual std::string channel_binding() const = 0;
  // The rule for this client. Throws FATAL 28000 when none matches, 57P03 when the server is not
  // accepting connections.
  virtual AuthMethod authentication_method(const StartupParameters& parameters) = 0;
  virtual std::string cluster_secret() const = 0;
  // The client has proved who it is and wants a session: throws FATAL 53300 when there are too
  // many.
  virtual void admit(const StartupParameters& parameters, bool superuser) = 0;
  virtual uint32_t secret_key() const = 0;
  virtual void cancel(int32_t process_id, uint32_t secret_key) = 0;
  // Every error that is sent to the client. `statement` may be empty.
  virtual void log_error(const SqlError& error, std::string_view statement) noexcept = 0;
};

enum class Step : uint8_t {
  kNeedInput,  // nothing complete is buffered
  kProcessed,  // one message was handled
  kEscalate,   // the first buffered message needs a worker
  kStartTls,   // send the output in clear, then hand take_input() to the TLS engine
  kClose,      // send the output, then close
};

class Connection {
 public:
  Connection(BackendFactory& factory, ConnectionHost& host, ClientInfo client);
  ~Connection();

  void feed(std::string_view bytes);
  // Removes and returns what is buffered and unprocessed (ciphertext of a direct TLS start).
  std::string take_input();
  // The handshake is over. Without `alpn_ok` a direct TLS start is refused.
  void tls_established(std::string version, std::string cipher, int bits, bool alpn_ok);

  // Handles one message. `gate` is null on the event loop. Never throws.
  Step process(OutputGate* gate);

  // Bytes for the client. The owner takes them whenever process() is not running.
  std::string& output() { return output_; }
  // output() may be sent when the log is durable up to here.
  uint64_t required_durable_ts() const { return backend_ ? backend_->required_durable_ts() : 0; }

  // ---- between messages
  // True when the last message is completely answered and no statement is under way.
  bool idle() const { return phase_ == Phase::kReady && copy_ == CopyState::kNone; }
  bool has_input() const { return input_.size() > input_at_; }
  bool authenticated() const { return backend_ != nullptr; }
  // Appends what SessionHost::wake() announced. kClose when the session was told to end.
  Step deliver();
  // See Backend::release_idle_memory().
  void release_idle_memory() noexcept {
    if (backend_ != nullptr) backend_->release_idle_memory();
  }
  // How long the client may stay silent; zero for ever.
  std::chrono::milliseconds idle_timeout() const;
  // The error that belongs to the expired idle_timeout().
  SqlError idle_timeout_error() const;
  // Appends a FATAL error; nothing is processed afterwards.
  void terminate(SqlError error);
  // The client is gone, or is to go: ends the Backend. Nothing is processed afterwards.
  void disconnect();
  // Gives unused memory back; for connections that have gone quiet.
  void release_memory();

  Backend* backend() { return backend_.get(); }
  const ClientInfo& client() const { return client_; }
  const StartupParameters& parameters() const { return parameters_; }

 private:
  enum class Phase : uint8_t { kStartup, kAuthentication, kStarting, kReady, kClosed };
  enum class CopyState : uint8_t { kNone, kSimple, kExtended };
  struct Message {
    char type;
    std::string_view body;
  };

  Step process_startup(OutputGate* gate);
  Step handle_startup_packet(std::string_view packet);
  Step answer_encryption_request(uint32_t code, size_t packet_bytes);
  Step process_authentication(OutputGate* gate);
  Step start_session(OutputGate* gate);
  Step process_message(OutputGate* gate);
  // nullopt: incomplete. Throws FATAL 08P01 for a length that no such message can have.
  std::optional<Message> next_message();
  size_t length_limit(char type) const;

  void dispatch(const Message& message, ResultSink& sink);
  void handle_query(MessageReader reader, ResultSink& sink);
  void handle_parse(MessageReader reader, ResultSink& sink);
  void handle_bind(MessageReader reader, ResultSink& sink);
  void handle_describe(MessageReader reader, ResultSink& sink);
  void handle_execute(MessageReader reader, ResultSink& sink);
  void handle_close(MessageReader reader, ResultSink& sink);
  void handle_sync(MessageReader reader, ResultSink& sink);
  void handle_function_call(MessageReader reader, ResultSink& sink);
  void handle_copy_message(const Message& message, ResultSink& sink);
  void read_formats(MessageReader& reader, std::vector<int16_t>& formats);
  void read_values(MessageReader& reader);
  void check_text_values();
  // Text of the client as UTF-8; valid until the message is done. Throws 22021 and 22P05.
  std::string_view incoming(std::string_view text);

  void ask_for_worker(CallKind kind, std::string_view subject, const ResultSink& sink);
  void end_simple(Outcome outcome);
  void report(const SqlError& error);
  void recover(const SqlError& error);
  void ready_for_query();
  void append_empty(char type);
  Step fail_fatally(SqlError error);
  void consume(size_t bytes);
  std::string_view buffered() const { return std::string_view(input_).substr(input_at_); }

  BackendFactory& factory_;
  ConnectionHost& host_;
  ClientInfo client_;
  StartupParameters parameters_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<Backend> backend_;
  bool superuser_ = false;

  std::string input_;
  size_t input_at_ = 0;
  std::string output_;

  Phase phase_ = Phase::kStartup;
  CopyState copy_ = CopyState::kNone;
  bool extended_ = false;  // the message belongs to the extended protocol: an error skips to Sync
  bool skip_until_sync_ = false;
  bool ssl_asked_ = false;
  bool gss_asked_ = false;
  bool direct_tls_ = false;
  std::string_view statement_;  // text of the statement being handled, for error positions
  // Scratch of Bind and FunctionCall, kept to save allocations.
  std::vector<int16_t> formats_, result_formats_;
  std::vector<std::optional<std::string_view>> values_;
  std::vector<Oid> parameter_types_;
  std::deque<std::string> converted_;  // text that did not come in UTF-8
};

}  // namespace luma
