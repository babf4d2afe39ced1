#pragma once
// One connection: a socket, perhaps TLS, a Connection, and what moves bytes between them.
//
// Belongs to one event loop at a time. It needs no coroutine: it waits in only three places (for
// the client to send, for a worker to return, for output to drain), and each has one handler that
// calls advance(). Thread rule: everything runs on the loop, but process(gate) and drain() on a
// worker while activity_ == kOnWorker, and the calls marked "any thread".
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/base/log.h"
#include "pgwire/connection.h"
#include "pgwire/tls.h"
#include "server/event_loop.h"
#include "server/hba.h"
#include "server/instance.h"
#include "server/server.h"
#include "server/session_registry.h"
#include "server/stream_socket.h"
#include "server/timer_service.h"
#include "server/worker_pool.h"

namespace luma {

// What all sessions share; immutable but for its thread-safe parts. Outlives them.
struct SessionEnvironment {
  const Configuration& configuration;
  Instance& instance;
  Logger& logger;
  Hba hba;
  std::shared_ptr<TlsContext> tls;  // null: no TLS
  std::string cluster_secret;
  SessionRegistry registry;
  TimerService timers;
  WorkerPool workers;
  std::atomic<bool> shutting_down{false};
};

class Session final : public ConnectionHost,
                      public OutputGate,
                      public EventLoop::Client,
                      public std::enable_shared_from_this<Session> {
 public:
  // Takes the connected, non-blocking socket. Begins on `loop`; all loops outlive the session.
  Session(SessionEnvironment& environment, EventLoop& loop, int descriptor, ClientInfo client);
  ~Session() override;

  // On the loop, once.
  void start();
  // Any thread.
  void begin_shutdown(ShutdownMode mode);
  // Any thread: closes without a word (an unauthenticated connection among too many).
  void drop();
  // Any thread, every few seconds: a session that has been silent since the call before the last
  // gives its spare memory back. Says whether it was told to.
  bool sweep();
  // Any thread: raises `reason` when the session runs statements at all.
  void interrupt(Interrupt::Reason reason);
  uint32_t secret_key() const override { return secret_key_; }

  // ---- ConnectionHost; any thread where SessionHost says so
  void wake() override;
  void set_timer(Interrupt::Reason reason, std::chrono::milliseconds delay) override;
  bool tls_available() const override;
  std::string channel_binding() const override;
  AuthMethod authentication_method(const StartupParameters& parameters) override;
  std::string cluster_secret() const override { return environment_.cluster_secret; }
  void admit(const StartupParameters& parameters, bool superuser) override;
  void cancel(int32_t process_id, uint32_t secret_key) override;
  void log_error(const SqlError& error, std::string_view statement) noexcept override;

  // ---- OutputGate, on a worker
  void drain(std::string& output) override;

  // ---- EventLoop::Client
  void on_ready(EventLoop::Readiness readiness) override;
  void on_turn_end() override;
  bool move_to(EventLoop& other) override;

 private:
  enum class Activity : uint8_t { kWaiting, kOnLoop, kOnWorker, kDraining, kClosing, kClosed };
  struct Chunk {
    std::string bytes;
    uint64_t durable_ts;
  };

  EventLoop& loop() const { return *loop_.load(std::memory_order_relaxed); }
  // Any thread: runs `task` on the session's loop.
  void post(std::function<void()> task);

  void advance();
  void wait_for_client();
  void prepare_to_wait();
  void read_available();
  void read_once();
  bool receive(std::string_view bytes);
  void start_tls();
  void run_on_worker();
  void on_worker_done(Step step);
  void deliver();

  void queue_output();
  void enqueue(std::string bytes, uint64_t durable_ts);
  void pump();
  bool append_to_wire(std::string_view bytes);
  bool write_wire();
  void account_sent();
  void wait_durable(uint64_t durable_ts);
  bool all_sent() const { return queue_.empty() && wire_at_ == wire_.size(); }

  void terminate(SqlError error);
  void close_when_sent();
  void linger();
  void finish();
  void broken();
  // One at a time: replaces the one before.
  void set_deadline(std::chrono::milliseconds delay, void (Session::*expired)());
  void clear_deadline();
  void authentication_expired();
  void idle_expired();
  void closing_expired();
  void publish_interrupt();
  void log_start();

  SessionEnvironment& environment_;
  std::atomic<EventLoop*> loop_;  // changes only in move_to()
  StreamSocket socket_;
  const ClientInfo client_;
  const uint32_t secret_key_;
  Connection connection_;
  std::unique_ptr<TlsStream> tls_;
  Activity activity_ = Activity::kOnLoop;
  bool authenticated_ = false;
  bool stop_after_statement_ = false;
  bool wake_pending_ = false;
  bool broken_on_loop_ = false;
  bool input_waits_ = false;  // the socket may have something to read
  bool hung_up_ = false;      // and an end behind it
  bool turn_ending_ = false;  // on_turn_end() is going to send the output and go on

  std::deque<Chunk> queue_;  // waits for durability or for the socket, as plain text
  std::string wire_;         // bytes for the socket, [wire_at_, end) not yet written
  size_t wire_at_ = 0;
  size_t wire_plain_bytes_ = 0;  // how much plain text wire_ stands for
  bool waiting_writable_ = false;
  bool waiting_durable_ = false;
  std::optional<TimerService::Id> deadline_;
  uint64_t deadline_serial_ = 0;  // a deadline that was replaced may be on its way already

  std::atomic<size_t> unsent_bytes_{0};
  std::atomic<bool> broken_{false};
  std::atomic<bool> wake_posted_{false};
  std::atomic<bool> admitted_{false};
  std::atomic<bool> used_{false};       // something was read since the last sweep
  std::atomic<bool> may_spare_{false};  // and since memory was last given back
  std::mutex drain_mutex_;
  std::condition_variable drained_;

  std::mutex interrupt_mutex_;  // guards the two below
  Interrupt* interrupt_ = nullptr;
  std::map<Interrupt::Reason, TimerService::Id> timers_;
};

}  // namespace luma
