#include "server/server.h"

#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <csignal>
#include <thread>
#include <vector>

#include "server/event_loop.h"
#include "server/listener.h"
#include "server/loop_balancer.h"
#include "server/session.h"

namespace luma {
namespace {

constexpr std::chrono::milliseconds kAcceptRetry{100};
constexpr std::chrono::milliseconds kDrainPoll{20};
constexpr std::chrono::seconds kSweepInterval{5};
constexpr rlim_t kWantedDescriptors = 1 << 20;

size_t loop_count(const Configuration& configuration) {
  if (configuration.threads > 0) return static_cast<size_t>(configuration.threads);
  return std::max(1u, std::thread::hardware_concurrency());
}

size_t worker_limit(const Configuration& configuration) {
  if (configuration.max_workers > 0) return static_cast<size_t>(configuration.max_workers);
  // A session occupies one worker at most: with one for each, nobody waits for a worker that in
  // turn waits for him. Some more for logins.
  return static_cast<size_t>(configuration.max_connections) + 8;
}

std::shared_ptr<TlsContext> load_tls(const Configuration& configuration) {
  if (configuration.tls_cert.empty()) return nullptr;
  return TlsContext::load(configuration.tls_cert, configuration.tls_key);
}

// Sockets of the clients must not fail for a soft limit. Returns how many there may be.
size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  rlim_t wanted = std::min(limit.rlim_max, kWantedDescriptors);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return static_cast<size_t>(limit.rlim_cur);
}

void set_options(int descriptor) {
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

void set_tcp_options(int descriptor) {
  int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

}  // namespace

struct Server::Impl {
  Impl(const Configuration& configuration, Instance& instance, Logger& logger)
      : environment{
            configuration,
            instance,
            logger,
            Hba(configuration, instance.superuser_has_password()),
            load_tls(configuration),
            instance.cluster_secret(),
            SessionRegistry(static_cast<size_t>(configuration.max_connections),
                            static_cast<size_t>(configuration.superuser_reserved_connections),
                            std::min(static_cast<size_t>(configuration.max_unauthenticated),
                                     raise_descriptor_limit() / 2)),
            {},
            WorkerPool(worker_limit(configuration))} {
    for (size_t i = 0; i < loop_count(configuration); ++i) {
      loops.push_back(std::make_unique<EventLoop>(&balancer));
      balancer.add(*loops.back());
    }
  }

  void check_exposure() const;
  void accept_next(Acceptor& acceptor);
  void take(int descriptor);
  void wait_for_signal();
  void begin_shutdown(ShutdownMode mode);
  void poll_drained();
  void sweep_sessions();

  // Declared first, destroyed last: sessions refer to these loops.
  LoopBalancer balancer;
  std::vector<std::unique_ptr<EventLoop>> loops;
  // Listeners and signals; run() of the server is its thread.
  asio::io_context control{1};
  SessionEnvironment environment;
  Listeners listeners;
  std::unique_ptr<asio::signal_set> signals;
  std::unique_ptr<asio::steady_timer> accept_timer, drain_timer, sweep_timer;
  bool memory_was_spared = false;  // by sessions told so in the last sweep
  std::chrono::steady_clock::time_point drain_deadline;
  bool fast = false;
};

// Secure by default: whoever can reach us from elsewhere must be asked for something.
void Server::Impl::check_exposure() const {
  const Configuration& configuration = environment.configuration;
  if (environment.instance.superuser_has_password() || configuration.auth != "auto" ||
      !configuration.hba.empty()) {
    return;
  }
  for (const std::string& address : listen_addresses(configuration)) {
    if (is_loopback(address)) continue;
    throw sql_error(SqlState::kConfigFileError,
                    "refusing to listen on \"{}\" without a password: set one for superuser \"{}\" "
                    "(--password-file or POSTGRES_PASSWORD), or allow everybody with --auth trust",
                    address, configuration.superuser);
  }
}

void Server::Impl::accept_next(Acceptor& acceptor) {
  acceptor.async_accept([this, &acceptor](asio::error_code error, auto socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error) {
      int descriptor = socket.release(error);
      if (!error) take(descriptor);
      return accept_next(acceptor);
    }
    if (error != asio::error::no_descriptors && error != asio::error::no_memory &&
        error != asio::error::no_buffer_space) {
      return accept_next(acceptor);  // that client has gone already
    }
    // Trying again at once would only burn the processor.
    environment.logger.log(LogLevel::kWarning, "could not accept a connection",
                           {{"reason", error.message()}});
    accept_timer = std::make_unique<asio::steady_timer>(acceptor.get_executor(), kAcceptRetry);
    accept_timer->async_wait([this, &acceptor](const asio::error_code& cancelled) {
      if (!cancelled) accept_next(acceptor);
    });
  });
}

void Server::Impl::take(int descriptor) {
  EventLoop& loop = balancer.place();
  set_options(descriptor);
  ClientInfo client = client_of(descriptor);
  if (client.port >= 0) set_tcp_options(descriptor);
  client.process_id = environment.registry.next_process_id();
  int32_t process_id = client.process_id;
  auto session = std::make_shared<Session>(environment, loop, descriptor, std::move(client));
  if (auto victim = environment.registry.add(process_id, session)) victim->drop();
  loop.post([session] { session->start(); });
}

void Server::Impl::wait_for_signal() {
  signals->async_wait([this](const asio::error_code& error, int signal) {
    if (error) return;
    bool again = environment.shutting_down;
    begin_shutdown(signal == SIGTERM && !again ? ShutdownMode::kSmart : ShutdownMode::kFast);
    wait_for_signal();
  });
}

// On the control thread.
void Server::Impl::begin_shutdown(ShutdownMode mode) {
  if (fast) return;
  fast = mode == ShutdownMode::kFast;
  bool first = !environment.shutting_down.exchange(true);
  environment.logger.log(LogLevel::kInfo, fast ? "fast shutdown: canceling what runs"
                                               : "shutdown: finishing what runs");
  for (const auto& session : environment.registry.all()) session->begin_shutdown(mode);
  if (!first) return;
  drain_deadline = std::chrono::steady_clock::now() +
                   std::chrono::milliseconds(environment.configuration.shutdown_timeout_ms);
  drain_timer = std::make_unique<asio::steady_timer>(control);
  poll_drained();
}

void Server::Impl::poll_drained() {
  if (environment.registry.empty()) {
    asio::error_code ignored;
    for (Acceptor& acceptor : listeners.acceptors) acceptor.close(ignored);
    control.stop();
    return;
  }
  if (!fast && std::chrono::steady_clock::now() > drain_deadline)
    begin_shutdown(ShutdownMode::kFast);
  drain_timer->expires_after(kDrainPoll);
  drain_timer->async_wait([this](const asio::error_code& error) {
    if (!error) poll_drained();
  });
}

// Idle sessions give their memory back, and the allocator gives it to the system.
void Server::Impl::sweep_sessions() {
  if (memory_was_spared) malloc_trim(0);
  memory_was_spared = false;
  for (const auto& session : environment.registry.all()) memory_was_spared |= session->sweep();
  sweep_timer->expires_after(kSweepInterval);
  sweep_timer->async_wait([this](const asio::error_code& error) {
    if (!error) sweep_sessions();
  });
}

Server::Server(const Configuration& configuration, Instance& instance, Logger& logger)
    : impl_(std::make_unique<Impl>(configuration, instance, logger)) {}

Server::~Server() {
  if (!impl_->listeners.socket_path.empty()) unlink(impl_->listeners.socket_path.c_str());
}

void Server::listen() {
  impl_->check_exposure();
  impl_->listeners = open_listeners(impl_->environment.configuration, impl_->control);
  for (Acceptor& acceptor : impl_->listeners.acceptors) impl_->accept_next(acceptor);
}

uint16_t Server::port() const { return impl_->listeners.port; }

void Server::handle_signals() {
  impl_->signals = std::make_unique<asio::signal_set>(impl_->control, SIGTERM, SIGINT, SIGQUIT);
  impl_->wait_for_signal();
}

void Server::run() {
  std::signal(SIGPIPE, SIG_IGN);
  impl_->environment.logger.log(LogLevel::kInfo, "ready to accept connections",
                                {{"listening", impl_->listeners.description},
                                 {"tls", impl_->environment.tls != nullptr},
                                 {"threads", static_cast<int64_t>(impl_->loops.size())}});
  std::vector<std::thread> threads;
  for (auto& loop : impl_->loops) {
    threads.emplace_back([&loop = *loop] { loop.run(); });
  }
  auto guard = asio::make_work_guard(impl_->control);
  impl_->sweep_timer = std::make_unique<asio::steady_timer>(impl_->control);
  impl_->sweep_sessions();
  impl_->control.run();
  for (auto& loop : impl_->loops) loop->stop();
  for (std::thread& thread : threads) thread.join();
  impl_->environment.workers.stop();
}

void Server::shutdown(ShutdownMode mode) {
  asio::post(impl_->control, [this, mode] { impl_->begin_shutdown(mode); });
}

}  // namespace luma
