#pragma once
// Reads of segment files through io_uring with direct I/O: pieces of files are read many at once
// into registered buffers, past the page cache, which would hold the same bytes as the cache of
// chunks. Thread-safe; outlives the files that use it.
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace luma {

// How segment files are read: kAuto is io_uring where it works.
enum class SegmentIoMode : uint8_t { kPread, kUring, kAuto };

class SegmentIo {
 public:
  // Null where the system does not allow it; `reason` then says why.
  static std::unique_ptr<SegmentIo> make(std::string& reason);
  ~SegmentIo();
  SegmentIo(const SegmentIo&) = delete;
  SegmentIo& operator=(const SegmentIo&) = delete;

  struct Piece {
    int descriptor;  // opened with O_DIRECT
    uint64_t offset = 0;
    size_t size = 0;
    char* out = nullptr;
  };
  // Reads all of them, in any order. Returns 0, or the errno of a read that failed; ENODATA when a
  // file ends too early.
  int read(std::span<const Piece> pieces);

 private:
  class Ring;
  SegmentIo();
  std::unique_ptr<Ring> take();
  void give_back(std::unique_ptr<Ring> ring);

  std::mutex mutex_;
  std::vector<std::unique_ptr<Ring>> idle_;
};

}  // namespace luma
