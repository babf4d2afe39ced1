#pragma once
// Fault injection for tests: which file operations fail, when and how. Parsed from a text such as
//
//   enospc:*.log:append:after=100:count=5;eio:*.sst:read:after=10
//
// action:file pattern:operation[:after=n][:count=m]. Actions: enospc, eio, short (half of the write
// arrives, then ENOSPC), die (half of the write arrives, then the process exits without clean-up).
// Operations: append, sync, read, open, rename, any. Files of segments (*.seg) obey as RocksDB's
// do; they are never renamed, and open means that they are made. Never active unless switched on by
// KvOptions::faults or the environment variable LUMA_FAULTS. Thread-safe.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace luma {

enum class FaultAction : uint8_t { kNone, kNoSpace, kIoError, kShortWrite, kDie };
enum class FaultOperation : uint8_t { kAppend, kSync, kRead, kOpen, kRename, kAny };

class FaultPlan {
 public:
  // Throws SqlError 22023 for text it does not understand.
  static std::shared_ptr<FaultPlan> parse(std::string_view text);

  // Counts the operation and says whether it fails.
  FaultAction decide(std::string_view file, FaultOperation operation);
  // Ends all faults (the disk got space again) or starts them.
  void set_active(bool active) { active_.store(active, std::memory_order_relaxed); }
  uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

 private:
  struct Rule {
    FaultAction action;
    FaultOperation operation;
    std::string pattern;
    uint64_t after;
    uint64_t count;
    std::atomic<uint64_t> seen{0};
  };
  std::vector<std::unique_ptr<Rule>> rules_;
  std::atomic<bool> active_{true};
  std::atomic<uint64_t> failures_{0};
};

}  // namespace luma
