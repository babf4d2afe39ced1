#include "engine/row/kv_work.h"

#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include "engine/row/kv_rocksdb.h"

namespace luma {

KvWorkScope::KvWorkScope() {
  stop_counting();  // once for each thread, so not while this counts
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
}

KvWorkScope::~KvWorkScope() { rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable); }

WorkCounts work_so_far() {
  const rocksdb::PerfContext& store = *rocksdb::get_perf_context();
  WorkCounts counts = thread_work();
  // The store does not say how large a block in its cache is: about what its options want.
  static const uint64_t kBlocks = WorkCounts::blocks_of(KvOptions().block_size);
  counts.hit_blocks += store.block_cache_hit_count * kBlocks;
  counts.read_blocks += store.block_read_count * kBlocks;
  return counts;
}

}  // namespace luma
