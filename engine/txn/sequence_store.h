#pragma once
// Values of sequences. nextval and setval are not transactional: a value once handed out never
// comes again, even after a crash, so a block of values is reserved in the log before use; the rest
// of a block is skipped after a crash. Thread-safe.
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/txn/commit_pipeline.h"
#include "engine/txn/transaction.h"
#include "engine/type/oid.h"

namespace luma {

struct SequenceSpec {
  int64_t increment = 1;
  int64_t min_value = 1;
  int64_t max_value = std::numeric_limits<int64_t>::max();
  bool cycle = false;
  std::string_view name = {};  // for messages
};

struct SequenceState {
  int64_t last_value = 1;
  bool is_called = false;
  int64_t log_count = 0;  // values still reserved beyond last_value
};

// `count` values from `first` on, `increment` apart. A reply that shows one must wait for
// `wait_for_ts` (add it to the transaction's dependencies).
struct SequenceBlock {
  int64_t first;
  int64_t count;
  uint64_t wait_for_ts;
};

// Databases made from one template share the oids of what they contain.
struct SequenceId {
  Oid database = kInvalidOid;
  Oid oid = kInvalidOid;
  bool operator==(const SequenceId&) const = default;
};

class SequenceStore {
 public:
  static constexpr int64_t kReservedValues = 32;

  explicit SequenceStore(CommitPipeline& pipeline) : pipeline_(pipeline) {}
  // Gives back reserved values, so that a clean restart skips none.
  ~SequenceStore();

  // The storage of a new, restarted or altered sequence, written by `txn`; takes effect when it
  // commits.
  void create(Transaction& txn, SequenceId sequence, int64_t start_value, bool is_called = false);
  void drop(Transaction& txn, SequenceId sequence);

  // Up to `cache` values (fewer at the end of the range). 2200H at the end without CYCLE. `txn` may
  // be null; otherwise a sequence created in it is found.
  SequenceBlock nextval(Transaction* txn, SequenceId sequence, const SequenceSpec& spec,
                        int64_t cache = 1);
  // 22003 outside the bounds. Returns the timestamp to wait for.
  uint64_t setval(Transaction* txn, SequenceId sequence, const SequenceSpec& spec, int64_t value,
                  bool is_called);
  SequenceState read(Transaction* txn, SequenceId sequence);

 private:
  struct Entry {
    std::mutex mutex;
    std::atomic<bool> loaded{false};  // cleared when a transaction replaced the stored state
    SequenceState state;
    uint64_t reserved_at_ts = 0;
  };
  Entry& entry_of(SequenceId sequence);
  void load(Entry& entry, SequenceId sequence);
  uint64_t persist(SequenceId sequence, int64_t last_value, bool is_called, bool durable);
  void forget_at_commit(Transaction& txn, SequenceId sequence);
  static SequenceBlock advance(SequenceState* state, const SequenceSpec& spec, int64_t cache,
                               bool* persist, int64_t* persisted_value);

  CommitPipeline& pipeline_;
  std::mutex mutex_;
  struct IdHash {
    size_t operator()(const SequenceId& id) const {
      return std::hash<uint64_t>()((uint64_t{id.database} << 32) | id.oid);
    }
  };
  std::unordered_map<SequenceId, std::unique_ptr<Entry>, IdHash> entries_;
};

}  // namespace luma
