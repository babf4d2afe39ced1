#include "server/stream_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace luma {
namespace {

StreamSocket::Outcome outcome_of_error() {
  return errno == EAGAIN || errno == EWOULDBLOCK ? StreamSocket::Outcome::kWouldBlock
                                                 : StreamSocket::Outcome::kEnded;
}

}  // namespace

StreamSocket::Transfer StreamSocket::receive(std::span<char> buffer) {
  while (true) {
    ssize_t count = recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (count > 0) return {Outcome::kMoved, static_cast<size_t>(count)};
    if (count == 0) return {Outcome::kEnded};
    if (errno != EINTR) return {outcome_of_error()};
  }
}

StreamSocket::Transfer StreamSocket::send(std::string_view bytes) {
  while (true) {
    ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) return {Outcome::kMoved, static_cast<size_t>(count)};
    if (errno != EINTR) return {outcome_of_error()};
  }
}

bool StreamSocket::end_output() { return shutdown(descriptor_, SHUT_WR) == 0; }

void StreamSocket::close() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace luma
