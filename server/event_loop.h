#pragma once
// The sockets of one thread, and what other threads want done on it.
//
// Sockets are watched edge-triggered and registered once: waiting for a client again costs no
// system call. Work is done in turns: all sockets that are ready, then on_turn_end() of those who
// asked for it. Replies are sent there, several at a time, so that a busy client finds more than
// one of them when it wakes up.
//
// Thread rule: run() on one thread, everything else there as well but for what says "any thread".
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace luma {

class LoopBalancer;

class EventLoop {
 public:
  // What happened at a socket since it was last told.
  struct Readiness {
    bool readable = false;
    bool writable = false;
    bool hung_up = false;  // nothing will come behind what can be read now
  };
  class Client {
   public:
    virtual ~Client() = default;
    // Told once for each change: read until it would block, or remember that there is more.
    virtual void on_ready(Readiness readiness) = 0;
    virtual void on_turn_end() = 0;
    // Between turns: goes to another loop (unwatch() here, watch() there) if it has nothing under
    // way; true when it has gone.
    virtual bool move_to(EventLoop& other) = 0;

   private:
    friend class EventLoop;
    uint64_t seen_in_window_ = 0;
  };

  // Throws std::system_error. `balancer` may be null.
  explicit EventLoop(LoopBalancer* balancer = nullptr);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Until stop().
  void run();
  // Any thread.
  void stop();
  // Any thread: runs `task` on the loop, soon, in order. Tasks must not throw.
  void post(std::function<void()> task);
  // Any thread: how much of one processor the loop has used lately, 0 to 1.
  double load() const;

  // From now until unwatch(), which comes before the descriptor is closed; `client` is kept alive.
  // Writability is told only after watch_writable(). False when the system refuses.
  bool watch(int descriptor, std::shared_ptr<Client> client);
  bool watch_writable(int descriptor, Client& client, bool wanted);
  void unwatch(int descriptor, Client& client);
  // Calls client.on_turn_end() once, when the present turn is over. The client must be watched.
  void call_at_turn_end(Client& client);

 private:
  using Clock = std::chrono::steady_clock;

  void run_posted();
  void end_turn();
  void measure();
  void move_clients(EventLoop& other, size_t count);
  bool control(int operation, int descriptor, uint32_t events, Client* client);

  int epoll_ = -1;
  int wake_up_ = -1;
  std::atomic<bool> stopping_{false};
  std::unordered_map<Client*, std::shared_ptr<Client>> clients_;
  std::vector<std::shared_ptr<Client>> retired_;  // events of this turn may still point to them
  std::vector<Client*> at_turn_end_, ending_;
  Clock::time_point first_deferred_;

  // The load is measured in windows of some time.
  LoopBalancer* balancer_;
  uint64_t window_ = 1;
  size_t active_ = 0;  // clients seen in this window
  uint32_t turns_ = 0;
  Clock::time_point window_start_ = Clock::now();
  std::chrono::nanoseconds window_cpu_{0};
  std::atomic<double> load_{0};
  std::atomic<Clock::rep> measured_{0};

  std::mutex mutex_;  // guards the two below
  std::vector<std::function<void()>> posted_;
  bool woken_ = false;
  std::vector<std::function<void()>> running_;
};

}  // namespace luma
