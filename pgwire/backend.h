#pragma once
// The wire's view of a session. One Backend per authenticated connection; plain synchronous calls,
// never two at a time, but from changing threads (an event loop, or a worker after escalation).
//
// Errors: every call may throw SqlError. The Connection catches it, calls failed() once (the
// Backend aborts or marks its transaction there), sends the ErrorResponse and keeps the protocol's
// rules of what is skipped. `fatal` errors end the connection. Other std::exceptions become 53200
// or XX000.
//
// WouldBlock: a call made inline (sink.on_worker() == false) that would have to wait throws it,
// after undoing its own changes; the Connection takes back its output and repeats the call on a
// worker.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/interrupt.h"
#include "engine/base/sql_error.h"
#include "engine/base/would_block.h"
#include "engine/type/oid.h"
#include "pgwire/result_sink.h"

namespace luma {

// Who is at the other end. Immutable once the Backend exists.
struct ClientInfo {
  int32_t process_id = 0;  // what BackendKeyData, pg_backend_pid() and CancelRequest say
  std::string address;     // "127.0.0.1", "::1"; empty for a Unix socket
  std::string host_name;   // as an error text shows it: the address, or "[local]"
  int port = -1;           // -1 for a Unix socket
  // Where it came to; empty and -1 for a Unix socket.
  std::string server_address;
  int server_port = -1;
  bool tls = false;
  std::string tls_version, tls_cipher;
  int tls_bits = 0;
  std::chrono::system_clock::time_point started;
};

// The StartupMessage after defaults: `database` is never empty. Names of `settings` keep the
// client's spelling; the keys user, database, options and replication are not among them. `options`
// holds the parsed "-c name=value" and "--name=value" switches, which come before `settings` in
// effect.
struct StartupParameters {
  std::string user;
  std::string database;
  std::string replication;  // "", "true", "database", ...
  std::vector<std::pair<std::string, std::string>> options;
  std::vector<std::pair<std::string, std::string>> settings;
};

// The views point into the connection's input buffer: valid during the call only.
struct BindMessage {
  std::string_view portal;
  std::string_view statement;
  // 0 entries: all text; 1: for all; else one for every parameter / result column. The Connection
  // has checked that the values are 0 or 1, not that the counts fit.
  std::span<const int16_t> parameter_formats;
  std::span<const std::optional<std::string_view>> parameters;  // nullopt: SQL NULL
  std::span<const int16_t> result_formats;
};

struct FunctionCallMessage {
  Oid function = kInvalidOid;
  std::span<const int16_t> argument_formats;
  std::span<const std::optional<std::string_view>> arguments;
  int16_t result_format = 0;
};

// How a call that runs statements ended.
enum class Outcome : uint8_t {
  kDone,
  kCopyIn,  // CopyInResponse was sent: copy_data() calls follow, then copy_done() or copy_fail()
};

enum class CallKind : uint8_t {
  kStartup,
  kSimpleQuery,
  kParse,
  kBind,
  kDescribe,
  kExecute,
  kClose,
  kSync,
  kCopyData,
  kCopyDone,
  kFunctionCall
};

// What the server does for a session. Thread-safe; outlives the Backend.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  // Something asynchronous is waiting (NOTIFY, a changed setting): when the session is idle the
  // connection calls Backend::deliver(). Any thread.
  virtual void wake() = 0;
  // Raises `reason` on the session's interrupt after `delay`; replaces an earlier timer of that
  // reason; zero disarms it. For statement_timeout, lock_timeout and the like.
  virtual void set_timer(Interrupt::Reason reason, std::chrono::milliseconds delay) = 0;
};

class Backend : public ClientEncoding {
 public:
  // First call, after authentication. Checks role and database (FATAL 28000, 3D000), applies
  // settings, sends the initial ParameterStatus messages. What it throws is fatal whatever its flag
  // says.
  virtual void startup(const StartupParameters& parameters, ResultSink& sink) = 0;

  // Asked before a call made inline: true sends it to a worker right away. `subject` is the SQL
  // text (kSimpleQuery, kParse), the statement (kBind), the portal (kExecute), or empty.
  virtual bool wants_worker(CallKind kind, std::string_view subject) {
    static_cast<void>(kind);
    static_cast<void>(subject);
    return false;
  }

  // All statements of the string, each with RowDescription, rows and CommandComplete, or
  // EmptyQueryResponse for an empty string; including the implicit transaction's end. ReadyForQuery
  // is the Connection's. After kCopyIn, the rest of the string runs in copy_done().
  virtual Outcome simple_query(std::string_view sql, ResultSink& sink) = 0;

  // Extended protocol. The Connection sends ParseComplete, BindComplete, CloseComplete itself.
  // `parameter_types`: 0 = infer.
  virtual void parse(std::string_view name, std::string_view sql,
                     std::span<const Oid> parameter_types, ResultSink& sink) = 0;
  virtual void bind(const BindMessage& message, ResultSink& sink) = 0;
  // ParameterDescription, then RowDescription or NoData.
  virtual void describe_statement(std::string_view name, ResultSink& sink) = 0;
  // RowDescription or NoData.
  virtual void describe_portal(std::string_view name, ResultSink& sink) = 0;
  // max_rows 0 = all. Ends with command_complete, empty_query or portal_suspended.
  virtual Outcome execute(std::string_view portal, int32_t max_rows, ResultSink& sink) = 0;
  // Unknown names are no error.
  virtual void close_statement(std::string_view name, ResultSink& sink) = 0;
  virtual void close_portal(std::string_view name, ResultSink& sink) = 0;
  // Ends the implicit transaction.
  virtual void sync(ResultSink& sink) = 0;
  virtual void function_call(const FunctionCallMessage& message, ResultSink& sink) = 0;

  // COPY FROM STDIN, always on a worker. Chunks end anywhere.
  virtual void copy_data(std::string_view chunk, ResultSink& sink) = 0;
  // Ends the COPY (and goes on with the rest of a simple-query string).
  virtual Outcome copy_done(ResultSink& sink) = 0;
  // The client gave up: throws 57014 "COPY from stdin failed: <reason>".
  virtual void copy_fail(std::string_view reason) = 0;

  // A call failed with `error`, or the Connection itself found a protocol error outside any call:
  // abort the implicit transaction or mark the block as failed. Must not throw.
  virtual void failed(const SqlError& error) noexcept = 0;

  // Sends what has piled up: ParameterStatus changes and, outside a transaction, notifications.
  // Called before every ReadyForQuery and when idle after SessionHost::wake(). Must not block or
  // fail.
  virtual void deliver(ResultSink& sink) noexcept = 0;

  // 'I', 'T' or 'E', for ReadyForQuery.
  virtual char transaction_status() const = 0;

  // The newest commit that the replies appended so far depend on; they are sent when it is durable.
  virtual uint64_t required_durable_ts() const = 0;

  // Cancel, timeouts and shutdown come through it, from any thread, as long as the Backend lives.
  virtual Interrupt& interrupt() = 0;

  // How long the client may stay silent now (idle_session_timeout,
  // idle_in_transaction_session_timeout); zero: for ever. Asked after ReadyForQuery.
  virtual std::chrono::milliseconds idle_timeout() const { return std::chrono::milliseconds{0}; }

  // The client has been silent for some seconds: what only saves time may be given back.
  virtual void release_idle_memory() noexcept {}

  // The last call: the client has gone or is being sent away. Rolls back. The destructor follows.
  virtual void terminate() noexcept = 0;
};

// What authentication knows about a role.
struct RoleCredentials {
  std::string verifier;  // rolpassword: "SCRAM-SHA-256$...", "md5...", or empty
  bool superuser = false;
  bool expired = false;  // rolvaliduntil has passed
};

// Makes sessions; implemented over the opened database. Thread-safe; calls must not block.
class BackendFactory {
 public:
  virtual ~BackendFactory() = default;
  // nullopt: no such role.
  virtual std::optional<RoleCredentials> find_role(std::string_view user) = 0;
  // Called after authentication. `host` and `client` outlive the Backend.
  virtual std::unique_ptr<Backend> create(const ClientInfo& client, SessionHost& host) = 0;
};

}  // namespace luma
