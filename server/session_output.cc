// What leaves a session: replies wait until what they depend on is durable, then for the socket.
#include "server/session.h"

namespace luma {
namespace {

// What a worker may have under way before it waits for the client.
constexpr size_t kWorkerUnsentBytes = size_t{2} << 20;
constexpr size_t kResumeBytes = size_t{1} << 20;
constexpr size_t kWireBytes = size_t{256} << 10;
constexpr size_t kKeptWireBytes = size_t{16} << 10;
constexpr std::chrono::milliseconds kInterruptPoll{20};

}  // namespace

void Session::queue_output() {
  std::string& output = connection_.output();
  if (output.empty() || broken_on_loop_) return;
  uint64_t durable_ts = connection_.required_durable_ts();
  if (all_sent() && environment_.instance.durability().is_durable(durable_ts)) {
    // The common case: straight from the connection's buffer to the socket.
    unsent_bytes_ += output.size();
    if (!tls_) {
      StreamSocket::Transfer sent = socket_.send(output);
      if (sent.outcome == StreamSocket::Outcome::kEnded) return broken();
      size_t written = sent.bytes;
      if (written == output.size()) {
        unsent_bytes_ -= written;
        output.clear();
        return;
      }
      unsent_bytes_ -= written;
      wire_plain_bytes_ += output.size() - written;
      wire_.append(output, written, output.npos);
    } else if (!append_to_wire(output)) {
      return broken();
    }
    output.clear();
    if (!write_wire()) return;
    account_sent();
    return;
  }
  unsent_bytes_ += output.size();
  std::string bytes = std::move(output);
  output.clear();
  enqueue(std::move(bytes), durable_ts);
}

void Session::enqueue(std::string bytes, uint64_t durable_ts) {
  queue_.push_back({std::move(bytes), durable_ts});
  pump();
}

bool Session::append_to_wire(std::string_view bytes) {
  wire_plain_bytes_ += bytes.size();
  if (tls_) return tls_->send(bytes, wire_);
  wire_.append(bytes);
  return true;
}

// Moves what is durable to the socket, as much as it takes.
void Session::pump() {
  if (broken_on_loop_ || activity_ == Activity::kClosed) return;
  Durability& durability = environment_.instance.durability();
  while (!waiting_writable_) {
    // Asked once: had the log become durable between two questions, nobody would wake us.
    bool durable = true;
    while (!queue_.empty() && wire_.size() < kWireBytes) {
      durable = durability.is_durable(queue_.front().durable_ts);
      if (!durable) break;
      if (!append_to_wire(queue_.front().bytes)) return broken();
      queue_.pop_front();
    }
    if (wire_at_ == wire_.size()) {
      if (!durable) wait_durable(queue_.front().durable_ts);
      break;
    }
    if (!write_wire()) return;
  }
  account_sent();
}

// False: broken. What does not fit waits for the socket, and pump() goes on then.
bool Session::write_wire() {
  while (wire_at_ < wire_.size()) {
    StreamSocket::Transfer sent = socket_.send(std::string_view(wire_).substr(wire_at_));
    if (sent.outcome == StreamSocket::Outcome::kEnded) {
      broken();
      return false;
    }
    if (sent.outcome == StreamSocket::Outcome::kWouldBlock) {
      if (waiting_writable_) return true;
      // on_ready() goes on; it is told at once when there is room by now.
      waiting_writable_ = loop().watch_writable(socket_.descriptor(), *this, true);
      if (!waiting_writable_) broken();
      return waiting_writable_;
    }
    wire_at_ += sent.bytes;
  }
  wire_.clear();
  wire_at_ = 0;
  if (wire_.capacity() > kKeptWireBytes && queue_.empty()) std::string().swap(wire_);
  unsent_bytes_ -= wire_plain_bytes_;
  wire_plain_bytes_ = 0;
  return true;
}

// Output has moved on: whoever waited for that may go on.
void Session::account_sent() {
  if (activity_ == Activity::kOnWorker && unsent_bytes_ <= kWorkerUnsentBytes) {
    std::lock_guard lock(drain_mutex_);
    drained_.notify_all();
  }
  if (activity_ == Activity::kDraining && unsent_bytes_ <= kResumeBytes) {
    activity_ = Activity::kOnLoop;
    post([self = shared_from_this()] {
      if (self->activity_ == Activity::kOnLoop) self->advance();
    });
  }
  if (activity_ == Activity::kClosing && all_sent()) linger();
}

void Session::wait_durable(uint64_t durable_ts) {
  if (waiting_durable_) return;
  waiting_durable_ = true;
  environment_.instance.durability().on_durable(durable_ts,
                                                [self = shared_from_this()](bool durable) {
                                                  self->post([self, durable] {
                                                    self->waiting_durable_ = false;
                                                    if (durable) {
                                                      self->pump();
                                                    } else {
                                                      self->broken();
                                                    }
                                                  });
                                                });
}

void Session::drain(std::string& output) {
  uint64_t durable_ts = connection_.required_durable_ts();
  unsent_bytes_ += output.size();
  std::string bytes = std::move(output);
  output.clear();
  post([self = shared_from_this(), bytes = std::move(bytes), durable_ts]() mutable {
    self->enqueue(std::move(bytes), durable_ts);
  });
  Backend* backend = connection_.backend();
  std::unique_lock lock(drain_mutex_);
  while (unsent_bytes_ > kWorkerUnsentBytes && !broken_) {
    if (backend != nullptr) backend->interrupt().check();
    drained_.wait_for(lock, kInterruptPoll);
  }
  if (broken_) {
    SqlError error(SqlState::kConnectionFailure, "connection to client lost");
    error.fatal = true;
    throw error;
  }
}

}  // namespace luma
