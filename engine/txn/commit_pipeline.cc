// The ordered part: timestamps, validation, hooks, write, publish. Durability is in commit_sync.cc.
#include "engine/txn/commit_pipeline.h"

#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/row/kv_files.h"
#include "engine/txn/engine_keys.h"

namespace luma {
namespace {

// Timestamps are reserved in blocks, so that a commit need not write a counter of its own.
constexpr uint64_t kTimestampBlock = 1 << 20;
// Kept runs may have that part of the block cache's size on top of it.
constexpr size_t kRunCacheShare = 8;

}  // namespace

void CommitPipeline::build_batch(const WriteBuffer& buffer, KvBatch* batch) {
  const auto& ops = buffer.ops();
  if (ops.size() > WriteBuffer::kUnindexedOps) batch->reserve(ops.size(), buffer.size_bytes());
  for (uint32_t i = 0; i < ops.size(); ++i) {
    if (!buffer.superseded(i)) ops[i].add_to(batch);
  }
}

CommitPipeline::CommitPipeline(Kv& kv, const CommitOptions& options)
    : kv_(kv),
      runs_(kv.options().block_cache_size / kRunCacheShare),
      rows_(options.row_cache_size),
      options_(options) {
  load_last_timestamp();
  sync_thread_ = std::thread([this] { sync_loop(); });
}

CommitPipeline::~CommitPipeline() {
  {
    std::lock_guard guard(sync_mutex_);
    stopping_ = true;
    sync_wanted_.notify_all();
    gathered_.notify_all();
  }
  sync_thread_.join();
  if (!refusing()) (void)kv_.flush_wal(true);
}

void CommitPipeline::load_last_timestamp() {
  KvValue value;
  uint64_t last = 0;
  if (kv_.get(KvFamily::kCatalog, kTimestampCeilingKey, nullptr, &value).found()) {
    LUMA_CHECK(value.view().size() == sizeof(last));
    std::memcpy(&last, value.view().data(), sizeof(last));
  }
  timestamp_ceiling_ = new_timestamp_ceiling_ = last;
  assigned_ts_ = visible_ts_ = durable_ts_ = last;
  // No number that committed data mention comes again (sql/session/transaction_history.h).
  uint64_t numbers = 0;
  if (kv_.get(KvFamily::kCatalog, kTransactionCeilingKey, nullptr, &value).found()) {
    LUMA_CHECK(value.view().size() == sizeof numbers);
    std::memcpy(&numbers, value.view().data(), sizeof numbers);
  }
  next_transaction_id_ = std::max(last + 3, numbers);
}

TxnSnapshotRef CommitPipeline::take_snapshot() {
  auto snapshot = std::make_shared<TxnSnapshot>();
  while (true) {
    uint64_t epoch = take_over_epoch_.load(std::memory_order_acquire);
    if (epoch % 2 != 0) {
      take_over_epoch_.wait(epoch);
      continue;
    }
    snapshot->visible_ts = visible_ts();
    snapshot->kv = kv_.snapshot();
    // After the snapshot: a commit gets its timestamp before it becomes visible.
    snapshot->dependency_ts = assigned_ts();
    if (take_over_epoch_.load(std::memory_order_acquire) == epoch) return snapshot;
    snapshot->kv.reset();
  }
}

bool CommitPipeline::promises_durability(SyncCommit level) const {
  switch (options_.mode) {
    case WalSyncMode::kAlways:
      return true;
    case WalSyncMode::kGroupCommit:
      return level != SyncCommit::kOff;
    case WalSyncMode::kPeriodic:
    case WalSyncMode::kNever:
      return false;
  }
  return true;
}

void CommitPipeline::throw_if_refusing() const {
  if (__builtin_expect(!refusing(), 1)) return;
  std::lock_guard guard(sync_mutex_);
  if (failure_) throw *failure_;
}

CommitResult CommitPipeline::commit(Transaction& txn) {
  CommitResult result;
  if (!txn.has_writes() && txn.hooks_.empty()) {
    result.wait_for_ts = required_durable_ts(txn.dependency_ts());
    txn.finish();
    return result;
  }
  bool durable = promises_durability(txn.sync_commit());
  try {
    throw_if_refusing();
    KvBatch batch;
    std::optional<KvFiles> files;
    if (is_large(txn.buffer_)) {
      write_files(txn.buffer_, &files.emplace(kv_), &batch);
    } else {
      build_batch(txn.buffer_, &batch);
    }
    if (txn.serializable_registered_) txn.record_live_iterators();
    commit_in_order(txn, batch, durable, &result, files ? &*files : nullptr);
  } catch (...) {
    txn.rollback();
    throw;
  }
  txn.finish();
  if (durable) {
    result.wait_for_ts = result.commit_ts;
  } else {
    result.wait_for_ts = required_durable_ts(txn.dependency_ts());
    arm_ticker();
  }
  return result;
}

void CommitPipeline::commit_in_order(Transaction& txn, KvBatch& batch, bool durable,
                                     CommitResult* result, KvFiles* files) {
  std::lock_guard guard(commit_mutex_);
  throw_if_refusing();
  if (txn.serializable_registered_) validate_serializable(txn);
  uint64_t commit_ts = next_timestamp(batch);
  CommitContext context{commit_ts, txn, batch};
  for (auto& hook : txn.hooks_) {
    if (hook.before_write) hook.before_write(context);
  }
  for (auto& hook : hooks_) {
    if (hook.before_write) hook.before_write(context);
  }
  batch.stamp(commit_ts);
  std::vector<uint32_t> replaced;
  forget_cached(txn.buffer_, commit_ts, &replaced);
  if (!txn.moved_rows_.empty()) {
    moved_rows_.add(txn.moved_rows_, commit_ts, kv_.oldest_snapshot_age_seconds());
  }
  if (files != nullptr) {
    take_over_in_order(*files, batch, commit_ts);
  } else {
    write_in_order(batch, commit_ts, durable);
    replace_cached(txn.buffer_, commit_ts, replaced);
  }
  if (!serializable_starts_.empty()) remember_writes(txn, commit_ts);
  for (auto& hook : txn.hooks_) {
    if (hook.published) hook.published(commit_ts);
  }
  for (auto& hook : hooks_) {
    if (hook.published) hook.published(commit_ts);
  }
  result->commit_ts = commit_ts;
}

size_t CommitPipeline::change_slot(std::string_view storage) {
  size_t slot = 0;
  for (char byte : storage.substr(0, RunCache::kStorageBytes)) {
    slot = slot * 131 + static_cast<unsigned char>(byte);
  }
  return slot % kChangeSlots;
}

void CommitPipeline::forget_cached(const WriteBuffer& buffer, uint64_t commit_ts,
                                   std::vector<uint32_t>* replaced) {
  // With so many changes all that is cached of a storage goes, which takes less time.
  constexpr size_t kManyOps = 10000;
  const bool many = buffer.ops().size() > kManyOps;
  std::vector<std::string_view> gone;
  std::string_view last;
  bool has_runs = false;
  for (uint32_t i = 0; i < buffer.ops().size(); ++i) {
    const BufferedOp& op = buffer.ops()[i];
    if (op.family != KvFamily::kData) continue;
    std::string_view storage = op.key.substr(0, RunCache::kStorageBytes);
    if (storage != last) {
      last = storage;
      note_change(storage, commit_ts);
      if (!many) {
        has_runs = runs_.will_change(storage, commit_ts);
      } else if (std::find(gone.begin(), gone.end(), storage) == gone.end()) {
        gone.push_back(storage);
        runs_.will_change_all(storage, commit_ts);
        rows_.will_change_all(storage, commit_ts);
      }
    }
    if (has_runs) runs_.forget(op.key);
    if (!many && rows_.will_change(op.key, commit_ts)) replaced->push_back(i);
  }
}

void CommitPipeline::replace_cached(const WriteBuffer& buffer, uint64_t commit_ts,
                                    const std::vector<uint32_t>& replaced) {
  for (uint32_t first : replaced) {
    const BufferedOp* op = buffer.find(KvFamily::kData, buffer.ops()[first].key, buffer.mark());
    if (!op->is_delete && op->stamped) rows_.replace(op->key, op->value, commit_ts);
  }
}

uint64_t CommitPipeline::write(KvBatch& batch, bool durable) {
  uint64_t commit_ts;
  bool promised = durable && promises_durability(SyncCommit::kOn);
  {
    std::lock_guard guard(commit_mutex_);
    throw_if_refusing();
    commit_ts = next_timestamp(batch);
    batch.stamp(commit_ts);
    for (const std::string& storage : batch.prefixes(KvFamily::kData, RunCache::kStorageBytes)) {
      note_change(storage, commit_ts);
      runs_.will_change_all(storage, commit_ts);
      rows_.will_change_all(storage, commit_ts);
    }
    write_in_order(batch, commit_ts, promised);
  }
  if (!promised) arm_ticker();
  return commit_ts;
}

uint64_t CommitPipeline::next_timestamp(KvBatch& batch) {
  uint64_t commit_ts = assigned_ts_.load(std::memory_order_relaxed) + 1;
  if (commit_ts > timestamp_ceiling_) {
    new_timestamp_ceiling_ = commit_ts + kTimestampBlock;
    batch.put(KvFamily::kCatalog, kTimestampCeilingKey,
              {reinterpret_cast<const char*>(&new_timestamp_ceiling_), sizeof(uint64_t)});
  }
  return commit_ts;
}

void CommitPipeline::write_in_order(KvBatch& batch, uint64_t commit_ts, bool durable) {
  // Both before the write: who sees the commit must also see that it has to wait for it.
  if (durable) last_sync_ts_.store(commit_ts, std::memory_order_release);
  assigned_ts_.store(commit_ts, std::memory_order_release);
  KvStatus status = kv_.write(batch, false);
  visible_ts_.store(commit_ts, std::memory_order_release);
  if (!status.ok()) {
    if (status.code() != KvCode::kInvalid) handle_store_failure(status);
    throw status.to_sql_error();
  }
  timestamp_ceiling_ = new_timestamp_ceiling_;
  commit_count_.fetch_add(1, std::memory_order_relaxed);
}

TxnSnapshotRef CommitPipeline::begin_serializable(Transaction& txn) {
  // Under the mutex, so that every commit is either in the snapshot or remembered for validation.
  std::lock_guard guard(commit_mutex_);
  uint64_t start = visible_ts();
  serializable_starts_.insert(
      std::upper_bound(serializable_starts_.begin(), serializable_starts_.end(), start), start);
  txn.serializable_registered_ = true;
  txn.serializable_start_ts_ = start;
  return take_snapshot();
}

void CommitPipeline::end_serializable(Transaction& txn) {
  std::lock_guard guard(commit_mutex_);
  auto at = std::lower_bound(serializable_starts_.begin(), serializable_starts_.end(),
                             txn.serializable_start_ts_);
  serializable_starts_.erase(at);
  txn.serializable_registered_ = false;
  forget_old_commits();
}

void CommitPipeline::forget_old_commits() {
  if (serializable_starts_.empty()) {
    recent_commits_.clear();
    return;
  }
  while (!recent_commits_.empty() &&
         recent_commits_.front().commit_ts <= serializable_starts_.front()) {
    recent_commits_.pop_front();
  }
}

void CommitPipeline::remember_writes(const Transaction& txn, uint64_t commit_ts) {
  RecentCommit recent{commit_ts, {}};
  recent.keys.reserve(txn.buffer_.ops().size());
  for (const auto& op : txn.buffer_.ops()) recent.keys.emplace_back(op.family, op.key);
  recent_commits_.push_back(std::move(recent));
}

void CommitPipeline::validate_serializable(const Transaction& txn) {
  if (!txn.has_writes() || txn.read_set_.empty()) return;
  auto first = std::upper_bound(
      recent_commits_.begin(), recent_commits_.end(), txn.serializable_start_ts_,
      [](uint64_t ts, const RecentCommit& recent) { return ts < recent.commit_ts; });
  for (auto recent = first; recent != recent_commits_.end(); ++recent) {
    check_reads(txn, recent->keys);
  }
  for (const auto& [id, keys] : held_writes_) check_reads(txn, keys);
}

void CommitPipeline::check_reads(const Transaction& txn,
                                 const std::vector<std::pair<KvFamily, std::string>>& keys) {
  for (const auto& [family, key] : keys) {
    if (!txn.read_set_.contains(family, key)) continue;
    serialization_failures_.fetch_add(1, std::memory_order_relaxed);
    SqlError error(SqlState::kTRSerializationFailure,
                   "could not serialize access due to read/write dependencies among "
                   "transactions");
    error.detail_text =
        "Reason code: Canceled on identification as a pivot, during commit attempt.";
    error.hint_text = "The transaction might succeed if retried.";
    throw error;
  }
}

CommitPipeline::Counters CommitPipeline::counters() const {
  return {commit_count_.load(), sync_count_.load(), serialization_failures_.load()};
}

}  // namespace luma
