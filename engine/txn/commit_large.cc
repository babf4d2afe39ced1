// Commits of large transactions: the rows go to sorted files that the store takes over, past log
// and memory. Two things differ from other commits. The rows carry a timestamp that was reserved
// when the files were begun, older than the commit's own; it is only ever compared for equality or
// waited for, and a change that was taken over needs no waiting. And the change is durable at once,
// so everything before it has to be as well.
#include "engine/base/sql_error.h"
#include "engine/row/kv_files.h"
#include "engine/txn/commit_pipeline.h"

namespace luma {

namespace {

// Files that nothing overlaps are never merged. From that many on, only changes of some size get
// files of their own.
constexpr uint64_t kManyFiles = 256;
constexpr size_t kFileWorthyBytes = size_t{16} << 20;
// What one write to log and memory is allowed to take.
constexpr size_t kMostLogBytes = size_t{1} << 30;

}  // namespace

bool CommitPipeline::is_large(const WriteBuffer& buffer) const {
  size_t bytes = buffer.size_bytes();
  if (bytes < options_.large_commit_bytes) return false;
  if (!kv_.can_take_over()) {
    if (bytes <= kMostLogBytes) return false;
    throw SqlError(SqlState::kProgramLimitExceeded,
                   "transaction is too large to commit after a failure of the storage")
        .hint("Restart the server, and run the transaction again.");
  }
  return bytes >= kFileWorthyBytes || kv_.file_count(KvFamily::kData) < kManyFiles;
}

uint64_t CommitPipeline::reserve_timestamp() {
  std::lock_guard guard(commit_mutex_);
  throw_if_refusing();
  KvBatch batch;
  uint64_t ts = next_timestamp(batch);
  if (batch.count() > 0) {
    write_in_order(batch, ts, false);
  } else {
    assigned_ts_.store(ts, std::memory_order_release);
  }
  return ts;
}

void CommitPipeline::write_files(WriteBuffer& buffer, KvFiles* files, KvBatch* rest) {
  uint64_t row_ts = reserve_timestamp();
  const WriteBuffer::Mark end = buffer.mark();
  WriteBuffer::Cursor at = buffer.cursor(KvFamily::kData, end);
  for (at.seek_first(); at.valid(); at.next()) {
    const BufferedOp& op = at.op();
    if (op.is_delete) {
      files->remove(op.family, op.key);
    } else if (op.stamped) {
      files->put_stamped(op.family, op.key, op.value, row_ts);
    } else {
      files->put(op.family, op.key, op.value);
    }
  }
  for (KvFamily family : {KvFamily::kCatalog, KvFamily::kColumnar}) {
    WriteBuffer::Cursor other = buffer.cursor(family, end);
    for (other.seek_first(); other.valid(); other.next()) other.op().add_to(rest);
  }
  files->finish();
  // Both would be done while others wait.
  kv_.make_way(*files);
  if (visible_ts() > durable_ts()) wait_durable(visible_ts());
}

void CommitPipeline::take_over_in_order(KvFiles& files, const KvBatch& rest, uint64_t commit_ts) {
  if (rest.count() > 0) {
    files.add(rest);
    files.finish();
  }
  KvStatus status;
  if (visible_ts() > durable_ts()) status = kv_.flush_wal(true);
  if (status.ok()) {
    last_sync_ts_.store(commit_ts, std::memory_order_release);
    assigned_ts_.store(commit_ts, std::memory_order_release);
    take_over_epoch_.fetch_add(1);
    status = kv_.take_over(files);
    take_over_epoch_.fetch_add(1);
    take_over_epoch_.notify_all();
    visible_ts_.store(commit_ts, std::memory_order_release);
  }
  if (!status.ok()) {
    handle_store_failure(status);
    throw status.to_sql_error();
  }
  timestamp_ceiling_ = new_timestamp_ceiling_;
  commit_count_.fetch_add(1, std::memory_order_relaxed);
  std::unique_lock guard(sync_mutex_);
  if (!failure_ && commit_ts > durable_ts()) {
    durable_ts_.store(commit_ts, std::memory_order_release);
    std::vector<Waiter> due = take_due_waiters(nullptr);
    run_callbacks(guard, due, nullptr);
    sync_done_.notify_all();
  }
}

}  // namespace luma
