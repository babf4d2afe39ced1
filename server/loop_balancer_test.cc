// Sockets of event loops, and clients that move between loops.
#include "server/loop_balancer.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

#include "server/event_loop.h"

namespace luma {
namespace {

// Answers every byte with the next one, at the end of the turn.
class Echo : public EventLoop::Client, public std::enable_shared_from_this<Echo> {
 public:
  Echo(EventLoop& loop, int descriptor) : loop_(&loop), descriptor_(descriptor) {}
  ~Echo() override { close(descriptor_); }

  void start() {
    loop_.load()->post([self = shared_from_this()] { self->watch(); });
  }
  void stop() {
    loop_.load()->post(
        [self = shared_from_this()] { self->loop_.load()->unwatch(self->descriptor_, *self); });
  }
  void on_ready(EventLoop::Readiness) override {
    thread = std::this_thread::get_id();
    char byte = 0;
    while (read(descriptor_, &byte, 1) == 1) answers_.push_back(static_cast<char>(byte + 1));
    loop_.load()->call_at_turn_end(*this);
  }
  void on_turn_end() override {
    if (answers_.empty()) return;  // it has hung up
    sent_all = sent_all && write(descriptor_, answers_.data(), answers_.size()) ==
                               static_cast<ssize_t>(answers_.size());
    answers_.clear();
  }
  bool move_to(EventLoop& other) override {
    std::shared_ptr<Echo> self = shared_from_this();
    loop_.load()->unwatch(descriptor_, *this);
    loop_ = &other;
    other.post([self] { self->watch(); });
    return true;
  }

  std::atomic<std::thread::id> thread;
  std::atomic<bool> sent_all{true}, watched{true};  // Catch's macros belong to the main thread

 private:
  void watch() { watched = watched && loop_.load()->watch(descriptor_, shared_from_this()); }
  std::atomic<EventLoop*> loop_;
  const int descriptor_;
  std::string answers_;
};

struct Pair {
  explicit Pair(EventLoop& loop) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    echo = std::make_shared<Echo>(loop, ends[0]);
    near = ends[1];
    echo->start();
  }
  ~Pair() { close(near); }
  char ask(char byte) const {
    CHECK(write(near, &byte, 1) == 1);
    CHECK(read(near, &byte, 1) == 1);
    return byte;
  }
  std::shared_ptr<Echo> echo;
  int near;
};

TEST_CASE("a client keeps its words on its way from loop to loop") {
  EventLoop first, second;
  std::thread one([&] { first.run(); }), two([&] { second.run(); });
  {
    Pair pair(first);
    CHECK(pair.ask('a') == 'b');
    std::thread::id before = pair.echo->thread;
    // What comes while it is on its way is answered by the other loop.
    first.post([&] {
      static_cast<void>(!write(pair.near, "x", 1));
      pair.echo->move_to(second);
    });
    char byte = 0;
    CHECK(read(pair.near, &byte, 1) == 1);
    CHECK(byte == 'y');
    CHECK(pair.echo->thread.load() != before);
    CHECK(pair.ask('c') == 'd');
    CHECK(pair.echo->watched);
    CHECK(pair.echo->sent_all);
    pair.echo->stop();
  }
  first.stop();
  second.stop();
  one.join();
  two.join();
}

TEST_CASE("a loop with little to do gives it to the first one") {
  LoopBalancer balancer;
  EventLoop first(&balancer), second(&balancer);
  balancer.add(first);
  balancer.add(second);
  CHECK(&balancer.place() == &first);
  std::thread one([&] { first.run(); }), two([&] { second.run(); });
  {
    Pair pair(second);
    pair.ask('a');
    std::thread::id before = pair.echo->thread;
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (pair.echo->thread.load() == before && std::chrono::steady_clock::now() < deadline) {
      CHECK(pair.ask('a') == 'b');
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    CHECK(pair.echo->thread.load() != before);
    CHECK(pair.echo->watched);
    CHECK(pair.echo->sent_all);
    pair.echo->stop();
  }
  first.stop();
  second.stop();
  one.join();
  two.join();
}

}  // namespace
}  // namespace luma
