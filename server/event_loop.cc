#include "server/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

#include "server/loop_balancer.h"

namespace luma {
namespace {

constexpr int kEventsPerTurn = 64;
// How many clients, and how long, replies wait for others of the same turn.
constexpr size_t kMaxDeferred = 16;
constexpr std::chrono::microseconds kMaxDelay{100};
constexpr std::chrono::milliseconds kWindow{20};
constexpr uint32_t kTurnsPerLook = 16;
// A loop that sleeps does not measure.
constexpr std::chrono::milliseconds kLoadLasts{200};
constexpr uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;

int checked(int descriptor, const char* what) {
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), what);
  return descriptor;
}

std::chrono::nanoseconds thread_cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

EventLoop::EventLoop(LoopBalancer* balancer)
    : epoll_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")), balancer_(balancer) {
  wake_up_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_up_ < 0 || !control(EPOLL_CTL_ADD, wake_up_, EPOLLIN | EPOLLET, nullptr)) {
    int error = errno;
    if (wake_up_ >= 0) close(wake_up_);
    close(epoll_);
    throw std::system_error(error, std::generic_category(), "eventfd");
  }
}

EventLoop::~EventLoop() {
  clients_.clear();
  close(wake_up_);
  close(epoll_);
}

bool EventLoop::control(int operation, int descriptor, uint32_t events, Client* client) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = client;
  return epoll_ctl(epoll_, operation, descriptor, &event) == 0;
}

bool EventLoop::watch(int descriptor, std::shared_ptr<Client> client) {
  Client* key = client.get();
  if (!control(EPOLL_CTL_ADD, descriptor, kReadEvents, key)) return false;
  clients_.emplace(key, std::move(client));
  return true;
}

bool EventLoop::watch_writable(int descriptor, Client& client, bool wanted) {
  uint32_t events = wanted ? kReadEvents | EPOLLOUT : kReadEvents;
  return control(EPOLL_CTL_MOD, descriptor, events, &client);
}

void EventLoop::unwatch(int descriptor, Client& client) {
  auto found = clients_.find(&client);
  if (found == clients_.end()) return;
  control(EPOLL_CTL_DEL, descriptor, 0, nullptr);
  retired_.push_back(std::move(found->second));
  clients_.erase(found);
}

void EventLoop::call_at_turn_end(Client& client) {
  if (at_turn_end_.empty()) first_deferred_ = Clock::now();
  at_turn_end_.push_back(&client);
}

void EventLoop::post(std::function<void()> task) {
  // Held to the end: once the task has run, the loop may be gone.
  std::lock_guard lock(mutex_);
  posted_.push_back(std::move(task));
  if (woken_) return;
  woken_ = true;
  // Edge-triggered: every write is an event, nobody has to read the counter.
  uint64_t one = 1;
  static_cast<void>(!write(wake_up_, &one, sizeof one));
}

void EventLoop::stop() {
  stopping_ = true;
  post([] {});
}

void EventLoop::run_posted() {
  {
    std::lock_guard lock(mutex_);
    running_.swap(posted_);
    woken_ = false;
  }
  for (std::function<void()>& task : running_) {
    task();
    task = nullptr;
  }
  running_.clear();
}

void EventLoop::end_turn() {
  ending_.swap(at_turn_end_);
  for (Client* client : ending_) client->on_turn_end();
  ending_.clear();
}

double EventLoop::load() const {
  Clock::duration age = Clock::now().time_since_epoch() - Clock::duration(measured_.load());
  return age > kLoadLasts ? 0 : load_.load();
}

void EventLoop::measure() {
  Clock::time_point now = Clock::now();
  if (now - window_start_ < kWindow) return;
  std::chrono::nanoseconds cpu = thread_cpu_time();
  load_ = std::chrono::duration<double>(cpu - window_cpu_) / (now - window_start_);
  measured_ = now.time_since_epoch().count();
  LoopBalancer::Advice advice = balancer_->advise(*this, active_);
  if (advice.to != nullptr) move_clients(*advice.to, advice.clients);
  window_start_ = now;
  window_cpu_ = cpu;
  active_ = 0;
  ++window_;
}

void EventLoop::move_clients(EventLoop& other, size_t count) {
  std::vector<Client*> candidates;
  for (const auto& [client, owner] : clients_) {
    if (client->seen_in_window_ == window_) candidates.push_back(client);
  }
  for (Client* client : candidates) {
    if (count == 0) break;
    if (client->move_to(other)) --count;
  }
}

void EventLoop::run() {
  window_cpu_ = thread_cpu_time();
  std::array<epoll_event, kEventsPerTurn> events;
  while (!stopping_) {
    int count = epoll_wait(epoll_, events.data(), kEventsPerTurn, -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      if (event.data.ptr == nullptr) {
        run_posted();
      } else {
        Readiness readiness;
        readiness.hung_up = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        readiness.readable = readiness.hung_up || (event.events & EPOLLIN) != 0;
        readiness.writable = (event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
        auto* client = static_cast<Client*>(event.data.ptr);
        if (client->seen_in_window_ != window_) {
          client->seen_in_window_ = window_;
          ++active_;
        }
        client->on_ready(readiness);
      }
      if (at_turn_end_.size() >= kMaxDeferred ||
          (!at_turn_end_.empty() && Clock::now() - first_deferred_ > kMaxDelay)) {
        end_turn();
      }
    }
    end_turn();
    if (balancer_ != nullptr && ++turns_ % kTurnsPerLook == 0) measure();
    retired_.clear();
  }
}

}  // namespace luma
