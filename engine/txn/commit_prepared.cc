// The pipeline's part of two-phase commit.
#include "engine/base/sql_error.h"
#include "engine/txn/commit_pipeline.h"

namespace luma {

namespace {

std::vector<std::pair<KvFamily, std::string>> keys_of(const WriteBuffer& buffer) {
  std::vector<std::pair<KvFamily, std::string>> keys;
  keys.reserve(buffer.ops().size());
  for (const BufferedOp& op : buffer.ops()) keys.emplace_back(op.family, op.key);
  return keys;
}

}  // namespace

void CommitPipeline::hold_writes(const Transaction& held) {
  auto keys = keys_of(held.buffer_);
  std::lock_guard guard(commit_mutex_);
  held_writes_[held.id()] = std::move(keys);
}

void CommitPipeline::release_writes(uint64_t held_id) {
  std::lock_guard guard(commit_mutex_);
  held_writes_.erase(held_id);
}

uint64_t CommitPipeline::prepare(Transaction& txn, const Transaction& held, KvBatch& record) {
  if (txn.serializable_registered_) txn.record_live_iterators();
  auto keys = txn.serializable_registered_ ? keys_of(held.buffer_)
                                           : std::vector<std::pair<KvFamily, std::string>>();
  std::lock_guard guard(commit_mutex_);
  throw_if_refusing();
  if (txn.serializable_registered_) validate_serializable(txn);
  uint64_t ts = next_timestamp(record);
  write_in_order(record, ts, promises_durability(SyncCommit::kOn));
  if (!keys.empty()) held_writes_[held.id()] = std::move(keys);
  return ts;
}

CommitResult CommitPipeline::commit_prepared(Transaction& held, KvBatch& batch) {
  build_batch(held.buffer_, &batch);
  CommitResult result;
  commit_in_order(held, batch, promises_durability(SyncCommit::kOn), &result);
  held.finish();
  result.wait_for_ts = result.commit_ts;
  return result;
}

}  // namespace luma
