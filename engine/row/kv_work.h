#pragma once
// What the calling thread reads of the key-value store, counted while somebody wants to know.
#include "engine/base/work_counts.h"

namespace luma {

// As long as one lives, the thread that made it has the store count its reads: that costs a few
// percent of each. Not nested.
class KvWorkScope {
 public:
  KvWorkScope();
  ~KvWorkScope();
  KvWorkScope(const KvWorkScope&) = delete;
  KvWorkScope& operator=(const KvWorkScope&) = delete;
};

// All of the thread's work so far: thread_work() and, of times with a KvWorkScope, the blocks that
// the store found in its cache or read from files. What is still in memtables has no blocks.
WorkCounts work_so_far();

}  // namespace luma
