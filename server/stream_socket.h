#pragma once
// A connected, non-blocking stream socket. Owned by one session.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace luma {

class StreamSocket {
 public:
  enum class Outcome : uint8_t { kMoved, kWouldBlock, kEnded };
  struct Transfer {
    Outcome outcome;
    size_t bytes = 0;  // of kMoved
  };

  explicit StreamSocket(int descriptor) : descriptor_(descriptor) {}
  ~StreamSocket() { close(); }
  StreamSocket(const StreamSocket&) = delete;
  StreamSocket& operator=(const StreamSocket&) = delete;

  // kEnded: the peer sends nothing more, or the connection is broken.
  Transfer receive(std::span<char> buffer);
  // kEnded: the connection is broken.
  Transfer send(std::string_view bytes);
  // The peer reads to the end of what was sent. False when the connection is broken.
  bool end_output();
  void close();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace luma
