#pragma once
// Zeros behind the end of a log file that grows by small pieces: a sync then writes only data,
// where it would otherwise write the file's new size as well. RocksDB's reader takes zeros for the
// end, also when a crash has left them. Used by one thread at a time, the one that appends.
#include <cstddef>
#include <cstdint>
#include <string>

namespace luma {

class LogTail {
 public:
  // Does nothing when there is no such file in the system (a store in memory).
  explicit LogTail(const std::string& path);
  ~LogTail();
  LogTail(const LogTail&) = delete;
  LogTail& operator=(const LogTail&) = delete;

  // Before `bytes` are appended. Failing leaves the file as it was and ends the whole effort.
  void before_append(size_t bytes);
  // Takes the zeros away, before the file is closed.
  void trim();

 private:
  void stop();
  int file_;
  uint64_t end_ = 0;     // of what was appended
  uint64_t zeroed_ = 0;  // where the zeros end
};

}  // namespace luma
