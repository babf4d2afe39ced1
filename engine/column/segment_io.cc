#include "engine/column/segment_io.h"

#include <liburing.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace luma {

namespace {

constexpr uint64_t kAlignment = 4096;  // of direct I/O
constexpr size_t kBufferBytes = 256 << 10;
constexpr unsigned kBuffers = 8;
constexpr size_t kMostIdleRings = 8;

struct FreeBytes {
  void operator()(char* bytes) const { std::free(bytes); }
};

}  // namespace

// Used by one thread at a time.
class SegmentIo::Ring {
 public:
  // Null, with errno set, where it cannot be had.
  static std::unique_ptr<Ring> make() {
    auto ring = std::unique_ptr<Ring>(new Ring);
    if (int error = io_uring_queue_init(kBuffers, &ring->ring_, 0); error < 0) {
      errno = -error;
      return nullptr;
    }
    ring->is_open_ = true;
    ring->bytes_.reset(static_cast<char*>(std::aligned_alloc(kAlignment, kBuffers * kBufferBytes)));
    if (ring->bytes_ == nullptr) return nullptr;
    iovec buffers[kBuffers];
    for (unsigned i = 0; i < kBuffers; ++i) buffers[i] = {ring->buffer(i), kBufferBytes};
    // Without them (little memory may be locked) reads take a little longer.
    ring->is_registered_ = io_uring_register_buffers(&ring->ring_, buffers, kBuffers) == 0;
    return ring;
  }
  ~Ring() {
    if (is_open_) io_uring_queue_exit(&ring_);
  }

  int read(std::span<const Piece> pieces) {
    pieces_ = pieces;
    piece_ = 0;
    done_in_piece_ = 0;
    error_ = 0;
    unsigned free[kBuffers], free_count = 0;
    for (unsigned i = 0; i < kBuffers; ++i) free[free_count++] = i;
    unsigned in_flight = 0;
    // After an error, what is in flight still writes into the buffers.
    while (in_flight > 0 || (error_ == 0 && piece_ < pieces_.size())) {
      while (error_ == 0 && free_count > 0 && next_part(parts_[free[free_count - 1]])) {
        submit(free[--free_count]);
        ++in_flight;
      }
      if (in_flight == 0) break;
      if (int error = io_uring_submit_and_wait(&ring_, 1); error < 0 && error != -EINTR) {
        return -error;  // the ring is of no use any more
      }
      io_uring_cqe* cqe = nullptr;
      while (io_uring_peek_cqe(&ring_, &cqe) == 0) {
        const auto buffer = static_cast<unsigned>(cqe->user_data);
        const int result = cqe->res;
        io_uring_cqe_seen(&ring_, cqe);
        if (result == -EINTR || result == -EAGAIN) {
          submit(buffer);
          continue;
        }
        finish(parts_[buffer], buffer, result);
        free[free_count++] = buffer;
        --in_flight;
      }
    }
    return error_;
  }

 private:
  // What one buffer is used for.
  struct Part {
    int descriptor;
    uint64_t offset;
    unsigned size;  // aligned
    size_t skip, wanted;
    char* out;
  };

  char* buffer(unsigned i) { return bytes_.get() + size_t{i} * kBufferBytes; }

  bool next_part(Part& part) {
    while (piece_ < pieces_.size() && done_in_piece_ == pieces_[piece_].size) {
      ++piece_;
      done_in_piece_ = 0;
    }
    if (piece_ == pieces_.size()) return false;
    const Piece& piece = pieces_[piece_];
    const uint64_t at = piece.offset + done_in_piece_;
    part.descriptor = piece.descriptor;
    part.offset = at / kAlignment * kAlignment;
    part.skip = at - part.offset;
    part.wanted = std::min(piece.size - done_in_piece_, kBufferBytes - part.skip);
    part.size =
        static_cast<unsigned>((part.skip + part.wanted + kAlignment - 1) / kAlignment * kAlignment);
    part.out = piece.out + done_in_piece_;
    done_in_piece_ += part.wanted;
    return true;
  }

  void submit(unsigned i) {
    const Part& part = parts_[i];
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);  // there is one for each buffer
    if (is_registered_) {
      io_uring_prep_read_fixed(sqe, part.descriptor, buffer(i), part.size, part.offset,
                               static_cast<int>(i));
    } else {
      io_uring_prep_read(sqe, part.descriptor, buffer(i), part.size, part.offset);
    }
    sqe->user_data = i;
  }

  void finish(const Part& part, unsigned i, int result) {
    if (result < 0) {
      error_ = -result;
    } else if (static_cast<size_t>(result) < part.skip + part.wanted) {
      error_ = ENODATA;
    } else {
      std::memcpy(part.out, buffer(i) + part.skip, part.wanted);
    }
  }

  Ring() = default;

  io_uring ring_{};
  bool is_open_ = false, is_registered_ = false;
  std::unique_ptr<char, FreeBytes> bytes_;
  Part parts_[kBuffers] = {};
  std::span<const Piece> pieces_;
  size_t piece_ = 0, done_in_piece_ = 0;
  int error_ = 0;
};

SegmentIo::SegmentIo() = default;
SegmentIo::~SegmentIo() = default;

std::unique_ptr<SegmentIo> SegmentIo::make(std::string& reason) {
  std::unique_ptr<Ring> first = Ring::make();
  if (first == nullptr) {
    reason = std::strerror(errno);
    return nullptr;
  }
  auto io = std::unique_ptr<SegmentIo>(new SegmentIo);
  io->give_back(std::move(first));
  return io;
}

std::unique_ptr<SegmentIo::Ring> SegmentIo::take() {
  {
    std::lock_guard guard(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Ring> ring = std::move(idle_.back());
      idle_.pop_back();
      return ring;
    }
  }
  return Ring::make();
}

void SegmentIo::give_back(std::unique_ptr<Ring> ring) {
  std::lock_guard guard(mutex_);
  if (idle_.size() < kMostIdleRings) idle_.push_back(std::move(ring));
}

int SegmentIo::read(std::span<const Piece> pieces) {
  std::unique_ptr<Ring> ring = take();
  if (ring == nullptr) return errno;
  const int error = ring->read(pieces);
  // One that has failed may have reads under way: it goes, which waits for them.
  if (error == 0) give_back(std::move(ring));
  return error;
}

}  // namespace luma
