#include "engine/row/kv_rocksdb_log_tail.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace luma {

namespace {

constexpr size_t kZeroBytes = size_t{512} << 10;
constexpr size_t kPieceBytes = size_t{64} << 10;
// Who appends that much at once pays more for the zeros than for the size.
constexpr size_t kLargeAppendBytes = size_t{64} << 10;

constexpr std::array<char, kPieceBytes> kZeros{};

}  // namespace

LogTail::LogTail(const std::string& path) : file_(::open(path.c_str(), O_WRONLY | O_CLOEXEC)) {
  if (file_ < 0) return;
  off_t size = ::lseek(file_, 0, SEEK_END);
  if (size != 0) stop();  // not a new log
}

LogTail::~LogTail() { stop(); }

void LogTail::stop() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

void LogTail::before_append(size_t bytes) {
  uint64_t start = end_;
  end_ += bytes;
  if (file_ < 0 || end_ <= zeroed_ || bytes >= kLargeAppendBytes) return;
  for (uint64_t at = start; at < start + kZeroBytes; at += kPieceBytes) {
    if (::pwrite(file_, kZeros.data(), kPieceBytes, static_cast<off_t>(at)) !=
        static_cast<ssize_t>(kPieceBytes)) {
      // The disk is full, perhaps: the append itself will tell.
      static_cast<void>(!::ftruncate(file_, static_cast<off_t>(start)));
      return stop();
    }
  }
  zeroed_ = start + kZeroBytes;
}

void LogTail::trim() {
  if (file_ < 0 || zeroed_ <= end_) return;
  static_cast<void>(!::ftruncate(file_, static_cast<off_t>(end_)));
  stop();
}

}  // namespace luma
